"""The sink every shop understands: a folder.

Each interchange appears in the folder at once and whole, as the unchanged file, as JSON Lines, or both. Another program
watches the folder and takes files away as soon as it sees them, so "the file is not there" never means "it was not
delivered". What was delivered is known from `.syncd/` in the folder, where no watcher looks:

    .syncd/KEY.draft/   files being written
    .syncd/KEY.ready/   all of them whole and on the disk: from here on the delivery is finished, never begun again
    .syncd/delivered    the keys that were delivered

A file leaves KEY.ready by being renamed to its name in the folder. So a file that is missing in KEY.ready was
published, whatever became of it since. The sink may be killed anywhere, and a batch may come any number of times: each
file appears once.
"""

import asyncio
import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from filecmp import cmp
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from syncd.errors import SinkError
from syncd.sinks.base import Batch
from syncd.sinks.jsonl import json_lines
from syncd.sinks.ledger import Ledger, sync_folder
from syncd.sinks.names import FIELDS, AbsolutePath, checked_template, relative_path

BLOCK = 1 << 20

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


class DirectorySettings(BaseModel):
    """The table `[sink.NAME]` of type "directory"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: AbsolutePath = Field(description="the folder; made when it is missing and its parent is there")
    raw: bool = Field(default=True, description="hand over the supplier's file, unchanged")
    records: bool = Field(default=False, description="hand over the records as JSON Lines, in NAME.jsonl")
    names: Annotated[str, AfterValidator(checked_template)] = Field(
        default="{name}", description=f"the name in the folder, made of {', '.join(FIELDS)}; / makes subfolders"
    )
    mode: str = Field(default="0640", pattern="^0?[0-7]{3}$", description="permissions of the files, octal")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.raw or self.records):
            raise ValueError("raw and records are both false: nothing would be handed over")
        return self


class DirectorySink:
    """Hand interchanges over as files."""

    Settings: ClassVar[type[BaseModel]] = DirectorySettings

    def __init__(self, settings: DirectorySettings) -> None:
        self._settings = settings
        self._root = settings.path
        self._books = settings.path / ".syncd"
        self._delivered = Ledger(self._books / "delivered")
        self._thread = ThreadPoolExecutor(1, "sink-directory")

    async def deliver(self, batch: Batch) -> None:
        """Publish the files of one batch, each once however often the batch comes; raise SinkError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._deliver, batch)

    async def close(self) -> None:
        """Wait for a delivery that is still being written."""
        await asyncio.to_thread(self._thread.shutdown)

    async def check(self) -> str:
        """Write a hidden file, rename it as a delivery would, and remove it; raise SinkError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._check)

    def _check(self) -> str:
        draft, target = self._books / "check", self._root / ".syncd-check"
        with _translated(self._root):
            self._make(self._root, self._books)
            draft.touch()
            draft.rename(target)
            target.unlink()
        return f"files can appear in {self._root}"

    def _deliver(self, batch: Batch) -> None:
        target = self._root / relative_path(self._settings.names, batch)
        ready = self._books / f"{batch.key}.ready"
        with _translated(self._root):
            self._make(self._root, self._books)
            if batch.key not in self._delivered:
                if not ready.exists():
                    self._prepare(batch, ready)
                self._publish(ready / "raw", target, batch.sha256)
                self._publish(ready / "records", target.with_name(f"{target.name}.jsonl"), batch.sha256)
                self._delivered.add(batch.key)
            shutil.rmtree(ready, ignore_errors=True)

    def _prepare(self, batch: Batch, ready: Path) -> None:
        """Write all files of a batch; that they are all there is what the rename to `ready` says."""
        draft = ready.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            if self._settings.raw:
                self._write(draft / "raw", _blocks(batch.raw))
            if self._settings.records:
                self._write(draft / "records", json_lines(batch))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_folder(draft)
        draft.rename(ready)
        sync_folder(self._books)

    def _write(self, path: Path, blocks: Iterator[bytes]) -> None:
        with path.open("xb") as file:
            os.fchmod(file.fileno(), int(self._settings.mode, 8))
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())

    def _publish(self, ready: Path, target: Path, sha256: str) -> None:
        """Move one file to its name, unless that was done before; what is there already is not touched."""
        if not ready.exists():
            return
        self._make(*(folder for folder in reversed(target.parents) if folder.is_relative_to(self._root)))
        if target.exists() and not cmp(ready, target, shallow=False):
            target = target.with_name(f"{target.name}.{sha256[:12]}")
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


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


@contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "Look at the folder and the disk; the delivery is tried again.")
        raise SinkError(f"folder {root}: {error}", remedy=remedy) from error
