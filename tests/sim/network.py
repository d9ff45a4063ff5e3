"""A network in memory: `open_connection` and `create_server` work on it unchanged; `sockets` adds bare sockets.

Each direction of a connection is a queue: what is written arrives in order, after a delay by dice. What is in flight is
limited by a window, as by a kernel's buffers: a writer is told to pause beyond it, and no sooner. Every arrival, every
connect and every end is a point at which a fault may strike. A socket's `SO_LINGER` decides between FIN and RST.
"""

import asyncio
import contextvars
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from tests.sim.faults import Fault, Point
from tests.sim.loop import VirtualLoop

SEGMENT = 1200
"""Bytes that arrive together."""
WINDOW = 16 * 1024
"""Bytes that may be in flight; a kernel takes at least as much."""
STALL = 150.0
"""Seconds; longer than a session waits for a reply."""
GIVE_UP = 900.0
"""Seconds after which a kernel gives a silent connection up."""
APART = 2e-6
"""Two timers of one moment are not first come, first served."""

_END, _RESET = object(), object()


@dataclass(frozen=True)
class Late:
    """Something that was held up and now arrives."""

    item: Any


class Plug:
    """What stands for the socket of a connection: it remembers how it is to be closed."""

    family = socket.AF_INET

    def __init__(self) -> None:
        self.resets = False

    def fileno(self) -> int:
        """Be open; no real descriptor stands behind it."""
        return 0

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Take an option; SO_LINGER with no seconds makes an abort a reset."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER) and isinstance(value, bytes):
            self.resets = struct.unpack("ii", value) == (1, 0)


class Wire(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, network: "Network", label: str, owner: object, address: tuple[str, int]) -> None:
        self.plug = Plug()
        super().__init__({"peername": address, "sockname": address, "socket": self.plug})
        self.network = network
        self.label = label
        self.owner = owner
        self.context = contextvars.copy_context()
        self.protocol: asyncio.Protocol | None = None
        self.peer: Wire = self
        self.closing = False
        """Closed by this side; nothing can be written."""
        self.gone = False
        """connection_lost was called."""
        self.silent = False
        self.peer_port = address[1]
        self._ended = False
        self._paused = False
        self._waiting: deque[Any] = deque()
        self._in_flight = 0
        self._full = False
        self._under_way: deque[tuple[float, Any]] = deque()

    # -- asyncio.Transport ----------------------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = cast("asyncio.Protocol", protocol)
        if isinstance(protocol, Plug):
            self.plug = protocol

    def get_protocol(self) -> asyncio.Protocol:
        assert self.protocol is not None
        return self.protocol

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return not self._paused

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            self._soon(self._drain)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take no notice: the window decides."""

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.closing or self._ended or self.network.dead(self):
            return
        blob = bytes(data)
        for start in range(0, len(blob), SEGMENT):
            self._in_flight += len(blob[start : start + SEGMENT])
            self._send(blob[start : start + SEGMENT])
        if self._in_flight > WINDOW and not self._full:
            self._full = True
            self.get_protocol().pause_writing()

    def write_eof(self) -> None:
        if not self._ended and not self.network.dead(self):
            self._ended = True
            self._send(_END)

    def close(self) -> None:
        if not self.closing:
            self.write_eof()
            self._leave(None)

    def abort(self) -> None:
        """End at once: with a reset when the socket says so, else in order."""
        if self.plug.resets and not self.gone and not self.network.dead(self):
            self._ended = True
            self._send(_RESET)
            self._leave(None)
        else:
            self.close()

    # -- the other side -------------------------------------------------------------------------------------

    def _send(self, item: Any) -> None:
        self._under_way.append((self.network.loop.time() + self.network.delay(), item))
        if len(self._under_way) == 1:
            self._await_arrival()

    def _await_arrival(self) -> None:
        loop = self.network.loop
        due = max(self._under_way[0][0], loop.time() + APART)
        loop.call_at(due, self._arrive, context=self.network.context)

    def _arrive(self) -> None:
        """Let the first item that is under way arrive, or, when a fault holds it up, all of them later."""
        item = self._under_way[0][1]
        wait = 0.0 if isinstance(item, Late) else self.network.arrive(self, item)
        if wait:
            self._under_way[0] = (self.network.loop.time() + wait, Late(item))
        else:
            self._under_way.popleft()
            if isinstance(item, Late):
                self.network.land(self, item.item)
        if self._under_way:
            self._await_arrival()

    def landed(self, size: int) -> None:
        """Note that bytes have arrived."""
        self._in_flight -= size
        if self._full and self._in_flight <= WINDOW // 2 and not self.gone:
            self._full = False
            self._soon(self.get_protocol().resume_writing)

    def take(self, item: Any) -> None:
        """Take what arrives."""
        if item is _RESET:
            self.break_off()
        elif self.closing and isinstance(item, bytes):
            self.peer.break_off()  # nobody reads any more: the kernel answers with a reset
        elif not self.closing:
            self._waiting.append(item)
            self._soon(self._drain)

    def break_off(self) -> None:
        """Be reset."""
        self._ended = True
        self._waiting.clear()
        self._leave(ConnectionResetError(104, "Connection reset by peer"))

    def _drain(self) -> None:
        while self._waiting and not self._paused and not self.gone and not self.closing:
            item = self._waiting.popleft()
            if item is not _END:
                self.get_protocol().data_received(item)
            elif not self.get_protocol().eof_received():
                self.close()

    def _leave(self, error: Exception | None) -> None:
        self.closing = True
        self._soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        if not self.gone:
            self.gone = True
            self.network.wires.discard(self)
            self.get_protocol().connection_lost(error)

    def _soon(self, call: Callable[..., object], *args: object) -> None:
        if not self.network.dead(self):
            self.network.loop.call_soon(call, *args, context=self.context)


class Listener:
    """A port that is listened on."""

    def __init__(self, network: "Network", port: int, made: Callable[[], asyncio.Protocol]) -> None:
        self._network = network
        self.port = port
        self.made = made
        self.context = contextvars.copy_context()
        self.sockets = (self,)

    def getsockname(self) -> tuple[str, int]:
        """Return the address, as a socket does."""
        return ("127.0.0.1", self.port)

    def close(self) -> None:
        if self._network.listeners.get(self.port) is self:
            del self._network.listeners[self.port]

    async def wait_closed(self) -> None:
        """Return: a listener of ours is closed at once."""


@dataclass(eq=False)
class Network:
    """All connections of a simulation. `strike` is asked at every point; `owner` names the process that asks."""

    loop: VirtualLoop
    dice: Random
    strike: Callable[[Point, str], Fault | None]
    owner: Callable[[], object]
    dead: Callable[[Wire], bool]
    listeners: dict[int, Listener] = field(default_factory=dict)
    wires: set[Wire] = field(default_factory=set)
    guarded: range = range(0)
    """Ports of data connections that speak TLS in truth: there, an end without close_notify is a broken transfer."""
    silences: int = 0
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    _free: int = 40000

    def __post_init__(self) -> None:
        """Take the loop's networking over."""
        loop: Any = self.loop
        loop.create_connection = self.create_connection
        loop.create_server = self.create_server

    def delay(self) -> float:
        """Return how long a segment is under way, in seconds."""
        return self.dice.uniform(0.005, 0.05)

    # -- what the loop is asked for -------------------------------------------------------------------------

    async def create_server(
        self, made: Callable[[], asyncio.Protocol], host: str | None = None, port: int = 0
    ) -> Listener:
        """Listen on a port."""
        if not port:
            self._free += 1
            port = self._free
        if port in self.listeners:
            raise OSError(98, "Address already in use")
        self.listeners[port] = Listener(self, port, made)
        return self.listeners[port]

    async def create_connection(
        self, made: Callable[[], asyncio.Protocol], host: str, port: int, *, ssl: object = None
    ) -> tuple[Wire, asyncio.Protocol]:
        """Connect to a port."""
        assert ssl is None, "TLS is tested on real sockets"
        protocol = made()
        wire = await self.join((host, port), "control", protocol)
        protocol.connection_made(wire)
        return wire, protocol

    async def join(self, address: tuple[str, int], label: str, protocol: asyncio.Protocol) -> Wire:
        """Connect a protocol to a port; it has not been told yet."""
        await asyncio.sleep(self.delay())
        fault = self.strike(Point.CONNECT, f"{label} connect {address[1] if label == 'control' else 'passive'}")
        if fault is Fault.SILENCE:
            await asyncio.Event().wait()
        listener = self.listeners.get(address[1])
        if fault is Fault.REFUSED or listener is None:
            raise ConnectionRefusedError(111, "Connection refused")
        wire = self._join(listener, address, label)
        wire.set_protocol(protocol)
        return wire

    def _join(self, listener: Listener, address: tuple[str, int], label: str) -> Wire:
        near = Wire(self, f"{label} >", self.owner(), address)
        far = listener.context.run(Wire, self, f"{label} <", None, address)
        near.peer, far.peer = far, near
        self.wires |= {near, far}
        far.protocol = listener.context.copy().run(listener.made)
        far._soon(far.protocol.connection_made, far)
        return near

    # -- arrivals -------------------------------------------------------------------------------------------

    def arrive(self, source: Wire, item: Any) -> float:
        """Let something arrive at the other side, unless a fault strikes; return for how long it is held up."""
        if source.silent or source.peer.gone:
            return 0.0
        data = isinstance(item, bytes)
        label = f"{source.label} " + (_shown(item) if data else "FIN" if item is _END else "RST")
        fault = self.strike(Point.CHUNK if data else Point.END, label)
        if fault is Fault.FIN and source.peer_port in self.guarded:
            fault = Fault.CUT_BEFORE
        match fault:
            case Fault.STALL:
                return STALL
            case Fault.CUT_BEFORE:
                self.cut(source)
            case Fault.CUT_AFTER:
                self.land(source, item)
                self.loop.call_later(APART, self.cut, source)
            case Fault.HALF:
                self.land(source, item[: len(item) // 2])
                self.loop.call_later(APART, self.cut, source)
            case Fault.FIN:
                for wire in (source, source.peer):
                    wire.take(_END)
                self._fall_silent(source)
            case Fault.SILENCE:
                self.silences += 1
                self._fall_silent(source)
            case Fault.CRASH_BEFORE:
                pass
            case _:
                self.land(source, item)
        return 0.0

    def land(self, source: Wire, item: Any) -> None:
        """Let something arrive."""
        if isinstance(item, bytes):
            source.landed(len(item))
        source.peer.take(item)

    def _fall_silent(self, wire: Wire) -> None:
        wire.silent = wire.peer.silent = True
        self.loop.call_later(GIVE_UP, self.cut, wire)

    def cut(self, wire: Wire) -> None:
        """Reset both sides."""
        wire.break_off()
        wire.peer.break_off()

    def drop_owner(self, owner: object, *, silent: bool) -> None:
        """End all connections of a process that died: its kernel resets them, unless the whole machine is gone."""
        for wire in sorted(self.wires, key=lambda wire: wire.label):
            if wire.owner is owner:
                wire.gone = True
                wire.peer.silent = silent
                self.loop.call_later(GIVE_UP if silent else self.delay(), wire.peer.break_off)
        self.wires = {wire for wire in self.wires if not wire.gone}


def _shown(data: bytes) -> str:
    text = data[:40].decode("latin-1").replace("\r\n", " ").strip()
    return text if text.isprintable() and len(data) <= 120 else f"{len(data)} bytes"
