"""`syncd simulate`: a supplier's house on this machine, for training and for trying a configuration."""

import asyncio
import json
import random
import re
import secrets
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from syncd.config.units import parse_duration, show_duration
from syncd.errors import UsageError

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


FTP_ONLY = ("tls", "tls_version", "login_interval")
MEANINGLESS = {"ola": FTP_ONLY, "alma": (*FTP_ONLY, "password_file")}
"""Options that say nothing to a house that is no FTP server."""


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("house", type=click.Choice(list(HABITS)))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="[default: umbreit 2121, cb 2122, ola 5002, alma 8042; 0 takes a free one]",
)
@click.option("--user", help="The account's name. [default: umbreit and ola 900900, cb shop, alma 01234567]")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="[default: one is made up, printed once and kept in the directory]",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the books, the orders taken, the password and the CA lie. [default: a new one in /tmp]",
)
@click.option(
    "--tls",
    type=click.Choice(["none", "optional", "explicit", "implicit"]),
    help="[default: umbreit none, cb explicit]",
)
@click.option("--tls-version", type=click.Choice(["1.0", "1.1", "1.2", "1.3"]), help="This one only. [default: cb 1.0]")
@click.option("--login-interval", callback=_duration, help='As "10m" or "3s". [default: umbreit 0s, cb 10m]')
@click.option("--fault", "faults", metavar="NAME[,...]", help="What goes wrong; docs/simulate.md lists the names.")
@click.option("--verbose", is_flag=True, help="Every command.")
def simulate(house: str, faults: str | None, verbose: bool, **options: Any) -> int:
    """Open the house of a supplier on this machine until Ctrl-C, with an account for syncd in it.

    Exit status: 0, or 1 if a visitor broke a rule of the supplier.
    """
    from syncd.cli.simulate_alma import AlmaStay
    from syncd.cli.simulate_ola import OlaStay

    if meaningless := [name for name in MEANINGLESS.get(house, ()) if options[name] is not None]:
        raise click.UsageError(f"{house} is no FTP server: --{meaningless[0].replace('_', '-')} means nothing to it")
    directory = _directory(options.pop("directory"), house)
    kind = {"ola": OlaStay, "alma": AlmaStay}.get(house, Stay)
    stay = kind(house, directory, faults=tuple(faults.split(",") if faults else ()), **options)
    return asyncio.run(stay.run(verbose))


def _directory(given: Path | None, house: str) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix=f"syncd-{house}-"))
    given.mkdir(parents=True, exist_ok=True)
    return given.absolute()


class Stay:
    """One opening of a house, from its door to its summary."""

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
            self.console.print(f"{record.at.astimezone():%H:%M:%S}  {sentence(record)}", style=style)

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
