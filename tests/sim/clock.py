"""The three clocks of a simulated machine: true time, a wall clock that can be set wrong, a boot clock that restarts.

Nothing here passes by itself: `VirtualLoop` moves `elapsed` from timer to timer, and a slow disk may move it too.
APScheduler asks the wall clock by itself, so `scheduler_time` lends it ours.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType

from apscheduler.executors import base as executors
from apscheduler.schedulers import base as schedulers
from apscheduler.triggers import date, interval

from syncd.model import ClockSample


class VirtualClock:
    """Seconds since the start of the simulation, and what the machine under test believes about them."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.elapsed = 0.0
        self.error = timedelta(0)
        """How wrong the machine's wall clock is."""
        self.boots = 1
        self._booted = -3600.0

    def true(self) -> datetime:
        """Return the true time, which the houses and the shop live by."""
        return self.start + timedelta(seconds=self.elapsed)

    def wall(self) -> datetime:
        """Return the machine's wall clock."""
        return self.true() + self.error

    def step(self, seconds: float) -> None:
        """Set the machine's wall clock forward or back."""
        self.error += timedelta(seconds=seconds)

    def reboot(self) -> None:
        """Begin a new boot."""
        self.boots += 1
        self._booted = self.elapsed

    def sample(self) -> ClockSample:
        """Look at all clocks of the machine."""
        return ClockSample(self.wall(), f"boot-{self.boots}", self.elapsed - self._booted)


@contextmanager
def scheduler_time(clock: VirtualClock) -> Iterator[None]:
    """Let APScheduler read `clock` instead of the machine's own wall clock."""

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, dt.datetime)

    class Virtual(datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.wall().astimezone(tz or UTC)

    modules: tuple[ModuleType, ...] = (schedulers, executors, interval, date)
    for module in modules:
        vars(module)["datetime"] = Virtual
    try:
        yield
    finally:
        for module in modules:
            vars(module)["datetime"] = datetime
