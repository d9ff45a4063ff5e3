"""A world: houses, a shop, and the machine on which syncd lives, dies and is started again.

The whole daemon runs here, APScheduler and the real FTP client included; its store is the real one on a real (memory)
disk. Only the clock, the network and the garbage collector are virtual. A history is the same for the same seed and
the same plan of faults, and every point of it goes into `trace`.
"""

import asyncio
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from syncd.daemon import Daemon
from syncd.errors import SyncdError
from syncd.jobs.base import Account, Workplace
from syncd.schedule import AlarmClock, Schedule
from syncd.simulate import CbHouse, House, Tls, UmbreitHouse
from syncd.simulate.books import Record
from syncd.sinks.directory import DirectorySettings, DirectorySink
from syncd.state import Store, open_state
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Encryption
from syncd.transport.base import Endpoint
from syncd.transport.ftp import connect
from tests.sim import disk, loop
from tests.sim.clock import VirtualClock, scheduler_time
from tests.sim.faults import CRASHES, Crash, Fault, Plan, Point
from tests.sim.loop import VirtualLoop
from tests.sim.network import STALL, Network, Wire
from tests.sim.process import CURRENT, Process, task_factory
from tests.sim.shop import CUSTOMER, Dropped, Folder, Recorder, drop, refused

RESTART = 45.0
"""Seconds until a process that ended is started again."""
HEARTBEAT = 1800.0
SWEEP = 61.0
"""Seconds between two looks of the shop into its folder."""
PASSWORD = "geheim"


class SlowClock(AlarmClock):
    """The alarm clock with a slow heartbeat: years of half-minutes would be spent on nothing."""

    def heartbeat(self, ring: Callable[[], None]) -> None:
        self._scheduler.add_job(ring, "interval", seconds=HEARTBEAT, id="heartbeat", replace_existing=True)


@dataclass(frozen=True)
class Place:
    """An account of the shop, at one of the houses."""

    name: str
    supplier: str
    user: str
    consume: Consume
    schedule: Schedule
    login_interval: float = 0.0

    @property
    def port(self) -> int:
        return {"umbreit": 2101, "cb": 2102}[self.supplier]


@dataclass
class World:
    """All there is. `script` is the shop's and the suppliers' life; `limit` is when the history must have settled."""

    places: tuple[Place, ...]
    script: Callable[["World"], Any]
    plan: Plan
    seed: int = 1
    start: datetime = datetime(2026, 3, 3, 12, 56, tzinfo=UTC)
    judge: Callable[["World"], list[str]] = field(default=lambda world: [])
    """Says at the end which promises were broken."""
    limit: float = 36 * 3600.0
    verbose: bool = False
    removes: str = "before-226"
    dropped: list[Dropped] = field(default_factory=list)
    published: list[tuple[str, str, str]] = field(default_factory=list)
    """Account, name and SHA-256 of every file that was put into an `out`."""
    points: int = 0
    deaths: int = 0
    exits: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    over: bool = False

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.clock = VirtualClock(self.start)
        self.trace = hashlib.sha256()
        self.root = Path()
        self.process: Process | None = None
        self.houses: dict[str, House] = {}
        self._inline = 0
        self._doing = ""
        self.broken: list[str] = []
        self.leaks: list[str] = []
        self.held = 0
        self.problems: set[str] = set()
        self.told_lost = 0
        self._effects = 0

    # -- a history ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Live through it, from the first start to the last stop."""
        with ExitStack() as stack:
            parent = "/dev/shm" if Path("/dev/shm").is_dir() else None
            self.root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sim", dir=parent))) / "world"
            self.root.mkdir()
            stack.enter_context(scheduler_time(self.clock))
            stack.enter_context(disk.watched(self._enter_change, self._leave))
            self._files = stack.enter_context(disk.descriptors(lambda: self._inline > 0))
            stack.enter_context(self._watched_commits())
            stack.enter_context(self._logged())
            loop.run(self.clock, self._main)
            self.broken = self.judge(self)
            self.problems = {row[0] for row in self.ask("select code from problem")}
            self.held = len(self.ask("select 1 from interchange where state = 'held'"))
            self.told_lost = len(self.ask("select 1 from interchange where state in ('quarantined', 'abandoned')"))

    async def _main(self, virtual: VirtualLoop) -> None:
        self.loop = virtual
        virtual.inline = self._call
        virtual.set_task_factory(task_factory)
        virtual.set_exception_handler(self._complain)
        self.network = Network(
            virtual, self.dice, self._strike_wire, owner=CURRENT.get, dead=_is_dead, guarded=range(41000, 42001)
        )
        self._make_directories()
        self.recorder = Recorder(self._enter_sink)
        async with self._house("umbreit"), self._house("cb"):
            self._sweep()
            machine = virtual.create_task(self._operate())
            await self.script(self)
            await self._settle()
            self.over = True
            self.stop.set()
            await machine
            self.folder.sweep()
            self.leaks = [wire.label for wire in self.network.wires if wire.owner is not None]

    def _make_directories(self) -> None:
        self.folder = Folder(self.root / "shop")
        self.state = self.root / "state"
        for path in (self.folder.path, self.state):
            path.mkdir()
        for place in self.places:
            self.outbox(place.name).mkdir(parents=True)
        shutil.copy(_template(), self.state / "state.db")

    def outbox(self, account: str) -> Path:
        """Return the outbox of an account."""
        return self.root / "out" / account

    # -- houses and shop ------------------------------------------------------------------------------------

    def _house(self, supplier: str) -> House:
        accounts = {place.user: PASSWORD for place in self.places if place.supplier == supplier}
        common: dict[str, Any] = {"clock": self.clock.true, "rng": Random(self.seed + 1)}
        common["idle"] = timedelta(seconds=100)
        house: House
        if supplier == "umbreit":
            house = UmbreitHouse(accounts, port=2101, **common)
        else:
            house = CbHouse(accounts, port=2102, tls=Tls.NONE, removes=self.removes, **common)
        house.ledger.listeners.append(self._tell)
        self.houses[supplier] = house
        for place in self.places:
            if place.supplier == supplier:
                self._watch_out(place, house)
        return house

    def _watch_out(self, place: Place, house: House) -> None:
        """Write down every file that the house puts into the account's `out`."""
        directory = house.out(place.user)
        published = self.published

        class Watched(type(directory)):  # type: ignore[misc]
            def __setitem__(self, name: str, content: bytes) -> None:
                published.append((place.name, name, hashlib.sha256(content).hexdigest()))
                super().__setitem__(name, content)

        directory.__class__ = Watched

    def order(self, account: str, name: str, content: bytes) -> None:
        """Have the shop drop an order."""
        self.say(f"the shop drops {name} for {account}")
        self.dropped.append(Dropped(account, name, content))
        drop(self.outbox(account), name, content)

    def _sweep(self) -> None:
        self.folder.sweep()
        if not self.over:
            self.loop.call_later(SWEEP, self._sweep)

    # -- the machine ----------------------------------------------------------------------------------------

    async def _operate(self) -> None:
        """Start syncd, and start it again whatever ended it."""
        number = 0
        while not self.over:
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
            self._files.close_all()
            self.process = None
            if not self.over:
                await asyncio.sleep(RESTART)

    def _note_exit(self, error: BaseException) -> None:
        self.say(f"syncd stops: {type(error).__name__}: {error}")
        self.exits.append(f"{type(error).__name__}: {error}")
        if not isinstance(error, SyncdError):
            raise error

    async def _life(self) -> None:
        store: Store | None = None
        try:
            store = await self.loop.run_in_executor(None, open_state, self.state)
            place = self._workplace(store)
            accounts = {each.name: self._account(each) for each in self.places}
            suppliers = {each.name: each.supplier for each in self.places}
            await self.loop.run_in_executor(None, store.journal.register, suppliers)
            schedules = {each.name: each.schedule for each in self.places}
            daemon = Daemon(place, accounts, schedules, 30.0, SlowClock())
            await daemon.serve(self.stop)
        finally:
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
        )

    def _die(self, process: Process | None) -> None:
        if process is not None and process.alive:
            self.deaths += 1
            self.say(f"syncd dies, life {process.number}")
            process.die()
            self.network.drop_owner(process, silent=False)

    # -- settling -------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Wait until nothing is left to do, or the time is up."""
        while self.clock.elapsed < self.limit and not (self._quiet() and await self._still_quiet()):
            await asyncio.sleep(100)

    async def _still_quiet(self) -> bool:
        await asyncio.sleep(50)
        return self._quiet()

    def _quiet(self) -> bool:
        return self.process is not None and not self.unsettled() and not self._files_left()

    def unsettled(self) -> list[str]:
        """Return what has not come to its end: interchanges, deliveries, files in an outbox."""
        open_ = "'queued','storing','stored','publishing','unconfirmed','announced','spooled','parsed'"
        rows = self.ask(f"select name, state from interchange where state in ({open_})")
        rows += self.ask("select sink, last_error from delivery where delivered_at is null")
        rows += [(path.name, "in the outbox") for place in self.places for path in self.outbox(place.name).iterdir()]
        return [" ".join(map(str, row)) for row in rows]

    def _files_left(self) -> list[str]:
        """Return files in an `out` that the journal does not have."""
        have = {(row[0], row[1]) for row in self.ask("select account, name from interchange where state = 'done'")}
        return [
            name
            for place in self.places
            for name in self.houses[place.supplier].out(place.user)
            if place.consume is not Consume.KEEP or (place.name, name) not in have
        ]

    def ask(self, query: str, *values: str) -> list[Any]:
        """Read the database beside everybody."""
        connection = sqlite3.connect(self.state / "state.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def ask_all(self, table: str, columns: str, **where: str) -> list[Any]:
        """Read the rows of a table that are alike."""
        alike = " and ".join(f"{column} = ?" for column in where)
        return self.ask(f"select {columns} from {table} where {alike} order by id", *where.values())

    # -- points ---------------------------------------------------------------------------------------------

    def strike(self, point: Point, label: str) -> Fault | None:
        """Pass a point."""
        fault = self.plan.strike(point, label)
        self.points += 1
        self.trace.update(f"{self.clock.elapsed:.6f} {point} {label} {fault}\n".encode())
        if self.verbose:
            self.say(f"  {self.points - 1} {point} {label}")
        if fault is not None:
            self.struck.append(f"{fault} at {point} {label}")
            self.say(f"FAULT {fault} at point {self.points - 1}: {point} {label}")
        return fault

    def _strike_wire(self, point: Point, label: str) -> Fault | None:
        fault = self.strike(point, label)
        if fault is Fault.CRASH_BEFORE:
            self._die(self.process)
            if point is Point.CONNECT:
                raise Crash
        elif fault is Fault.CRASH_AFTER:
            self.loop.call_later(1e-6, self._die, self.process)
        return fault

    def _call(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a call of an executor."""
        process = CURRENT.get()
        if process is None:
            return call(*args)
        process.check()
        self._inline += 1
        self._doing = _named(call)
        before = self._effects
        try:
            result = call(*args)
        finally:
            self._inline -= 1
            process.check()
        if self._effects > before and self.strike(Point.CALL, self._doing) in CRASHES:
            self._die(process)
            raise Crash
        return result

    def _enter_change(self, point: Point, label: str) -> Fault | None:
        if not self._inline:
            return None
        return self._enter(point, label)

    def _enter(self, point: Point, label: str) -> Fault | None:
        assert self.process is not None
        self.process.check()
        self._effects += 1
        fault = self.strike(point, label)
        if fault is Fault.CRASH_BEFORE:
            self._die(self.process)
            raise Crash
        if fault is Fault.STALL and point is Point.FILE:
            self.clock.elapsed += STALL
        return fault

    def _leave(self, fault: Fault | None) -> None:
        if fault is Fault.CRASH_AFTER:
            self._die(self.process)
            raise Crash

    @contextmanager
    def _watched_commits(self) -> Iterator[None]:
        event.listen(Engine, "commit", self._commit)
        try:
            yield
        finally:
            event.remove(Engine, "commit", self._commit)

    def _commit(self, connection: Connection) -> None:
        if not self._inline or not _changed(connection):
            return
        fault = self._enter(Point.COMMIT, self._doing)
        if fault in (Fault.FULL, Fault.BROKEN):
            full = fault is Fault.FULL
            said = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
            said.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
            raise OperationalError("COMMIT", None, said)

    async def _enter_sink(self, label: str) -> Callable[[], None]:
        process = CURRENT.get()
        assert process is not None
        process.check()
        fault = self.strike(Point.SINK, label)
        if fault is Fault.STALL:
            await asyncio.sleep(STALL)
        elif fault is Fault.FAILS:
            raise refused(label)
        elif fault is Fault.CRASH_BEFORE:
            self._die(process)
            raise Crash

        def leave() -> None:
            if fault is Fault.FAILS_LATE:
                raise refused(label)
            self._leave(fault)

        return leave

    # -- telling --------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Add a line to the timeline."""
        self.lines.append(f"{self.clock.true():%m-%d %H:%M:%S.%f} {text}")

    def _tell(self, record: Record) -> None:
        values = [(name, getattr(record, name)) for name in record.__slots__]
        shown = [f"{name}={value}" for name, value in values if not isinstance(value, (bytes, list))]
        if record.kind != "command" or self.verbose:
            self.say(f"house: {record.kind} {' '.join(shown)}")

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, (Crash, ConnectionError)):
            self.say(f"LOOP {context.get('message')}: {error!r}")

    @contextmanager
    def _logged(self) -> Iterator[None]:
        def keep(_: Any, level: str, entry: MutableMapping[str, Any]) -> Any:
            self.say(f"log {level}: {entry.pop('event')} {' '.join(f'{k}={v}' for k, v in entry.items())}")
            raise structlog.DropEvent

        structlog.configure(processors=[keep])
        try:
            yield
        finally:
            structlog.reset_defaults()


def _is_dead(wire: Wire) -> bool:
    return isinstance(wire.owner, Process) and not wire.owner.alive


def _changed(connection: Connection) -> bool:
    """Tell whether the transaction that is about to be committed changed a row: only then the disk is written to."""
    changes: int = connection.connection.dbapi_connection.total_changes  # type: ignore[union-attr]
    before = connection.info.get("changes", 0)
    connection.info["changes"] = changes
    return bool(changes != before)


def _named(call: Callable[..., Any]) -> str:
    """Name what `Workplace.do` was asked to call."""
    inner = [cell.cell_contents for cell in call.__closure__ or ()]
    return next((each.__name__ for each in inner if hasattr(each, "__name__")), getattr(call, "__name__", "call"))


_TEMPLATE: list[Path] = []


def _template() -> Path:
    """Return a database at the newest schema, made once."""
    if not _TEMPLATE:
        directory = Path(tempfile.mkdtemp(prefix="sim-template"))
        with open_state(directory):
            pass
        _TEMPLATE.append(directory / "state.db")
    return _TEMPLATE[0]
