"""An event loop on virtual time: it never sleeps, it jumps to the next timer.

Four traps, each met once: with the default `_clock_resolution` a due timer never becomes due after 2**24 seconds;
timers of one moment are not first come, first served (the network adds two microseconds); threads race a virtual clock,
so an executor's call runs inline; and the cyclic garbage collector closes leaked connections at any moment it likes, so
it rests while a history runs.
"""

import asyncio
import contextvars
import gc
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.sim.clock import VirtualClock

T = TypeVar("T")


class StuckError(RuntimeError):
    """Everybody waits, and nothing will ever happen."""


class _Selector(selectors.DefaultSelector):
    """Polls real descriptors (inotify's), and instead of sleeping moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise StuckError("no timer is set and no descriptor is ready")
        self.advance()
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, with our clock, inline executors, and a say in every task that is made."""

    def __init__(self, clock: VirtualClock) -> None:
        selector = _Selector()
        self.clock = clock
        super().__init__(selector)
        selector.advance = self._advance
        self._clock_resolution = 1e-6
        self.inline: Callable[..., Any] = lambda call, *args: call(*args)
        """How an executor's call is run."""

    def time(self) -> float:
        """Return virtual seconds."""
        return self.clock.elapsed

    def _advance(self) -> None:
        self.clock.elapsed = max(self.clock.elapsed, self._scheduled[0].when())  # type: ignore[attr-defined]

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run the call now, in this thread."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(self.inline(func, *args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits it
            future.set_exception(error)
        return future


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Let the garbage collector rest, and work once at the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run(clock: VirtualClock, main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on a virtual loop of its own."""
    loop = VirtualLoop(clock)
    with quiet_collector():
        try:
            return contextvars.Context().run(loop.run_until_complete, main(loop))
        finally:
            loop.close()
