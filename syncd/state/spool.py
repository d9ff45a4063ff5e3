"""The spool: the raw bytes of every file, as they came or as they go. They are the truth; the rest can be made again.

Rule 1: every file is draft → fsync → rename → fsync of the directory. A name that ends in `.raw` is a whole file.
Rule 2: names are made of our own integer ids. What a server calls a file never becomes a path.
Rule 3: directories are 0700, files 0600: they hold the names of the shop's customers.
Rule 4: what arrived of a broken transfer is kept, in quarantine.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncd.errors import SpoolLostError, StateDamagedError
from syncd.model import Direction
from syncd.state.disk import disk_errors, rename, sync_directory, sync_file

BLOCK = 2**18
_NAME = re.compile(r"spool/(in|out)/[0-9]{1,19}\.raw|quarantine/(in|out)-[0-9]{1,19}\.partial")
_DRAFT = re.compile(r"([0-9]{1,19})\.part")
_INBOUND = re.compile(r"([0-9]{1,19})\.(?:raw|part)")


def holds_files(root: Path) -> bool:
    """Tell whether there is a whole file in the spool below a state directory, and make nothing."""
    return any(root.glob("spool/*/*.raw"))


def is_partial(name: str) -> bool:
    """Tell whether a name of the spool is that of what arrived of a broken transfer."""
    return name.endswith(".partial")


class Draft:
    """A file on its way into the spool; it counts for nothing until it is committed."""

    def __init__(self, path: Path, final: Path, partial: Path) -> None:
        self._path, self._final, self._partial = path, final, partial
        self._hash = hashlib.sha256()
        self._synced = False
        self.size = 0
        with disk_errors(path):
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _SAFE, 0o600)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    def append(self, block: bytes) -> None:
        """Write a block at once, unbuffered. Raises DiskFullError; what fitted stays in the draft."""
        self._synced = False
        rest = memoryview(block)
        with disk_errors(self._path):
            while rest:
                written = os.write(self._descriptor(), rest)
                self._hash.update(rest[:written])
                self.size += written
                rest = rest[written:]

    def sync(self) -> None:
        """Have the bytes on the disk itself."""
        with disk_errors(self._path):
            os.fsync(self._descriptor())
        self._synced = True

    def commit(self) -> str:
        """Make it a whole file of the spool, durably; return its name there."""
        self._move(self._final)
        return _name(self._final)

    def keep_partial(self) -> str | None:
        """Move what there is to quarantine, durably; return its name there, None when there is nothing."""
        if self.size == 0:
            self.discard()
            return None
        self._move(self._partial)
        return _name(self._partial)

    def discard(self) -> None:
        """Remove it; a draft that has ended already is left as it is."""
        if self._file is not None:
            self._close()
            with disk_errors(self._path):
                self._path.unlink(missing_ok=True)

    def _descriptor(self) -> int:
        if self._file is None:
            raise ValueError(f"the draft {self._path.name} has ended")
        return self._file

    def _move(self, target: Path) -> None:
        if not self._synced:
            self.sync()
        self._close()
        rename(self._path, target)

    def _close(self) -> None:
        os.close(self._descriptor())
        self._file = None


class Spool:
    """The files below the state directory: `spool/in`, `spool/out`, `quarantine`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with disk_errors(root):
            for directory in (root, root / "spool", *map(self._folder, Direction), root / "quarantine"):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def draft(self, direction: Direction, number: int) -> Draft:
        """Begin a file. Raises DiskFullError."""
        return Draft(self._draft(direction, number), self._whole(direction, number), self._partial(direction, number))

    def write(self, direction: Direction, number: int, data: bytes) -> str:
        """Write a whole file, durably; return its name in the spool. Raises DiskFullError, leaving nothing."""
        draft = self.draft(direction, number)
        try:
            draft.append(data)
            return draft.commit()
        except BaseException:
            with suppress(StateDamagedError):  # the first error is the one to tell
                draft.discard()
            raise

    def path(self, name: str) -> Path:
        """Return where a file of the spool lies. Raises StateDamagedError for a name the spool never gave."""
        if not _NAME.fullmatch(name):
            raise StateDamagedError(f"“{name}” is no name of the spool", remedy="The journal was changed by hand.")
        return self._root / name

    def read(self, name: str) -> bytes:
        """Return all bytes of a file. Raises SpoolLostError when it is missing."""
        with _there(self.path(name)):
            return self.path(name).read_bytes()

    def blocks(self, name: str, size: int = BLOCK) -> Iterator[bytes]:
        """Yield a file in blocks. Raises SpoolLostError when it is missing."""
        with _there(self.path(name)), self.path(name).open("rb", buffering=0) as file:
            while block := file.read(size):
                yield block

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a file, in hexadecimal digits. Raises SpoolLostError when it is missing."""
        digest = hashlib.sha256()
        for block in self.blocks(name):
            digest.update(block)
        return digest.hexdigest()

    def verify(self, name: str, sha256: str) -> None:
        """Make sure that a file is as it came. Raises SpoolLostError when it is missing, or has other bytes."""
        if self.sha256(name) != sha256:
            raise SpoolLostError(f"its bytes in {name} are not those that came", remedy=_RESTORE)

    def sizes(self) -> dict[str, int]:
        """Return the names and sizes in bytes of all whole and partial files."""
        found: dict[str, int] = {}
        with disk_errors(self._root):
            for folder in ("spool/in", "spool/out", "quarantine"):
                for entry in os.scandir(self._root / folder):
                    name = f"{folder}/{entry.name}"
                    if _NAME.fullmatch(name):
                        found[name] = entry.stat(follow_symlinks=False).st_size
        return found

    def remove(self, name: str) -> None:
        """Remove a file that nobody needs; it may be gone already."""
        with disk_errors(self.path(name)):
            self.path(name).unlink(missing_ok=True)

    def free(self) -> int:
        """Return the bytes that a file may still take on this disk."""
        with disk_errors(self._root):
            disk = os.statvfs(self._root)
        return disk.f_bavail * disk.f_frsize

    def adopt(self, direction: Direction, number: int) -> str | None:
        """Return the name of the whole file of this id, if a crash left one that the journal does not know."""
        whole = self._whole(direction, number)
        if not whole.is_file():
            return None
        sync_directory(whole.parent)  # the crash may have come between the rename and its fsync
        return _name(whole)

    def leftovers(self) -> list[tuple[Direction, int]]:
        """List the drafts that a crash left, by direction and id."""
        found = []
        for direction in Direction:
            with disk_errors(self._folder(direction)):
                matches = [_DRAFT.fullmatch(entry.name) for entry in self._folder(direction).iterdir()]
            found += [(direction, int(match[1])) for match in matches if match]
        return sorted(found)

    def keep_leftover(self, direction: Direction, number: int) -> str | None:
        """Move a draft that a crash left to quarantine; return its name there, None when it was empty or is gone."""
        draft, partial = self._draft(direction, number), self._partial(direction, number)
        with disk_errors(draft):
            if not draft.is_file():
                return None
            if draft.stat().st_size == 0:
                draft.unlink()
                return None
        sync_file(draft)
        rename(draft, partial)
        return _name(partial)

    def sweep(self) -> None:
        """Remove outbound drafts: the file that was being taken still lies in the outbox."""
        for direction, number in self.leftovers():
            if direction is Direction.OUT:
                with disk_errors(self._root):
                    self._draft(direction, number).unlink(missing_ok=True)

    def put_aside(self, newest: int) -> list[str]:
        """Move inbound files of ids above the newest that was given to quarantine; return their names there.

        The state that knew them was replaced by an older copy, which gives their ids again: no other may find them.
        """
        with disk_errors(self._root):
            there = sorted(self._folder(Direction.IN).iterdir())
        named = [(path, _INBOUND.fullmatch(path.name)) for path in there]
        return [self._stray(path) for path, match in named if match and int(match[1]) > newest]

    def _stray(self, path: Path) -> str:
        sync_file(path)
        with disk_errors(path), path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        target = self._root / "quarantine" / f"stray-{digest[:16]}{path.suffix}"
        rename(path, target)
        return f"quarantine/{target.name}"

    def _folder(self, direction: Direction) -> Path:
        return self._root / "spool" / direction.value

    def _draft(self, direction: Direction, number: int) -> Path:
        return self._folder(direction) / f"{number:d}.part"

    def _whole(self, direction: Direction, number: int) -> Path:
        return self._folder(direction) / f"{number:d}.raw"

    def _partial(self, direction: Direction, number: int) -> Path:
        return self._root / "quarantine" / f"{direction.value}-{number:d}.partial"


_SAFE = os.O_CLOEXEC | os.O_NOFOLLOW
_RESTORE = "Restore it from a backup, drop the order again, or ask the supplier for the file."


@contextmanager
def _there(path: Path) -> Iterator[None]:
    """Tell a file that is missing from a disk that fails: the one is the loss of one file, the other stops syncd."""
    with disk_errors(path):
        try:
            yield
        except FileNotFoundError:
            raise SpoolLostError(f"its bytes are gone: {path} is missing", remedy=_RESTORE) from None


def _name(path: Path) -> str:
    name = path.as_posix()
    return name[name.rindex("/quarantine/" if is_partial(name) else "/spool/") + 1 :]
