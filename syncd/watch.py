"""Watching the outboxes, so that an order goes out at once. A scan at every heartbeat is the truth; this is quick.

A folder that is missing, or is replaced by another of its name, is watched from the next `renew` on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Self

import structlog
from asyncinotify import Inotify, Mask, Watch

log = structlog.get_logger()

ARRIVALS = Mask.MOVED_TO | Mask.CLOSE_WRITE


class OutboxWatch:
    """Tells in which folder a file has arrived; does not wake when nothing happens."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._watches: dict[Watch, Path] = {}
        self._missed: set[Path] = set()
        self._inotify: Inotify | None = None

    def __enter__(self) -> Self:
        try:
            self._inotify = Inotify()
        except OSError as error:  # the user has as many as the system allows
            log.warning("outbox.not-watched", folder=[str(folder) for folder in self._folders], error=str(error))
        self.renew()
        return self

    def __exit__(self, *_: object) -> None:
        if self._inotify is not None:
            self._inotify.close()

    def renew(self) -> None:
        """Watch the folders that are there now; one that is watched already stays so."""
        if self._inotify is not None:
            for folder in self._folders:
                self._add(self._inotify, folder)

    def _add(self, inotify: Inotify, folder: Path) -> None:
        try:
            self._watches[inotify.add_watch(folder, ARRIVALS)] = folder
            self._missed.discard(folder)
        except OSError as error:
            if folder not in self._missed:
                log.warning("outbox.not-watched", folder=str(folder), error=str(error))
            self._missed.add(folder)

    async def arrivals(self) -> AsyncIterator[Path]:
        """Yield the folder of every arrival, for ever."""
        if self._inotify is None or not self._folders:
            await asyncio.Event().wait()
        else:
            async for event in self._inotify:
                if event.watch in self._watches:
                    yield self._watches[event.watch]
