"""The daemon: a worker for each account, each watch list and each sink; alarms, outbox and heartbeat wake them.

A worker is only ever woken; what is due it reads in the journal, so a lost or a superfluous alarm does no harm. A scan
of the outbox is the truth; the watch makes it quick and does not wake when nothing happens.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from syncd.errors import LaterError, SyncdError, TooEarlyError
from syncd.jobs.base import Account, Workplace
from syncd.jobs.deliver import serve
from syncd.jobs.keep import tidy
from syncd.jobs.tour import Tour, tour
from syncd.jobs.watch import Watch, look
from syncd.plan.times import LAST_RETRY, next_attempt
from syncd.schedule import AlarmClock, Schedule, next_visit
from syncd.systemd import notify
from syncd.watch import OutboxWatch

log = structlog.get_logger()

TIDY_EVERY = 3600.0
"""Seconds between two looks at what the spool need not keep: a disk that fills up cannot wait for a day."""

BREATH = timedelta(seconds=1)
"""The least time until a sink is looked after again by itself."""

LAST_WAIT = 5.0
"""Seconds for what was cut off after `stop_timeout` to fall down."""


Charge = Account | Watch
"""What a worker looks after."""


@dataclass(slots=True)
class Daemon:
    """Runs the tours of all accounts until it is stopped."""

    place: Workplace
    accounts: Mapping[str, Account]
    schedules: Mapping[str, Schedule]
    stop_timeout: float
    clock: AlarmClock = field(default_factory=AlarmClock)
    watches: Mapping[str, Watch] = field(default_factory=dict)
    _wakes: dict[str, asyncio.Event] = field(default_factory=dict)
    _parcels: dict[str, asyncio.Event] = field(default_factory=dict)
    """By sink: something may be due for it."""
    _pulse: asyncio.Event = field(default_factory=asyncio.Event)
    _renew: Callable[[], None] = field(default=lambda: None)

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what must not be cut, and return.

        Raises StopError when the state cannot be used any more.
        """
        charges: dict[str, Charge] = {**self.accounts, **self.watches}
        self._wakes = {name: asyncio.Event() for name in charges}
        self._parcels = {name: asyncio.Event() for name in self.place.sinks}
        tasks = [asyncio.create_task(self._work(charge), name=name) for name, charge in charges.items()]
        tasks += [asyncio.create_task(self._deliver(sink), name=f"sink {sink}") for sink in self.place.sinks]
        more = (self._watch(), self._tidy(), self._live())
        tasks += [asyncio.create_task(each) for each in more]
        waiting = asyncio.create_task(stop.wait())
        self.clock.start()
        self.clock.heartbeat(self._beat)
        self.wake_all()
        try:
            await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.clock.stop()
            waiting.cancel()
            await self._drain(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def wake_all(self) -> None:
        """Let every worker look what is due."""
        for wake in (*self._wakes.values(), *self._parcels.values()):
            wake.set()
        self._pulse.set()

    def _beat(self) -> None:
        notify("WATCHDOG=1")
        self._renew()
        self.wake_all()

    async def _drain(self, tasks: list[asyncio.Task[None]]) -> None:
        """Cancel everybody; whoever is in a step that must not be cut has `stop_timeout` seconds to finish it."""
        for timeout in (self.stop_timeout, LAST_WAIT):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=timeout)

    # -- workers ----------------------------------------------------------------------------------------------

    async def _work(self, charge: Charge) -> None:
        wake = self._wakes[charge.name]
        while True:
            await wake.wait()
            wake.clear()
            with _unless_state_is_away(charge.name):
                await self._guarded_turn(charge)
            for parcel in self._parcels.values():
                parcel.set()

    async def _guarded_turn(self, charge: Charge) -> None:
        try:
            await self._turn(charge)
        except SyncdError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop the other accounts
            await self._unforeseen(charge, error)

    async def _turn(self, charge: Charge) -> None:
        state = await self.place.do(self.place.store.journal.account, charge.name)
        due = state.next_due is None or self._is_due(charge, state.next_due)
        if state.next_due is not None and not due:
            self._alarm(charge, state.next_due)  # the alarm that a daemon before this one had set is gone
        if isinstance(charge, Watch):
            result = await look(self.place, charge, due=due)
        else:
            result = await tour(self.place, charge, due=due, orders=due or not state.failures)
        await self._note(charge, result)

    def _is_due(self, charge: Charge, when: datetime) -> bool:
        """Tell whether a visit is due; a time that no visit sets was written while the clock was wrong."""
        now = self.place.clock()
        if when > now + LAST_RETRY:
            return when > next_visit(self.schedules[charge.name], charge.supplier.timezone, now)
        return when <= now

    async def _unforeseen(self, charge: Charge, error: Exception) -> None:
        """Go on with the other accounts after a mistake of our own, and try this one again later."""
        log.error("account.failed", account=charge.name, exc_info=error)
        now, message = self.place.clock(), f"{type(error).__name__}: {error}"
        failures = await self.place.do(self.place.store.journal.failed, charge.name, "internal", message, now)
        await self.place.do(
            self.place.store.journal.open_problem, charge.name, "visit-failed", f"a mistake in syncd: {message}",
            "Please report it with the log. The account is tried again, the others go on.", now,
        )  # fmt: skip
        await self.place.do(self.place.store.journal.set_due, charge.name, next_attempt(failures, now))

    async def _note(self, charge: Charge, result: Tour) -> None:
        """Write down when the account is due again, and set the alarm."""
        now = self.place.clock()
        early = next((error for error in result.errors if isinstance(error, TooEarlyError)), None)
        if early is not None:
            self._alarm(charge, early.until)
            return
        if result.failures:
            due = next_attempt(result.failures, now)
        elif result.visit is not None:
            due = next_visit(self.schedules[charge.name], charge.supplier.timezone, now)
        else:
            return
        await self.place.do(self.place.store.journal.set_due, charge.name, due)
        self._alarm(charge, due)

    def _alarm(self, charge: Charge, when: datetime) -> None:
        self.clock.at(charge.name, when + timedelta(milliseconds=20), self._wakes[charge.name].set)

    async def _deliver(self, sink: str) -> None:
        """Serve one sink; however long it takes, the others and the accounts go on."""
        parcel = self._parcels[sink]
        while True:
            await parcel.wait()
            parcel.clear()
            with _unless_state_is_away(f"sink {sink}"):
                served = await serve(self.place, self.accounts, sink)
                if served.again is not None:
                    self.clock.at(f"sink {sink}", max(served.again, self.place.clock() + BREATH), parcel.set)

    async def _tidy(self) -> None:
        while True:
            with _unless_state_is_away("spool"):
                await tidy(self.place)
            await asyncio.sleep(TIDY_EVERY)

    async def _live(self) -> None:
        """Give a sign of life with every heartbeat, for the other hosts that share the database."""
        while True:
            await self._pulse.wait()
            self._pulse.clear()
            with _unless_state_is_away("sign of life"):
                await self.place.do(self.place.store.journal.arrive, self.place.clock())

    # -- the outbox -------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Wake an account as soon as something is moved into its outbox."""
        folders = {account.outbox: name for name, account in self.accounts.items() if account.outbox is not None}
        with OutboxWatch(folders) as watch:
            self._renew = watch.renew
            async for folder in watch.arrivals():
                self._wakes[folders[folder]].set()


@contextmanager
def _unless_state_is_away(worker: str) -> Iterator[None]:
    """Let the next heartbeat try again when the state could not be written: a full disk, a busy database."""
    try:
        yield
    except LaterError as error:
        log.error("state.away", worker=worker, code=error.code, error=str(error), remedy=error.remedy)
