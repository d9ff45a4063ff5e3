"""The machine on which syncd lives: it starts the daemon, and starts it again whatever ended it.

The daemon, its store, its FTP client and APScheduler are the real ones; only the means they are given are virtual.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from syncd.daemon import Daemon
from syncd.errors import SyncdError
from syncd.jobs.base import Account, Workplace
from syncd.plan.guards import Guard
from syncd.schedule import AlarmClock, Schedule
from syncd.sinks.directory import DirectorySettings, DirectorySink
from syncd.state import Store, open_state
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Encryption
from syncd.transport.base import Endpoint
from syncd.transport.ftp import connect
from tests.sim.disk import Descriptors
from tests.sim.points import Points
from tests.sim.process import Process
from tests.sim.shop import CUSTOMER, Folder, Recorder

RESTART = 45.0
"""Seconds until a process that ended is started again."""
HEARTBEAT = timedelta(minutes=30)
"""Slow, as hours of half-minutes would be spent on nothing."""
PASSWORD = "geheim"
ANY_STOCK = Guard(least_stock=0)
"""Stock lists of any length come in most histories."""


@dataclass(frozen=True)
class Place:
    """An account of the shop, at one of the houses."""

    name: str
    supplier: str
    user: str
    consume: Consume
    schedule: Schedule
    login_interval: float = 0.0
    guard: Guard = ANY_STOCK

    @property
    def port(self) -> int:
        return {"umbreit": 2101, "cb": 2102}[self.supplier]


class Machine(Points):
    """A machine that runs one syncd after the other."""

    places: tuple[Place, ...]
    heartbeat: timedelta
    state: Path
    folder: Folder
    recorder: Recorder
    stop: asyncio.Event
    files: Descriptors

    def __init__(self) -> None:
        super().__init__()
        self.over = False
        self.power = asyncio.Event()
        self.power.set()
        self.exits: list[str] = []
        self._beside: sqlite3.Connection | None = None
        """Kept all through a life, as to open the database takes ten times as long as to ask; closed before it ends, so
        that syncd's connections are the last ones, as they are without us."""

    def outbox(self, account: str) -> Path:
        """Return the outbox of an account."""
        return self.state.parent / "out" / account

    async def operate(self) -> None:
        """Start syncd, and start it again whatever ended it."""
        number = 0
        while not self.over:
            await self.power.wait()
            number += 1
            self.stop = asyncio.Event()
            process = self.process = Process(self.loop, number)
            self.say(f"syncd starts, life {number}")
            process.start(self._life)
            await process.ended.wait()
            if not process.alive:
                await process.bury()
            elif process.error is not None:
                self._note_exit(process.error)
            self.files.close_all()
            self.process = None
            if not self.over:
                await asyncio.sleep(RESTART)

    def reboot(self) -> None:
        """Pull the plug; the boot clock begins anew."""
        self.say("somebody pulls the plug")
        self._die(self.process)
        self.clock.reboot()

    def _note_exit(self, error: BaseException) -> None:
        self.say(f"syncd stops: {type(error).__name__}: {error}")
        self.exits.append(f"{type(error).__name__}: {error}")
        if not isinstance(error, SyncdError):
            raise error

    def ask(self, query: str, *values: str) -> list[Any]:
        """Read the database beside everybody."""
        if self._beside is not None:
            return self._beside.execute(query, values).fetchall()
        with closing(sqlite3.connect(self.state / "state.db")) as connection:
            return connection.execute(query, values).fetchall()

    async def _life(self) -> None:
        store: Store | None = None
        try:
            store = await self.loop.run_in_executor(None, open_state, self.state)
            share_statements(store)
            self._beside = sqlite3.connect(self.state / "state.db")
            place = self._workplace(store)
            accounts = {each.name: self._account(each) for each in self.places}
            suppliers = {each.name: each.supplier for each in self.places}
            await self.loop.run_in_executor(None, store.journal.register, suppliers)
            schedules = {each.name: each.schedule for each in self.places}
            daemon = Daemon(place, accounts, schedules, 30.0, AlarmClock(self.heartbeat))
            await daemon.serve(self.stop)
        finally:
            if self._beside is not None:
                self._beside.close()
                self._beside = None
            if store is not None:
                store.close()

    def _workplace(self, store: Store) -> Workplace:
        folder = DirectorySink(DirectorySettings(path=self.folder.path))
        return Workplace(
            store=store,
            executor=None,
            clock=self.clock.wall,
            sample=self.clock.sample,
            connect=connect,
            holder="machine/1",
            sinks={"folder": folder, "books": self.recorder},
            reserve=0,
        )

    def _account(self, place: Place) -> Account:
        supplier = SUPPLIERS[place.supplier]

        def endpoint(commands: frozenset[str]) -> Endpoint:
            return Endpoint(
                "127.0.0.1", place.port, place.user, PASSWORD, Encryption.NONE, commands=commands,
                passive_ports=supplier.passive_ports,
            )  # fmt: skip

        return Account(
            name=place.name,
            supplier=supplier,
            endpoint=endpoint,
            inbound=tuple(replace(c, consume=place.consume) for c in supplier.inbound if not c.optional),
            outbound=supplier.outbound,
            login_interval=place.login_interval,
            customers=frozenset({CUSTOMER}) if place.supplier == "umbreit" else None,
            relation_id=None,
            outbox=self.outbox(place.name),
            sinks=("folder", "books"),
            guard=place.guard,
        )


_FIRST: list[Engine] = []


class _Kept:
    """An engine that keeps its connections beside its pool: to take one out each time is most of a small transaction.

    One that an error has met goes back to the pool, which knows what to do with it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Connection] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        connection = self._idle.pop() if self._idle else self._engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def dispose(self) -> None:
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()


def share_statements(store: Store) -> None:
    """Have all stores of a sweep compile each statement once, which is half of the time; they share nothing else."""
    database: Any = store._database
    engine = database.engine
    if not _FIRST:
        _FIRST.append(engine)
    engine.dialect = _FIRST[0].dialect
    engine._compiled_cache = _FIRST[0]._compiled_cache
    database.engine = _Kept(engine)
