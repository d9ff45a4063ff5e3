"""The data connection: where aioftp as it comes cannot talk to real FTPS servers.

aioftp secures the connection before it sends the command; vsftpd, ProFTPD and others begin TLS only after it, as
RFC 4217, chapter 12 draws. Here TCP comes first, then the command, its 1xx, and TLS with the control connection's
session, which most servers demand. Without TLS the socket is read and written as it is: streams would copy every byte
twice and cost a small file five more turns of the event loop (bench/transfer.py).
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aioftp.common import SSLSessionBoundContext

from syncd.errors import LaterError
from syncd.transport import tls
from syncd.transport.base import Endpoint
from syncd.transport.ftp.border import translated
from syncd.transport.session import SLOW_END

T = TypeVar("T")
BLOCK = 2**18
LastWords = Callable[[], Awaitable[str]]
"""Asks the control connection what broke a transfer."""

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, no seconds: close() sends RST


class FtpData:
    """A passive data connection without TLS; implements `syncd.transport.wire.Data`."""

    def __init__(self, control: asyncio.StreamWriter, endpoint: Endpoint, port: int, last_words: LastWords) -> None:
        self._control = control
        self._endpoint = endpoint
        self._last_words = last_words
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Timeout | None = None
        self._address = (control.get_extra_info("peername")[0], port)
        self._socket = socket.socket(control.get_extra_info("socket").family, socket.SOCK_STREAM)
        self._socket.setblocking(False)

    async def connect(self) -> None:
        """Connect without TLS yet."""
        with translated(f"data connection to port {self._address[1]}"):
            async with asyncio.timeout(self._endpoint.connect_timeout):
                await self._loop.sock_connect(self._socket, self._address)

    async def start(self) -> None:
        """Begin: there is nothing to secure."""

    async def read(self) -> bytes:
        """Return the next block, empty at the end."""
        block = await self._moving(self._loop.sock_recv(self._socket, BLOCK), self._endpoint.idle_timeout)
        if not block:
            self.close()  # now: ProFTPD holds its 226 back for ten seconds, until we have closed too
        elif len(block) == BLOCK:
            await asyncio.sleep(0)  # a fast server must not keep the event loop to itself
        return block

    async def send(self, payload: bytes) -> None:
        """Send all of it and end the connection in good order."""
        view = memoryview(payload)
        for start in range(0, len(view), BLOCK):
            sending = self._loop.sock_sendall(self._socket, view[start : start + BLOCK])
            await self._moving(sending, self._endpoint.idle_timeout)
            await asyncio.sleep(0)
        self._socket.shutdown(socket.SHUT_WR)

    @property
    def ended_well(self) -> bool:
        """Without TLS nothing shows whether the end is the end."""
        return True

    def close(self) -> None:
        """Close what is still open of it, without waiting for the server."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def cut(self) -> None:
        """Reset the connection, and wake who waits for it."""
        reset(self._socket)
        self.close()
        if self._waiting is not None:
            self._waiting.reschedule(self._loop.time())

    async def _moving(self, step: Awaitable[T], patience: float) -> T:
        try:
            with translated(f"data connection to port {self._address[1]}"):
                async with asyncio.timeout(patience) as self._waiting:
                    return await step
        except LaterError as error:
            raise type(error)(f"{error}{await self._last_words()}", remedy=error.remedy) from error
        finally:
            self._waiting = None


class SecuredData(FtpData):
    """A passive data connection with TLS, which resumes the control connection's TLS session."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter | None = None
    _secured: ssl.SSLObject | None = None

    async def start(self) -> None:
        """Shake hands. The session is read now: with TLS 1.3 its tickets come after the control's handshake."""
        control = self._control.get_extra_info("ssl_object")
        opening = asyncio.open_connection(
            sock=self._socket,
            limit=BLOCK,
            ssl=SSLSessionBoundContext(ssl.PROTOCOL_TLS_CLIENT, context=control.context, session=control.session),
            server_hostname=self._endpoint.host,
            ssl_shutdown_timeout=self._endpoint.idle_timeout * SLOW_END,  # the usual 30 s cut slow uploads in silence
        )
        self._reader, writer = await self._moving(opening, self._endpoint.connect_timeout)
        self._secured = writer.get_extra_info("ssl_object")
        self._writer = writer

    async def read(self) -> bytes:
        """Return the next block, empty at the end."""
        return await self._moving(self._reader.read(BLOCK), self._endpoint.idle_timeout)

    async def send(self, payload: bytes) -> None:
        """Send all of it and say goodbye."""
        assert self._writer is not None
        view = memoryview(payload)
        for start in range(0, len(view), BLOCK):
            self._writer.write(view[start : start + BLOCK])
            await self._moving(self._writer.drain(), self._endpoint.idle_timeout)
        self._writer.close()

    @property
    def ended_well(self) -> bool:
        """Whether the server closed the connection with TLS close_notify."""
        return isinstance(self._secured, tls.WatchedSSLObject) and self._secured.got_close_notify

    def close(self) -> None:
        """Close what is still open of it, without waiting for the server."""
        if self._writer is not None:
            self._writer.transport.abort()
        else:
            super().close()


def reset(connection: socket.socket) -> None:
    """Have a socket close with RST: a server that sees an orderly end would keep half a file and call it whole."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
