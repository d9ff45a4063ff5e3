"""The keys that a folder was given, in a text file beside it: one key per line, the newest last.

A line is appended and fsynced. A crash may cut the last line short, so a line counts only when it is a whole key, and
every append begins a new line. The file is written anew, by rename, before it grows beyond twice what is kept.
"""

import os
from pathlib import Path

REMEMBERED = 20_000
"""Keys kept at least: years of a busy shop, in about a megabyte."""


class Ledger:
    """Remember keys in a file, through crashes and within bounds."""

    def __init__(self, path: Path, remembered: int = REMEMBERED) -> None:
        self._path = path
        self._remembered = remembered

    def __contains__(self, key: str) -> bool:
        return key in self.keys()

    def add(self, key: str) -> None:
        """Write a key down; when this returns it is on the disk."""
        keys = self.keys()
        if len(keys) >= 2 * self._remembered:
            self._rewrite(keys[-self._remembered :])
        with self._path.open("ab") as file:
            _write_through(file.fileno(), f"\n{key}\n".encode())

    def keys(self) -> list[str]:
        """Return the keys that are remembered, the oldest first; one may stand there twice."""
        return self._path.read_text("utf-8").split() if self._path.exists() else []

    def _rewrite(self, keys: list[str]) -> None:
        draft = self._path.with_suffix(".draft")
        with draft.open("wb") as file:
            _write_through(file.fileno(), "\n".join(keys).encode())
        draft.rename(self._path)
        sync_folder(self._path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_through(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)
