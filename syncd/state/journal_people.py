"""What is done on a person's word. Each is a change of state like any other, and a line of the audit trail with it.

Safe beside a running daemon: an interchange that has moved since the person saw it is left alone, with a ConflictError.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Unpack

from sqlalchemy import select, update

from syncd.model import Audit, Direction, Interchange, State, Step, Word
from syncd.state import acceptance, lines, rows, trail
from syncd.state.engine import Database
from syncd.state.references import refer
from syncd.state.tables import audit, interchange, reference


class People:
    """The part of the journal that takes a person's word."""

    _database: Database
    host: str

    def decide(
        self, seen: Interchange, to: State | Step, word: Word, at: datetime, **columns: Unpack[rows.Columns]
    ) -> Interchange:
        """Move an interchange that is still as the person saw it. Raises ConflictError."""
        with self._database.writing() as connection:
            rows.unchanged(connection, seen)
            moved = rows.move(connection, seen.id, seen.state, to, at, trail.spoken(word), columns)
            trail.record(connection, word, at, moved.account, f"{moved.name}: {seen.state} to {to}", seen.id)
            return moved

    def send_again(
        self, old: Interchange, name: str, word: Word, at: datetime, *, spool: Callable[[int], str]
    ) -> Interchange:
        """Queue the bytes of an order that was put away as a new order of this name; the old one is DISCARDED.

        `spool` is given the new number and writes the bytes durably, as for `queue`. Raises ConflictError.
        """
        with self._database.writing() as connection:
            rows.unchanged(connection, old)
            same = {"account": old.account, "channel": old.channel, "size": old.size, "sha256": old.sha256}
            same["host"] = self.host
            note = f"sends no. {old.id} again; {trail.spoken(word)}"
            new = rows.create(connection, at, note, direction=Direction.OUT, name=name, state=Step.QUEUED, **same)
            carried = select(reference.c.reference).where(reference.c.interchange_id == old.id)
            refer(connection, new.id, connection.scalars(carried).all())
            lines.take_again(connection, old.id, new, at)
            again = f"sent again as no. {new.id}, {name}"
            rows.move(connection, old.id, old.state, State.DISCARDED, at, f"{again}; {trail.spoken(word)}", {})
            trail.record(connection, word, at, old.account, f"{old.name}: {again}", old.id)
            here = interchange.c.id == new.id
            named = update(interchange).where(here).values(spool=spool(new.id)).returning(*rows.COLUMNS)
            return rows.to_interchange(connection.execute(named).one())

    def hand_over(
        self, seen: Interchange, deliveries: Sequence[tuple[str, str]], at: datetime, word: Word
    ) -> Interchange:
        """Make the deliveries of an accepted file due, but for those that were made: PARSED, or DONE as it was.

        A snapshot is put in use by it; one that is older than the one in use is DONE, and handed to nobody. Raises
        ConflictError.
        """
        with self._database.writing() as connection:
            rows.unchanged(connection, seen)
            return acceptance.hand_over(connection, seen, deliveries, at, word)

    def say(self, word: Word, at: datetime, about: str, what: str) -> None:
        """Write down a word about what the journal does not hold itself; `about` stands where the account does."""
        with self._database.writing() as connection:
            trail.record(connection, word, at, about, what)

    def audits(self, account: str | None = None, number: int | None = None, limit: int = 20) -> list[Audit]:
        """Return the audit trail, newest first: all of it, an account's, or an interchange's."""
        asked = {"account": account, "interchange_id": number}
        where = [audit.c[name] == value for name, value in asked.items() if value is not None]
        with self._database.reading() as connection:
            return trail.read(connection, where, limit)
