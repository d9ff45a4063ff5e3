"""Hand accepted interchanges to the sinks: each at least once, with a stable key, in order.

Order is kept in a lane, that is for one sink, account and channel: a later stock list never overtakes an earlier one.
Each sink is served by itself, so a slow or broken one never holds another. What fails is tried again later; attempts
are rows, so they survive a restart.

What a sink refuses for good is a dead letter at once. What it has not taken after so many `tries` is one as soon as the
sink takes another file; to see that, the next of its lane is tried. A sink that takes nothing is down, and that is no
file's fault. Behind a dead letter its lane goes on.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from syncd.errors import SinkError, SinkRefusedError, SpoolLostError, SyncdError
from syncd.jobs.base import Account, Workplace, together
from syncd.jobs.hand_over import hand_over
from syncd.jobs.judge import give_up
from syncd.model import Delivery, Interchange
from syncd.plan.times import attempt_is_due, next_attempt
from syncd.sinks.base import Batch, Terms

log = structlog.get_logger()

ROUND = 200
"""Deliveries after which is looked anew what waits."""


@dataclass(frozen=True, slots=True)
class Served:
    """What came of serving a sink."""

    waiting: int
    """Deliveries that still wait; dead letters do not."""
    again: datetime | None
    """When the first of them is due."""


async def deliver(place: Workplace, accounts: Mapping[str, Account]) -> int:
    """Deliver to every sink what is due for these accounts; return how many deliveries still wait."""
    served = await together(serve(place, accounts, sink) for sink in place.sinks)
    return sum(each.waiting for each in served)


async def serve(place: Workplace, accounts: Mapping[str, Account], sink: str) -> Served:
    """Deliver to one sink what is due for these accounts."""
    while True:
        waiting = await _waiting(place, accounts, sink)
        if not waiting:
            return Served(0, None)
        work = _Round(place, accounts, sink)
        for delivery in _fairly(waiting)[:ROUND]:
            await work.take(delivery)
        if not work.ended or len(waiting) <= ROUND:
            left = await _waiting(place, accounts, sink)
            heads = {each.lane: each.next_attempt for each in reversed(left)}
            return Served(len(left), min((when for when in heads.values() if when is not None), default=None))


async def _waiting(place: Workplace, accounts: Mapping[str, Account], sink: str) -> list[Delivery]:
    journal = place.store.journal
    return [each for each in await place.do(journal.waiting, sink, journal.host) if each.account in accounts]


def _fairly(waiting: Iterable[Delivery]) -> list[Delivery]:
    """Take the lanes in turn, each in its order: a long one, as after a replay, does not hold the others."""
    length: Counter[tuple[str, str]] = Counter()
    ranked = []
    for delivery in waiting:
        ranked.append((length[delivery.lane], delivery))
        length[delivery.lane] += 1
    return [delivery for _, delivery in sorted(ranked, key=lambda each: each[0])]


@dataclass(slots=True)
class _Round:
    """One look at everything that waits for a sink."""

    place: Workplace
    accounts: Mapping[str, Account]
    sink: str
    ended: int = 0
    """Deliveries that wait no more, however they ended."""
    stopped: set[tuple[str, str]] = field(default_factory=set)
    doubtful: dict[tuple[str, str], tuple[Delivery, Interchange, SyncdError]] = field(default_factory=dict)
    """By lane: what failed often enough to be poison, if only the sink takes the next one."""

    async def take(self, delivery: Delivery) -> None:
        """Try one delivery, if its lane is open and its time has come, and write down what came of it."""
        lane = delivery.lane
        due = lane in self.doubtful or attempt_is_due(delivery.next_attempt, delivery.last_attempt, self.place.clock())
        if lane in self.stopped or not due:
            self.stopped.add(lane)
            return
        row = await self.place.do(self.place.store.journal.get, delivery.interchange_id)
        error = await self._try(delivery, row)
        if error is None:
            await self._passed_over(delivery)
        elif not isinstance(error, SyncdError):
            await self._taken(delivery, row, error)
        elif isinstance(error, SpoolLostError):  # it will never be there: what came after it need not wait
            await give_up(self.place, row, error)
            await self._ended(row)
        elif isinstance(error, SinkRefusedError):
            await self.place.do(
                self.place.store.journal.delivery_failed, delivery.id, str(error), None, self.place.clock()
            )
            await self._bury(delivery, row, error)
        else:
            await self._not_now(delivery, row, error)

    async def _try(self, delivery: Delivery, row: Interchange) -> Batch | SyncdError | None:
        """Return what the sink took, None for nothing, or why it did not."""
        try:
            return await hand_over(self.place, self.accounts[row.account], delivery, row, self._give)
        except SyncdError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a plugin's own failure must not stop the daemon
            return SinkError(f"{type(error).__name__}: {error}")

    async def _give(self, batch: Batch) -> None:
        limit = self.place.terms.get(self.sink, Terms()).time_limit
        clock = asyncio.timeout(limit.total_seconds())
        try:
            async with clock:
                await self.place.sinks[self.sink].deliver(batch)
        except Exception as error:
            if clock.expired():
                raise _too_slow(limit) from error
            raise

    async def _passed_over(self, delivery: Delivery) -> None:
        """Forget a list of which the sink has a later one: that was told, and shows nothing of the sink."""
        self.ended += 1
        why = "it has a later list"
        await self.place.do(self.place.store.journal.passed_over, delivery.id, why, self.place.clock())

    async def _taken(self, delivery: Delivery, row: Interchange, batch: Batch) -> None:
        state = (batch.stamp, batch.key) if batch.stamp is not None else None
        await self.place.do(self.place.store.journal.delivered, delivery.id, self.place.clock(), state)
        log.info("file.delivered", **_words(delivery, row))
        await self._ended(row)
        if delivery.lane in self.doubtful:
            await self._bury(*self.doubtful.pop(delivery.lane))

    async def _not_now(self, delivery: Delivery, row: Interchange, error: SyncdError) -> None:
        """Try it again later; once it may be poison, let the next of its lane show whether the sink is to blame."""
        put_off = error.retry_after if isinstance(error, SinkError) else None
        again = next_attempt(delivery.attempts + 1, self.place.clock(), put_off)
        await self._failed(delivery, row, error, again)
        tries = self.place.terms.get(self.sink, Terms()).tries
        if delivery.lane in self.doubtful or put_off is not None or delivery.attempts + 1 < tries:
            self.stopped.add(delivery.lane)
        elif delivery.last_attempt and await self._took_since(delivery.last_attempt):
            await self._bury(delivery, row, error)
        else:
            self.doubtful[delivery.lane] = delivery, row, error

    async def _took_since(self, moment: datetime) -> bool:
        return await self.place.do(self.place.store.journal.took_since, self.sink, moment)

    async def _failed(self, delivery: Delivery, row: Interchange, error: SyncdError, again: datetime) -> None:
        journal, now = self.place.store.journal, self.place.clock()
        await self.place.do(journal.delivery_failed, delivery.id, str(error), again, now)
        await self.place.do(
            journal.open_problem, row.account, f"sink-{self.sink}",
            f"sink {self.sink} could not take {row.name}: {error}",
            error.remedy or f"It is tried again at {again:%H:%M:%S} UTC; nothing is lost.", now,
        )  # fmt: skip
        log.warning("file.delivery-failed", **_words(delivery, row), error=str(error))

    async def _bury(self, delivery: Delivery, row: Interchange, error: SyncdError) -> None:
        """Make a dead letter of it; the list of dead letters takes the place of the problem."""
        await self.place.do(self.place.store.journal.bury, delivery.id, str(error))
        log.error("file.dead-letter", **_words(delivery, row), error=str(error))
        await self._ended(row)

    async def _ended(self, row: Interchange) -> None:
        """Count a delivery that waits no more; if another one fails, the problem is opened again."""
        self.ended += 1
        await self.place.do(
            self.place.store.journal.close_problem, row.account, f"sink-{self.sink}", self.place.clock()
        )


def _too_slow(limit: timedelta) -> SinkError:
    return SinkError(
        f"it took longer than {limit} and was cut off",
        remedy="Look why; if it needs so long, raise time_limit in the sink's table.",
    )


def _words(delivery: Delivery, row: Interchange) -> dict[str, Any]:
    """Return what every line of the log says of a delivery."""
    about = {"account": row.account, "channel": row.channel, "interchange": row.id, "file": row.name}
    return about | {"sink": delivery.sink}
