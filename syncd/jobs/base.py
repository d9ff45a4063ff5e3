"""What the jobs work with: an account in plain words, and a workplace that holds every means to act.

Jobs never ask the time, open a connection or run a query by themselves: `Workplace` brings the clock, the executor, the
store, the way to connect. In a simulation all of them are virtual; nothing in this room can tell.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from syncd.formats import Context
from syncd.model import ClockSample, Interchange
from syncd.plan.guards import Guard
from syncd.plan.handing import delivery_key
from syncd.plan.times import Clock
from syncd.retention import Retention
from syncd.sinks.base import Sink, Terms
from syncd.state import Store
from syncd.suppliers.rules import PLUMBING, WRITING, Inbound, Outbound, Supplier, Verb
from syncd.transport.base import Connect, Endpoint

OLA_CHANNEL = "ola"
"""Under this name the journal keeps reservations, which are orders that no file carries, and answers to watch lists."""

OLA_ANSWERS = Inbound(name=OLA_CHANNEL, directory="", pattern="OLA_.*", format="ola")
"""What a watch list brings; it lies in no directory of a server."""

LINES_CHANNEL = "order-lines"
"""Under this name the journal keeps the files that tell sinks what became of order lines."""

LINE_EVENTS = Inbound(name=LINES_CHANNEL, directory="", pattern="LINES_.*", format="order-events")
"""What syncd writes itself; it lies in no directory of a server."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """Our login at a supplier, with everything the shop chose."""

    name: str
    supplier: Supplier
    endpoint: Callable[[frozenset[str]], Endpoint]
    """Make the endpoint for a set of commands; reads the password now."""
    inbound: tuple[Inbound, ...]
    """The channels to fetch, `consume` as the account chose it."""
    outbound: tuple[Outbound, ...]
    login_interval: float
    """Seconds between two logins, failed ones included."""
    customers: frozenset[str] | None
    relation_id: str | None
    outbox: Path | None
    sinks: tuple[str, ...]
    guard: Guard = field(default_factory=Guard)
    longest_visit: float = 7200.0
    """Seconds after which no further order or file is begun."""
    lease: timedelta = timedelta(minutes=15)
    """How long the account is ours without a sign of life; renewed all through a session."""
    late_after: timedelta | None = None
    """How late a stock list may be; None: as the supplier's entry says."""
    unanswered_after: timedelta = timedelta(days=4)
    """An order of which nothing was heard for so long is unanswered, and so is a line of one."""
    event_sinks: tuple[str, ...] = ()
    """Those of the sinks that are told what becomes of order lines."""

    def commands(self) -> frozenset[str]:
        """Return the commands that a real visit may send."""
        return PLUMBING | frozenset(self.supplier.verbs())

    def rehearsal_commands(self) -> frozenset[str]:
        """Return the commands that a rehearsal may send: it reads listings, and neither writes nor consumes."""
        return PLUMBING | (self.supplier.verbs() - WRITING - {Verb.RETR})

    def context(self, name: str) -> Context:
        """Return what a format must know of this account to judge a file of this name."""
        return Context(name=name, customers=self.customers, relation_id=self.relation_id)

    def deliveries(self, row: Interchange) -> list[tuple[str, str]]:
        """Return the sinks that an accepted file goes to, each with the delivery's key."""
        assert row.sha256 is not None, "a file that was judged has its hash"
        key = delivery_key(row.account, row.name, row.sha256)
        meant = self.event_sinks if row.channel == LINES_CHANNEL else self.sinks
        return [(sink, key) for sink in meant] if row.for_sinks else []

    def inbound_channel(self, name: str) -> Inbound:
        """Return one of the supplier's channels by name, chosen by the account or not."""
        chosen = {
            channel.name: channel for channel in (*self.supplier.inbound, OLA_ANSWERS, LINE_EVENTS, *self.inbound)
        }
        return chosen[name]

    def outbound_channel(self, name: str) -> Outbound:
        """Return one of the supplier's outbound channels by name."""
        return next(channel for channel in self.outbound if channel.name == name)


@dataclass(frozen=True, slots=True)
class Workplace:
    """Every means to act, injected."""

    store: Store
    executor: Executor | None
    clock: Clock
    sample: Callable[[], ClockSample]
    connect: Connect
    holder: str
    """Who holds a lease: host and process."""
    sinks: Mapping[str, Sink] = field(default_factory=dict)
    terms: Mapping[str, Terms] = field(default_factory=dict)
    """By the name of the sink; one that is not named here has the usual ones."""
    reserve: int = 64 * 2**20
    """Bytes that must stay free on the disk."""
    retention: Retention = field(default_factory=Retention)

    async def do(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a synchronous call of the store on the executor."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, lambda: call(*args, **kwargs))


async def together(works: Iterable[Awaitable[T]]) -> list[T]:
    """Run all of these to their ends, whatever becomes of one of them; then raise the first error, if there was one."""
    done = await asyncio.gather(*works, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return [each for each in done if not isinstance(each, BaseException)]


async def uncut(step: Awaitable[T]) -> T:
    """Finish a step that must not be cut, even when we are cancelled meanwhile; a second cancellation cuts it.

    The cancellation is raised once the step has ended, so that nothing is begun after it.
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait({task})
        if task.done() and not task.cancelled():
            task.exception()  # seen: the journal has it
        raise
