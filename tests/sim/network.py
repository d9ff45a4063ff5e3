"""A network in memory: `open_connection` and `create_server` work on it unchanged; `sockets` adds bare sockets.

Every arrival, every connect and every end is a point at which a fault may strike.
"""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.sim.faults import Fault, Point
from tests.sim.loop import VirtualLoop
from tests.sim.wire import APART, END, GIVE_UP, STALL, Wire


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
    wires: dict[Wire, None] = field(default_factory=dict)
    """In the order in which they were joined, as the dice are thrown for one after the other."""
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
        self.wires |= dict.fromkeys((near, far))
        far.protocol = listener.context.copy().run(listener.made)
        far._soon(far.protocol.connection_made, far)
        return near

    # -- arrivals -------------------------------------------------------------------------------------------

    def arrive(self, source: Wire, item: Any) -> float:
        """Let something arrive at the other side, unless a fault strikes; return for how long it is held up."""
        if source.silent or source.peer.gone:
            return 0.0
        data = isinstance(item, bytes)
        label = f"{source.label} " + (_shown(item) if data else "FIN" if item is END else "RST")
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
                    wire.take(END)
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
        for wire in self.wires:
            if wire.owner is owner:
                wire.gone = True
                wire.peer.silent = silent
                self.loop.call_later(GIVE_UP if silent else self.delay(), wire.peer.break_off)
        self.wires = dict.fromkeys(wire for wire in self.wires if not wire.gone)


def _shown(data: bytes) -> str:
    text = data[:40].decode("latin-1").replace("\r\n", " ").strip()
    return text if text.isprintable() and len(data) <= 120 else f"{len(data)} bytes"
