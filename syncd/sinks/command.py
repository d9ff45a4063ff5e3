"""The sink for everything else: a program is run for each interchange.

The program gets a copy of the file, as its last argument or as its standard input, and in its
environment what the file is (SYNCD_KEY and others). Its exit status is the answer: 0 is taken, 65 (EX_DATAERR of
sysexits.h) is never, 75 (EX_TEMPFAIL) is not now, anything else is a failure; the last two are tried again. A program
that must not do its work twice remembers SYNCD_KEY: it may see one again, after a crash or a time-out.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from syncd.errors import SinkError, SinkRefusedError
from syncd.sinks.base import Batch
from syncd.sinks.jsonl import json_lines
from syncd.sinks.names import relative_path
from syncd.sinks.raw import blocks

NEVER = 65
NOT_NOW = 75
SAID = 500
"""Characters of what the program last wrote to standard error, shown with a failure."""
MISSING = "is not there, or may not be run"
WORDS = ("key", "account", "supplier", "channel", "kind", "name", "sha256", "stamp", "base")
KEPT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What the program gets of syncd's own environment, which may hold secrets."""


class CommandSettings(BaseModel):
    """The table `[sink.NAME]` of type "command"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Annotated[list[Annotated[str, Field(pattern=r"^[^\x00]+$")]], Field(min_length=1)] = Field(
        description="the program and its arguments; no shell reads them"
    )
    input: Literal["path", "stdin"] = Field(default="path", description="how the program gets the file")
    records: bool = Field(default=False, description="hand over the records as JSON Lines instead of the file itself")
    timeout: float = Field(default=300, gt=0, le=86_400, description="seconds until the program is killed")

    def unusable(self) -> Iterator[tuple[str, str]]:
        """Yield the key and the reason if the program is not there for this user, for `syncd config check --paths`."""
        if shutil.which(self.command[0]) is None:
            yield "command", f"{self.command[0]} {MISSING}"


class CommandSink:
    """Hand interchanges to a program."""

    Settings: ClassVar[type[BaseModel]] = CommandSettings

    def __init__(self, settings: CommandSettings) -> None:
        self._settings = settings

    async def deliver(self, batch: Batch) -> None:
        """Run the program on one batch; raise SinkError unless it exits with 0."""
        with self._translated(), tempfile.TemporaryDirectory(prefix="syncd-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / relative_path("{name}", batch)
            await asyncio.to_thread(self._write, path, batch)
            with path.open("rb") as file, tempfile.TemporaryFile() as said:
                status = await self._run(path, file, said, batch)
                self._judge(status, _last_words(said))

    async def check(self) -> str:
        """Look whether the program is there and may be run; it is not run. Raise SinkError."""
        program = self._settings.command[0]
        found = await asyncio.to_thread(shutil.which, program)
        if found is None:
            raise SinkError(
                f"{program} {MISSING}",
                remedy="The program must be there and executable for syncd's user.",
            )
        return f"{found} is there, and was not run"

    async def close(self) -> None:
        """Do nothing: no program outlives its delivery."""

    def _write(self, path: Path, batch: Batch) -> None:
        with path.open("xb") as file:
            file.writelines(json_lines(batch) if self._settings.records else blocks(batch.raw))

    async def _run(self, path: Path, file: BinaryIO, said: BinaryIO, batch: Batch) -> int | None:
        """Return the exit status, or None when the time is up; whatever ends this ends the program and its children."""
        as_path = self._settings.input == "path"
        process = await asyncio.create_subprocess_exec(
            *self._settings.command,
            *([str(path)] if as_path else []),
            stdin=asyncio.subprocess.DEVNULL if as_path else file,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=said,
            env=_environment(batch),
            start_new_session=True,
        )
        try:
            return await asyncio.wait_for(process.wait(), self._settings.timeout)
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _judge(self, status: int | None, said: str) -> None:
        program = self._settings.command[0]
        if status is None:
            raise SinkError(
                f"{program} did not end within {self._settings.timeout:g} s and was killed{said}",
                remedy="Raise timeout if it needs longer; the file is handed over again.",
            )
        if status == NEVER:
            raise SinkRefusedError(f"{program} refuses it{said}", remedy="Run it by hand on the file.")
        if status == NOT_NOW:
            raise SinkError(f"{program} cannot take it now{said}", remedy="It is tried again.")
        if status != 0:
            ended = f"exited with {status}" if status > 0 else f"was ended by {signal.Signals(-status).name}"
            raise SinkError(f"{program} {ended}{said}", remedy="Exit status 0 is taken; run it by hand on the file.")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise SinkError(
                f"cannot run {self._settings.command[0]}: {error}",
                remedy="The program must be there and executable for syncd's user, and the temporary folder writable.",
            ) from error


def _environment(batch: Batch) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {f"SYNCD_{word.upper()}": str(getattr(batch, word) or "") for word in WORDS}


def _last_words(said: BinaryIO) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - SAID))
    words = " ".join(said.read().decode("utf-8", "replace").split())
    return f": {''.join(filter(str.isprintable, words))}" if words else ""
