"""What the in-memory server has and remembers: accounts, files, its log, and the troubles it is told to get into."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from syncd.transport.wire import Reply

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Fault(StrEnum):
    """What can go wrong at a command."""

    UNHEARD = "unheard"
    """The connection breaks before the server gets the command."""
    UNANSWERED = "unanswered"
    """The server does it all, and the connection breaks before the (final) reply."""
    SILENT = "silent"
    """The server does nothing and says nothing."""
    CUT = "cut"
    """The connection breaks when half of the data has passed."""
    SHORT = "short"
    """Half of the data passes, and the server calls it complete."""
    NO_GOODBYE = "no-goodbye"
    """The data ends without TLS close_notify."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The next time this verb comes (`CONNECT` is one, too), this happens: a fault, or a reply instead of the deed."""

    verb: str
    what: Fault | Reply


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A file on the server's disk."""

    data: bytes
    modified: datetime


@dataclass(slots=True)
class MemoryAccount:
    """One account: directories below its home, by path without a leading slash; `""` is the home itself."""

    user: str
    password: str
    directories: dict[str, dict[str, MemoryFile]]
    open_sessions: int = 0
    most_sessions: int = 0
    """How many sessions were ever open at once."""


Hook = Callable[[MemoryAccount, str, str], None]
"""Called with account, directory and name when a file is complete under that name."""


@dataclass(slots=True)
class Disk:
    """The server's accounts and its behaviour."""

    accounts: dict[str, MemoryAccount] = field(default_factory=dict)
    knows_mlsd: bool = True
    delete_on_read: bool = False
    on_complete: Hook | None = None
    troubles: list[Trouble] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    """User and command of everything that arrived, passwords masked."""
    clock: Callable[[], datetime] | None = None
    """Stamps new files; None: each a second after the last, from 1 January 2026."""
    written: int = 0
    """How many files were ever written."""

    def account(self, user: str, password: str, directories: Iterable[str] = ("in", "out")) -> MemoryAccount:
        """Open an account."""
        made = MemoryAccount(user, password, {directory: {} for directory in ("", *directories)})
        self.accounts[user] = made
        return made

    def put(self, user: str, directory: str, name: str, data: bytes) -> None:
        """Lay a file into a directory, as the supplier would."""
        self.accounts[user].directories[directory][name] = self.file(data)

    def names(self, user: str, directory: str) -> list[str]:
        """Return the names in a directory, sorted."""
        return sorted(self.accounts[user].directories[directory])

    def read(self, user: str, directory: str, name: str) -> bytes:
        """Return what a file holds."""
        return self.accounts[user].directories[directory][name].data

    def file(self, data: bytes) -> MemoryFile:
        """Stamp new content with the server's time."""
        self.written += 1
        return MemoryFile(data, self.clock() if self.clock else EPOCH + timedelta(seconds=self.written))

    def take_trouble(self, verb: str) -> Fault | Reply | None:
        """Return what shall go wrong at this command, and forget it."""
        for trouble in self.troubles:
            if trouble.verb == verb:
                self.troubles.remove(trouble)
                return trouble.what
        return None
