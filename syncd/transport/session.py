"""A session's verbs and their verdicts: what each reply of RFC 959 means to an order or a file.

Rule 1: any error cuts the session; a reply that belongs to another command can then never be taken for an answer. A
file that is not given out is none: its 5xx is a whole answer, and the other files are asked for.
Rule 2: a doubt begins when STOR or RNTO goes out: a server that was never heard of again may have made the file.
Rule 3: no command is sent that is not needed: TYPE when it changes, CWD when the directory changes, PWD once and only
when a second directory is visited.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from syncd.errors import (
    DoubtError,
    ForbiddenError,
    LaterError,
    LoginRefusedError,
    ProtocolError,
)
from syncd.model import Mode, RemoteFile
from syncd.transport.base import Endpoint
from syncd.transport.download import FtpDownload, check_end, cut_on_error
from syncd.transport.listing import Listing, parse
from syncd.transport.wire import NOT_IMPLEMENTED, Data, Reply, Wire

_LISTERS = ("MLSD", "LIST", "NLST")
_EMPTY = frozenset({450, 550})
"""What some servers answer to the listing of an empty directory."""
_SIZE = re.compile(r"[0-9]{1,15}")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_BYTES_PER_ENTRY = 192
"""On average, over a whole listing; the most talkative servers need 170."""
SLOW_END = 10
"""The reply to an upload may take this many idle timeouts: what lies in our kernel's buffers goes out first."""


class FtpSession:
    """One login over a wire; implements `syncd.transport.base.Session`."""

    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self._wire = wire
        self._endpoint = endpoint
        self._mode: Mode | None = None
        self._here = ""
        self._home = ""
        self._listers: tuple[str, ...] = _LISTERS
        self._download: FtpDownload | None = None
        self.skipped = 0
        """Lines of the last listing that were unreadable or named hostile names."""

    @property
    def commands(self) -> list[str]:
        """Every command sent so far, the password masked."""
        return self._wire.sent

    @property
    def tls_version(self) -> str | None:
        """The negotiated TLS version, None on a plain connection."""
        return self._wire.tls_version

    async def login(self) -> None:
        """Send USER and PASS. Raises LoginRefusedError (530), BusyError (4xx), RefusedError, LaterError."""
        with self._verb():
            reply = await self._wire.ask("USER", self._endpoint.user)
            if reply.code in (331, 332):
                reply = await self._wire.ask("PASS", self._endpoint.password)
            if reply.code == 530:
                raise LoginRefusedError(
                    f"login of {self._endpoint.user}: the server answered {reply}",
                    remedy="correct user or password; the account stays paused until it is resumed",
                )
            if reply.kind != 2:
                raise reply.refusal(f"login of {self._endpoint.user}")

    async def enter(self, directory: str) -> None:
        """Go to a directory below the account's home. Raises RefusedError (550), LaterError."""
        if directory == self._here:
            return
        with self._verb():
            target = await self._path_from_home(directory) if self._here else directory
            reply = await self._wire.ask("CWD", target)
            if reply.kind != 2:
                raise reply.refusal(f"CWD {target}")
            self._here = directory

    async def listing(self) -> list[RemoteFile]:
        """List the current directory. Raises RefusedError, LaterError, TruncatedError (the listing was cut)."""
        with self._verb():
            found = await self._list()
            while found.skipped and not found.files and len(self._listers) > 1:
                self._listers = self._listers[1:]
                found = await self._list()
            self.skipped = found.skipped
            return found.files

    async def size(self, name: str) -> int | None:
        """Return the size on the server's disk, None when the file is not there (550)."""
        with self._verb():
            await self._type(Mode.BINARY)
            reply = await self._wire.ask("SIZE", name)
            if reply.code == 550:
                return None
            if reply.code == 213 and _SIZE.fullmatch(reply.text):
                return int(reply.text)
            if reply.code in NOT_IMPLEMENTED:
                raise ProtocolError(
                    f"SIZE {name}: the server answered {reply}",
                    remedy="this server cannot prove a size (RFC 3659); nothing can be published by rename here",
                )
            raise reply.refusal(f"SIZE {name}")

    async def retrieve(self, name: str, mode: Mode) -> "FtpDownload":
        """Send RETR and return once the data connection stands.

        Raises RefusedError (5xx, the session goes on), LaterError.
        """
        with self._verb():
            await self._type(mode)
            data = await self._wire.dial()
            reply = await self._wire.ask("RETR", name)
            if reply.kind == 1:
                await data.start()
                self._download = FtpDownload(self._wire, data, name, self._endpoint)
                return self._download
            if reply.kind != 5:
                raise reply.refusal(f"RETR {name}")
            data.close()
        raise reply.refusal(f"RETR {name}")

    async def store(self, name: str, data: bytes, mode: Mode) -> None:
        """STOR all of `data`; return after the 226.

        Raises RefusedError (5xx) or BusyError (4xx) where the server wanted no data, LaterError before STOR went out,
        DoubtError for anything but 226 or 250 after that.
        """
        with self._verb():
            await self._type(mode)
            connection = await self._wire.dial()
            await self._wire.ready()
            try:
                reply = await self._wire.ask("STOR", name)
                last = await self._send(connection, data) if reply.kind == 1 else reply
            except LaterError as error:
                raise _doubt(f"STOR {name}: {error}") from error
            if reply.kind != 1:
                raise reply.refusal(f"STOR {name}")
            if last.code not in (226, 250):
                raise _doubt(f"STOR {name}: after the data the server answered {last}")
            connection.close()

    async def _send(self, connection: Data, data: bytes) -> Reply:
        await connection.start()
        await connection.send(data)
        return await self._wire.hear(self._endpoint.idle_timeout * SLOW_END)

    async def rename_from(self, name: str) -> bool:
        """Send RNFR; True for 350, False for 550. Raises LaterError, ProtocolError."""
        with self._verb():
            reply = await self._wire.ask("RNFR", name)
            if reply.code not in (350, 550):
                raise reply.refusal(f"RNFR {name}")
            return reply.code == 350

    async def rename_to(self, name: str) -> None:
        """Send RNTO; return after the 250. Raises RefusedError for a 5xx, DoubtError for a 4xx or a lost reply."""
        with self._verb():
            await self._wire.ready()
            try:
                reply = await self._wire.ask("RNTO", name)
            except LaterError as error:
                raise _doubt(f"RNTO {name}: {error}") from error
            if reply.kind == 5:
                raise reply.refusal(f"RNTO {name}")
            if reply.kind != 2:
                raise _doubt(f"RNTO {name}: the server answered {reply}")

    async def remove(self, name: str) -> bool:
        """Send DELE; True for 250, False for 550."""
        with self._verb():
            reply = await self._wire.ask("DELE", name)
            if reply.kind != 2 and reply.code != 550:
                raise reply.refusal(f"DELE {name}")
            return reply.kind == 2

    async def quit(self) -> None:
        """Say QUIT; its failure is of no account."""
        await self._wire.leave()

    def abort(self) -> None:
        """Cut both connections with RST."""
        self._wire.cut()

    # -- below the verbs ----------------------------------------------------------------------------------------

    @contextmanager
    def _verb(self) -> Iterator[None]:
        """Run one verb: any error cuts the session, and nothing is asked while a transfer is open."""
        with cut_on_error(self._wire):
            if self._wire.alive and self._download is not None and not self._download.confirmed:
                raise ForbiddenError(
                    f"the transfer of {self._download.name} was not confirmed",
                    remedy="read a download to its end and confirm it before the next command",
                )
            yield

    async def _type(self, mode: Mode) -> None:
        if mode is self._mode:
            return
        reply = await self._wire.ask("TYPE", mode.value)
        if reply.kind != 2:
            raise reply.refusal(f"TYPE {mode.value}")
        self._mode = mode

    async def _path_from_home(self, directory: str) -> str:
        if not self._home:
            reply = await self._wire.ask("PWD")
            here = _QUOTED.search(reply.text)
            path = here[1].replace('""', '"') if reply.code == 257 and here else ""
            if not path.endswith("/" + self._here):
                raise ProtocolError(
                    f"PWD in {self._here}: the server answered {reply}",
                    remedy="without its home no second directory can be visited; give the account one directory",
                )
            self._home = path.removesuffix(self._here)
        return self._home + directory

    async def _list(self) -> Listing:
        """Try MLSD, LIST and NLST on one passive connection, and remember which the server knows."""
        data = await self._wire.dial()
        verb, reply = await self._ask_for_listing()
        if reply.code in _EMPTY:
            data.close()
            return Listing()
        if reply.kind != 1:
            raise reply.refusal(verb)
        await data.start()
        text = await self._read_listing(data, verb)
        await self._conclude_listing(data, verb)
        return parse(text, verb)

    async def _ask_for_listing(self) -> tuple[str, Reply]:
        while True:
            verb = self._listers[0]
            reply = await self._wire.ask(verb)
            if reply.code not in NOT_IMPLEMENTED or len(self._listers) == 1:
                return verb, reply
            self._listers = self._listers[1:]

    async def _read_listing(self, data: Data, verb: str) -> str:
        limit = self._endpoint.max_listing
        read, lines = bytearray(), 0
        while block := await data.read():
            read += block
            lines += block.count(b"\n")
            if lines > limit or len(read) > limit * _BYTES_PER_ENTRY:
                raise ProtocolError(
                    f"{verb}: the listing has more than {limit} entries, or more than {_BYTES_PER_ENTRY} bytes each",
                    remedy="have the directory cleaned up at the supplier's",
                )
        return read.decode("latin-1")

    async def _conclude_listing(self, data: Data, verb: str) -> None:
        reply = await self._wire.hear()
        data.close()
        if reply.kind != 2 and reply.code not in _EMPTY:
            raise reply.refusal(verb)
        check_end(data, self._endpoint, verb)


def _doubt(what: str) -> DoubtError:
    return DoubtError(
        f"in doubt: {what}", remedy="nothing is sent again by itself; the next visit looks, or a person settles it"
    )
