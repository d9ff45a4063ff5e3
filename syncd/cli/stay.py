"""One opening of a house for `syncd simulate`, from its door to its summary."""

import asyncio
import json
import random
import re
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from syncd.config.units import parse_duration, show_duration
from syncd.errors import UsageError
from syncd.wording import shown

if TYPE_CHECKING:
    from rich.console import Console

    from syncd.simulate import AlmaHouse, House
    from syncd.simulate.books import Record
    from syncd.simulate.ola import OlaHouse

    AnyHouse = House | OlaHouse | AlmaHouse

CUSTOMER = "900900"
RELATION = "9999999"
STOCK = 200
"""Articles in an invented stock list."""


@dataclass(frozen=True)
class Habit:
    """How a house opens when nothing else is said."""

    user: str
    port: int
    tls: str
    versions: tuple[str, str]
    login_interval: str


HABITS: Mapping[str, Habit] = {
    "umbreit": Habit(CUSTOMER, 2121, "none", ("1.2", "1.3"), "0s"),
    "cb": Habit("shop", 2122, "explicit", ("1.0", "1.0"), "10m"),
    "ola": Habit(CUSTOMER, 5002, "none", ("1.2", "1.3"), "0s"),
    "alma": Habit("01234567", 8042, "none", ("1.2", "1.3"), "0s"),
}


class Stay:
    """An opening; of a supplier's FTP house, where no other kind says otherwise."""

    folders: ClassVar[tuple[str, ...]] = ("outbox", "orders")
    """What its directory holds."""

    def __init__(
        self,
        name: str,
        directory: Path,
        *,
        faults: tuple[str, ...],
        port: int | None,
        user: str | None,
        password_file: Path | None,
        tls: str | None,
        tls_version: str | None,
        login_interval: timedelta | None,
    ) -> None:
        habit = HABITS[name]
        self.name = name
        self.directory = directory
        self.user = user or habit.user
        self.tls = tls or habit.tls
        self.port = habit.port if port is None else port
        self.versions = (tls_version, tls_version) if tls_version else habit.versions
        self.login_interval = parse_duration(habit.login_interval) if login_interval is None else login_interval
        self.faults = faults
        self.password_file = (password_file or directory / "password").absolute()
        self.made_up = not self.password_file.exists()
        for folder in self.folders:
            (directory / folder).mkdir(exist_ok=True)

    def password(self) -> str:
        """Return the account's password, made up and kept where none was given."""
        if self.made_up:
            self.password_file.touch(mode=0o600)
            self.password_file.write_text(secrets.token_urlsafe(12) + "\n", encoding="utf-8")
        return self.password_file.read_text(encoding="utf-8").strip()

    def open(self, password: str) -> "AnyHouse":
        """Make the house. Raises UsageError for a fault that does not exist."""
        from syncd.simulate import CbHouse, Tls, UmbreitHouse
        from syncd.simulate.cb import SLOTS
        from syncd.simulate.house import Settings
        from syncd.simulate.stocklist import invented_rows

        settings = Settings(
            port=self.port,
            tls=Tls(self.tls),
            tls_versions=self.versions,
            ca_file=self.directory / "ca.pem",
            login_interval=self.login_interval,
            faults=self.faults,
        )
        accounts, dice = {self.user: password}, random.SystemRandom()
        if self.name == "umbreit":
            return UmbreitHouse(accounts, clock=_now, rng=dice, **settings)
        relations = {self.user: RELATION}
        return CbHouse(
            accounts,
            clock=_now,
            rng=dice,
            relations=relations,
            slots=SLOTS,
            stock=lambda: invented_rows(STOCK),
            **settings,
        )

    def account(self, port: int) -> str:
        """Write the account as a table for syncd's configuration."""
        schedule = max(self.login_interval, timedelta(seconds=10))
        values: dict[str, str | None] = {
            "supplier": _quoted(self.name),
            "host": _quoted("127.0.0.1"),
            "port": str(port),
            "tls": _quoted("explicit" if self.tls == "optional" else self.tls),
            "ca_file": _quoted(self.directory / "ca.pem") if self.tls != "none" else None,
            "user": _quoted(self.user),
            "password": f"{{ file = {_quoted(self.password_file)} }}",
            "customers": f"[{_quoted(CUSTOMER)}]" if self.name == "umbreit" else None,
            "relation_id": _quoted(RELATION) if self.name == "cb" else None,
            "outbox": _quoted(self.directory / "outbox"),
            "login_interval": _quoted(show_duration(self.login_interval)),
            "schedule": f"{{ every = {_quoted(show_duration(schedule))} }}",
        }
        lines = [f"{key} = {value}" for key, value in values.items() if value is not None]
        return "\n".join([f"[account.{self.name}]", *lines])

    async def run(self, verbose: bool) -> int:
        """Keep the house open until somebody ends it; return the exit status."""
        from rich.console import Console

        from syncd.simulate import CbHouse

        console = Console(soft_wrap=True, highlight=False, markup=False)
        password = self.password()
        house = self.open(password)
        follower = Follower(console, self.directory, verbose)
        house.ledger.listeners.append(follower)
        await _start(house)
        try:
            console.print(f"The house {self.name} is open on 127.0.0.1:{house.port}; Ctrl-C closes it.")
            console.print(f"Its books are in {self.directory}. For syncd's configuration:\n")
            console.print(self.account(house.port) + "\n")
            if self.made_up:
                console.print(f"The password is {password}")
            if isinstance(house, CbHouse):
                house.publish_stock(house.stock())
            await _ended()
        finally:
            await house.stop()
            follower.close()
        console.print(f"Closed. {self.summary(house)}")
        return 1 if house.violations else 0

    def summary(self, house: "AnyHouse") -> str:
        """Say in one line what its books come to."""
        from syncd.simulate.words import summary

        return summary(house)


class Follower:
    """Tell every record on the terminal, and keep it in the directory: books.jsonl, orders and posts as they came."""

    def __init__(self, console: "Console", directory: Path, verbose: bool) -> None:
        self.console = console
        self.directory = directory
        self.books = (directory / "books.jsonl").open("a", encoding="utf-8")
        self.verbose = verbose

    def __call__(self, record: "Record") -> None:
        """Follow one record."""
        from syncd.simulate.books import Command, Order, Post, as_json
        from syncd.simulate.words import sentence

        self.books.write(json.dumps(as_json(record), ensure_ascii=False) + "\n")
        self.books.flush()
        if isinstance(record, Order):
            name = re.sub(r"[^0-9A-Za-z._-]", "_", record.name)[:100]  # what a visitor names is never a path of ours
            (self.directory / "orders" / f"{record.number}-{name}").write_bytes(record.content)
        if isinstance(record, Post):
            (self.directory / "posts" / f"{record.number:06}.http").write_bytes(record.content)
        if self.verbose or not isinstance(record, Command):
            style = {"violation": "bold red", "fault": "yellow", "order": "green", "command": "dim"}.get(record.kind)
            self.console.print(f"{record.at.astimezone():%H:%M:%S}  {shown(sentence(record))}", style=style)

    def close(self) -> None:
        """Close the books."""
        self.books.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)


async def _start(house: "AnyHouse") -> None:
    try:
        await house.start()
    except OSError as error:
        raise UsageError(
            f"the house cannot listen on 127.0.0.1:{house.port}: {error.strerror}",
            remedy="Give it another port with --port, or --port 0 for a free one.",
        ) from error


async def _ended() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
