"""Deliveries: which interchange goes to which sink, how often that was tried, and when to try again.

A delivery is made when `delivered_at` is set. Until then it waits for `next_attempt`, or is a dead letter where that is
empty: nobody tries it before a person asks for it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, select, update

from syncd.errors import UsageError
from syncd.model import Delivery, State, Word
from syncd.state import rows, trail
from syncd.state.engine import Database
from syncd.state.journal_bases import take
from syncd.state.references import CHUNK
from syncd.state.tables import delivery, interchange

_COLUMNS = (
    *(delivery.c[name] for name in ("id", "interchange_id", "sink", "key")),
    *(interchange.c[name] for name in ("account", "channel")),
    *(delivery.c[name] for name in ("attempts", "next_attempt", "last_attempt", "last_error")),
)
_OPEN = delivery.c.delivered_at.is_(None)
_DEAD = _OPEN & delivery.c.next_attempt.is_(None)
_WAITS = _OPEN & delivery.c.next_attempt.is_not(None)
_THIS = (delivery.c.id == bindparam("number"), _OPEN)
_DELIVERIES = (
    select(*_COLUMNS).join_from(delivery, interchange).where(_OPEN).order_by(delivery.c.interchange_id, delivery.c.id)
)
_HERE = _DELIVERIES.where(interchange.c.host == bindparam("host"))
_WAITING = _HERE.where(_WAITS, delivery.c.sink == bindparam("sink"))
_OWNER = select(delivery.c.interchange_id, delivery.c.sink).where(*_THIS)
_MADE = update(delivery).where(*_THIS).values(last_error=None)
_UNMADE = select(func.count()).where(delivery.c.interchange_id == bindparam("owner"), _OPEN)


class Deliveries:
    """The part of the journal that knows deliveries."""

    _database: Database

    def pending(self, host: str | None = None) -> list[Delivery]:
        """Return every delivery that is not made yet, dead letters too; of one host, or of all."""
        return self._deliveries(_DELIVERIES) if host is None else self._deliveries(_HERE, host=host)

    def waiting(self, sink: str, host: str) -> list[Delivery]:
        """Return what waits on a host for a sink, oldest interchange first; not its dead letters."""
        return self._deliveries(_WAITING, sink=sink, host=host)

    def deliveries_of(self, number: int) -> list[tuple[Delivery, datetime | None]]:
        """Return the deliveries of an interchange, each with the time when it was made."""
        query = select(*_COLUMNS, delivery.c.delivered_at).join_from(delivery, interchange)
        with self._database.reading() as connection:
            found = connection.execute(query.where(delivery.c.interchange_id == number).order_by(delivery.c.id))
            return [(Delivery(*values), made) for *values, made in found]

    def took_since(self, sink: str, moment: datetime) -> bool:
        """Tell whether a sink has taken anything since a moment."""
        query = select(delivery.c.id).where(delivery.c.sink == sink, delivery.c.delivered_at >= moment).limit(1)
        with self._database.reading() as connection:
            return connection.scalar(query) is not None

    def delivered(self, number: int, at: datetime, state: tuple[str, str] | None = None) -> None:
        """Remember that a sink has it; with the last one its interchange is DONE. May be said twice.

        `state` is stamp and key of a list that is a state, as the sink took it: what changes is told against it.
        """
        with self._database.writing() as connection:
            here = connection.execute(_OWNER, {"number": number}).one_or_none()
            if here is not None:
                file = rows.load(connection, here.interchange_id, lock=True)  # first, as acceptance does
                connection.execute(_MADE, {"number": number, "delivered_at": at})
                if state is not None:
                    take(connection, self._database, here.sink, file, *state)
                _finish(connection, file.id, at)

    def passed_over(self, number: int, why: str, at: datetime) -> None:
        """Take a delivery away that its sink is not to have any more; its history says why. May be said twice."""
        with self._database.writing() as connection:
            here = connection.execute(_OWNER, {"number": number}).one_or_none()
            if here is not None:
                rows.load(connection, here.interchange_id, lock=True)
                _by_id(connection, [number], None)
                _finish(connection, here.interchange_id, at, f"not handed to {here.sink}: {why}")

    def delivery_failed(self, number: int, error: str, next_attempt: datetime | None, at: datetime) -> None:
        """Remember a failed attempt; without a next one it is a dead letter."""
        values = {"attempts": delivery.c.attempts + 1, "last_error": error, "next_attempt": next_attempt}
        values["last_attempt"] = at
        self._alter(delivery.c.id == number, values)

    def bury(self, number: int, reason: str) -> None:
        """Make a dead letter of a delivery that waits."""
        self._alter(delivery.c.id == number, {"next_attempt": None, "last_error": reason})

    def hurry(self, sinks: Collection[str], at: datetime) -> int:
        """Have what waits for these sinks tried now; return how many deliveries."""
        return self._alter(delivery.c.sink.in_(sinks) & _WAITS, {"next_attempt": at})

    def revive(self, sinks: Collection[str], word: Word, at: datetime) -> int:
        """Have the dead letters of these sinks tried anew, on a person's word; return how many."""
        with self._database.writing() as connection:
            dead = _owners(connection, delivery.c.sink.in_(sinks) & _DEAD)
            for row in dead:
                trail.record(connection, word, at, row.account, f"{row.name}: to {row.sink} again", row.interchange_id)
            _by_id(connection, [row.id for row in dead], {"attempts": 0, "next_attempt": at})
        return len(dead)

    def drop(self, sink: str, word: Word, at: datetime, *, dead: bool) -> int:
        """Give up what waits for a sink, or its dead letters alone, on a person's word; return how many deliveries.

        An interchange that no other sink waits for is DONE. Raises UsageError when there is nothing to give up.
        """
        with self._database.writing() as connection:
            found = _owners(connection, (delivery.c.sink == sink) & (_DEAD if dead else _OPEN))
            if not found:
                what = f"the sink {sink} has no dead letters" if dead else f"nothing waits for the sink {sink}"
                raise UsageError(what, remedy="`syncd sinks list` shows what waits.")
            _by_id(connection, [row.id for row in found], None)
            for row in found:
                what = f"{row.name}: not handed to {sink}"
                trail.record(connection, word, at, row.account, what, row.interchange_id)
                _finish(connection, row.interchange_id, at, f"not handed to {sink}; {trail.spoken(word)}")
        return len(found)

    def _alter(self, which: ColumnElement[bool], values: dict[str, Any]) -> int:
        with self._database.writing() as connection:
            return connection.execute(update(delivery).where(_OPEN, which).values(values)).rowcount

    def _deliveries(self, which: Select[Any], **values: object) -> list[Delivery]:
        with self._database.reading() as connection:
            return [Delivery(*row) for row in connection.execute(which, values)]


def _owners(connection: Connection, where: ColumnElement[bool]) -> list[Any]:
    """Return deliveries with the account and the name of their interchanges; nobody changes those meanwhile."""
    columns = (delivery.c.id, delivery.c.sink, delivery.c.interchange_id, interchange.c.account, interchange.c.name)
    query = select(*columns).join_from(delivery, interchange).where(where).order_by(delivery.c.id)
    return list(connection.execute(query.with_for_update()))


def _by_id(connection: Connection, numbers: list[int], values: dict[str, Any] | None) -> None:
    """Change deliveries, or delete them where there are no values; a statement takes only so many numbers."""
    for start in range(0, len(numbers), CHUNK):
        mine = delivery.c.id.in_(numbers[start : start + CHUNK])
        connection.execute(
            delete(delivery).where(mine) if values is None else update(delivery).where(mine).values(values)
        )


def _finish(connection: Connection, owner: int, at: datetime, note: str | None = None) -> None:
    """Move an accepted interchange to DONE when no delivery of it is open any more; else only note what was done."""
    file = rows.load(connection, owner, lock=True)
    if file.state is State.PARSED and connection.scalar(_UNMADE, {"owner": owner}) == 0:
        rows.move(connection, owner, State.PARSED, State.DONE, at, note, {})
    elif file.state is State.PARSED and note is not None:
        rows.move(connection, owner, State.PARSED, State.PARSED, at, note, {})
