"""A network without sockets and a clock without waiting: an event loop on which a house runs as on loopback."""

import asyncio
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from tests.simulate.clients import START


class NoWaiting(selectors.DefaultSelector):
    """Instead of waiting, tell the loop how long it would have waited."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self.skip = skip

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout != 0:
            assert timeout is not None, "everybody waits for somebody else"
            self.skip(timeout)
        return ready


class MemoryLoop(asyncio.SelectorEventLoop):
    """Connections are pairs of transports, time is a number; `trace` is everything that was said."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.trace: list[bytes] = []
        self.doors: dict[int, Callable[[], asyncio.BaseProtocol]] = {}
        super().__init__(NoWaiting(self.skip))
        self._clock_resolution = 1e-6

    def skip(self, seconds: float) -> None:
        self.seconds += seconds

    def time(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def create_server(self, factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]  # what a house uses of it
        port = port or 50000
        if port in self.doors:
            raise OSError("taken")
        self.doors[port] = factory
        return Listener(self, port)

    async def create_connection(self, factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]  # what a visitor uses of it
        if port not in self.doors:
            raise ConnectionRefusedError
        here, there = Pipe(self), Pipe(self)
        here.peer, there.peer = there, here
        there.begin(self.doors[port]())
        here.begin(factory())
        return here, here.protocol


class Listener:
    def __init__(self, loop: MemoryLoop, port: int) -> None:
        self.loop = loop
        self.port = port
        self.sockets = [self]

    def getsockname(self) -> tuple[str, int]:
        return "memory", self.port

    def close(self) -> None:
        self.loop.doors.pop(self.port, None)


class Pipe(asyncio.Transport):
    """One end of a connection."""

    _start_tls_compatible = True
    peer: "Pipe"
    protocol: asyncio.Protocol

    def __init__(self, loop: MemoryLoop) -> None:
        super().__init__({"peername": ("memory", 0)})
        self.loop = loop
        self.waiting: list[bytes | None] = []
        self.held = self.closing = self.lost = False

    def begin(self, protocol: asyncio.BaseProtocol) -> None:
        self.set_protocol(protocol)
        self.protocol.connection_made(self)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return not self.held

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        self.held = True

    def resume_reading(self) -> None:
        self.held = False
        self.loop.call_soon(self.hear)

    def write(self, data: Any) -> None:
        if not self.closing:
            self.loop.trace.append(bytes(data))
            self.loop.call_soon(self.peer.hear, bytes(data))

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.loop.call_soon(self.peer.hear, None, True)
            self.loop.call_soon(self.lose, None)

    def abort(self) -> None:
        for end in (self, self.peer):
            end.closing = True
            self.loop.call_soon(end.lose, ConnectionResetError())

    def lose(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connection_lost(error)

    def hear(self, data: bytes | None = b"", ended: bool = False) -> None:
        if data or ended:
            self.waiting.append(data)
        while self.waiting and not self.held and not self.lost:
            said = self.waiting.pop(0)
            if said is not None:
                self._receive(said)
            elif not self.protocol.eof_received():
                self.close()

    def _receive(self, data: bytes) -> None:
        if isinstance(self.protocol, asyncio.BufferedProtocol):
            view = cast("memoryview", self.protocol.get_buffer(len(data)))
            view[: len(data)] = data
            self.protocol.buffer_updated(len(data))
        else:
            self.protocol.data_received(data)
