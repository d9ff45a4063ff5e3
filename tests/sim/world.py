"""A world: houses, a shop, and the machine on which syncd lives, dies and is started again.

The whole daemon runs here, APScheduler and the real FTP client included; its store is the real one on a real (memory)
disk. Only the clock, the network and the garbage collector are virtual. A history is the same for the same seed and
the same plan of faults, and every point of it goes into `trace`.
"""

import hashlib
import tempfile
from asyncio import sleep
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from syncd.simulate import CbHouse, House, Tls, UmbreitHouse
from syncd.state import open_state
from syncd.suppliers.rules import Consume
from tests.sim import disk, loop, sockets
from tests.sim.clock import VirtualClock, scheduler_time
from tests.sim.faults import Plan
from tests.sim.loop import VirtualLoop
from tests.sim.machine import HEARTBEAT, PASSWORD, Place
from tests.sim.network import Network
from tests.sim.people import LOOK, People
from tests.sim.process import CURRENT, Process, task_factory
from tests.sim.shop import Dropped, Folder, Recorder, drop
from tests.sim.wire import Wire

START = datetime(2026, 3, 3, 12, 56, tzinfo=UTC)
SWEEP = 311.0
"""Seconds between two looks of the shop into its folder."""
DAY_AND_A_HALF = 36 * 3600.0


class World(People):
    """All there is. `script` is the shop's and the suppliers' life, `judge` says at the end which promises broke.

    From `limit` on, in seconds, nobody waits for a history to settle any more.
    """

    def __init__(
        self,
        places: tuple[Place, ...],
        script: Callable[["World"], Any],
        judge: Callable[["World"], list[str]],
        plan: Plan,
        *,
        seed: int = 1,
        start: datetime = START,
        limit: float = DAY_AND_A_HALF,
        removes: str = "before-226",
        heartbeat: timedelta = HEARTBEAT,
        verbose: bool = False,
    ) -> None:
        super().__init__()
        self.places = places
        self.script = script
        self.judge = judge
        self.plan = plan
        self.seed = seed
        self.limit = limit
        self.removes = removes
        self.heartbeat = heartbeat
        self.verbose = verbose
        self.dice = Random(seed)
        self.clock = VirtualClock(start)
        self.root = Path()
        self.houses: dict[str, House] = {}
        self.dropped: list[Dropped] = []
        self.published: list[tuple[str, str, str]] = []
        """Account, name and SHA-256 of every file that was put into an `out`."""
        self.broken: list[str] = []
        self.leaks: list[str] = []
        self.problems: set[str] = set()
        self._unsettled_at = (-1, -1)
        """Points and approvals at the latest look, if something was unsettled: between two of them nothing changes."""
        self.held = 0
        self.told_lost = 0

    # -- a history ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Live through it, from the first start to the last stop."""
        with ExitStack() as stack:
            self.root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sim", dir=disk.MEMORY))) / "world"
            self.root.mkdir()
            stack.enter_context(scheduler_time(self.clock))
            stack.enter_context(disk.watched(self._enter_change, self._leave))
            self.files = stack.enter_context(disk.descriptors(lambda: self._inline > 0))
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
        with sockets.lent(self.network, lambda: CURRENT.get() is not None):
            await self._live()

    async def _live(self) -> None:
        async with self._house("umbreit"), self._house("cb"):
            self._sweep()
            self.loop.call_later(LOOK, self.look)
            machine = self.loop.create_task(self.operate())
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
        (self.state / "state.db").write_bytes(_template())

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
        drop(self.outbox(account), name, content, self.clock.wall())

    def _sweep(self) -> None:
        self.folder.sweep()
        if not self.over:
            self.loop.call_later(SWEEP, self._sweep)

    # -- settling -------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Wait until nothing is left to do, or the time is up."""
        while self.clock.elapsed < self.limit and not (self._quiet() and await self._still_quiet()):
            await sleep(100)

    async def _still_quiet(self) -> bool:
        await sleep(50)
        return self._quiet()

    def _quiet(self) -> bool:
        now = self.points, self.approved
        if self.process is None or self._unsettled_at == now:
            return False
        if self.unsettled():
            self._unsettled_at = now
            return False
        return not self._files_left()

    def unsettled(self) -> list[str]:
        """Return what has not come to its end: interchanges, deliveries, files in an outbox."""
        open_ = "'queued','storing','stored','publishing','unconfirmed','announced','spooled','parsed'"
        rows = self.ask(
            f"select name, state from interchange where state in ({open_}) or hold = 'guard' "
            "union all select sink, last_error from delivery where delivered_at is null"
        )
        waiting = [path for place in self.places for path in self.outbox(place.name).glob("[!.]*")]
        rows += [(path.name, "in the outbox") for path in waiting]
        return [" ".join(map(str, row)) for row in rows]

    def _files_left(self) -> list[str]:
        """Return files in an `out` that the journal does not have; other bytes under a name of before are another."""
        have = set(self.ask("select account, name, sha256 from interchange where state = 'done'"))
        return [
            name
            for place in self.places
            for name, content in self.houses[place.supplier].out(place.user).items()
            if place.consume is not Consume.KEEP or (place.name, name, hashlib.sha256(content).hexdigest()) not in have
        ]

    def ask_all(self, table: str, columns: str, **where: str) -> list[Any]:
        """Read the rows of a table that are alike."""
        alike = " and ".join(f"{column} = ?" for column in where)
        return self.ask(f"select {columns} from {table} where {alike} order by id", *where.values())


def _is_dead(wire: Wire) -> bool:
    return isinstance(wire.owner, Process) and not wire.owner.alive


@cache
def _template() -> bytes:
    """Return a database at the newest schema."""
    with tempfile.TemporaryDirectory(prefix="sim", dir=disk.MEMORY) as scratch:
        with open_state(Path(scratch)):
            pass
        return (Path(scratch) / "state.db").read_bytes()
