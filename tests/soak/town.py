"""A town for the real daemon: houses on sockets, each behind a proxy that breaks connections by seeded dice.

Orders and stock lists keep coming. A person resumes an account that failed, as nobody wants to wait for its next
attempt; nothing else helps the daemon. At the end the houses' and the shop's books are read, and the process's memory
and descriptors.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from syncd import app
from syncd.config import load
from syncd.model import Step
from syncd.simulate import CbHouse, House, Tls, UmbreitHouse, make_certificate
from syncd.simulate.stocklist import invented_rows
from syncd.state import read_state
from tests.proxy import Proxy, Trouble, proxy, street
from tests.sim.shop import CUSTOMER, Folder, cb_order, drop, umbreit_order

PASSWORD = "nur-ein-test"
PATIENCE = 90
"""Seconds in which something must have got on, once nothing is broken any more."""
CB_INTERVAL = timedelta(seconds=2)
"""Between two logins at CB; its house writes down who comes earlier."""
BAD = frozenset({"new", "failing", "paused"})
ACCOUNTS = ("umbreit-1", "umbreit-2", "umbreit-3", "cb-1", "cb-2")
SECURED = frozenset({"umbreit-3", "cb-1", "cb-2"})


@dataclass
class Dice:
    """Chooses what befalls each connection; while it is calm, nothing."""

    rng: Random
    calm: bool = True

    def __call__(self, control: bool) -> Trouble:
        chance = self.rng.random()
        if self.calm or chance < 0.5:
            return Trouble()
        if chance < 0.6:
            return Trouble(pause=self.rng.choice((0.001, 0.05)))
        if chance < 0.7:
            return Trouble(pause=0.0001, piece=self.rng.choice((1, 7, 100)))
        return Trouble(
            at=int(10 ** self.rng.uniform(0, 3.8)),
            up=self.rng.random() < 0.5,
            orderly=self.rng.random() < 0.5,
            silence=self.rng.choice((0, 0, 0, 2)),
        )


@dataclass
class Household:
    """One account: its house, the proxy before it, and what was brought to both."""

    name: str
    house: House
    user: str
    front: str
    outbox: Path
    proxy: Proxy | None = None
    orders: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Town:
    """All households, the shop's folder, and the daemon."""

    root: Path
    dice: Dice
    households: list[Household] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.folder = Folder(self.root / "inbox")
        self.config = self.root / "syncd.toml"

    # -- what comes -------------------------------------------------------------------------------------------

    def supply(self) -> None:
        """Drop an order for each account, and publish a stock list at CB."""
        self.number += 1
        for place, one in enumerate(self.households):
            number = self.number * 10 + place
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
            name, content = cb_order(number) if isinstance(one.house, CbHouse) else umbreit_order(number, at)
            one.orders[name] = content
            drop(one.outbox, name, content, datetime.now(UTC))
            if isinstance(one.house, CbHouse):
                one.house.publish_stock(invented_rows(100), name=f"{one.name}-{number}.bhd")

    def encourage(self) -> None:
        """Say `syncd resume` for every account that waits for its next attempt."""
        settings = load(self.config)
        for account in app.status(settings).accounts:
            if account.word == "failing":
                app.resume(settings, account.name)

    # -- what came of it --------------------------------------------------------------------------------------

    def unrest(self) -> list[str]:
        """Say what is left to do until every order is settled, and every file is fetched and delivered."""
        self.folder.sweep()
        settings = load(self.config)
        left = [f"{each.name} is {each.word}: {each.why}" for each in app.status(settings).accounts if each.word in BAD]
        with read_state(settings.state_dir) as state:
            left += [f"{parcel.sink} waits" for parcel in state.journal.pending()]
            for one in self.households:
                orders = state.journal.open_orders(one.name)
                left += [f"{order.name} is {order.state}" for order in orders if order.state is not Step.UNCONFIRMED]
                left += [f"{one.name}: {name} was not fetched" for name in one.house.out(one.user)]
                left += [f"{path.name} lies in the outbox" for path in one.outbox.glob("[!.]*")]
        return left

    def broken(self) -> list[str]:
        """Return every broken promise."""
        self.folder.sweep()
        found = [f"{name}: {count} times in the folder" for name, count in self._came().items() if count > 1]
        settings = load(self.config)
        with read_state(settings.state_dir) as state:
            for one in self.households:
                states = {row: [str(each.state) for each in state.journal.find(row)] for row in self._names(one)}
                found += _orders(one, states)
                found += _files(one, states, self._came())
                found += [f"{one.name}: rule broken: {each.rule}" for each in one.house.violations]
        return found

    def _names(self, one: Household) -> Iterator[str]:
        yield from one.orders
        yield from (placed.name for placed in one.house.placed)

    def _came(self) -> Counter[str]:
        came = Counter[str]()
        for (name, _), count in self.folder.taken.items():
            came[name] += count
        return came

    def logins(self) -> int:
        """Count the logins so far."""
        return sum(len(one.house.logins) for one in self.households)

    def figures(self) -> dict[str, int]:
        """Return what there was, in numbers."""
        struck = Counter[str]()
        for one in self.households:
            assert one.proxy is not None
            struck += one.proxy.struck
        return {
            "logins": self.logins(),
            "orders": sum(len(one.orders) for one in self.households),
            "orders taken": sum(len(one.house.orders) for one in self.households),
            "files": self.folder.taken.total(),
            "connections": struck.total(),
            **{f"connections: {what}": number for what, number in sorted(struck.items()) if what != "none"},
        }


def _orders(one: Household, states: dict[str, list[str]]) -> Iterator[str]:
    for name, content in one.orders.items():
        taken = [each.content for each in one.house.orders if each.name == name]
        if len(taken) > 1:
            yield f"{name}: taken {len(taken)} times"
        elif states[name] in (["sent"], ["confirmed"]):
            if taken != [content]:
                yield f"{name}: said to be {states[name][0]}, and not taken whole"
        elif not (states[name] == ["unconfirmed"] and isinstance(one.house, CbHouse)):
            yield f"{name}: ends as {states[name]}"


def _files(one: Household, states: dict[str, list[str]], came: Counter[str]) -> Iterator[str]:
    told = {"quarantined", "abandoned"} if isinstance(one.house, CbHouse) else set()
    for placed in one.house.placed:
        if not came[placed.name] and not told & set(states[placed.name]):
            yield f"{placed.name}: lost in silence"


# -- building it ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_town(root: Path, seed: int) -> AsyncIterator[Town]:
    """Build the houses, the proxies and the configuration."""
    town = Town(root, Dice(Random(seed)))
    (root / "inbox").mkdir()
    async with AsyncExitStack() as stack:
        for name in ACCOUNTS:
            one = _household(root, name, Random(f"{seed} {name}"))
            await stack.enter_async_context(one.house)
            passive = one.house.passive_ports
            one.proxy = await stack.enter_async_context(
                proxy(one.front, one.house.host, one.house.port, passive, town.dice)
            )
            town.households.append(one)
        _write_config(town)
        yield town


def _household(root: Path, name: str, rng: Random) -> Household:
    front, back = street()
    cb = name.startswith("cb")
    user = "shop" if cb else CUSTOMER
    outbox = root / "outbox" / name
    outbox.mkdir(parents=True)
    tls = Tls.EXPLICIT if name in SECURED else Tls.NONE
    certificate = make_certificate(front) if name in SECURED else None
    common = {
        "clock": lambda: datetime.now(UTC), "rng": rng, "host": back, "tls": tls, "certificate": certificate,
        "ca_file": root / f"{name}.pem", "passive_ports": range(41000, 41012),
    }  # fmt: skip
    house: House
    if cb:
        house = CbHouse({user: PASSWORD}, relations={user: "1234567"}, login_interval=CB_INTERVAL, **common)  # type: ignore[arg-type]  # settings in common
    else:
        now = timedelta(0)
        house = UmbreitHouse({user: PASSWORD}, answer_after=now, deliver_after=now, **common)  # type: ignore[arg-type]
    return Household(name, house, user, front, outbox)


def _write_config(town: Town) -> None:
    password = town.root / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    tables = [f'state_dir = "{town.root}/state"', "[sink.inbox]", 'type = "directory"', f'path = "{town.root}/inbox"']
    for one in town.households:
        cb = isinstance(one.house, CbHouse)
        tables += [
            f"[account.{one.name}]",
            'supplier = "cb"\nrelation_id = "1234567"' if cb else f'supplier = "umbreit"\ncustomers = ["{CUSTOMER}"]',
            f'host = "{one.front}"\nport = {one.house.port}',
            f'user = "{one.user}"\npassword = {{ file = "{password}" }}',
            f'tls = "explicit"\nca_file = "{town.root}/{one.name}.pem"' if one.name in SECURED else 'tls = "none"',
            f'outbox = "{one.outbox}"\nschedule = {{ every = "1s" }}\nguard.most_orders = 100000',
            f'login_interval = "{CB_INTERVAL.total_seconds():g}s"' if cb else 'consume = "we-remove"',
        ]
    town.config.write_text("\n".join(tables) + "\n")


# -- the daemon -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def daemon(town: Town) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the real daemon in a process of its own; it must still be there at the end, and stop when it is told to."""
    path = town.root / "daemon.log"
    with path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "run", "--config", str(town.config), stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(PATIENCE):
            while b"daemon.started" not in path.read_bytes():
                assert process.returncode is None, path.read_text()
                await asyncio.sleep(0.1)
        yield process
        assert process.returncode is None, "the daemon ended by itself"
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
