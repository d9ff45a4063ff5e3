"""What is seen: one line for each scene, live on a terminal, as plain lines elsewhere; and the table at the end."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from syncd.demo.checks import Check


@dataclass(slots=True)
class Scene:
    """One thing that happens."""

    title: str
    detail: str = ""
    at: float | None = None
    """Seconds after the curtain; None while it goes on."""
    failed: bool = False


@dataclass(slots=True)
class Stage:
    """Shows scenes as they begin and end."""

    console: Console
    scenes: list[Scene] = field(default_factory=list)
    _live: Live | None = None
    _curtain: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=8)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def begin(self, title: str) -> Scene:
        """Announce a scene."""
        scene = Scene(title)
        self.scenes.append(scene)
        return scene

    def end(self, scene: Scene, detail: str, *, failed: bool = False) -> None:
        """Say how a scene came out."""
        scene.failed = failed
        scene.detail, scene.at = detail, time.monotonic() - self._curtain
        if self._live is None:
            self.console.print(f"{scene.at:5.1f} s  {scene.title}: {detail}", soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for scene in self.scenes:
            mark = Spinner("dots") if scene.at is None else _mark(not scene.failed)
            clock = "" if scene.at is None else f"{scene.at:.1f} s"
            table.add_row(mark, Text(clock, style="dim"), scene.title, Text(scene.detail, style="cyan"))
        return table


def show(console: Console, checks: Sequence[Check]) -> None:
    """Print the table of what was found out, and by asking whom."""
    table = Table("", "What", "found", "asked", box=SIMPLE_HEAD, pad_edge=False)
    for check in checks:
        mark = _mark(check.holds)
        found = _plain(check.found) if check.holds else f"{_plain(check.found)}, expected {_plain(check.expected)}"
        table.add_row(mark, check.what, found, Text(check.asked, style="dim"))
    console.print(table)


def _mark(good: bool) -> Text:
    return Text("✔", style="green") if good else Text("✘", style="bold red")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
