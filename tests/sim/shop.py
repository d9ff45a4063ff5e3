"""The shop: it drops orders into outboxes, takes files out of its folder, and keeps books on what it was given.

`Recorder` is a sink that takes keys, as a good one does: a key it knows has no second effect.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from syncd.errors import SinkError
from syncd.sinks.base import Batch

CUSTOMER = "900900"
ARTICLES = ("9783442756841", "9783865213891", "9783784471587")
"""There, missing, half there: by the rule of the house's shelf."""


def umbreit_order(number: int, at: datetime) -> tuple[str, bytes]:
    """Make an order for Umbreit: its name and its bytes, like no other's."""
    local = at.astimezone(ZoneInfo("Europe/Berlin"))
    lines = [
        f"B101{CUSTOMER:<10}VD24000     VD{local:%Y%m%d}{f'{number}-{line}':<10}{article:<13}EN000{line + 2}ST"
        f"*1003Kunde{number}*9999\r\n"
        for line, article in enumerate(ARTICLES)
    ]
    return f"S_{CUSTOMER}_{local:%Y%m%d%H%M%S}", "".join(lines).encode()


def cb_order(number: int) -> tuple[str, bytes]:
    """Make an order for CB: opaque bytes."""
    return f"bestelling-{number}.txt", f"bestelling {number}\r\n".encode() * 40


@dataclass(frozen=True)
class Dropped:
    """An order that the shop has put into an outbox."""

    account: str
    name: str
    content: bytes


def drop(outbox: Path, name: str, content: bytes, at: datetime) -> None:
    """Put a file into an outbox, by rename; `at` is the machine's time."""
    draft = outbox.parent / "draft"
    draft.write_bytes(content)
    os.utime(draft, (at.timestamp(), at.timestamp()))
    draft.rename(outbox / name)


@dataclass
class Folder:
    """The folder of a `directory` sink, and a program that takes files away as soon as it sees them."""

    path: Path
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a file came, by name and content; the folder may have put its hash behind a name."""

    def sweep(self) -> None:
        """Take everything that lies there."""
        for path in sorted(self.path.glob("[!.]*")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.taken[path.name.removesuffix(f".{digest[:12]}"), digest] += 1
            path.unlink()


class NoSettings(BaseModel):
    """A recorder has none."""


@dataclass
class Recorder:
    """A sink that takes keys; it outlives every process that calls it."""

    Settings: ClassVar[type[BaseModel]] = NoSettings
    enter: Callable[[str], Any]
    """Told before each call; an awaitable that may fail, or say that it fails later."""
    keys: set[str] = field(default_factory=set)
    files: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Effects by account, name and content."""
    goods: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Goods booked, by account, delivery note and position."""
    stamps: dict[str, str] = field(default_factory=dict)
    """The stock list in use, by account."""
    back: list[str] = field(default_factory=list)
    """Stock lists that were older than the one in use."""
    calls: int = 0

    async def deliver(self, batch: Batch) -> None:
        self.calls += 1
        leave = await self.enter(f"{batch.account} {batch.name}")
        if batch.key not in self.keys:
            records = list(batch.records())
            self.keys.add(batch.key)
            self._book(batch, records)
        leave()

    def _book(self, batch: Batch, records: list[Any]) -> None:
        self.files[batch.account, batch.name, batch.sha256] += 1
        for record in records:
            if getattr(record, "bookable", False):
                self.goods[batch.account, record.note, record.position] += 1
        if batch.stamp is not None:
            if batch.stamp < self.stamps.get(batch.account, ""):
                self.back.append(f"{batch.account} {batch.name}: {batch.stamp} after {self.stamps[batch.account]}")
            self.stamps[batch.account] = batch.stamp

    async def close(self) -> None:
        """Stay."""


def refused(label: str) -> SinkError:
    """Return what a sink says that cannot take a delivery now."""
    return SinkError(f"the shop's system is away ({label})", remedy="wait")
