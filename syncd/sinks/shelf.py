"""Files of an interchange in a shop's folder: whole, at once, and each once, though others take them away at any time.

Another program watches the folder and takes files as soon as it sees them, so "the file is not there" never means "it
was not delivered". What was delivered is known from `.syncd/` in the folder, where no watcher looks:

    .syncd/KEY.draft/   files being written
    .syncd/KEY.ready/   all of them whole and on the disk: from here on the delivery is finished, never begun again
    .syncd/delivered    the keys that were delivered

A file leaves KEY.ready by being renamed to its name in the folder. So a file that is missing in KEY.ready was
published, whatever became of it since. The sink may be killed anywhere, and a batch may come any number of times: each
file appears once.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from filecmp import cmp
from pathlib import Path

from syncd.errors import SinkError
from syncd.sinks.base import Batch
from syncd.sinks.ledger import Ledger, sync_folder

STEM = "file"
"""How drafts begin: what follows is put behind the name of the interchange."""

REMEDIES = {
    errno.ENOSPC: "Make room on that disk.",
    errno.EDQUOT: "The quota of syncd's user on that disk is used up.",
    errno.EACCES: "Give syncd's user the right to write there, `.syncd` included.",
    errno.EPERM: "Give syncd's user the right to write there, `.syncd` included.",
    errno.EROFS: "The disk is mounted read-only; under systemd, name the folder in ReadWritePaths=.",
    errno.ENOENT: "The folder's parent is missing: is the disk mounted? syncd makes the last folder only.",
    errno.ENOTDIR: "Something that is no folder stands in the way; move it.",
    errno.EXDEV: "A subfolder lies on another disk, so no file can appear there whole; use one sink per disk.",
}


class Shelf:
    """A folder where files of interchanges are laid out."""

    def __init__(self, root: Path, mode: int) -> None:
        self._root = root
        self._mode = mode
        self._books = root / ".syncd"
        self._delivered = Ledger(self._books / "delivered")

    def lay(self, batch: Batch, target: Path, write: Callable[[Path], None]) -> None:
        """Publish the files that `write` makes in a folder, `target` + suffix for STEM + suffix; raise SinkError."""
        ready = self._books / f"{batch.key}.ready"
        with self._translated():
            self._make(self._root, self._books)
            if batch.key not in self._delivered:
                if not ready.exists():
                    self._prepare(ready, write)
                for file in sorted(ready.iterdir()):
                    self._publish(file, target, batch.sha256)
                self._delivered.add(batch.key)
            shutil.rmtree(ready, ignore_errors=True)

    def check(self) -> str:
        """Write a hidden file, rename it as a delivery would, and remove it; raise SinkError."""
        draft, target = self._books / "check", self._root / ".syncd-check"
        with self._translated():
            self._make(self._root, self._books)
            draft.touch()
            draft.rename(target)
            target.unlink()
        return f"files can appear in {self._root}"

    def _prepare(self, ready: Path, write: Callable[[Path], None]) -> None:
        """Write all files of a batch; that they are all there is what the rename to `ready` says."""
        draft = ready.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            write(draft)
            for file in draft.iterdir():
                self._finish(file)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_folder(draft)
        draft.rename(ready)
        sync_folder(self._books)

    def _finish(self, file: Path) -> None:
        with file.open("rb+") as opened:
            os.fchmod(opened.fileno(), self._mode)
            os.fsync(opened.fileno())

    def _publish(self, ready: Path, target: Path, sha256: str) -> None:
        """Move one file to its name; what is there already is not touched."""
        self._make(*(folder for folder in reversed(target.parents) if folder.is_relative_to(self._root)))
        name, suffix = target.name, ready.name.removeprefix(STEM)
        target = target.with_name(f"{name}{suffix}")
        if target.exists() and not cmp(ready, target, shallow=False):
            target = target.with_name(f"{name}.{sha256[:12]}{suffix}")
        if target.exists() and cmp(ready, target, shallow=False):
            ready.unlink()
        else:
            ready.rename(target)
            sync_folder(target.parent)

    @staticmethod
    def _make(*folders: Path) -> None:
        for folder in folders:
            if not folder.is_dir():
                folder.mkdir()
                sync_folder(folder.parent)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            remedy = REMEDIES.get(error.errno or 0, "Look at the folder and the disk; the delivery is tried again.")
            raise SinkError(f"folder {self._root}: {error}", remedy=remedy) from error
