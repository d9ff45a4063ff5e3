"""What was posted, in a folder of the sink's own: a record whose answer was lost is never posted again by itself.

    doubt/KEY.json   the record is being posted; a file that is still there afterwards is a doubt
    doubt/KEY.taken  a person said that the library has it
    posted           the keys of the records that were taken (`Ledger`)

A record is written down, and on the disk, before it is posted. Who ends a doubt renames the file or removes it, so a
daemon that works at the same time sees the one or the other.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.errors import SinkError
from syncd.sinks.alma.confirm import OrderConfirm
from syncd.sinks.ledger import Ledger, sync_folder


class Posted:
    """Remember which records were posted, which were not, and of which nobody knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._doubts = folder / "doubt"
        self._ledger = Ledger(folder / "posted")

    def open(self) -> tuple[set[str], set[str]]:
        """Return the keys of the records that were taken, and of those in doubt."""
        with self._translated():
            for folder in (self._folder, self._doubts):
                folder.mkdir(exist_ok=True)
            for said in self._doubts.glob("*.taken"):
                self._ledger.add(said.stem)
                said.unlink()
            taken = set(self._ledger.keys())
            for known in self._doubts.glob("*.json"):
                if known.stem in taken:  # the process ended between the two
                    known.unlink()
            return taken, {path.stem for path in self._doubts.glob("*.json")}

    def doubts(self) -> dict[str, dict[str, str]]:
        """Return the records whose answer was lost, by key."""
        return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(self._doubts.glob("*.json"))}

    def begin(self, record: OrderConfirm) -> None:
        """Write down that a record is posted now."""
        draft = self._doubts / f"{record.key}.draft"
        with self._translated():
            with draft.open("w", encoding="utf-8") as file:
                json.dump(record.values(), file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._file(record.key))
            sync_folder(self._doubts)

    def was_taken(self, key: str) -> None:
        """Write down that the library has it."""
        with self._translated():
            self._ledger.add(key)
            self._file(key).unlink()

    def was_not_taken(self, key: str) -> None:
        """Forget that it was posted."""
        with self._translated():
            self._file(key).unlink()
            sync_folder(self._doubts)

    def settle(self, key: str, *, taken: bool) -> None:
        """End a doubt by what a person has seen in the library."""
        if taken:
            with self._translated():
                self._file(key).rename(self._doubts / f"{key}.taken")
                sync_folder(self._doubts)
        else:
            self.was_not_taken(key)

    def _file(self, key: str) -> Path:
        return self._doubts / f"{key}.json"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SinkError(
                f"folder {self._folder}: {error}",
                remedy="What was posted is written down there before anything is posted: syncd's user must be able to "
                "write, the disk must not be full, and the folder's parent must be there.",
            ) from error
