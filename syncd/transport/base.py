"""The seam to a supplier's server: a session of a few verbs, with a verdict for each.

Rule 1: any error aborts both connections with RST; a session that failed is never used again. Only the refusal of a
file that was to be fetched is no failure.
Rule 2: `rename_to` and `store` are the only verbs whose lost reply is a doubt; everything else is plainly not done.
Rule 3: names are checked by the caller's channel; a session still refuses separators, control characters and dot names.
Rule 4: one login, one session. Nothing here retries and nothing here logs in twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from syncd.model import Mode, RemoteFile
from syncd.suppliers.rules import Encryption

MAX_FILE = 256 * 2**20
"""Bytes of the largest file that is taken."""

PROGRESS = 4096
"""Bytes. Less of them in an idle timeout counts as silence: else a byte a minute could hold a visit for ever."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to log in; seconds for all times."""

    host: str
    port: int
    user: str
    password: str
    encryption: Encryption
    tls_minimum: str = "1.2"
    ca_file: str | None = None
    """Trust this CA or pinned certificate instead of the system's."""
    strict_tls_end: bool = True
    """Refuse a download that ends without TLS close_notify."""
    passive_ports: range = range(1024, 65536)
    commands: frozenset[str] = frozenset()
    """The commands this session may send; anything else is a ForbiddenError before a byte leaves."""
    connect_timeout: float = 30.0
    login_timeout: float = 90.0
    idle_timeout: float = 60.0
    """Longest wait for a reply or for the next `PROGRESS` bytes of data."""
    longest_transfer: float = 7200.0
    """A listing or a file that takes longer is cut."""
    max_listing: int = 100_000
    max_file: int = MAX_FILE

    def __repr__(self) -> str:
        """Show everything but the password."""
        return f"Endpoint({self.user}@{self.host}:{self.port}, {self.encryption})"


class Download(Protocol):
    """A RETR under way: the blocks first, then, when they are safe on disk, the server's word for it."""

    def blocks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come, as they are on the wire. Raises LaterError, TruncatedError."""
        ...

    async def confirm(self) -> None:
        """Read the final 2xx reply. Only call this when the bytes are fsynced. Raises LaterError, TruncatedError."""
        ...


class Session(Protocol):
    """One login at a supplier's server."""

    @property
    def commands(self) -> list[str]:
        """Every command sent so far, arguments included, the password masked."""
        ...

    @property
    def tls_version(self) -> str | None:
        """The negotiated TLS version, None on a plain connection."""
        ...

    @property
    def skipped(self) -> int:
        """How many lines of the last listing were unreadable, or named hostile names."""
        ...

    async def enter(self, directory: str) -> None:
        """Go to a directory below the account's home. Raises RefusedError (550), LaterError."""
        ...

    async def listing(self) -> list[RemoteFile]:
        """List the current directory: MLSD, else LIST, else NLST. Unreadable lines and hostile names are left out."""
        ...

    async def size(self, name: str) -> int | None:
        """Return the size on the server's disk (TYPE I), None when the file is not there (550)."""
        ...

    async def retrieve(self, name: str, mode: Mode) -> Download:
        """Send RETR and return once the server answered 1xx and the data connection stands.

        Raises RefusedError (5xx), after which the session goes on, LaterError.
        """
        ...

    async def store(self, name: str, data: bytes, mode: Mode) -> None:
        """STOR all of `data` under `name`; return after the 226.

        Raises RefusedError when the server refused before a byte went out, DoubtError when the outcome is not known.
        """
        ...

    async def rename_from(self, name: str) -> bool:
        """Send RNFR; True for 350, False for 550 (no such file). Raises LaterError, ProtocolError."""
        ...

    async def rename_to(self, name: str) -> None:
        """Send RNTO; return after the 250.

        Raises RefusedError for a 5xx (not renamed) and DoubtError for a 4xx or a lost reply.
        """
        ...

    async def remove(self, name: str) -> bool:
        """Send DELE; True for 250, False for 550."""
        ...

    async def quit(self) -> None:
        """Say QUIT; its failure is of no account."""
        ...

    def abort(self) -> None:
        """Cut both connections with RST. May be called at any time, any number of times."""
        ...


Permit = Callable[[], Awaitable[None]]
"""Asked before a connection is opened, before every command and at every block: raises LaterError when the account is
not ours any more, and then nothing is sent."""


async def granted() -> None:
    """Permit everything: for sessions that nobody else can be in the way of."""


class Connect(Protocol):
    """How a session is opened; the real one is `syncd.transport.ftp.connect`."""

    async def __call__(self, endpoint: Endpoint, permit: Permit = granted) -> Session:
        """Connect, secure and log in. Raises LoginRefusedError (530), BusyError (421), LaterError."""
        ...
