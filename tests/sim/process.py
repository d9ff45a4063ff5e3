"""One life of syncd: started, served, and stopped, or gone in the middle of a word.

A process that died has no say any more: its calls to the store raise `Crash` before they begin, what it writes to the
network goes nowhere, and its tasks are run out against these walls, so that not a line of clean-up has an effect.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

from tests.sim.faults import Crash
from tests.sim.loop import VirtualLoop

CURRENT: ContextVar["Process | None"] = ContextVar("CURRENT", default=None)

ROUNDS = 50
"""Turns of the loop that a dead process's tasks get to fall down."""


class Process:
    """One life; `died` is set at its end."""

    def __init__(self, loop: VirtualLoop, number: int) -> None:
        self._loop = loop
        self.number = number
        self.alive = True
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.ended = asyncio.Event()
        self.error: BaseException | None = None

    def start(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin."""
        context = contextvars.copy_context()
        context.run(CURRENT.set, self)
        task = self._loop.create_task(main(), context=context)
        task.add_done_callback(self._note)

    def _note(self, task: asyncio.Task[None]) -> None:
        self.error = None if task.cancelled() else task.exception()
        self.ended.set()

    def die(self) -> None:
        """Be dead from here on."""
        self.alive = False
        self.ended.set()

    def check(self) -> None:
        """Raise Crash when it is dead."""
        if not self.alive:
            raise Crash

    async def bury(self) -> None:
        """Run its tasks out; nothing that they do has an effect."""
        for _ in range(ROUNDS):
            running = [task for task in self.tasks if not task.done()]
            if not running:
                return
            for task in running:
                task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        raise AssertionError(f"a dead process goes on: {[task for task in self.tasks if not task.done()]}")


def task_factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task and enter it with the process that it belongs to."""
    task = asyncio.Task(coro, loop=loop, **options)
    context = options.get("context")
    process = context.get(CURRENT) if context is not None else CURRENT.get()
    if process is not None:
        process.tasks[task] = None
        task.add_done_callback(process.tasks.pop)
    return task
