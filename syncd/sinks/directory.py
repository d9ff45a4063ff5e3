"""The sink every shop understands: a folder.

Each interchange appears in the folder at once and whole, as the unchanged file, as JSON Lines, or both; `shelf` says
how each file appears once, though another program takes files away as soon as it sees them.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from syncd.sinks.base import Batch
from syncd.sinks.jsonl import json_lines
from syncd.sinks.names import FIELDS, AbsolutePath, checked_template, relative_path
from syncd.sinks.raw import blocks
from syncd.sinks.shelf import STEM, Shelf


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
        self._shelf = Shelf(settings.path, int(settings.mode, 8))
        self._thread = ThreadPoolExecutor(1, "sink-directory")

    async def deliver(self, batch: Batch) -> None:
        """Publish the files of one batch, each once however often the batch comes; raise SinkError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._deliver, batch)

    async def close(self) -> None:
        """Wait for a delivery that is still being written."""
        await asyncio.to_thread(self._thread.shutdown)

    async def check(self) -> str:
        """Let a hidden file appear as a delivery would, and remove it; raise SinkError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._shelf.check)

    def _deliver(self, batch: Batch) -> None:
        def write(folder: Path) -> None:
            if self._settings.raw:
                _write(folder / STEM, blocks(batch.raw))
            if self._settings.records:
                _write(folder / f"{STEM}.jsonl", json_lines(batch))

        self._shelf.lay(batch, self._settings.path / relative_path(self._settings.names, batch), write)


def _write(path: Path, content: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        file.writelines(content)
