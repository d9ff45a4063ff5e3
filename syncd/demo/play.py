"""The play: houses open, the daemon starts, an order goes out, answers and stock come in, the daemon is stopped."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from rich.console import Console

from syncd.demo.checks import Evidence, check
from syncd.demo.shop import CUSTOMER, RELATION, Shop, open_shop, write_config
from syncd.demo.stage import Scene, Stage, show
from syncd.errors import SyncdError
from syncd.simulate import CbHouse, UmbreitHouse
from syncd.simulate.stocklist import Row, invented_rows
from syncd.wording import counted

T = TypeVar("T")

INTERVAL = 3
"""Seconds between two logins at the simulated CB, where the real one wants 600."""
PATIENCE = 20.0
"""Seconds that a scene may take."""
TICK = 0.05


class SceneError(SyncdError):
    """A scene did not come to its end in time."""

    code = "demo"


@dataclass(slots=True)
class Play:
    """One performance; what the houses put out is written down as they put it out."""

    shop: Shop
    stage: Stage
    umbreit: UmbreitHouse
    cb: CbHouse
    answers: dict[str, bytes] = field(default_factory=dict)
    stock_lists: dict[str, bytes] = field(default_factory=dict)
    newest: Sequence[Row] = ()
    exit_status: int | None = None
    _process: asyncio.subprocess.Process | None = None

    async def perform(self) -> bytes:
        """Play all scenes; return the order file that was built."""
        self._publish_stock(400)
        built = await self._build()
        async with self._daemon():
            await self._taken()
            await self._answered()
            await self._stock()
            await self._dropped_again(built)
        return built

    def _publish_stock(self, count: int) -> None:
        self.newest = invented_rows(count)
        name = self.cb.publish_stock(self.newest)
        self.stock_lists[name] = self.cb.out("shop")[name]

    async def _build(self) -> bytes:
        scene = self.stage.begin("syncd order build orders.csv")
        with (self.shop.folder / "verbs.log").open("wb") as log:
            builder = await self._syncd("order", "build", str(self.shop.sheet), "--account", "umbreit", log=log)
            await builder.wait()
        built = next(self.shop.outbox.glob("S_*"), None)
        if built is None:
            raise SceneError("the order could not be built", remedy=f"See {self.shop.folder}/verbs.log.")
        self.stage.end(scene, f"{built.name} lies in the outbox")
        return built.read_bytes()

    @asynccontextmanager
    async def _daemon(self) -> AsyncIterator[None]:
        scene = self.stage.begin("syncd run: the daemon starts")
        with self.shop.log.open("wb") as log:
            daemon = self._process = await self._syncd("run", log=log)
        try:
            await self._until(scene, lambda: bool(self.umbreit.logins), "the daemon never logged in")
            self.stage.end(scene, f"process {daemon.pid}, log in {self.shop.log.name}")
            yield
        finally:
            scene = self.stage.begin("SIGTERM: the daemon stops")
            if daemon.returncode is None:
                daemon.terminate()
            try:
                self.exit_status = await asyncio.wait_for(daemon.wait(), PATIENCE)
            except TimeoutError:
                daemon.kill()
                self.exit_status = await daemon.wait()
            self.stage.end(scene, f"exit status {self.exit_status}")

    async def _taken(self) -> None:
        scene = self.stage.begin("Umbreit takes the order")
        await self._until(scene, lambda: bool(self.umbreit.orders), "Umbreit never got the order")
        order = self.umbreit.orders[0]
        self.stage.end(scene, f"{counted(len(order.lines), 'line')}, under its order number {order.number}")

    async def _answered(self) -> None:
        for kind, words in (("ERM", "the order response (ERM) comes back"), ("ELS", "the despatch advice (ELS) too")):
            scene = self.stage.begin(words)
            found = await self._until(scene, partial(self._in_inbox, kind), f"the {kind} never came")
            self.stage.end(scene, f"{found} in the folder and in SQLite")
        self.answers = dict(self.umbreit.out(CUSTOMER).items())

    def _in_inbox(self, kind: str) -> str:
        """Return the name of an ERM or an ELS in the inbox, empty while there is none."""
        names = [path.name for path in self.shop.inbox.glob("R_*") if path.suffix != ".jsonl"]
        return next((name for name in names if (name[8] == "M") == (kind == "ERM")), "")

    async def _stock(self) -> None:
        scene = self.stage.begin("a stock list comes from CB over TLSv1")
        first = next(iter(self.stock_lists))
        await self._until(scene, (self.shop.inbox / first).exists, "the stock list never came")
        self.stage.end(scene, f"{first}: {counted(len(self.newest), 'title')}; CB deleted it as it was read")
        self._publish_stock(350)
        scene = self.stage.begin(f"the next one, not before {INTERVAL} s have passed (600 at the real CB)")
        second = list(self.stock_lists)[-1]
        await self._until(scene, (self.shop.inbox / second).exists, "the second stock list never came")
        self.stage.end(scene, f"{second}: {counted(len(self.newest), 'title')} in place of the old stock")

    async def _dropped_again(self, built: bytes) -> None:
        scene = self.stage.begin("the same order is dropped into the outbox again")
        name = f"S_{CUSTOMER}_{datetime.now(UTC):%Y%m%d%H%M%S}"
        draft = self.shop.outbox / ".again.tmp"
        draft.write_bytes(built)
        draft.rename(self.shop.outbox / name)
        await self._until(scene, lambda: not (self.shop.outbox / name).exists(), "the outbox was never looked at")
        self.stage.end(scene, "held for a person, not sent")

    async def _syncd(self, *arguments: str, log: BinaryIO) -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "syncd", *arguments, "--config", str(self.shop.config))
        return await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)

    async def _until(self, scene: Scene, look: Callable[[], T], failure: str) -> T:
        """Look until there is something to see. Raises SceneError."""
        for _ in range(int(PATIENCE / TICK)):
            if seen := look():
                return seen
            if self._process is not None and self._process.returncode is not None:
                failure = f"{failure}: the daemon is gone"
                break
            await asyncio.sleep(TICK)
        self.stage.end(scene, failure, failed=True)
        raise SceneError(failure, remedy=f"The daemon's log is {self.shop.log}.")


async def demo(folder: Path, console: Console) -> bool:
    """Play everything in a new folder and show the table; tell whether every line of it holds.

    Raises UsageError when the folder is there already, SceneError when a scene does not come to its end.
    """
    shop = open_shop(folder)
    async with _houses(shop) as (umbreit, cb):
        write_config(shop, umbreit=umbreit.port, cb=cb.port, interval=INTERVAL)
        with Stage(console) as stage:
            play = Play(shop, stage, umbreit, cb)
            built = await play.perform()
        evidence = Evidence(
            shop=shop, umbreit=umbreit, cb=cb, built=built, answers=play.answers, stock_lists=play.stock_lists,
            newest=play.newest, interval=INTERVAL, exit_status=play.exit_status,
        )  # fmt: skip
        checks = await asyncio.to_thread(check, evidence)
    show(console, checks)
    return all(one.holds for one in checks)


@asynccontextmanager
async def _houses(shop: Shop) -> AsyncIterator[tuple[UmbreitHouse, CbHouse]]:
    """Open both houses on free ports of this machine."""
    dice = random.Random(24000)  # noqa: S311 - invented delivery-note numbers, no secrets
    async with (
        UmbreitHouse({CUSTOMER: shop.umbreit_password}, clock=_now, rng=dice) as umbreit,
        CbHouse(
            {"shop": shop.cb_password},
            clock=_now,
            rng=dice,
            relations={"shop": RELATION},
            ca_file=shop.ca_file,
            login_interval=timedelta(seconds=INTERVAL),
        ) as cb,
    ):
        yield umbreit, cb


def _now() -> datetime:
    return datetime.now(UTC)
