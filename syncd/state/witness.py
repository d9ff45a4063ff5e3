"""The witness: one small file outside the state that remembers how far the state had come.

An order that was queued when a backup was made, and was sent since, is queued again once the backup is restored. The
database cannot know that; so the latest publication of an account is also written down beside its outbox's files, and
a database that knows less than the witness is an older one. An order that came after the copy was made is not in it at
all, so the witness lists the orders that are not settled too. See docs/decisions/restore.md.
"""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncd.errors import LaterError, StateDamagedError
from syncd.state.disk import disk_errors, rename
from syncd.state.tables import EPOCH, MICROSECOND, microseconds

_LINE = re.compile(r"session ([0-9]{1,18}) event ([0-9]{1,18})(?: at ([0-9]{1,18}))?\n")
_ORDER = re.compile(r"^order ([0-9]{1,18}) (\S+) ([0-9]{1,18}) ([0-9a-f]{64}) (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Order:
    """An order that was not settled when the witness was told."""

    number: int
    channel: str
    size: int
    sha256: str
    name: str


@dataclass(frozen=True, slots=True)
class Testimony:
    """How far the state had come: the latest session that published, and the journal's line that said so before."""

    fence: int
    event: int
    at: datetime | None
    """When that line was written; None in the words of an older syncd."""
    orders: tuple[Order, ...] = ()
    """What left the outbox and is not settled: it may be sent yet, or may have been."""


def path_of(outbox: Path, account: str) -> Path:
    """Return where the witness of an account lies: a hidden file, which is never taken for an order."""
    return outbox / f".syncd-{account}"


def ask(witness: Path) -> Testimony | None:
    """Return what the witness says; None when it is not there or says nothing that can be understood."""
    try:
        words = witness.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = _LINE.match(words)
    if found is None:
        return None
    orders = tuple(Order(int(n), channel, int(size), *rest) for n, channel, size, *rest in _ORDER.findall(words))
    return Testimony(int(found[1]), int(found[2]), (found[3] and EPOCH + int(found[3]) * MICROSECOND) or None, orders)


def tell(witness: Path, said: Testimony) -> None:
    """Have the witness remember, durably. Raises DiskFullError, LaterError."""
    when = f" at {microseconds(said.at)}" if said.at else ""
    orders = [f"order {o.number} {o.channel} {o.size} {o.sha256} {o.name}" for o in said.orders]
    told = "syncd knows by this file whether its state is an old copy."
    words = "\n".join([f"session {said.fence} event {said.event}{when}", *orders, told, ""])
    draft = witness.with_name(f"{witness.name}.tmp")
    try:
        _write(draft, words.encode())
        rename(draft, witness)
    except StateDamagedError as error:
        remedy = "Let syncd's user write into this folder: without it no order is sent (docs/decisions/restore.md)."
        raise LaterError(str(error), remedy=remedy) from error


def _write(draft: Path, words: bytes) -> None:
    with disk_errors(draft):
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            while words:
                words = words[os.write(descriptor, words) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
