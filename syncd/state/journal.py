"""The journal: what is known of every account, interchange, delivery and problem. One method, one transaction.

It is written before an effect and after it; it has no clock and no opinion. Decisions are made in `syncd.plan`.
"""

from datetime import datetime
from typing import Unpack

from sqlalchemy import bindparam, func, select

from syncd.model import Event, Interchange, State, Step
from syncd.state import rows
from syncd.state.journal_accounts import Accounts
from syncd.state.journal_bases import Bases
from syncd.state.journal_deliveries import Deliveries
from syncd.state.journal_hosts import Hosts
from syncd.state.journal_inbound import Inbound
from syncd.state.journal_keeping import Keeping
from syncd.state.journal_lines import Lines
from syncd.state.journal_outbound import Outbound
from syncd.state.journal_people import People
from syncd.state.journal_problems import Problems
from syncd.state.journal_questions import Questions
from syncd.state.journal_replay import Replays
from syncd.state.tables import event, interchange

_LAST_EVENT = select(event.c.id, event.c.at).order_by(event.c.id.desc()).limit(1)
_LAST_EVENT_OF = _LAST_EVENT.where(event.c.interchange_id == bindparam("number"))
_NEWEST = select(func.max(interchange.c.id))
_EVENT_AT = select(event.c.at).where(event.c.id == bindparam("number"))


class Journal(
    Accounts, Outbound, Inbound, Lines, Bases, Deliveries, Problems, People, Replays, Keeping, Questions, Hosts
):
    """All that is remembered but the bytes; each part of it has a file of its own."""

    def get(self, number: int) -> Interchange:
        """Return an interchange. Raises UsageError when there is none of this number."""
        with self._database.reading() as connection:
            return rows.load(connection, number)

    def newest(self) -> int:
        """Return the highest number of an interchange; 0 when there is none."""
        with self._database.reading() as connection:
            return connection.scalar(_NEWEST) or 0

    def advance(
        self,
        number: int,
        frm: State | Step,
        to: State | Step,
        at: datetime,
        *,
        note: str | None = None,
        **columns: Unpack[rows.Columns],
    ) -> Interchange:
        """Move an interchange on, if it stands where the caller believes. Raises ConflictError.

        Steps that are written down before a command with an effect set `intent_at`, unless it is given.
        """
        with self._database.writing() as connection:
            return rows.move(connection, number, frm, to, at, note, columns)

    def last_event(self, number: int | None = None) -> tuple[int, datetime | None]:
        """Return number and time of the latest line of an interchange's history, or of all; 0 when there is none."""
        mine = _LAST_EVENT if number is None else _LAST_EVENT_OF
        with self._database.reading() as connection:
            row = connection.execute(mine, {"number": number}).one_or_none()
        return (0, None) if row is None else (row.id, row.at)

    def event_at(self, number: int) -> datetime | None:
        """Return when the line of this number was written, None where there is none."""
        with self._database.reading() as connection:
            return connection.scalar(_EVENT_AT, {"number": number})

    def history(self, number: int) -> list[Event]:
        """Return what happened to an interchange, oldest first."""
        query = select(event.c.at, event.c.before, event.c.after, event.c.note)
        with self._database.reading() as connection:
            found = connection.execute(query.where(event.c.interchange_id == number).order_by(event.c.id)).all()
        return [
            Event(at, before and rows.state_of(before), rows.state_of(after), note) for at, before, after, note in found
        ]
