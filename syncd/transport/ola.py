"""Talking to OLA: one TCP connection, one login, questions out and answers in. The protocol is `formats.ola_session`.

Rule 1: nothing here asks anything twice. A reservation whose line was written and whose answer is not known is a
DoubtError, whatever went wrong; everything else is plainly not done.
Rule 2: the house hangs up after five silent minutes, without a word. We leave after four.
Rule 3: OLA knows no TLS: name, password and order marks go in clear. docs/ola.md says what to do about it.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from syncd.errors import ConnectionLostError, DoubtError, SyncdError, TimedOutError
from syncd.formats.ola import Answer, Question
from syncd.formats.ola_session import WINDOW, Login, OlaSession, Phase
from syncd.transport.telnet import Telnet

IDLE = 240.0
"""Seconds without a question after which we leave (5.3: the house leaves after five minutes)."""
BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class OlaEndpoint:
    """Where and how to log in; seconds for all times."""

    host: str
    port: int
    login: Login
    connect_timeout: float = 30.0
    login_timeout: float = 60.0
    answer_timeout: float = 60.0
    """Longest wait for the next answer."""
    settle: float = 0.3
    """Pause after the password: a login that clears its typed-ahead input must not swallow the first question."""
    window: int = WINDOW
    """Queries under way at once; 1 asks, waits, asks."""


class OlaLine:
    """One login at OLA. Made by `connect`; not for two tasks at once."""

    def __init__(self, endpoint: OlaEndpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._endpoint = endpoint
        self._reader = reader
        self._writer = writer
        self._cut = False
        self._telnet = Telnet()
        self._session = OlaSession(endpoint.login, endpoint.window)

    @property
    def usable(self) -> bool:
        """Tell whether something may still be asked: neither failed nor left, and the house has not hung up."""
        asking = self._session.phase in {Phase.UNPROVEN, Phase.PROVEN}
        return asking and not self._cut and not self._reader.at_eof()

    @property
    def proven(self) -> bool:
        """Tell whether a question was answered: only then does the login stand for sure."""
        return self._session.phase is Phase.PROVEN

    async def log_in(self) -> None:
        """Answer the prompts. Raises LoginRefusedError, LaterError."""
        with self._broken_by_errors("the login prompts did not come: see login_prompt, password_prompt"):
            async with asyncio.timeout(self._endpoint.login_timeout):
                while self._session.phase in {Phase.LOGIN, Phase.PASSWORD}:
                    await self._hear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._endpoint.settle):
                    while True:
                        await self._hear()

    async def ask(self, questions: Iterable[Question]) -> AsyncGenerator[Answer, None]:
        """Ask queries, many under way at once, and yield the answers in the order of the questions.

        Raises LoginRefusedError, LaterError; the session is then over, and what was not answered may be asked anew.
        """
        waiting = iter(questions)
        following = next(waiting, None)
        with self._broken_by_errors("no answer"):
            while following or self._session.pending:
                while following and self._session.may_ask(following):
                    self._session.ask(following)
                    following = next(waiting, None)
                for answer in await self._answers():
                    yield answer

    async def reserve(self, question: Question) -> Answer:
        """Order. A query must have been answered in this session before: only that proves the login.

        Raises DoubtError when the line was written and its answer is not known, LaterError when it was not written.
        """
        if not self.usable:
            raise ConnectionLostError("OLA: the session is over; nothing was reserved")
        self._session.ask(question)
        try:
            with self._broken_by_errors("no answer"):
                (answer,) = await self._answers()
        except SyncdError as error:
            raise DoubtError(
                f"OLA: the reservation was sent and its answer is not known: {error}",
                remedy="It may count as an order. Ask the supplier before you reserve again.",
            ) from error
        return answer

    async def leave(self) -> None:
        """Say ENDE and hang up; its failure is of no account."""
        with suppress(SyncdError):
            if self.usable and not self._session.pending:
                self._session.leave()
                with self._broken_by_errors("no ENDE"):
                    async with asyncio.timeout(self._endpoint.answer_timeout):
                        await self._send()
                        while self._session.phase is Phase.LEAVING:
                            await self._hear()
        await self._close()

    def abort(self) -> None:
        """Cut the connection. May be called at any time, any number of times."""
        self._cut = True
        self._writer.transport.abort()

    async def _close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _answers(self) -> list[Answer]:
        """Send what is due, and wait for at least one answer."""
        answers: list[Answer] = []
        async with asyncio.timeout(self._endpoint.answer_timeout):
            await self._send()
            while not answers:
                answers = await self._hear()
        return answers

    async def _hear(self) -> list[Answer]:
        """Read once; raise what it ended the session with, but never at the cost of an answer."""
        self._raise_failure()
        data = await self._reader.read(BLOCK)
        text, reply = self._telnet.hear(data)
        answers = self._session.receive(text)
        if not data:
            self._session.receive_eof()
        self._writer.write(reply)
        await self._send()
        if not answers:
            self._raise_failure()
        return answers

    async def _send(self) -> None:
        self._writer.write(self._session.take())
        await self._writer.drain()

    def _raise_failure(self) -> None:
        if self._session.failure is not None:
            raise self._session.failure

    @contextmanager
    def _broken_by_errors(self, when_late: str) -> Iterator[None]:
        """Cut the connection on any error, cancellation included: what comes later would answer something else."""
        try:
            with translated(when_late):
                yield
        except GeneratorExit:
            if self._session.pending:
                self.abort()
            raise
        except BaseException:
            self.abort()
            raise


async def connect(endpoint: OlaEndpoint) -> OlaLine:
    """Connect and log in. Raises LoginRefusedError, LaterError."""
    with translated(f"no connection to {endpoint.host}:{endpoint.port}"):
        async with asyncio.timeout(endpoint.connect_timeout):
            reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    line = OlaLine(endpoint, reader, writer)
    await line.log_in()
    return line


@contextmanager
def translated(when_late: str) -> Iterator[None]:
    """Turn what asyncio raises into what an operator can use."""
    try:
        yield
    except TimeoutError as error:
        raise TimedOutError(f"OLA: {when_late} in time") from error
    except OSError as error:
        raise ConnectionLostError(f"OLA: {error.strerror or error}") from error
