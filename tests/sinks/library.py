"""A library with LIBRA.SE: the house in a thread of its own, and the sink's settings for it."""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

from syncd.simulate.alma import ADDRESS, AlmaHouse, parse_faults
from tests.sinks.contract import Lines, Remote

T = TypeVar("T")

ACCOUNT = "01234567"


class Library(Remote):
    sink = "alma"
    maker = "answers_of"

    def __init__(self, folder: Path, *faults: str, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.house = AlmaHouse({ACCOUNT: "BTJ-PR"}, clock=lambda: datetime.now(UTC), faults=parse_faults(faults))
        self._do(self.house.start())
        self.path = folder / "libra"
        self.settings: dict[str, Any] = {
            "endpoint": self.house.endpoint,
            "supplier": "BTJ-PR",
            "account": ACCOUNT,
            "path": str(self.path),
            "request": "form",
            "timeout": 5,
            **settings,
        }

    def at(self, port: int) -> dict[str, Any]:
        return self.settings | {"endpoint": f"http://127.0.0.1:{port}{ADDRESS}", "timeout": 0.5}

    def lines(self) -> Lines:
        """Count the lines that were confirmed, by the order mark and the number of each record."""
        posts = [parse_qs(post.body.decode()) for post in self.house.taken]
        return Counter((post["mark"][0], int(post["isbn"][0]) - 9780000000000) for post in posts)

    @contextmanager
    def down(self) -> Iterator[None]:
        self._do(self.house.stop())
        yield
        self._do(self.house.start())

    def outside(self) -> set[str]:
        around = self.path.parent
        beside = {str(path) for path in around.rglob("*") if not path.is_relative_to(self.path)}
        return beside | {violation.rule for violation in self.house.violations}

    def close(self) -> None:
        self._do(self.house.stop())
        self._do(asyncio.sleep(0.01))  # for the loop to close what the house let go
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(20)
