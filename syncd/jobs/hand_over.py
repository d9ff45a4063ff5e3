"""Hand one interchange to one sink: its file and its records; or, where the sink wants that, what changed in a list.

What changed is told against the list that this very sink has taken last, so whatever it missed between, for any reason,
is among the changes. Its base moves in the transaction that crosses the delivery off: after a crash the same changes
come again, with the same key. Wherever that does not say for certain what the sink holds, it gets the whole list.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from syncd.errors import BaseMissingError, SpoolLostError
from syncd.formats import FORMATS, Listing, changes
from syncd.jobs.base import Account, Workplace
from syncd.model import Base, Delivery, Interchange
from syncd.plan.handing import Handing, changes_key, plan_handing
from syncd.sinks.base import Batch, Terms

log = structlog.get_logger()


Give = Callable[[Batch], Awaitable[None]]
"""Have a sink take a batch."""


async def hand_over(
    place: Workplace, account: Account, delivery: Delivery, row: Interchange, give: Give
) -> Batch | None:
    """Hand a file over and return what the sink took; None for a list of which it has a later one.

    Raises SpoolLostError, and whatever `give` raises.
    """
    listing = await _listing(place, account, row)
    batch = await _batch(place, account, delivery, row, listing)
    if batch.stamp is None or not place.terms.get(delivery.sink, Terms()).delta:
        await give(batch)
        return batch
    return await _Changes(place, account, delivery, row, listing, batch, give).hand_over()


async def _listing(place: Workplace, account: Account, row: Interchange) -> Listing:
    assert row.spool is not None
    assert row.sha256 is not None
    await place.do(place.store.spool.verify, row.spool, row.sha256)  # the verdict is of the bytes that came
    verdict = await place.do(place.store.journal.verdict, row.id)
    return Listing(partial(place.store.spool.blocks, row.spool), account.context(row.name), verdict)


async def _batch(place: Workplace, account: Account, delivery: Delivery, row: Interchange, listing: Listing) -> Batch:
    assert row.spool is not None
    assert row.sha256 is not None
    verdict, channel = listing.verdict, account.inbound_channel(row.channel)
    suppressed = await place.do(place.store.journal.suppressed, row.id)

    def records() -> Iterator[Any]:
        return (record for record in listing.records(FORMATS[channel.format]) if record.line not in suppressed)

    return Batch(
        key=delivery.key, account=row.account, supplier=account.supplier.name, channel=row.channel, kind=verdict.kind,
        name=row.name, sha256=row.sha256, raw=place.store.spool.path(row.spool), header=verdict.header,
        counts=verdict.counts, snapshot=verdict.stamp is not None, records=records, stamp=verdict.stamp,
        orders=await place.do(place.store.journal.lines_named_by, row),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Changes:
    """One list on its way to a sink that wants changes only."""

    place: Workplace
    account: Account
    delivery: Delivery
    row: Interchange
    listing: Listing
    batch: Batch
    give: Give

    async def hand_over(self) -> Batch | None:
        """Hand over the changes, or the whole list, or nothing; return what was taken."""
        base = await self.place.do(self.place.store.journal.base, self.delivery.sink, self.row)
        assert self.batch.stamp is not None
        handing = plan_handing(base, self.row.id, self.batch.stamp)
        if handing is Handing.NOT:
            log.info("list.late", **self._words())
            return None
        if base is not None and handing is Handing.CHANGES:
            try:
                return await self._hand_changes(base)
            except (BaseMissingError, _BaseLostError) as error:
                log.warning("list.whole", **self._words(), reason=str(error))
        return await self._hand_whole(base)

    async def _hand_changes(self, base: Base) -> Batch:
        before = await self._before(base)
        key = changes_key(base.key, self.batch.key)
        records = self._records(before)
        batch = replace(self.batch, key=key, snapshot=False, base=base.key, records=records)
        if base.trying is None:
            await self.place.do(self.place.store.journal.try_changes, self.delivery.sink, self.row, whole=False)
        await self.give(batch)
        return batch

    async def _hand_whole(self, base: Base | None) -> Batch:
        batch = replace(self.batch, records=self._records(None))
        if base is not None:
            await self.place.do(self.place.store.journal.try_changes, self.delivery.sink, self.row, whole=True)
        await self.give(batch)
        return batch

    async def _before(self, base: Base) -> Listing:
        row = await self.place.do(self.place.store.journal.get, base.interchange_id)
        with suppress(SpoolLostError):
            if row.spool is not None:
                return await _listing(self.place, self.account, row)
        raise _BaseLostError(f"{row.name}, which the sink took before, is not in the spool as it came")

    def _records(self, before: Listing | None) -> Callable[[], Iterator[Any]]:
        return partial(changes, FORMATS[self.account.inbound_channel(self.row.channel).format], before, self.listing)

    def _words(self) -> dict[str, Any]:
        row = self.row
        about = {"account": row.account, "channel": row.channel, "interchange": row.id, "file": row.name}
        return about | {"sink": self.delivery.sink}


class _BaseLostError(Exception):
    """The list that a sink took last is not there to compare with."""
