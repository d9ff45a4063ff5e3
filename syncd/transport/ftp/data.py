"""The data connection: where aioftp as it comes cannot talk to real FTPS servers.

aioftp secures the connection before it sends the command; vsftpd, ProFTPD and others begin TLS only after it, as
RFC 4217, chapter 12 draws. Here TCP comes first, then the command, its 1xx, and TLS with the control connection's
session, which most servers demand. Sockets are read and written as they are: streams would copy every byte twice, and
cost a small file five more turns of the event loop (bench/transfer.py).
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from syncd.errors import LaterError
from syncd.transport.base import PROGRESS, Endpoint
from syncd.transport.ftp.border import translated

T = TypeVar("T")
_WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_CUT = "UNEXPECTED_EOF_WHILE_READING"  # all that Python 3.11.2 says of an end without close_notify
BLOCK = 2**18
LastWords = Callable[[], Awaitable[str]]
"""Asks the control connection what broke a transfer."""
Session = Callable[[], ssl.SSLSession | None]
"""Asks the control connection for its TLS session."""

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, no seconds: close() sends RST


class FtpData:
    """A passive data connection without TLS; implements `syncd.transport.wire.Data`."""

    def __init__(self, control: asyncio.StreamWriter, endpoint: Endpoint, port: int, last_words: LastWords) -> None:
        self._control = control
        self._endpoint = endpoint
        self._last_words = last_words
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Timeout | None = None
        self._until = self._loop.time() + endpoint.longest_transfer
        least = f"less than {PROGRESS} bytes in {endpoint.idle_timeout:g} s"
        self._late = f"{least}, or no end in {endpoint.longest_transfer:g} s"
        self._waited = 0.0
        """Seconds since the last progress, all waits together."""
        self._moved = 0
        """Bytes since then."""
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
        block = await self._moving(self._receive)
        self._count(len(block))
        if not block:
            with contextlib.suppress(OSError):
                self._part()
            self.close()  # now: ProFTPD holds its 226 back for ten seconds, until we have closed too
        elif len(block) == BLOCK:
            await asyncio.sleep(0)  # a fast server must not keep the event loop to itself
        return block

    async def send(self, payload: bytes) -> None:
        """Send all of it and end the connection in good order."""
        view = memoryview(payload)
        while view:
            count = await self._moving(partial(self._pour, view))
            self._count(count)
            view = view[count:]
            await asyncio.sleep(0)
        await self._moving(self._finish)

    @property
    def ended_well(self) -> bool:
        """Without TLS nothing shows whether the end is the end."""
        return True

    def close(self) -> None:
        """Close what is still open of it, without waiting for the server."""
        descriptor = self._socket.fileno()
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
            self._socket.close()

    def cut(self) -> None:
        """Reset the connection, and wake who waits for it."""
        reset(self._socket)
        self.close()
        if self._waiting is not None:
            self._waiting.reschedule(self._loop.time())

    # -- what is tried until it need not wait: a TLS socket's words for that serve the plain one, too -----------------

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(BLOCK)
        except BlockingIOError:
            raise ssl.SSLWantReadError from None

    def _pour(self, view: memoryview) -> int:
        try:
            return self._socket.send(view[:BLOCK])
        except BlockingIOError:
            raise ssl.SSLWantWriteError from None

    def _finish(self) -> None:
        self._part()
        self._socket.shutdown(socket.SHUT_WR)

    def _part(self) -> None:
        """Say goodbye, where there is a word for it."""

    async def _moving(self, step: Callable[[], T]) -> T:
        try:
            with translated(f"data connection to port {self._address[1]}", self._late):
                try:
                    return step()
                except _WAITS:
                    return await self._patiently(step)
        except LaterError as error:
            raise type(error)(f"{error}{await self._last_words()}", remedy=error.remedy) from error

    async def _patiently(self, step: Callable[[], T]) -> T:
        """Wait for what is left of the idle timeout, and of the longest transfer."""
        begun = self._loop.time()
        patience = min(self._endpoint.idle_timeout - self._waited, self._until - begun)
        try:
            async with asyncio.timeout(patience) as self._waiting:
                return await self._until_done(step)
        finally:
            self._waiting = None
            self._waited += self._loop.time() - begun

    def _count(self, moved: int) -> None:
        self._moved += moved
        if self._moved >= PROGRESS:
            self._moved, self._waited = 0, 0.0

    async def _until_done(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._until_ready(self._loop.add_reader, self._loop.remove_reader)
            except ssl.SSLWantWriteError:
                await self._until_ready(self._loop.add_writer, self._loop.remove_writer)

    async def _until_ready(self, watch: Callable[..., None], forget: Callable[[int], bool]) -> None:
        descriptor = self._socket.fileno()
        ready: asyncio.Future[None] = self._loop.create_future()
        watch(descriptor, _wake, ready)
        try:
            await ready
        finally:
            if self._socket.fileno() == descriptor:
                forget(descriptor)


class SecuredData(FtpData):
    """A passive data connection with TLS, which resumes the control connection's TLS session.

    The socket is driven without asyncio's TLS layer: that would cut a slow upload off in silence after its shutdown
    timeout, shows a cut connection as a plain end, and copies every byte four times.
    """

    _tls: ssl.SSLSocket
    _ended = False
    _goodbye = False

    def __init__(
        self, control: asyncio.StreamWriter, endpoint: Endpoint, port: int, last_words: LastWords, session: Session
    ) -> None:
        super().__init__(control, endpoint, port, last_words)
        self._session = session

    async def start(self) -> None:
        """Shake hands."""
        self._buffer = memoryview(bytearray(BLOCK))
        control = self._control.get_extra_info("ssl_object")
        with translated("TLS on the data connection"):
            self._tls = self._socket = control.context.wrap_socket(
                self._socket,
                server_hostname=self._endpoint.host,
                session=self._session(),
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
        await self._moving(self._tls.do_handshake)

    @property
    def ended_well(self) -> bool:
        """Whether the server closed the connection with TLS close_notify."""
        return self._goodbye

    def _receive(self) -> bytes:
        """Read what is there, a TLS record at a time; an end without close_notify is one, too."""
        filled = 0
        while filled < BLOCK and not self._ended:
            try:
                count = self._tls.recv_into(self._buffer[filled:])
                self._ended = self._goodbye = not count
                filled += count
            except _WAITS:
                if not filled:
                    raise
                break
            except ssl.SSLError as error:
                if not isinstance(error, ssl.SSLEOFError) and error.reason != _CUT:
                    raise
                self._ended = True
        return bytes(self._buffer[:filled])

    def _pour(self, view: memoryview) -> int:
        """Write what can be written now, up to a block."""
        sent = 0
        while sent < min(BLOCK, len(view)):
            try:
                sent += self._tls.send(view[sent:])
            except _WAITS:
                if not sent:
                    raise
                break
        return sent

    def _part(self) -> None:
        """Send close_notify."""
        with contextlib.suppress(ssl.SSLWantReadError):  # ours is on its way; the server's may come later, or never
            self._tls.unwrap()


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def reset(connection: socket.socket) -> None:
    """Have a socket close with RST: a server that sees an orderly end would keep half a file and call it whole."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
