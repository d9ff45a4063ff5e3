"""Sockets on the network in memory, for whoever drives a socket himself: what data connections are made of.

While a history runs, `socket.socket` makes these for the process under test, and the loop's `sock_connect`, `sock_recv`
and `sock_sendall` work on them. Closing one with SO_LINGER and no seconds is a reset, closing it otherwise an end.
"""

import asyncio
import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.sim.network import Network, Plug, Wire

NUMBERS = itertools.count(1_000_000)
"""Descriptors that no kernel gives."""


class MemorySocket(Plug, asyncio.Protocol):
    """A stream socket; connected once `wire` is there."""

    def __init__(self, family: int, kind: int) -> None:
        super().__init__()
        self.wire: Wire | None = None
        self._number = next(NUMBERS)
        self._buffer = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    # -- the socket's own calls -----------------------------------------------------------------------------

    def fileno(self) -> int:
        """Return a number that means nothing; -1 once closed."""
        return self._number

    def setblocking(self, flag: bool) -> None:
        """Never block."""

    def shutdown(self, how: int) -> None:
        """End what we send."""
        self._connected().write_eof()

    def close(self) -> None:
        """Close; a reset when SO_LINGER says so."""
        if self._number >= 0:
            self._number = -1
            if self.wire is not None:
                self.wire.abort()

    def _connected(self) -> Wire:
        if self.wire is None or self._number < 0 or self._error is not None:
            raise self._error or OSError(107, "Transport endpoint is not connected")
        return self.wire

    # -- what the wire tells --------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._changed.set()

    def eof_received(self) -> bool:
        self._ended = True
        self._changed.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._changed.set()
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    # -- what the loop is asked for -------------------------------------------------------------------------

    async def receive(self, most: int) -> bytes:
        """Wait for bytes and return them; empty at the end."""
        while not self._buffer:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        return data

    async def send(self, data: bytes) -> None:
        """Write, and wait until the kernel would have taken it all."""
        self._connected().write(data)
        await self._room.wait()
        if self._error is not None:
            raise self._error


@contextmanager
def lent(network: Network, inside: Callable[[], bool]) -> Iterator[None]:
    """Have `socket.socket` and the loop's calls on sockets served by the network where `inside` says so."""
    real, loop = socket.socket, network.loop

    def make(family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, *rest: Any, **named: Any) -> Any:
        return MemorySocket(family, kind) if inside() else real(family, kind, *rest, **named)

    async def sock_connect(sock: MemorySocket, address: tuple[str, int]) -> None:
        sock.wire = await network.join(address, "data", sock)

    async def sock_recv(sock: MemorySocket, most: int) -> bytes:
        return await sock.receive(most)

    async def sock_sendall(sock: MemorySocket, data: bytes) -> None:
        await sock.send(data)

    vars(loop).update(sock_connect=sock_connect, sock_recv=sock_recv, sock_sendall=sock_sendall)
    vars(socket)["socket"] = make
    try:
        yield
    finally:
        vars(socket)["socket"] = real
