"""The disk: what must be on it before anything else happens, and its errors in our words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.errors import NO_ROOM, DiskFullError, StateDamagedError


def rename(source: Path, target: Path) -> None:
    """Give a file its name, durably: the directories are fsynced too."""
    with disk_errors(target):
        source.rename(target)
        if source.parent != target.parent:
            sync_directory(source.parent)
        sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Have a directory's entries on the disk itself."""
    _sync(directory, os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Have a file's bytes on the disk itself."""
    _sync(path, os.O_NOFOLLOW)


def _sync(path: Path, kind: int) -> None:
    with disk_errors(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | kind)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says into our errors."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFullError(f"{path}: {error.strerror}", remedy="Make room on this disk.") from error
        remedy = "Check the disk, and who owns the state directory: docs/state.md."
        raise StateDamagedError(f"{path}: {error.strerror}", remedy=remedy) from error
