"""Carry orders to the supplier. The law of this room: an order is taken exactly once.

Each move is written down before it is made. Under RENAME the temporary name decides what a lost reply meant, never the
published name and never a listing; under DIRECT a cut upload is never repeated (docs/guarantee.md).
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Unpack

import structlog

from syncd.errors import (
    ConflictError,
    DoubtError,
    LaterError,
    ProtocolError,
    RefusedError,
    SpoolLostError,
    TruncatedError,
)
from syncd.formats import wire
from syncd.jobs.base import Account, Workplace, uncut
from syncd.jobs.restored import testify
from syncd.model import Hold, Interchange, State, Step
from syncd.plan.outbound import HoldBack, Move, Probe, Rename, Store, Unconfirm, plan_store, stored_sizes
from syncd.state.rows import Columns
from syncd.suppliers.rules import Outbound, Publish
from syncd.transport.base import Session

log = structlog.get_logger()

MOST_ATTEMPTS = 3
"""An order that the server refuses is tried so often before a person is asked."""

MOST_MOVES = 6
"""A server on which an order needs more moves than this in one visit is not keeping to the protocol."""


class Carrier:
    """Carries the orders of one account through one session."""

    def __init__(self, place: Workplace, account: Account, session: Session) -> None:
        self.place = place
        self.account = account
        self.session = session

    async def carry(self, order: Interchange) -> Interchange:
        """Make every move there is for this order now. Raises what the session raises; the journal is always true."""
        channel = self.account.outbound_channel(order.channel)
        for _ in range(MOST_MOVES):
            move = plan_store(channel, order, self.place.clock())
            if move is None:
                return order
            if isinstance(move, HoldBack):
                return await self._ask(order, move)
            await self.session.enter(channel.directory)
            try:
                order = await self._maker_of(move)(channel, order)
            except SpoolLostError as error:
                return await self._lose(order, error)
            except RefusedError as error:
                await self._refused(order.id, error)
                raise
        raise ProtocolError(
            f"{order.name}: the temporary name {order.temp_name} keeps vanishing before it is renamed",
            remedy="Ask the supplier what removes files from the order folder.",
        )

    async def _ask(self, order: Interchange, move: HoldBack) -> Interchange:
        """Ask a person about an order in doubt, unless one has settled it since the visit began."""
        try:
            return await self.hold(order, move)
        except ConflictError:
            if order.state is not Step.UNCONFIRMED:
                raise
            return await self.place.do(self.place.store.journal.get, order.id)

    async def hold(self, order: Interchange, move: HoldBack) -> Interchange:
        """Put an order aside for a person."""
        return await self._advance(order, Step.HELD, move.reason, hold=move.hold, reason=move.reason)

    async def _refused(self, number: int, error: RefusedError) -> None:
        """Keep an order that the server refuses out of the way of the others: it is tried last, and then held.

        One that may have been renamed is not: a refusal to tell of its temporary name says nothing of it.
        """
        order = await self.place.do(self.place.store.journal.get, number)
        if order.state is Step.PUBLISHING:
            return
        if order.attempt >= MOST_ATTEMPTS:
            await self.hold(order, HoldBack(Hold.GUARD, f"the server refused it at attempt {order.attempt}: {error}"))
        elif order.state is Step.STORED:
            await self._advance(order, Step.QUEUED, "refused; the next visit uploads it again")

    async def _lose(self, order: Interchange, error: SpoolLostError) -> Interchange:
        """Put an order aside whose bytes are gone; it was never published."""
        journal, reason = self.place.store.journal, str(error)
        lost = await self.place.do(journal.quarantine, order.id, order.state, error.code, reason, self._now())
        event = f"order.{lost.state}"
        log.warning(event, account=lost.account, interchange=lost.id, file=lost.name, reason=reason)
        return lost

    # -- moves ------------------------------------------------------------------------------------------------

    def _maker_of(self, move: Move) -> Callable[[Outbound, Interchange], Awaitable[Interchange]]:
        """Return who makes a move; a table that we kept would keep us, and the session with us."""
        makers: dict[type[Move], Callable[[Outbound, Interchange], Awaitable[Interchange]]] = {
            Store: self._store,
            Rename: self._rename,
            Probe: self._probe,
            Unconfirm: self._unconfirm,
        }
        return makers[type(move)]

    async def _store(self, channel: Outbound, order: Interchange) -> Interchange:
        data = await self._payload(channel, order)
        if channel.publish is Publish.DIRECT:
            return await uncut(self._store_direct(order, data))
        return await self._store_temporary(order, data)

    async def _store_temporary(self, order: Interchange, data: bytes) -> Interchange:
        old, attempt = order.temp_name, order.attempt + 1
        temp = f"T{order.id}.{attempt}"
        order = await self._advance(
            order, Step.STORING, f"as {temp}", temp_name=temp, attempt=attempt, intent_at=self._now()
        )
        if old is not None:
            await self.session.remove(old)
        mode = self.account.supplier.mode(order.name)
        try:
            await self.session.store(temp, data, mode)
        except DoubtError as error:  # a temporary name does not count: not done is all there is to say
            raise LaterError(
                f"{order.name}: the upload was cut ({error}); nothing was published",
                remedy="The next visit uploads it again under a new temporary name.",
            ) from error
        size = await self.session.size(temp)
        if size not in stored_sizes(data, mode):
            raise TruncatedError(
                f"{order.name}: {len(data)} bytes were sent, the server says done and has {size}; it was not published",
                remedy="The next visit uploads it again under a new temporary name. If it goes on, tell the supplier.",
            )
        return await self._advance(order, Step.STORED, f"{size} bytes verified")

    async def _store_direct(self, order: Interchange, data: bytes) -> Interchange:
        order = await self._advance(
            order, Step.STORING, "under its final name", attempt=order.attempt + 1, intent_at=self._now()
        )
        await self._testify(order, back_to=Step.QUEUED)
        try:
            await self.session.store(order.name, data, self.account.supplier.mode(order.name))
        except DoubtError as error:
            await self._advance(order, Step.UNCONFIRMED, str(error))
            raise
        except (RefusedError, LaterError) as error:  # refused, or lost, before the server had a byte
            await self._advance(order, Step.QUEUED, str(error))
            raise
        return await self._advance(order, Step.SENT, "the server confirmed the upload")

    async def _rename(self, _: Outbound, order: Interchange) -> Interchange:
        assert order.temp_name is not None
        if not await self.session.rename_from(order.temp_name):
            return await self._advance(order, Step.QUEUED, f"{order.temp_name} was gone before it could be renamed")
        return await uncut(self._publish(order))

    async def _publish(self, order: Interchange) -> Interchange:
        order = await self._advance(order, Step.PUBLISHING, f"{order.temp_name} to {order.name}", intent_at=self._now())
        await self._testify(order, back_to=Step.STORED)
        try:
            await self.session.rename_to(order.name)
        except RefusedError as error:
            await self._advance(order, Step.STORED, f"not renamed: {error}")
            raise
        return await self._advance(order, Step.SENT, "renamed")

    async def _probe(self, _: Outbound, order: Interchange) -> Interchange:
        assert order.temp_name is not None
        size = await self.session.size(order.temp_name)
        ready = await self.session.rename_from(order.temp_name)
        if ready:
            return await uncut(self._publish(order))
        if size is None:
            return await self._advance(order, Step.SENT, f"renamed: {order.temp_name} is gone")
        return await self.hold(
            order, HoldBack(Hold.DOUBT, f"{order.temp_name} is there with {size} bytes and cannot be renamed")
        )

    async def _unconfirm(self, _: Outbound, order: Interchange) -> Interchange:
        return await self._advance(order, Step.UNCONFIRMED, "the upload was cut; it may have been taken")

    # -- means ------------------------------------------------------------------------------------------------

    async def _payload(self, channel: Outbound, order: Interchange) -> bytes:
        assert order.spool is not None
        raw = await self.place.do(self.place.store.spool.read, order.spool)
        if hashlib.sha256(raw).hexdigest() != order.sha256:
            raise SpoolLostError(f"its bytes in {order.spool} are not those that came", remedy="Drop the order again.")
        return wire(channel.format, raw)

    async def _testify(self, order: Interchange, *, back_to: Step) -> None:
        """Tell the witness before the command that makes the order count; without it the order stays unsent."""
        try:
            await testify(self.place, self.account, order)
        except LaterError as error:
            await self._advance(order, back_to, f"not sent: {error}")
            raise

    async def _advance(
        self, order: Interchange, to: State | Step, note: str, **columns: Unpack[Columns]
    ) -> Interchange:
        order = await self.place.do(
            self.place.store.journal.advance, order.id, order.state, to, self._now(), note=note, **columns
        )
        event = f"order.{to}"
        log.info(event, account=order.account, interchange=order.id, file=order.name, note=note)
        return order

    def _now(self) -> datetime:
        return self.place.clock()
