"""Real processes, real files, a real SIGKILL: life after life on one state directory, each killed at another point.

A fork server has everything imported and nothing opened; each life is a fork of it that takes one turn with two
accounts against houses on loopback, and is killed by itself at the n-th point: before or after a change of a file, a
commit, an FTP command or a delivery. New orders and files come now and then, so that lives get past the old ones. At
the end a few lives are left alone, and the books of the houses and of the shop are read:
`python -m tests.sim.kill9 --kills 500`.
"""

import argparse
import asyncio
import json
import mmap
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from syncd.simulate import CbHouse, House, Tls, UmbreitHouse
from syncd.simulate.stocklist import invented_rows
from syncd.state import open_state
from tests.sim.disk import MEMORY
from tests.sim.lives import PASSWORD, USERS, serve
from tests.sim.shop import Folder, cb_order, drop, umbreit_order

CALM = 6
"""Lives at the end that are not killed."""
SUPPLY = 4
"""Every how many-th life has new orders and files. With every one of them, most lives would die at the outbox again."""
UNHARMED = 10**9
"""No life passes so many points."""


class Street:
    """Both houses, in a thread with a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        common: dict[str, Any] = {"clock": lambda: datetime.now(UTC), "rng": random.Random(1)}
        quick: dict[str, Any] = {"answer_after": timedelta(0), "deliver_after": timedelta(0)}
        self.houses: dict[str, House] = {
            "umbreit": UmbreitHouse({USERS["umbreit"]: PASSWORD}, **common, **quick),
            "cb": CbHouse({USERS["cb"]: PASSWORD}, tls=Tls.NONE, login_interval=timedelta(0), **common),
        }
        for house in self.houses.values():
            self.do(house.start())

    def do(self, step: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the houses' loop."""
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(30)

    def close(self) -> None:
        """Close both houses."""
        for house in self.houses.values():
            self.do(house.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Run:
    """Kill after kill on one state directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in USERS:
            (root / "out" / name).mkdir(parents=True)
        self.folder = Folder(root / "shop")
        self.dropped: dict[str, tuple[str, bytes]] = {}
        self.published: list[str] = []
        self.labels: dict[str, int] = {}
        self.kills = 0
        self.failed = 0
        self.lives = 0
        self._note = mmap.mmap(-1, 200)
        self._to, self._from = self._start_server()

    def _start_server(self) -> tuple[Any, Any]:
        orders, answers = os.pipe(), os.pipe()
        self._server = os.fork()
        if self._server == 0:
            os.close(orders[1])
            os.close(answers[0])
            serve(orders[0], answers[1], self._note)
            os._exit(0)
        os.close(orders[0])
        os.close(answers[1])
        return os.fdopen(orders[1], "w"), os.fdopen(answers[0])

    def life(self, ports: dict[str, int], last: int) -> bool:
        """Have one life lived, killed at its `last` point; tell whether it was."""
        self._to.write(json.dumps({"root": str(self.root), "ports": ports, "last": last}) + "\n")
        self._to.flush()
        status = int(self._from.readline())
        self.lives += 1
        self.failed += status > 0
        self.folder.sweep()
        if status != -signal.SIGKILL:
            return False
        self.kills += 1
        label = self._note[:].decode().split(" ", 1)[1].strip(" \0")
        self.labels[label] = self.labels.get(label, 0) + 1
        return True

    def supply(self, street: Street, number: int) -> None:
        """Bring new orders and new files."""
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
        for name, (file, content) in {"umbreit": umbreit_order(number, at), "cb": cb_order(number)}.items():
            self.dropped[file] = (name, content)
            drop(self.root / "out" / name, file, content, datetime.now(UTC))
        house = street.houses["cb"]
        assert isinstance(house, CbHouse)

        async def publish() -> str:
            return house.publish_stock(invented_rows(20), name=f"bhdart{number}.bhd")

        self.published.append(street.do(publish()))

    def close(self) -> None:
        """End the fork server."""
        self._to.close()
        self._from.close()
        os.waitpid(self._server, 0)

    # -- the books ------------------------------------------------------------------------------------------

    def broken(self, street: Street) -> list[str]:
        """Return every broken promise."""
        found: list[str] = []
        with open_state(self.root / "state") as store:
            for file, (name, content) in self.dropped.items():
                rows = [row for row in store.journal.find(file) if row.account == name]
                found += _order(file, content, street.houses[name], [str(row.state) for row in rows])
            found += self._files(street, lambda name: [str(row.state) for row in store.journal.find(name)])
        found += [f"rule broken: {each.rule}" for house in street.houses.values() for each in house.violations]
        if self.failed:
            found.append(f"{self.failed} lives ended by an error")
        return found

    def _files(self, street: Street, states: Callable[[str], list[str]]) -> list[str]:
        times: dict[str, int] = {}
        for (name, _), count in self.folder.taken.items():
            times[name] = times.get(name, 0) + count
        found = [f"{name}: {count} times in the folder" for name, count in times.items() if count > 1]
        silent = [name for name in self.published if name not in times and "quarantined" not in states(name)]
        left = street.houses["umbreit"].out(USERS["umbreit"])
        return [*found, *(f"{name}: lost in silence" for name in silent), *(f"{name}: never fetched" for name in left)]


def _order(file: str, content: bytes, house: House, states: list[str]) -> list[str]:
    taken = [each.content for each in house.orders if each.name == file]
    if len(taken) > 1:
        return [f"{file}: taken {len(taken)} times"]
    if states in (["sent"], ["confirmed"]):
        return [] if taken == [content] else [f"{file}: said to be {states[0]}, and not taken whole"]
    if states == ["unconfirmed"] and house.NAME == "cb":
        return []
    return [f"{file}: ends as {states}"]


def main() -> int:
    """Kill so many times; print what came of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.kill9", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill9", dir=MEMORY) as scratch:
        run = Run(Path(scratch))
        street = Street()
        try:
            result = _kill(run, street, args.kills, random.Random(args.seed))
            print(json.dumps(result))
        finally:
            street.close()
            run.close()
    return int(bool(result["broken"]))


def _kill(run: Run, street: Street, kills: int, dice: random.Random) -> dict[str, Any]:
    ports = {name: house.port for name, house in street.houses.items()}
    began = time.perf_counter()
    number = last = 1
    run.supply(street, number)
    run.life(ports, 0)  # before an account was visited once, more than twenty orders at once would be held
    killed = False
    while run.kills < kills:
        if not killed or run.lives % SUPPLY == 0:
            number += 1
            run.supply(street, number)
        killed = run.life(ports, last)
        last = (last if killed else 0) + dice.randint(1, 12)
    for _ in range(CALM):
        run.life(ports, UNHARMED)
    seconds = time.perf_counter() - began
    held = sum(not order.whole for order in street.houses["cb"].orders)
    return {
        "kills": run.kills,
        "lives": run.lives,
        "orders": len(run.dropped),
        "torsos": held,
        "seconds": round(seconds, 1),
        "labels": run.labels,
        "broken": run.broken(street),
    }


if __name__ == "__main__":
    sys.exit(main())
