"""One TCP connection as a house sees it: lines and bytes in, bytes out, TLS at any moment, and every way of ending.

A protocol of our own instead of asyncio's streams, because a house must do what streams forbid: start TLS late, end
without a close_notify, reset, and fall silent. Only loop-level asyncio is used, so an in-memory transport serves too.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import cast

HIGH_WATER = 256 * 1024
"""Bytes that may wait to be read before the peer is held back."""
HANDSHAKE_TIMEOUT = 20.0
SHUTDOWN_TIMEOUT = 5.0
"""Seconds; how long a close_notify of the peer is awaited after ours was sent."""


class Cut(StrEnum):
    """How a connection ends before its time."""

    FIN = "fin"
    RST = "rst"
    SILENCE = "silence"


class WatchedSSLObject(ssl.SSLObject):
    """Remember whether the peer ended TLS properly; asyncio reports a bare FIN as a clean end."""

    got_close_notify = False

    def read(self, len: int = 1024, buffer: bytearray | None = None) -> bytes:  # type: ignore[override]  # noqa: A002
        """Read; an empty result is the peer's close_notify (a bare FIN raises instead)."""
        value = super().read(len) if buffer is None else super().read(len, buffer)
        if len and not value:
            self.got_close_notify = True
        return value


async def shut(server: asyncio.AbstractServer) -> None:
    """Take no more connections; whoever was being accepted has come first: asyncio would leave that socket open."""
    if isinstance(server, asyncio.Server):  # one in memory loses nobody
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        await asyncio.sleep(0)
    server.close()


class Wire(asyncio.Protocol):
    """A connection that was accepted; `connected` is called once with it, when it is there."""

    def __init__(self, connected: Callable[["Wire"], None], *, held: bool = False) -> None:
        self._connected = connected
        self._held = held
        self._raw: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._deaf = False
        self._secured = False
        self._reader: asyncio.Future[None] | None = None
        self._flushed = asyncio.Event()
        self._flushed.set()
        self.gone = asyncio.Event()
        """Set when the connection is no more."""

    # -- what asyncio calls ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold the peer back where TLS may follow: its first bytes must reach TLS, not us."""
        self._raw = self._transport = cast("asyncio.Transport", transport)
        self._raw.set_write_buffer_limits(high=0)
        if self._held:
            self._raw.pause_reading()
        self._connected(self)

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        if self._deaf:
            return
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and not self._ended:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note the end; a plain connection stays open for our last words."""
        self._ended = True
        self._wake()
        return not (self._secured or self._deaf)  # under TLS it cannot, and asyncio would say so

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the loss, and let go whoever waits."""
        self._ended = True
        self._error = exc
        self.gone.set()
        self._flushed.set()
        self._wake()

    def pause_writing(self) -> None:
        """Note that the kernel has not taken everything."""
        self._flushed.clear()

    def resume_writing(self) -> None:
        """Note that the kernel has taken everything."""
        self._flushed.set()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def _arrival(self) -> None:
        self._reader = asyncio.get_running_loop().create_future()
        await self._reader

    # -- what a session does --------------------------------------------------------------------------------

    @property
    def transport(self) -> asyncio.Transport:
        """Return the transport spoken to: the TLS one once TLS is on."""
        assert self._transport is not None
        return self._transport

    @property
    def tls(self) -> ssl.SSLObject | None:
        """Return the TLS object, or None on a plain connection."""
        return cast("ssl.SSLObject | None", self.transport.get_extra_info("ssl_object"))

    @property
    def ended_well(self) -> bool:
        """Tell whether the peer's data ended as it should: no reset, and in TLS with a close_notify."""
        tls = self.tls
        return self._error is None and (not isinstance(tls, WatchedSSLObject) or tls.got_close_notify)

    @property
    def closing(self) -> bool:
        """Tell whether the connection is ending or gone."""
        return self.transport.is_closing()

    async def readline(self, limit: int = 4096) -> bytes | None:
        """Return the next line without its end, or None when the peer is gone; half a line counts for nothing."""
        while (end := self._buffer.find(b"\n")) < 0:
            if self._ended:
                return None
            if len(self._buffer) > limit:
                raise ConnectionAbortedError("a command line without an end")
            self.transport.resume_reading()
            await self._arrival()
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    async def read(self) -> bytes:
        """Return what has come, `b""` at the end; raises ConnectionError when the connection broke."""
        while not self._buffer:
            if self._error is not None:
                raise ConnectionResetError(str(self._error)) from self._error
            if self._ended:
                return b""
            self.transport.resume_reading()
            await self._arrival()
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def send(self, data: bytes) -> None:
        """Write, and wait until the kernel has it all; raises ConnectionError when the peer is gone."""
        if self._deaf:
            await self.gone.wait()
        self._raise_if_gone()
        self.transport.write(data)
        await asyncio.sleep(
            0
        )  # a peer as quick as we are must not keep everybody else, or its own end, from being heard
        await self._flushed.wait()
        self._raise_if_gone()

    def _raise_if_gone(self) -> None:
        assert self._raw is not None
        if self.gone.is_set() or self.transport.is_closing() or self._raw.is_closing():
            raise ConnectionResetError("the peer is gone")

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on, as the server; raises OSError when the handshake fails."""
        assert self._raw is not None
        self._buffer.clear()
        self._secured = True
        try:
            upgraded = await asyncio.get_running_loop().start_tls(
                self._raw,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT,
            )
        except BaseException as error:
            self._raw.abort()
            self.connection_lost(error if isinstance(error, Exception) else None)  # asyncio tells nobody in a handshake
            raise
        if upgraded is None:
            raise ConnectionResetError("the peer left during the handshake")
        upgraded.set_write_buffer_limits(high=1, low=0)  # at 0 asyncio's TLS would pause for ever
        self._transport = upgraded

    def release(self) -> None:
        """Let the peer's bytes come in: the counterpart of `held`."""
        self.transport.resume_reading()

    def close(self) -> None:
        """End in order: what was written goes out first, TLS ends with a close_notify."""
        if self._transport is not None:
            self._transport.close()

    def cut(self, how: Cut) -> None:
        """End before the time: a bare FIN without close_notify, a reset, or silence on an open connection."""
        assert self._raw is not None
        if how is Cut.SILENCE:
            self._deaf = True
            self._buffer.clear()
        elif how is Cut.FIN:
            self._raw.close()
        else:
            self.reset()

    def reset(self) -> None:
        """End with a reset, at once."""
        if self._raw is None:
            return
        sock = self._raw.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._raw.abort()
