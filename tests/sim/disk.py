"""The disk as a place where things go wrong: each call that changes a file is a point.

The calls of `os` are wrapped while a history runs, and only what the process under test does by way of its executor
passes them: the product's own names stay as they are.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EIO, ENOSPC
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from tests.sim.faults import Fault, Point

CHANGES = ("write", "fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "ftruncate", "pwrite")

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where a memory disk is mounted: a kill loses nothing there that the kernel has, and an fsync costs nothing."""

INOTIFY = Path("anon_inode:inotify")
"""What a descriptor of inotify leads to."""

Passing = Callable[[Point, str], Fault | None]
"""Is told of a point and returns the fault that strikes; raises Crash where the process dies before the call."""


@contextmanager
def watched(enter: Passing, leave: Callable[[Fault | None], None]) -> Iterator[None]:
    """Have every change of a file pass `enter` before and `leave` after it."""
    real = {name: getattr(os, name) for name in CHANGES}
    for name, call in real.items():
        setattr(os, name, partial(_pass, name, call, enter, leave))
    try:
        yield
    finally:
        for name, call in real.items():
            setattr(os, name, call)


class Descriptors:
    """The files that a process has opened by number; whatever ends a process closes them."""

    def __init__(self, watching: Callable[[], bool]) -> None:
        self._watching = watching
        self._open = os.open
        self._close = os.close
        self._numbers: set[int] = set()

    def open(self, *args: Any, **named: Any) -> int:
        """Open a file like `os.open`."""
        number = self._open(*args, **named)
        if self._watching():
            self._numbers.add(number)
        return number

    def close(self, number: int) -> None:
        """Close a file like `os.close`; the kernel takes its time with inotify's, and nobody needs to wait for that."""
        if number not in self._numbers and Path(f"/proc/self/fd/{number}").readlink() == INOTIFY:
            Thread(target=self._close, args=(number,)).start()
            return
        self._numbers.discard(number)
        self._close(number)

    def close_all(self) -> None:
        """Close what is open."""
        for number in self._numbers:
            with suppress(OSError):
                self._close(number)
        self._numbers.clear()


@contextmanager
def descriptors(watching: Callable[[], bool]) -> Iterator[Descriptors]:
    """Have files that are opened by number remembered while `watching` says so."""
    watch = Descriptors(watching)
    vars(os).update(open=watch.open, close=watch.close)
    try:
        yield watch
    finally:
        vars(os).update(open=watch._open, close=watch._close)


def _pass(
    name: str, call: Callable[..., Any], enter: Passing, leave: Callable[[Fault | None], None], *args: Any, **named: Any
) -> Any:
    fault = enter(Point.FILE, f"{name} {_shown(args)}")
    if fault is Fault.FULL and name == "write":
        call(args[0], bytes(args[1])[: len(args[1]) // 2])  # what fits is written
    if fault is Fault.FULL:
        raise OSError(ENOSPC, "No space left on device")
    if fault is Fault.BROKEN:
        raise OSError(EIO, "Input/output error")
    result = call(*args, **named)
    leave(fault)
    return result


def _shown(args: tuple[Any, ...]) -> str:
    """Show the last two parts of a path; descriptors differ from run to run."""
    paths = [os.fspath(arg) for arg in args if not isinstance(arg, (int, bytes, memoryview))]
    return " ".join("/".join(str(path).split("/")[-2:]) for path in paths)
