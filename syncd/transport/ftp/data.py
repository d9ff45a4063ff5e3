"""The data connection: where aioftp as it comes cannot talk to real FTPS servers.

aioftp secures the connection before it sends the command; vsftpd, ProFTPD and others begin TLS only after it, as
RFC 4217, chapter 12 draws. Here TCP comes first, then the command, its 1xx, and TLS with the control connection's
session, which most servers demand.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aioftp
from aioftp.client import DataConnectionThrottleStreamIO
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
    """A passive data connection: TCP first, the command, then TLS with the control connection's session."""

    def __init__(self, client: aioftp.Client, endpoint: Endpoint, port: int, last_words: LastWords) -> None:
        self._client = client
        self._endpoint = endpoint
        self._last_words = last_words
        control = client.stream.writer
        self._address = (control.get_extra_info("peername")[0], port)
        family = control.get_extra_info("socket").family
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._stream: DataConnectionThrottleStreamIO | None = None
        self._secured: ssl.SSLObject | None = None

    async def connect(self) -> None:
        """Connect without TLS yet."""
        loop = asyncio.get_running_loop()
        with translated(f"data connection to port {self._address[1]}"):
            async with asyncio.timeout(self._endpoint.connect_timeout):
                await loop.sock_connect(self._socket, self._address)

    async def start(self) -> None:
        """Secure the connection if the control connection is, resuming its TLS session."""
        options: dict[str, Any] = {}
        control = self._client.stream.writer.get_extra_info("ssl_object")
        if control is not None:
            # The session is read now: with TLS 1.3 its tickets come after the handshake.
            options = {
                "ssl": SSLSessionBoundContext(
                    ssl.PROTOCOL_TLS_CLIENT, context=control.context, session=control.session
                ),
                "server_hostname": self._endpoint.host,
                "ssl_shutdown_timeout": self._endpoint.idle_timeout * SLOW_END,  # 30 s cut slow uploads in silence
            }
        opening = asyncio.open_connection(sock=self._socket, limit=BLOCK, **options)
        reader, writer = await self._moving(opening, self._endpoint.connect_timeout)
        self._secured = writer.get_extra_info("ssl_object")
        self._stream = DataConnectionThrottleStreamIO(self._client, reader, writer, throttles={})

    @property
    def stream(self) -> DataConnectionThrottleStreamIO:
        """The stream; only after `start`."""
        assert self._stream is not None
        return self._stream

    async def read(self) -> bytes:
        """Return the next block, empty at the end."""
        block = await self._moving(self.stream.read(BLOCK), self._endpoint.idle_timeout)
        if not block:
            self.stream.close()
        return block

    async def send(self, payload: bytes) -> None:
        """Send all of it and end the connection in good order."""
        for start in range(0, len(payload), BLOCK):
            await self._moving(self.stream.write(payload[start : start + BLOCK]), self._endpoint.idle_timeout)
        self.stream.close()

    async def _moving(self, step: Awaitable[T], patience: float) -> T:
        try:
            with translated(f"data connection to port {self._address[1]}"):
                async with asyncio.timeout(patience):
                    return await step
        except LaterError as error:
            raise type(error)(f"{error}{await self._last_words()}", remedy=error.remedy) from error

    @property
    def ended_well(self) -> bool:
        """Whether the server closed the connection with TLS close_notify; always true without TLS."""
        return not isinstance(self._secured, tls.WatchedSSLObject) or self._secured.got_close_notify

    def close(self) -> None:
        """Close what is still open of it, without waiting for the server."""
        if self._stream is not None:
            self._stream.writer.transport.abort()
        else:
            self._socket.close()

    def cut(self) -> None:
        """Reset the connection."""
        reset(self._socket)
        self.close()


def reset(connection: socket.socket) -> None:
    """Have a socket close with RST: a server that sees an orderly end would keep half a file and call it whole."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
