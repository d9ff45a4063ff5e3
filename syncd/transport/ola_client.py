"""OLA on demand: a session is opened when something is asked, and left after four silent minutes.

How a session is opened is handed in as a context manager, so that the login gate is passed at each login and let go at
each leaving (`syncd.jobs`). One thing at a time: the protocol answers in order.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Self

from syncd.formats.ola import Answer, Question
from syncd.transport.ola import IDLE, OlaLine

Visit = Callable[[], AbstractAsyncContextManager[OlaLine]]


class OlaClient:
    """Asks and reserves; holds at most one session. `async with`: at the end it is left."""

    def __init__(self, visit: Visit, idle: float = IDLE) -> None:
        self._visit = visit
        self._idle = idle
        self._lock = asyncio.Lock()
        self._line: OlaLine | None = None
        self._open = AsyncExitStack()
        self._leaving: asyncio.Task[None] | None = None

    async def ask(self, questions: Iterable[Question]) -> AsyncGenerator[Answer, None]:
        """Ask queries and yield their answers in order; what a lost session left open is not asked again by itself."""
        async with self._lock:
            line = await self._a_line()
            try:
                async for answer in line.ask(questions):
                    yield answer
            finally:
                self._leave_later()

    async def reserve(self, question: Question, intend: Callable[[], Awaitable[object]]) -> Answer:
        """Order, once. `intend` writes it down: it is awaited when nothing but the sending is left to be done.

        A fresh session is proven by a query of the article first. Raises DoubtError, LaterError (nothing was sent).
        """
        async with self._lock:
            line = await self._a_line()
            try:
                if not line.proven:
                    async for _ in line.ask([Question(question.customer, question.article)]):
                        pass
                await intend()
                return await line.reserve(question)
            finally:
                self._leave_later()

    async def close(self) -> None:
        """Leave, if somebody is there."""
        self._stay()
        async with self._lock:
            await self._leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _a_line(self) -> OlaLine:
        self._stay()
        if self._line is None or not self._line.usable:
            await self._leave()
            self._line = await self._open.enter_async_context(self._visit())
        return self._line

    async def _leave(self) -> None:
        self._line = None
        await self._open.aclose()

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _leave_later(self) -> None:
        self._leaving = asyncio.create_task(self._leave_after_silence())

    async def _leave_after_silence(self) -> None:
        await asyncio.sleep(self._idle)
        async with self._lock:
            self._leaving = None
            await self._leave()
