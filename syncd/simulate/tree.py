"""The files of one account, in memory, and how they look in a listing."""

import posixpath
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Says what time it is; always aware."""


class Directory(MutableMapping[str, bytes]):
    """Files of one directory, name to bytes; a file remembers when it was put there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._files: dict[str, tuple[bytes, datetime]] = {}

    def __getitem__(self, name: str) -> bytes:
        return self._files[name][0]

    def __setitem__(self, name: str, content: bytes) -> None:
        self._files[name] = (bytes(content), self._clock().astimezone(UTC))

    def __delitem__(self, name: str) -> None:
        del self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def modified(self, name: str) -> datetime:
        """Return when a file was put there, in UTC."""
        return self._files[name][1]


class Tree:
    """An account's directories by absolute path. There are those it was made with, and never others."""

    def __init__(self, clock: Clock, paths: tuple[str, ...]) -> None:
        self.directories: Mapping[str, Directory] = {path: Directory(clock) for path in ("/", *paths)}

    def __contains__(self, path: str) -> bool:
        return path in self.directories

    def __getitem__(self, path: str) -> Directory:
        return self.directories[path]

    def below(self, path: str) -> list[str]:
        """Name the directories right below a directory."""
        return [posixpath.basename(p) for p in self.directories if p != "/" and posixpath.dirname(p) == path]


def resolve(cwd: str, argument: str) -> str:
    """Make an absolute path of what a client named; `..` never leads above the root."""
    path = posixpath.normpath(posixpath.join(cwd, argument))
    return "/" + path.lstrip("/")


def entries(tree: Tree, path: str) -> list["Entry"]:
    """List a directory: directories first, then files in the order in which they came."""
    directory = tree[path]
    folders = [Entry(name, None, datetime(2026, 1, 1, tzinfo=UTC)) for name in tree.below(path)]
    return folders + [Entry(name, len(content), directory.modified(name)) for name, content in directory.items()]


class Entry:
    """One line of a listing; `size` is None for a directory."""

    MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

    def __init__(self, name: str, size: int | None, modified: datetime) -> None:
        self.name = name
        self.size = size
        self.modified = modified

    def long(self) -> str:
        """Write the line as Unix `ls -l` does; the month is English whatever the house's language."""
        kind = "drwxr-xr-x   2" if self.size is None else "-rw-r--r--   1"
        when = f"{self.MONTHS[self.modified.month - 1]} {self.modified:%d %H:%M}"
        return f"{kind} ftp      ftp      {self.size or 0:>10} {when} {self.name}"

    def facts(self) -> str:
        """Write the line of MLSD (RFC 3659, 7)."""
        kind = "type=dir;" if self.size is None else f"type=file;size={self.size};"
        return f"{kind}modify={self.modified:%Y%m%d%H%M%S}; {self.name}"
