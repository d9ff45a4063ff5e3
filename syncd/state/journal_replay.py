"""Handing accepted files again: to a sink that is new, or to one that has lost what it had."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, insert, or_, select, update

from syncd.model import Direction, Interchange, State, Word
from syncd.state import rows, trail
from syncd.state.engine import Database
from syncd.state.tables import delivery, interchange, snapshot

_ACCEPTED = (State.PARSED, State.DONE)


class Replays:
    """The part of the journal that hands files again."""

    _database: Database

    def replayable(self, accounts: Collection[str], since: datetime, until: datetime) -> list[Interchange]:
        """Return the accepted files of these accounts that came in between two moments, oldest first.

        Left out are files that the shop had already when they were recorded, what a guard holds, and stock lists that
        were never handed to anybody: a newer one was in use.
        """
        i, s = interchange.c, snapshot.c
        whose = [i.direction == Direction.IN, i.account.in_(accounts), i.for_sinks, i.hold.is_(None)]
        when = [i.state.in_(_ACCEPTED), i.created_at >= since, i.created_at <= until]
        is_snapshot = exists().where(s.account == i.account, s.channel == i.channel, s.kind == i.kind)
        was_used = exists().where(delivery.c.interchange_id == i.id) | exists().where(s.interchange_id == i.id)
        query = select(*rows.COLUMNS).where(*whose, *when, or_(~is_snapshot, was_used)).order_by(i.id)
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(query)]

    def replay(self, sink: str, files: Sequence[tuple[int, str]], word: Word, at: datetime) -> list[int]:
        """Make deliveries due for files, given by number and key, on a person's word; return the numbers.

        Left out is what is accepted no more, what has no bytes, and what another file of the same key stands for.
        """
        with self._database.writing() as connection:
            return [number for number, key in files if _hand_again(connection, number, sink, key, word, at)]


def _hand_again(connection: Connection, number: int, sink: str, key: str, word: Word, at: datetime) -> bool:
    file = rows.load(connection, number, lock=True)
    known = (delivery.c.sink == sink, delivery.c.key == key)
    owner = connection.scalar(select(delivery.c.interchange_id).where(*known))
    if file.state not in _ACCEPTED or file.hold or file.spool is None or owner not in (None, number):
        return False
    due = {"attempts": 0, "next_attempt": at, "last_attempt": None, "last_error": None, "delivered_at": None}
    if owner is None:
        connection.execute(insert(delivery).values({"interchange_id": number, "sink": sink, "key": key} | due))
    else:
        connection.execute(update(delivery).where(*known).values(due))
    rows.move(connection, number, file.state, State.PARSED, at, f"to {sink} again; {trail.spoken(word)}", {})
    trail.record(connection, word, at, file.account, f"{file.name}: to {sink} again", number)
    return True
