"""Hand accepted interchanges to the sinks: each at least once, with a stable key, in order.

Order is kept for one sink, account and channel: a later stock list never overtakes an earlier one. One slow or broken
sink never holds another. What fails is tried again later; attempts are rows, so they survive a restart.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog

from syncd.errors import SinkError, SpoolLostError, SyncdError
from syncd.formats import FORMATS
from syncd.jobs.base import Account, Workplace
from syncd.jobs.judge import give_up
from syncd.model import Delivery, Interchange, Verdict
from syncd.plan import attempt_is_due, next_attempt
from syncd.sinks.base import Batch, Sink

log = structlog.get_logger()


async def deliver(place: Workplace, accounts: Mapping[str, Account]) -> int:
    """Deliver what is due for these accounts; return how many deliveries still wait for a sink that is there."""
    pending = await place.do(place.store.journal.pending)
    by_sink: dict[str, list[Delivery]] = {}
    for delivery in pending:
        by_sink.setdefault(delivery.sink, []).append(delivery)
    served = [_serve(place, accounts, place.sinks[sink], due) for sink, due in by_sink.items() if sink in place.sinks]
    return sum(await asyncio.gather(*served))


async def _serve(place: Workplace, accounts: Mapping[str, Account], sink: Sink, pending: Sequence[Delivery]) -> int:
    """Deliver to one sink, oldest first, and count what still waits; a failure holds back its own channel."""
    stopped: set[tuple[str, str]] = set()
    waiting = 0
    for delivery in pending:
        row = await place.do(place.store.journal.get, delivery.interchange_id)
        lane = (row.account, row.channel)
        if row.account not in accounts:
            continue
        due = lane not in stopped and attempt_is_due(delivery.next_attempt, place.clock())
        if not due or not await _try(place, accounts[row.account], sink, delivery, row):
            stopped.add(lane)
            waiting += 1
    return waiting


async def _try(place: Workplace, account: Account, sink: Sink, delivery: Delivery, row: Interchange) -> bool:
    try:
        await sink.deliver(await _batch(place, account, delivery, row))
    except SpoolLostError as error:  # it will never be there: what came after it need not wait
        await give_up(place, row, error)
        return True
    except SyncdError as error:
        await _failed(place, delivery, row, error)
        return False
    except Exception as error:  # noqa: BLE001 - a plugin's own failure must not stop the daemon
        await _failed(place, delivery, row, SinkError(f"{type(error).__name__}: {error}"))
        return False
    await place.do(place.store.journal.delivered, delivery.id, place.clock())
    log.info(
        "file.delivered",
        account=row.account,
        channel=row.channel,
        interchange=row.id,
        file=row.name,
        sink=delivery.sink,
    )
    await place.do(place.store.journal.close_problem, row.account, f"sink-{delivery.sink}", place.clock())
    return True


async def _failed(place: Workplace, delivery: Delivery, row: Interchange, error: SyncdError) -> None:
    now = place.clock()
    again = next_attempt(delivery.attempts + 1, now)
    await place.do(place.store.journal.delivery_failed, delivery.id, str(error), again, now)
    await place.do(
        place.store.journal.open_problem, row.account, f"sink-{delivery.sink}",
        f"sink {delivery.sink} could not take {row.name}: {error}",
        error.remedy or f"It is tried again at {again:%H:%M:%S} UTC; nothing is lost.", now,
    )  # fmt: skip
    log.warning(
        "file.delivery-failed",
        account=row.account,
        interchange=row.id,
        file=row.name,
        sink=delivery.sink,
        error=str(error),
    )


async def _batch(place: Workplace, account: Account, delivery: Delivery, row: Interchange) -> Batch:
    assert row.spool is not None
    assert row.sha256 is not None
    journal, spool, name = place.store.journal, place.store.spool, row.spool
    await place.do(spool.check, name)
    verdict: Verdict = await place.do(journal.verdict, row.id)
    suppressed = await place.do(journal.suppressed, row.id)
    channel = account.inbound_channel(row.channel)

    def records() -> Iterator[Any]:
        all_ = FORMATS[channel.format].records(lambda: spool.blocks(name), account.context(row.name), verdict)
        return (record for record in all_ if record.line not in suppressed)

    return Batch(
        key=delivery.key, account=row.account, supplier=account.supplier.name, channel=row.channel, kind=verdict.kind,
        name=row.name, sha256=row.sha256, raw=spool.path(name), header=verdict.header, counts=verdict.counts,
        snapshot=verdict.stamp is not None, records=records, stamp=verdict.stamp,
    )  # fmt: skip
