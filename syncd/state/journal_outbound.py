"""Orders on their way out, from the outbox to the supplier's answer.

The order of things when a file is taken from the outbox, so that a crash anywhere loses nothing and sends nothing
twice: `queue` writes the bytes to the spool, fsynced, and the row that names them, in one transaction; only then is the
outbox's file unlinked; `left_outbox` says that it is gone. After a crash `in_outbox` lists what may still lie there: it
is settled before the outbox is looked at again, else the file would be taken for a twin of itself.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, update

from syncd.life import Ordered
from syncd.model import Direction, Hold, Interchange, State, Step
from syncd.state import lines, rows
from syncd.state.engine import Database
from syncd.state.references import refer
from syncd.state.tables import interchange
from syncd.state.witness import Order

OPEN = (Step.QUEUED, Step.STORING, Step.STORED, Step.PUBLISHING, Step.UNCONFIRMED)
"""Steps on which the next session has something to do."""

_UNSETTLED = (*OPEN, Step.HELD, State.QUARANTINED)
"""Steps from which an order may still be sent, by itself or by a person's word, or may have been."""


_HERE = (interchange.c.account == bindparam("account"), interchange.c.host == bindparam("host"))
_GUARDED = (interchange.c.state == Step.HELD) & (interchange.c.hold == Hold.GUARD)
_ORDERS = select(*rows.COLUMNS).where(interchange.c.direction == Direction.OUT).order_by(interchange.c.id)
_OF_ACCOUNT = _ORDERS.where(interchange.c.account == bindparam("account"))
_OPEN_HERE = _ORDERS.where(*_HERE, interchange.c.state.in_(OPEN))
_UNSETTLED_HERE = _ORDERS.where(*_HERE, interchange.c.state.in_(_UNSETTLED) | interchange.c.source.is_not(None))
_OF_BYTES = _OF_ACCOUNT.where(interchange.c.sha256.in_(bindparam("hashes", expanding=True)))
_GUARDED_SINCE = _OF_ACCOUNT.where(_GUARDED, interchange.c.created_at >= bindparam("since"))
_TWINS = _OF_ACCOUNT.where(
    interchange.c.channel == bindparam("channel"),
    or_(interchange.c.name == bindparam("name"), interchange.c.sha256 == bindparam("sha256")),
    interchange.c.state.not_in((State.QUARANTINED, State.DISCARDED)),
)
_IN_OUTBOX = _ORDERS.add_columns(interchange.c.source).where(*_HERE, interchange.c.source.is_not(None))
_LEFT_OUTBOX = update(interchange).where(interchange.c.id == bindparam("number")).values(source=None)


class Outbound:
    """The part of the journal that knows orders."""

    _database: Database
    host: str

    def twins(self, account: str, channel: str, name: str, sha256: str) -> list[Interchange]:
        """Return the orders of before with the same bytes or the same name, oldest first; not what was put away."""
        return self._orders(_TWINS, account=account, channel=channel, name=name, sha256=sha256)

    def guarded(self, account: str, since: datetime) -> int:
        """Count the orders that were held by a guard since then, and still are."""
        return len(self._orders(_GUARDED_SINCE, account=account, since=since))

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
        with self._database.reading() as connection:
            found = connection.execute(_IN_OUTBOX, {"account": account, "host": self.host})
            return [(rows.to_interchange(row), row.source) for row in found]

    def left_outbox(self, number: int) -> None:
        """Remember that the outbox's file is gone."""
        with self._database.writing() as connection:
            connection.execute(_LEFT_OUTBOX, {"number": number})

    def open_orders(self, account: str) -> list[Interchange]:
        """Return this host's orders on which the next session has something to do, oldest first."""
        return self._orders(_OPEN_HERE, account=account, host=self.host)

    def hold_unsent(self, account: str, reason: str, at: datetime) -> list[Interchange]:
        """Put every order of an account in doubt that could still be sent, on any host; return them.

        That is also what waits for a person, who may let it go a second time: held by a guard, or put away.
        """
        doubt: rows.Columns = {"hold": Hold.DOUBT, "reason": reason}
        unsent = or_(interchange.c.state.in_((*OPEN, State.QUARANTINED)), _GUARDED)
        mine = (interchange.c.account == account, interchange.c.direction == Direction.OUT)
        query = select(interchange.c.id, interchange.c.state).where(*mine, unsent)
        with self._database.writing() as connection:
            found = connection.execute(query.order_by(interchange.c.id).with_for_update()).all()
            return [
                rows.move(connection, row.id, rows.state_of(row.state), Step.HELD, at, reason, doubt) for row in found
            ]

    def unsettled(self, account: str) -> tuple[Order, ...]:
        """Return this host's orders that may be sent yet, or may have been, or whose file still lies in the outbox."""
        orders = self._orders(_UNSETTLED_HERE, account=account, host=self.host)
        return tuple(Order(row.id, row.channel, row.size or 0, row.sha256 or "", row.name) for row in orders)

    def missing(self, account: str, orders: Sequence[Order]) -> list[Order]:
        """Return those of the orders that are not in the journal, nor held in doubt under another number."""
        if not orders:
            return []
        rows_there = self._orders(_OF_BYTES, account=account, hashes=[order.sha256 for order in orders])
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

    def _orders(self, which: Select[Any], **values: object) -> list[Interchange]:
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(which, values)]

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
            return rows.change(connection, made.id, {"spool": spool(made.id)})
