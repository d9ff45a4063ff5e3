"""Orders on their way out, from the outbox to the supplier's answer.

The order of things when a file is taken from the outbox, so that a crash anywhere loses nothing and sends nothing
twice: `queue` writes the bytes to the spool, fsynced, and the row that names them, in one transaction; only then is the
outbox's file unlinked; `left_outbox` says that it is gone. After a crash `in_outbox` lists what may still lie there: it
is settled before the outbox is looked at again, else the file would be taken for a twin of itself.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from syncd.life import Ordered
from syncd.model import Direction, Hold, Interchange, State, Step
from syncd.state import lines, rows
from syncd.state.engine import Database
from syncd.state.references import refer
from syncd.state.tables import interchange, stamp
from syncd.state.witness import Order

OPEN = (Step.QUEUED, Step.STORING, Step.STORED, Step.PUBLISHING, Step.UNCONFIRMED)
"""Steps on which the next session has something to do."""

_UNSETTLED = (*OPEN, Step.HELD, State.QUARANTINED)
"""Steps from which an order may still be sent, by itself or by a person's word, or may have been."""

_STAMP = "%Y%m%d%H%M%S"


class Outbound:
    """The part of the journal that knows orders."""

    _database: Database
    host: str

    def twins(self, account: str, channel: str, name: str, sha256: str) -> list[Interchange]:
        """Return the orders of before with the same bytes or the same name, oldest first; not what was put away."""
        same = or_(interchange.c.name == name, interchange.c.sha256 == sha256)
        return self._orders(
            interchange.c.account == account,
            interchange.c.channel == channel,
            same,
            interchange.c.state.not_in((State.QUARANTINED, State.DISCARDED)),
        )

    def guarded(self, account: str, since: datetime) -> int:
        """Count the orders that were held by a guard since then, and still are."""
        held = (interchange.c.state == Step.HELD, interchange.c.hold == Hold.GUARD)
        return len(self._orders(interchange.c.account == account, *held, interchange.c.created_at >= since))

    def queue(
        self,
        account: str,
        channel: str,
        name: str,
        size: int,
        sha256: str,
        references: Sequence[str],
        source: str,
        hold_reason: str | None,
        at: datetime,
        *,
        spool: Callable[[int], str],
        ordered: Sequence[Ordered] = (),
    ) -> Interchange:
        """Take an order: QUEUED, or HELD(guard) with the reason. `source` is its path in the outbox.

        `ordered` are its lines, whose life begins here. `spool` is given the new number, writes the bytes durably and
        returns their name in the spool. It is called inside the transaction: afterwards row and bytes are there, or the
        row is not. Raises DiskFullError.
        """
        held = {"state": Step.HELD, "hold": Hold.GUARD, "reason": hold_reason}
        state = held if hold_reason else {"state": Step.QUEUED}
        order = {"account": account, "channel": channel, "name": name, "size": size, "sha256": sha256}
        return self._take(order | state, references, source, at, spool, ordered)

    def intend(
        self,
        account: str,
        channel: str,
        name: str,
        size: int,
        sha256: str,
        references: Sequence[str],
        reason: str,
        at: datetime,
        *,
        spool: Callable[[int], str],
        ordered: Sequence[Ordered] = (),
    ) -> Interchange:
        """Take an order that counts as soon as it is sent, and never comes back: HELD(doubt) until it was answered.

        Call it before the first byte is sent: a crash at any later moment leaves what is true. `spool` and `ordered` as
        for `queue`.
        """
        order = {"account": account, "channel": channel, "name": name, "size": size, "sha256": sha256}
        doubt = {"state": Step.HELD, "hold": Hold.DOUBT, "reason": reason}
        return self._take(order | doubt, references, None, at, spool, ordered)

    def refuse(
        self,
        account: str,
        channel: str,
        name: str,
        size: int,
        sha256: str,
        source: str,
        reason: str,
        at: datetime,
        *,
        spool: Callable[[int], str],
    ) -> Interchange:
        """Take a file from the outbox that may not be sent: QUARANTINED at once, its bytes kept; else like `queue`."""
        order = {"account": account, "channel": channel, "name": name, "size": size, "sha256": sha256}
        return self._take(order | {"state": State.QUARANTINED, "reason": reason}, (), source, at, spool)

    def in_outbox(self, account: str) -> list[tuple[Interchange, str]]:
        """Return the orders whose file may still lie in this host's outbox, each with its path, oldest first."""
        where = (interchange.c.source.is_not(None), interchange.c.account == account, interchange.c.host == self.host)
        query = select(*rows.COLUMNS, interchange.c.source).where(*where).order_by(interchange.c.id)
        with self._database.reading() as connection:
            return [(rows.to_interchange(row), row.source) for row in connection.execute(query)]

    def left_outbox(self, number: int) -> None:
        """Remember that the outbox's file is gone."""
        with self._database.writing() as connection:
            connection.execute(update(interchange).where(interchange.c.id == number).values(source=None))

    def open_orders(self, account: str) -> list[Interchange]:
        """Return this host's orders on which the next session has something to do, oldest first."""
        mine = (interchange.c.account == account, interchange.c.host == self.host)
        return self._orders(*mine, interchange.c.state.in_(OPEN))

    def hold_unsent(self, account: str, reason: str, at: datetime) -> list[Interchange]:
        """Put every order of an account in doubt that could still be sent, on any host; return them.

        That is also what waits for a person, who may let it go a second time: held by a guard, or put away.
        """
        doubt: rows.Columns = {"hold": Hold.DOUBT, "reason": reason}
        guarded = (interchange.c.state == Step.HELD) & (interchange.c.hold == Hold.GUARD)
        unsent = or_(interchange.c.state.in_((*OPEN, State.QUARANTINED)), guarded)
        mine = (interchange.c.account == account, interchange.c.direction == Direction.OUT)
        query = select(interchange.c.id, interchange.c.state).where(*mine, unsent)
        with self._database.writing() as connection:
            found = connection.execute(query.order_by(interchange.c.id).with_for_update()).all()
            return [
                rows.move(connection, row.id, rows.state_of(row.state), Step.HELD, at, reason, doubt) for row in found
            ]

    def unsettled(self, account: str) -> tuple[Order, ...]:
        """Return this host's orders that may be sent yet, or may have been, or whose file still lies in the outbox."""
        mine = (interchange.c.account == account, interchange.c.host == self.host)
        orders = self._orders(*mine, or_(interchange.c.state.in_(_UNSETTLED), interchange.c.source.is_not(None)))
        return tuple(Order(row.id, row.channel, row.size or 0, row.sha256 or "", row.name) for row in orders)

    def missing(self, account: str, orders: Sequence[Order]) -> list[Order]:
        """Return those of the orders that are not in the journal, nor held in doubt under another number."""
        if not orders:
            return []
        same = interchange.c.sha256.in_([order.sha256 for order in orders])
        rows_there = self._orders(interchange.c.account == account, same)
        known = {(row.id, row.sha256) for row in rows_there}
        doubted = {(row.name, row.sha256) for row in rows_there if row.hold is Hold.DOUBT}
        return [o for o in orders if (o.number, o.sha256) not in known and (o.name, o.sha256) not in doubted]

    def enter_missing(self, account: str, orders: Sequence[Order], reason: str, at: datetime) -> list[Interchange]:
        """Enter orders of which only their names are left: HELD(doubt), without bytes."""
        doubt = {"state": Step.HELD, "hold": Hold.DOUBT, "reason": reason, "direction": Direction.OUT}
        mine = doubt | {"account": account, "host": self.host}
        with self._database.writing() as connection:
            return [
                rows.create(
                    connection, at, reason, **mine,
                    channel=order.channel, name=order.name, size=order.size, sha256=order.sha256,
                )
                for order in orders
            ]  # fmt: skip

    def last_stamp(self, customer: str) -> str | None:
        """Return the latest `YYYYMMDDHHMMSS` that an order of this customer was named with."""
        with self._database.reading() as connection:
            return connection.scalar(select(stamp.c.stamp).where(stamp.c.customer == customer))

    def take_stamp(self, customer: str, wanted: str) -> str:
        """Return `wanted`, or the second after the latest one taken: no two orders of a customer share a name."""
        mine = stamp.c.customer == customer
        with self._database.writing() as connection:
            connection.execute(
                self._database.insert(stamp).values(customer=customer, stamp="").on_conflict_do_nothing()
            )
            last = connection.scalar(select(stamp.c.stamp).where(mine).with_for_update()) or ""
            free = wanted if wanted > last else _second_after(last)
            connection.execute(update(stamp).where(mine).values(stamp=free))
        return free

    def _orders(self, *where: ColumnElement[bool]) -> list[Interchange]:
        query = select(*rows.COLUMNS).where(interchange.c.direction == Direction.OUT, *where).order_by(interchange.c.id)
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(query)]

    def _take(
        self,
        values: dict[str, Any],
        references: Sequence[str],
        source: str | None,
        at: datetime,
        spool: Callable[[int], str],
        ordered: Iterable[Ordered] = (),
    ) -> Interchange:
        with self._database.writing() as connection:
            order = values | {"direction": Direction.OUT, "source": source, "host": self.host}
            made = rows.create(connection, at, values.get("reason"), **order)
            refer(connection, made.id, references)
            lines.take(connection, made, ordered, at)
            here = interchange.c.id == made.id
            named = update(interchange).where(here).values(spool=spool(made.id)).returning(*rows.COLUMNS)
            return rows.to_interchange(connection.execute(named).one())


def _second_after(last: str) -> str:
    return (datetime.strptime(last, _STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)).strftime(_STAMP)
