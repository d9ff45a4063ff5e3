"""A proxy between syncd and a server: it passes on, slowly or in pieces, and cuts where it is told to.

syncd talks to `front`, the server listens at `back`, two addresses of loopback that nobody else uses. Every port of the
front leads to the same port of the back, so nothing must be read or rewritten: PASV works, and so does TLS.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

_STREETS = count()
BLOCK = 2**16


def street() -> tuple[str, str]:
    """Return two addresses of loopback, front and back, that belong to this process alone."""
    number = next(_STREETS)
    near = f"127.{10 + os.getpid() // 250 % 200}.{os.getpid() % 250}"
    return f"{near}.{2 * number + 1}", f"{near}.{2 * number + 2}"


@dataclass
class Trouble:
    """What befalls one connection; nothing, as it stands."""

    pause: float = 0.0
    """Seconds before each piece."""
    piece: int = BLOCK
    """Bytes that pass at once."""
    at: int | None = None
    """The byte at which it ends, of what goes up (to the server) or down."""
    up: bool = True
    orderly: bool = True
    """With FIN, or with RST."""
    silence: float = 0.0
    """Seconds before that, in which nothing passes any more."""
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing passes any more."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """To be set when the silence shall be over earlier."""

    def __str__(self) -> str:
        if self.at is not None:
            end = "silence" if self.silence else "fin" if self.orderly else "rst"
            return f"{end} {'up' if self.up else 'down'}"
        return "pieces" if self.piece < BLOCK else "slow" if self.pause else "none"


Choose = Callable[[bool], Trouble]
"""Chooses the trouble of a connection that comes: of the control connection, or of a data connection."""


class Proxy:
    """All connections of one street."""

    def __init__(self, front: str, back: str, choose: Choose) -> None:
        self.front, self._back, self._choose = front, back, choose
        self.struck = Counter[str]()
        """What befell how many connections."""
        self._doors: list[asyncio.Server] = []
        self._passing: set[asyncio.Task[None]] = set()

    async def open(self, control: int, passive: range) -> None:
        """Open every door."""
        for port in (control, *passive):
            self._doors.append(await asyncio.start_server(self._entered(port, port == control), self.front, port))

    async def close(self) -> None:
        """Close every door, and reset what is still passing."""
        for door in self._doors:
            door.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def _entered(self, port: int, control: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if control:  # whoever logs in again has left: by now the server would have noticed, too
                for old in self._passing:
                    old.cancel()
            task = asyncio.create_task(self._pass(reader, writer, port, self._choose(control)))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

        return enter

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, trouble: Trouble
    ) -> None:
        writers, orderly = [writer], False
        try:
            there, further = await asyncio.open_connection(self._back, port)
            writers.append(further)
            up = self._pump(reader, further, trouble, trouble.up)
            down = self._pump(there, writer, trouble, not trouble.up)
            async with asyncio.TaskGroup() as both:
                both.create_task(up)
                both.create_task(down)
            orderly = True
        except* OSError:  # a reset is passed on as a reset
            orderly = trouble.struck.is_set() and trouble.orderly
        finally:
            self.struck[str(trouble)] += trouble.at is None or trouble.struck.is_set()
            for each in writers:
                close(each, orderly=orderly)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: Trouble, hit: bool
    ) -> None:
        """Pass on one direction, and raise ConnectionError when both must end."""
        passed = 0
        while block := await reader.read(trouble.piece):
            await asyncio.sleep(trouble.pause)
            if hit and trouble.at is not None and passed + len(block) > trouble.at:
                writer.write(block[: trouble.at - passed])
                await writer.drain()
                trouble.struck.set()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(trouble.over.wait(), trouble.silence)
                raise ConnectionError
            writer.write(block)
            await writer.drain()
            passed += len(block)
        with contextlib.suppress(OSError):
            writer.write_eof()


def close(writer: asyncio.StreamWriter, *, orderly: bool) -> None:
    """Close a connection, in good order or with RST."""
    if orderly:
        writer.close()
        return
    connection: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxy(front: str, back: str, control: int, passive: range, choose: Choose) -> AsyncIterator[Proxy]:
    """Run a proxy before a server."""
    made = Proxy(front, back, choose)
    await made.open(control, passive)
    try:
        yield made
    finally:
        await made.close()
