"""A town for a week: two wholesalers, everything that a shop may hand its files to, and a clock that is stepped.

The clocks go back in this week. In each of CB's slots a new stock list is out and the shop drops an order; then the
shop takes two turns, each with everything opened anew, as `syncd once` does. In the first the suppliers misbehave and
one of the shop's own systems is away.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syncd import app
from syncd.config import load
from syncd.jobs.base import together
from syncd.jobs.deliver import deliver
from syncd.jobs.tour import tour
from syncd.model import ClockSample
from syncd.simulate import CbHouse, UmbreitHouse
from syncd.simulate.cb import SLOTS
from syncd.simulate.faults import Faults
from syncd.simulate.stocklist import Row, ean
from syncd.stories import Story
from tests.sim.shop import CUSTOMER, drop, umbreit_order
from tests.sinks.contract import Lines, Target

PASSWORD = "nur-ein-test"
FIRST_DAY, DAYS = date(2026, 10, 21), 7
TITLES, CHANGED = 120, 9

AT_UMBREIT = (
    "", "lost-rnto-reply:1", "cut-data-at:100:rst:RETR:1", "421:1", "lost-226:RETR:1", "cut-data-at:50:STOR:1",
    "", "unheard:1", "half-reply:RETR:1",
)  # fmt: skip
AT_CB = ("", "421:1", "", "lost-226:1", "cut-control-at:200:1")


def slots() -> Iterator[datetime]:
    """Yield CB's 49 slots, in UTC."""
    for day in range(DAYS):
        for slot in SLOTS:
            yield datetime.combine(FIRST_DAY + timedelta(days=day), slot, ZoneInfo("Europe/Amsterdam")).astimezone(UTC)


@dataclass
class Clock:
    """The town's time: houses and shop go by it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def sample(self) -> ClockSample:
        return ClockSample(self.now, "one boot", self.now.timestamp())


@dataclass
class Stock:
    """What CB has: titles that come, change and go."""

    dice: random.Random
    rows: dict[str, int] = field(default_factory=dict)
    _number: int = 0

    def moves(self) -> list[Row]:
        """Let some titles go, some come and some change; return the whole list."""
        for gone in self.dice.sample(sorted(self.rows), len(self.rows) // 40):
            del self.rows[gone]
        while len(self.rows) < TITLES:
            self._number += 1
            self.rows[ean(f"978900{self._number:06d}")] = self.dice.randrange(699)
        for changed in self.dice.sample(sorted(self.rows), CHANGED):
            self.rows[changed] = self.dice.randrange(699)
        return [Row(number, self.rows[number]) for number in sorted(self.rows)]


@dataclass
class Town:
    """The houses, the shop's systems by the names of their sinks, and the shop between them."""

    folder: Path
    umbreit: UmbreitHouse
    cb: CbHouse
    targets: Mapping[str, Target]
    clock: Clock
    orders: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """What both houses have put out, by name."""

    def open(self, extra: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the shop's folder and write its one configuration; `extra` are keys of sinks that syncd keeps."""
        for name in ("outbox", "outbox-cb"):
            (self.folder / name).mkdir()
        self._config = self.folder / "syncd.toml"
        self._config.touch(mode=0o600)
        sinks = "".join(
            f'[sink.{name}]\ntype = "{target.sink}"\n{_keys({**target.settings, **extra.get(name, {})})}'
            for name, target in self.targets.items()
        )
        self._config.write_text(
            f"""\
state_dir = "{self.folder}/state"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
port = {self.umbreit.port}
user = "{CUSTOMER}"
password = "{PASSWORD}"
tls = "none"
customers = ["{CUSTOMER}"]
outbox = "{self.folder}/outbox"
[account.cb]
supplier = "cb"
host = "127.0.0.1"
port = {self.cb.port}
user = "shop"
password = "{PASSWORD}"
ca_file = "{self.folder}/ca.pem"
relation_id = "1234567"
outbox = "{self.folder}/outbox-cb"
{sinks}"""
        )

    async def week(self, dice: random.Random) -> dict[str, int]:
        """Live through all slots; return the stock at the end, by EAN."""
        stock, away = Stock(dice), [None, *self.targets.values(), None]
        for number, slot in enumerate(slots()):
            self.clock.now = slot
            name = self.cb.publish_stock(stock.moves())
            self.files[name] = self.cb.out("shop")[name]
            order, content = umbreit_order(number, slot)
            drop(self.folder / "outbox", order, content, slot)
            self.orders.append(order)
            self.umbreit.faults = Faults.of(filter(None, [AT_UMBREIT[number % len(AT_UMBREIT)]]))
            self.cb.faults = Faults.of(filter(None, [AT_CB[number % len(AT_CB)]]))
            target = away[number % len(away)]
            with target.down() if target else nullcontext():
                await self.turn()
            self.umbreit.faults, self.cb.faults = Faults(), Faults()
            self.clock.now += timedelta(minutes=11)
            await self.turn()
        return stock.rows

    async def calm(self) -> None:
        """Take turns until the shop has all there is, and every one of its systems too."""
        for _ in range(12):
            self.clock.now += timedelta(hours=2)
            if not await self.turn() and not self.cb.out("shop"):
                return
        raise AssertionError(f"{await self.turn()} deliveries wait for ever")

    async def turn(self) -> int:
        """Take a turn with both suppliers and deliver, as `syncd once` does; return how many deliveries wait."""
        settings = load(self._config)
        accounts = app.accounts_of(settings)
        async with app.workplace(settings, self.clock, self.clock.sample) as place:
            await together(tour(place, account, due=True) for account in accounts.values())
            waiting = await deliver(place, accounts)
        self.files |= self.umbreit.out(CUSTOMER).items()
        return waiting

    def explain(self, text: str) -> list[Story]:
        return app.explain(load(self._config), text)

    def syncd(self, *arguments: str) -> str:
        """Ask a verb, as one long line."""
        command = [sys.executable, "-m", "syncd", *arguments, "--config", str(self._config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return " ".join(done.stdout.split())

    def lines(self) -> Lines:
        """Count the lines of everything that the houses have put out."""
        known = ((name, line) for name, content in self.files.items() for line in numbered(content))
        return Counter(known)


def numbered(content: bytes) -> list[int]:
    """Return the numbers of the lines that are records."""
    lines = content.decode("cp1252").splitlines()
    return [n for n, line in enumerate(lines, 1) if line.startswith(("L101", "M101", "#00012"))]


def _keys(settings: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
