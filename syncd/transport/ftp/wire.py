"""The control connection: aioftp's client, made to read replies as RFC 959 has them and to trust nothing unasked.

Private names used: `StreamReader._buffer`, as asyncio shows in no other way that bytes lie unread.
"""

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from typing import Any

import aioftp
from aioftp.common import Code

from syncd.errors import BusyError, ConnectionLostError, ProtocolError, SyncdError, TlsError, let_go
from syncd.masking import masked
from syncd.suppliers.rules import Encryption
from syncd.transport.base import Endpoint, Permit
from syncd.transport.ftp.border import translated
from syncd.transport.ftp.data import FtpData, SecuredData, reset
from syncd.transport.guard import Guard
from syncd.transport.wire import Reply

REPLY_LINES = 64
REPLY_BYTES = 16 * 1024
PARTING = 2.0
"""Seconds for last words: the reply that explains a broken data connection, the 221 to QUIT."""

_CODE = re.compile(r"[1-5][0-9]{2}")
_SIX = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NO_FTP = "check host and port: this does not look like an FTP server (implicit TLS wants another port)"

logging.getLogger("aioftp").setLevel(
    logging.WARNING
)  # it logs commands at INFO, and in its debug log user names and the length of passwords


class FtpWire(aioftp.Client):
    """aioftp's client as a `syncd.transport.wire.Wire`."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext | None, permit: Permit) -> None:
        implicit = endpoint.encryption is Encryption.IMPLICIT
        super().__init__(
            ssl=context if implicit else None,
            encoding="latin-1",  # lossless for every byte a server may send
            passive_commands=("pasv",),
            limit=REPLY_BYTES,
        )
        self.endpoint = endpoint
        self._tls = context
        self.permit = permit
        self.patience = endpoint.login_timeout
        self.sent: list[str] = []
        self._guard = Guard(endpoint.commands)
        self._data: FtpData | None = None
        self._socket: socket.socket | None = None
        self.alive = True
        self.tls_version: str | None = None
        self._resumable: ssl.SSLSession | None = None

    # -- connecting ---------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and secure the control connection, up to the point where USER may be sent."""
        await self.permit()
        async with asyncio.timeout(self.endpoint.connect_timeout):
            await aioftp.BaseClient.connect(self, self.endpoint.host, self.endpoint.port)
        connection: socket.socket = self.stream.writer.get_extra_info("socket")
        _keep_alive(connection)
        self._socket = connection
        banner = await self.hear()
        if banner.code != 220:
            raise banner.refusal("connect")
        if self.endpoint.encryption is Encryption.EXPLICIT:
            await self._upgrade()
        if self._tls is not None:
            self.tls_version = self.stream.writer.get_extra_info("ssl_object").version()
            await self._expect_200("PBSZ", "0")
            await self._expect_200("PROT", "P")

    async def _upgrade(self) -> None:
        reply = await self.ask("AUTH", "TLS")
        if reply.code != 234:
            if reply.kind == 4:
                raise reply.refusal("AUTH TLS")
            raise TlsError(f"AUTH TLS: the server answered {reply}", remedy="ask the supplier how FTPS is offered")
        if _unread(self):
            raise ProtocolError(
                "AUTH TLS: the server sent plaintext behind its 234",
                remedy="somebody may be in between; nothing was sent, ask the supplier",
            )
        assert self._tls is not None
        with translated("AUTH TLS"):
            await self.stream.start_tls(self._tls, self.endpoint.host)
        if _unread(self):
            raise ProtocolError("AUTH TLS: unread bytes behind the handshake", remedy="ask the supplier")

    async def _expect_200(self, verb: str, argument: str) -> None:
        reply = await self.ask(verb, argument)
        if reply.code != 200:
            raise TlsError(
                f"{verb} {argument}: the server answered {reply}", remedy="the server does not protect data connections"
            )

    # -- commands and replies -----------------------------------------------------------------------------------

    async def command(
        self,
        command: str | None = None,
        expected_codes: Any = (),
        wait_codes: Any = (),
        censor_after: int | None = None,
    ) -> Any:
        """Send and read like aioftp, behind the guard and with our patience."""
        if command:
            verb, _, argument = command.partition(" ")
            self._guard.check(verb, argument)
            await self.permit()
            self._check_ready()
            self.sent.append("PASS ****" if verb == "PASS" else command)
        async with asyncio.timeout(self.patience):
            return await super().command(command, expected_codes, wait_codes, censor_after)

    async def ask(self, verb: str, argument: str = "") -> Reply:
        """Send a command and return the first reply to it."""
        with translated(verb if verb in ("USER", "PASS") else f"{verb} {argument}".rstrip()):
            code, lines = await self.command(f"{verb} {argument}" if argument else verb, "xxx")
            return _reply(code, lines, self.endpoint.password)

    async def hear(self, patience: float | None = None) -> Reply:
        """Return the next final reply, within `patience` seconds."""
        with translated("the final reply"):
            async with asyncio.timeout(patience or self.patience):
                code, lines = await super().command(None, "xxx", "1xx")
                return _reply(code, lines, self.endpoint.password)

    async def ready(self) -> None:
        """Raise unless the account is ours, the connection stands and nothing unasked lies in it."""
        await self.permit()
        await asyncio.sleep(0)  # twice: one turn of the loop polls the socket, the next one reads it
        await asyncio.sleep(0)
        self._check_ready()

    def _check_ready(self) -> None:
        if not self.alive:
            raise ConnectionLostError("this session has ended", remedy="the next visit logs in again")
        unasked = _unread(self)
        if unasked.startswith(b"421"):
            raise BusyError(f"the server said {self._shown(unasked)}", remedy="the next visit tries again")
        if unasked:
            raise ProtocolError(f"the server said unasked: {self._shown(unasked)}", remedy="show it to the supplier")
        if self.stream.reader.at_eof():
            raise ConnectionLostError("the server closed the connection", remedy="the next visit tries again")

    async def parse_line(self) -> tuple[Code, str]:
        """Read one line of a reply; half a line is a lost connection, not an answer."""
        line = await self.stream.reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError(
                "the server closed the connection" + (" in the middle of a reply" if line else "")
            )
        text = line.decode("latin-1").rstrip("\r\n")
        return Code(text[:3]), text[3:]

    async def parse_response(self) -> tuple[Code, list[str]]:
        """Read a whole reply: only the first code and a blank end one that began with `ddd-` (RFC 959, 4.2)."""
        first, rest = await self.parse_line()
        if not _CODE.fullmatch(first):
            raise ProtocolError(f"not a reply: {self._shown((first + rest).encode('latin-1'))}", remedy=_NO_FTP)
        lines, size, more = [rest], len(rest), rest.startswith("-")
        while more:
            code, rest = await self.parse_line()
            more = code != first or not (rest == "" or rest.startswith(" "))
            lines.append(code + rest if more else rest)
            size += len(lines[-1])
            if len(lines) > REPLY_LINES or size > REPLY_BYTES:
                raise ProtocolError(f"a reply of more than {REPLY_LINES} lines or {REPLY_BYTES} bytes", remedy=_NO_FTP)
        return first, lines

    def _shown(self, raw: bytes) -> str:
        text = masked(raw.decode("latin-1"), self.endpoint.password)
        return _UNSAFE.sub(" ", text[:200]).strip()

    # -- data connections, and the end --------------------------------------------------------------------------

    async def dial(self) -> "FtpData":
        """Ask for a passive port and connect to it, at the address of the control connection's peer."""
        reply = await self.ask("PASV")
        if reply.code != 227:
            raise reply.refusal("PASV")
        _, port = self.parse_pasv_response(reply.text)
        if port not in self.endpoint.passive_ports:
            ports = self.endpoint.passive_ports
            raise ProtocolError(
                f"PASV: the server offered port {port}, outside {ports.start} to {ports.stop - 1}",
                remedy="ask the supplier which ports its data connections use",
            )
        if self._tls is None:
            self._data = FtpData(self.stream.writer, self.endpoint, port, self._last_words)
        else:
            self._data = SecuredData(self.stream.writer, self.endpoint, port, self._last_words, self._session)
        await self._data.connect()
        return self._data

    def _session(self) -> ssl.SSLSession | None:
        """Return the TLS session that data connections resume; with TLS 1.3 the latest, as its tickets come later.

        An older one is read once: Python before 3.12.8 never gives back the memory of one (python/cpython#116810).
        """
        if self._resumable is None or self.tls_version == "TLSv1.3":
            self._resumable = self.stream.writer.get_extra_info("ssl_object").session
        return self._resumable

    @staticmethod
    def parse_pasv_response(s: str) -> tuple[str, int]:
        """Find the six numbers, wherever the server puts them (RFC 1123, 4.1.2.6)."""
        match = _SIX.search(s)
        if match is None or any(int(number) > 255 for number in match.groups()):
            raise ProtocolError("PASV: no address in the reply", remedy="show it to the supplier")
        *host, high, low = (int(number) for number in match.groups())
        return ".".join(map(str, host)), high << 8 | low

    async def _last_words(self) -> str:
        """Return what the server has to say about a transfer that broke, empty if it says nothing."""
        try:
            return f"; the server said {await self.hear(PARTING)}"
        except SyncdError as error:
            let_go(error)
            return ""

    async def leave(self) -> None:
        """Say QUIT and close; never raises."""
        try:
            if self.alive:
                async with asyncio.timeout(PARTING):
                    await self.ask("QUIT")
                    self.close()
                    await self.stream.writer.wait_closed()
        except (SyncdError, OSError) as error:
            let_go(error)
        finally:
            self.cut()

    def cut(self) -> None:
        """Reset both connections: a server that sees an orderly end would keep half a file and call it whole."""
        if not self.alive:
            return
        self.alive = False
        if self._data is not None:
            self._data.cut()
        if self._socket is not None:
            reset(self._socket)
            with contextlib.suppress(AttributeError):  # Python 3.11.2: both sides had closed it already
                self.stream.writer.transport.abort()
        self._data = None  # it knows us: nobody shall wait for the garbage collector


def _keep_alive(connection: socket.socket) -> None:
    """Keep the control connection in the memory of firewalls while a long transfer runs beside it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)


def _unread(wire: FtpWire) -> bytes:
    return bytes(wire.stream.reader._buffer)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way to look


def _reply(code: Code, lines: list[str], secret: str) -> Reply:
    shown = _on_one_line([masked(line, secret) for line in lines])
    return Reply(int(code), _on_one_line(lines), masked(shown, secret))


def _on_one_line(lines: list[str]) -> str:
    text = " ".join(line[1:].strip() if line[:1] in " -" else line.strip() for line in lines)
    return _UNSAFE.sub(" ", text).strip()
