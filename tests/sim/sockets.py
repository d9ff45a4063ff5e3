"""Sockets on the network in memory, for whoever drives a socket himself: what data connections are made of.

While a history runs, `socket.socket` makes these for the process under test; the loop's `sock_connect`, `add_reader`
and `add_writer` know them by their numbers. Closing one with SO_LINGER and no seconds is a reset, otherwise an end.
"""

import asyncio
import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.sim.network import Network
from tests.sim.wire import Plug, Wire

FIRST = 1_000_000
"""No kernel gives descriptors from here on."""


class MemorySocket(Plug, asyncio.Protocol):
    """A stream socket that never blocks; connected once `wire` is there."""

    def __init__(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.wire: Wire | None = None
        self.reader: Callable[[], object] | None = None
        self.writer: Callable[[], object] | None = None
        self._loop = loop
        self._number = number
        self._buffer = bytearray()
        self._ended = False
        self._full = False
        self._error: Exception | None = None

    # -- the socket's own calls -----------------------------------------------------------------------------

    def fileno(self) -> int:
        """Return a number that means nothing to a kernel; -1 once closed."""
        return self._number

    def setblocking(self, flag: bool) -> None:
        """Never block."""

    def recv(self, most: int) -> bytes:
        """Return what is there, empty at the end; raises BlockingIOError when nothing is."""
        if not self._buffer and self._error is not None:
            raise self._error
        if not self._buffer and not self._ended:
            raise BlockingIOError
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Write; raises BlockingIOError while too much is under way."""
        wire = self._connected()
        if self._full:
            raise BlockingIOError
        wire.write(data)
        return len(data)

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

    # -- what the wire tells, and who waits for it ----------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self.look()

    def eof_received(self) -> bool:
        self._ended = True
        self.look()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self.look()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.look()

    def look(self) -> None:
        """Tell who waits that reading or writing would not block."""
        if self.reader is not None and (self._buffer or self._ended):
            self._loop.call_soon(self.reader)
        if self.writer is not None and (not self._full or self._ended):
            self._loop.call_soon(self.writer)


class Descriptors:
    """The loop's way to sockets by number: ours, or the kernel's."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._loop = network.loop
        self._sockets: dict[int, MemorySocket] = {}
        self._numbers = itertools.count(FIRST)
        self._real = {name: getattr(self._loop, name) for name in ("add_reader", "add_writer")}
        self._real |= {name: getattr(self._loop, name) for name in ("remove_reader", "remove_writer")}

    def socket(self) -> MemorySocket:
        """Make a socket."""
        number = next(self._numbers)
        self._sockets[number] = MemorySocket(number, self._loop)
        return self._sockets[number]

    async def connect(self, sock: MemorySocket, address: tuple[str, int]) -> None:
        """Connect a socket."""
        sock.wire = await self._network.join(address, "data", sock)

    def watch(self, side: str, number: int, call: Callable[..., object], *args: object) -> None:
        """Have a call made when a socket can be read from, or written to."""
        if number < FIRST:
            self._real[f"add_{side}"](number, call, *args)
        else:
            setattr(self._sockets[number], side, partial(call, *args))
            self._sockets[number].look()

    def forget(self, side: str, number: int) -> bool:
        """Make that call no more."""
        if number < FIRST:
            return bool(self._real[f"remove_{side}"](number))
        setattr(self._sockets[number], side, None)
        return True


@contextmanager
def lent(network: Network, inside: Callable[[], bool]) -> Iterator[None]:
    """Have `socket.socket` and the loop's calls on sockets served by the network where `inside` says so."""
    real, ours = socket.socket, Descriptors(network)

    def make(*args: Any, **named: Any) -> Any:
        return ours.socket() if inside() else real(*args, **named)

    calls: dict[str, Any] = {f"add_{side}": partial(ours.watch, side) for side in ("reader", "writer")}
    calls |= {f"remove_{side}": partial(ours.forget, side) for side in ("reader", "writer")}
    vars(network.loop).update(calls, sock_connect=ours.connect)
    vars(socket)["socket"] = make
    try:
        yield
    finally:
        vars(socket)["socket"] = real
