"""One end of a connection in memory: a queue in each direction, a window, and every way of ending.

What is written arrives in order, after a delay by dice. What is in flight is limited by a window, as by a kernel's
buffers: a writer is told to pause beyond it, and no sooner. A socket's `SO_LINGER` decides between FIN and RST.
"""

import asyncio
import contextvars
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from tests.sim.network import Network

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

END, RESET = object(), object()


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
            self._send(END)

    def close(self) -> None:
        if not self.closing:
            self.write_eof()
            self._leave(None)

    def abort(self) -> None:
        """End at once: with a reset when the socket says so, else in order."""
        if self.plug.resets and not self.gone and not self.network.dead(self):
            self._ended = True
            self._send(RESET)
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
        if item is RESET:
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
            if item is not END:
                self.get_protocol().data_received(item)
            elif not self.get_protocol().eof_received():
                self.close()

    def _leave(self, error: Exception | None) -> None:
        self.closing = True
        self._soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        if not self.gone:
            self.gone = True
            self.network.wires.pop(self, None)
            self.get_protocol().connection_lost(error)

    def _soon(self, call: Callable[..., object], *args: object) -> None:
        if not self.network.dead(self):
            self.network.loop.call_soon(call, *args, context=self.context)
