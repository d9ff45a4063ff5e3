"""Putting an order into an account's outbox so that the daemon sees it whole: draft, fsync, rename, fsync the folder.

The name of an order shows a second of the supplier's wall clock. The last one given to a customer is kept beside the
outbox's files under a lock, so that no two orders get the same name, in one second or in the hour that October repeats.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from syncd.errors import UsageError
from syncd.formats import next_order_name, order_stamp
from syncd.suppliers.rules import Outbound, Supplier


def place_order(
    content: bytes, folder: Path, supplier: Supplier, channel: Outbound, customer: str, clock: Callable[[], datetime]
) -> Path:
    """Write an order under the next free name of its customer and return its path. The folder is made if need be.

    Raises UsageError.
    """
    with _said(folder), _last_stamp(folder / f".{customer}.stamp") as stamp:
        name = _next(stamp, folder, supplier, channel, customer, clock)
        _publish(content, folder / name)
    return folder / name


def take_name(folder: Path, supplier: Supplier, channel: Outbound, customer: str, clock: Callable[[], datetime]) -> str:
    """Return the next free name of a customer and put nothing into the folder. Raises UsageError."""
    with _said(folder), _last_stamp(folder / f".{customer}.stamp") as stamp:
        return _next(stamp, folder, supplier, channel, customer, clock)


def _next(
    stamp: "_Stamp", folder: Path, supplier: Supplier, channel: Outbound, customer: str, clock: Callable[[], datetime]
) -> str:
    last = max([stamp.read(), *_stamps_in(folder, customer)])
    zone = ZoneInfo(supplier.timezone)
    name = next_order_name(channel.name_template, customer, clock(), last or None, zone=zone)
    stamp.write(order_stamp(name) or last)
    return name


def place_file(content: bytes, folder: Path, name: str) -> Path:
    """Write a file under its own name and return its path. Raises UsageError when one of that name waits there."""
    with _said(folder):
        _publish(content, folder / name)
    return folder / name


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except FileExistsError as error:
        remedy = "Wait until it has left, or give yours another name."
        raise UsageError(f"{error.filename2 or error.filename} waits in the outbox already", remedy=remedy) from None
    except OSError as error:
        message = f"the outbox {folder} cannot be written: {error.strerror}"
        raise UsageError(message, remedy="Give this user access to it, or make room on its disk.") from None


def _publish(content: bytes, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stamps_in(folder: Path, customer: str) -> Iterator[str]:
    for path in folder.glob(f"S_{customer}_*"):
        yield order_stamp(path.name) or ""


class _Stamp:
    """The last stamp of one customer, in a locked file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> str:
        """Return the stamp; empty where none was given yet."""
        return os.pread(self._descriptor, 14, 0).decode("ascii", "replace")

    def write(self, stamp: str) -> None:
        """Remember a stamp before its name is used."""
        os.pwrite(self._descriptor, stamp.encode("ascii"), 0)
        os.fsync(self._descriptor)


@contextmanager
def _last_stamp(path: Path) -> Iterator[_Stamp]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield _Stamp(descriptor)
    finally:
        os.close(descriptor)
