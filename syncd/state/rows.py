"""An interchange in its table: how a row becomes a value, and the one way in which it is made and moved.

Every change of state is a compare-and-set with a line of history, in one transaction. `MOVES` is the complete list of
what may follow what; docs/guarantee.md draws it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Connection, bindparam, insert, select, update

from syncd.errors import ConflictError, UsageError
from syncd.model import Direction, Hold, Interchange, State, Step
from syncd.state import lines
from syncd.state.tables import event, interchange

COLUMNS = tuple(interchange.c[field.name] for field in fields(Interchange))
_NAMES = tuple(column.name for column in COLUMNS)
_LOAD = select(*COLUMNS).where(interchange.c.id == bindparam("number"))
_LOCK = _LOAD.with_for_update()
_CREATE = insert(interchange).returning(*COLUMNS)
_CHANGE = update(interchange).where(interchange.c.id == bindparam("number")).returning(*COLUMNS)
_MOVE = _CHANGE.where(interchange.c.state == bindparam("frm"))
_RECORD = insert(event)

MOVES: Mapping[State | Step, frozenset[State | Step]] = {
    State.ANNOUNCED: frozenset({State.SPOOLED, State.QUARANTINED, State.ABANDONED}),
    State.SPOOLED: frozenset({State.SPOOLED, State.PARSED, State.DONE, State.QUARANTINED}),
    State.PARSED: frozenset({State.PARSED, State.DONE, State.QUARANTINED, State.DISCARDED}),
    State.DONE: frozenset({State.PARSED}),
    State.QUARANTINED: frozenset({State.SPOOLED, State.DISCARDED, Step.CONFIRMED, Step.HELD}),
    State.ABANDONED: frozenset(),
    State.DISCARDED: frozenset(),
    Step.QUEUED: frozenset({Step.STORING, Step.HELD, State.QUARANTINED}),
    Step.STORING: frozenset(
        {Step.STORING, Step.QUEUED, Step.STORED, Step.SENT, Step.UNCONFIRMED, Step.HELD, State.QUARANTINED}
    ),
    Step.STORED: frozenset({Step.QUEUED, Step.STORING, Step.PUBLISHING, Step.HELD}),
    Step.PUBLISHING: frozenset({Step.PUBLISHING, Step.STORED, Step.SENT, Step.HELD}),
    Step.SENT: frozenset({Step.CONFIRMED}),
    Step.UNCONFIRMED: frozenset({Step.SENT, Step.CONFIRMED, Step.HELD, State.QUARANTINED}),
    Step.CONFIRMED: frozenset(),
    Step.HELD: frozenset(
        {Step.QUEUED, Step.SENT, Step.CONFIRMED, Step.HELD, State.QUARANTINED, State.ABANDONED, State.DISCARDED}
    ),
}

INTENTS = frozenset({State.ANNOUNCED, Step.STORING, Step.PUBLISHING})
"""States that are written down before a command with an effect: they set `intent_at`."""


COUNTS = frozenset({Step.SENT, Step.CONFIRMED})
"""Steps on which an order counts as sent, and its lines with it."""


class Columns(TypedDict, total=False):
    """What may change with a step; a name that a server has seen never does."""

    name: str
    size: int | None
    modified: datetime | None
    sha256: str | None
    spool: str | None
    proven: bool
    hold: Hold | None
    reason: str | None
    temp_name: str | None
    attempt: int
    intent_at: datetime | None
    kind: str | None
    for_sinks: bool


_STATES: Mapping[str, State | Step] = {state.value: state for state in (*State, *Step)}


def state_of(value: str) -> State | Step:
    """Return the inbound state or outbound step of this name."""
    return _STATES[value]


def to_interchange(row: Sequence[Any]) -> Interchange:
    """Make a value of a row selected by `COLUMNS`."""
    values = dict(zip(_NAMES, row, strict=False))
    values["direction"] = Direction(values["direction"])
    values["state"] = state_of(values["state"])
    values["hold"] = values["hold"] and Hold(values["hold"])
    return Interchange(**values)


def load(connection: Connection, number: int, *, lock: bool = False) -> Interchange:
    """Return one interchange. Raises UsageError when there is none of this number."""
    row = connection.execute(_LOCK if lock else _LOAD, {"number": number}).one_or_none()
    if row is None:
        raise UsageError(f"there is no interchange {number}", remedy="`syncd status` lists the latest.")
    return to_interchange(row)


def create(connection: Connection, at: datetime, note: str | None = None, **values: Any) -> Interchange:
    """Insert an interchange and the first line of its history."""
    if values["state"] in INTENTS:
        values["intent_at"] = at
    made = to_interchange(connection.execute(_CREATE, {"created_at": at, "updated_at": at} | values).one())
    _record(connection, made.id, at, None, made.state, note)
    return made


def change(connection: Connection, number: int, columns: Columns) -> Interchange:
    """Write down more of an interchange; it stays where it is."""
    return to_interchange(connection.execute(_CHANGE, {"number": number, **columns}).one())


def move(
    connection: Connection,
    number: int,
    frm: State | Step,
    to: State | Step,
    at: datetime,
    note: str | None,
    columns: Columns,
) -> Interchange:
    """Change a state by compare-and-set. Raises ConflictError, UsageError (no such interchange)."""
    if to not in MOVES[frm]:
        raise ConflictError(f"interchange {number}: {to} cannot follow {frm}", expected=frm, found=to)
    intent = {"intent_at": at} if to in INTENTS else {}
    values = {"state": to, "updated_at": at} | intent | columns
    row = connection.execute(_MOVE, {"number": number, "frm": frm} | values).one_or_none()
    if row is None:
        found = load(connection, number).state
        message = f"interchange {number} was to go from {frm} to {to}, but it stands at {found}"
        raise ConflictError(message, expected=frm, found=found, remedy=f"Nothing was changed: syncd explain {number}")
    _record(connection, number, at, frm, to, note)
    if to in COUNTS:
        lines.went_out(connection, number, at)
    return to_interchange(row)


def note(connection: Connection, file: Interchange, at: datetime, text: str) -> None:
    """Add a line to an interchange's history; it stays where it is."""
    _record(connection, file.id, at, file.state, file.state, text)


def unchanged(connection: Connection, seen: Interchange) -> None:
    """Make sure, and until the transaction ends, that an interchange is still as it was seen. Raises ConflictError."""
    now = load(connection, seen.id, lock=True)
    if now != seen:
        message = f"interchange {seen.id} has moved meanwhile: it stands at {now.state}"
        remedy = f"Nothing was changed: syncd explain {seen.id}"
        raise ConflictError(message, expected=seen.state, found=now.state, remedy=remedy)


def _record(
    connection: Connection,
    number: int,
    at: datetime,
    before: State | Step | None,
    after: State | Step,
    note: str | None,
) -> None:
    line = {"interchange_id": number, "at": at, "before": before, "after": after, "note": note}
    connection.execute(_RECORD, line)
