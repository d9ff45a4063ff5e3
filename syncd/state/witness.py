"""The witness: one small file outside the state that remembers how far the state had come.

An order that was queued when a backup was made, and was sent since, is queued again once the backup is restored. The
database cannot know that; so the latest publication of an account is also written down beside its outbox's files, and
a database that knows less than the witness is an older one. An order that came after the copy was made is not in it at
all, so the witness lists the orders that are not settled too. See docs/decisions/restore.md.
"""

import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncd.errors import LaterError, StateDamagedError
from syncd.state.disk import disk_errors, rename
from syncd.state.tables import EPOCH, MICROSECOND, microseconds

_FIRST = re.compile(r"session ([0-9]{1,18}) event ([0-9]{1,18})(?: at ([0-9]{1,18}))?")
_ORDER = re.compile(r"order ([0-9]{1,18}) ([a-z0-9-]+) ([0-9]{1,18}) ([0-9a-f]{64}) ([^/]+)")
_TOLD = "syncd knows by this file whether its state is an old copy."
_LONGEST = 64 << 20
"""Bytes; a witness of that length lists some 400,000 orders."""
_UNREADABLE = (
    "Nothing is sent or fetched for this account until then. Give the file to syncd's user. If it cannot be mended, "
    "empty it: every order that may have been sent is then held, and the supplier is asked (docs/state.md, Backup)."
)


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
    """Return what the witness says; None when there is none. Raises LaterError when it cannot be read or understood."""
    try:
        return _understood(_read(witness))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LaterError(f"{witness} cannot be read or understood: {why}", remedy=_UNREADABLE) from error


def _read(witness: Path) -> str:
    descriptor = os.open(witness, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        with open(descriptor, "rb", closefd=False) as file:
            words = file.read(_LONGEST + 1)
    finally:
        os.close(descriptor)
    if len(words) > _LONGEST:
        raise ValueError("it is too long")
    return words.decode()


def _understood(words: str) -> Testimony:
    if not words:  # emptied by hand, to have every order held
        return Testimony(0, 0, EPOCH)
    first, *orders, told, end = words.split("\n") if words.count("\n") > 1 else ("", "", "")
    found = _FIRST.fullmatch(first)
    if found is None or (told, end) != (_TOLD, ""):
        raise ValueError("its first or its last line is not what syncd writes")
    at = EPOCH + int(found[3]) * MICROSECOND if found[3] else None
    return Testimony(int(found[1]), int(found[2]), at, tuple(_order(*each) for each in enumerate(orders, 2)))


def _order(line: int, words: str) -> Order:
    found = _ORDER.fullmatch(words)
    if found is None or not found[5].isprintable():
        raise ValueError(f"line {line} names no order")
    return Order(int(found[1]), found[2], int(found[3]), found[4], found[5])


def tell(witness: Path, said: Testimony) -> None:
    """Have the witness remember, durably. Raises DiskFullError, LaterError."""
    when = f" at {microseconds(said.at)}" if said.at else ""
    orders = [f"order {o.number} {o.channel} {o.size} {o.sha256} {o.name}" for o in said.orders]
    words = "\n".join([f"session {said.fence} event {said.event}{when}", *orders, _TOLD, ""])
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
