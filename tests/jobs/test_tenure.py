"""A session whose process stood still until somebody else had the account: it sends nothing more, at any command."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import LaterError, TooEarlyError
from syncd.jobs.base import Account, Workplace
from syncd.jobs.tenure import Tenure
from syncd.jobs.tour import Tour, tour
from syncd.jobs.visit import visit
from syncd.model import Interchange
from syncd.plan.inbound import FileAction
from syncd.simulate.books import Command, Record
from syncd.state import Store, open_state
from syncd.transport.base import Session
from syncd.transport.memory import MemoryServer
from tests.jobs.shop import open_shop, stock
from tests.sim.clock import VirtualClock
from tests.sim.lives import PASSWORD, USERS, Inline, account
from tests.sim.loop import VirtualLoop, run
from tests.state.samples import order as add_order

ASLEEP = timedelta(hours=2)


class Sleeper:
    """The clocks of a process that stands still at one command of its, while another host takes the account."""

    def __init__(self, verb: str, take: Callable[[], object]) -> None:
        self.verb, self.take, self.slept = verb, take, timedelta(0)

    def sample(self):
        now = app.clock_sample()
        return replace(now, wall=now.wall + self.slept, boot_time=now.boot_time + self.slept.total_seconds())

    def hear(self, record: Record) -> None:
        """Listen to the house's books: at the command, sleep, and be taken over."""
        if isinstance(record, Command) and record.verb == self.verb and not self.slept:
            self.slept = ASLEEP
            self.take()


@asynccontextmanager
async def asleep_at(verb, tmp_path, account, drop):
    """Yield the tour of an account whose process sleeps at a command, the house, and what came after the sleep."""
    async with open_shop(tmp_path) as shop:
        drop(shop)
        house = getattr(shop, account)
        async with app.workplace(load(shop.config)) as place:
            sleeper = Sleeper(
                verb,
                lambda: place.store.gate.acquire(account, "other/1", timedelta(0), timedelta(0), sleeper.sample()),
            )
            house.ledger.listeners.append(sleeper.hear)
            result = await tour(
                replace(place, sample=sleeper.sample), app.accounts_of(load(shop.config))[account], due=True
            )
            assert sleeper.slept, f"{verb} was never sent"
        yield shop, house, result


def refused(result: Tour) -> None:
    (error,) = result.errors
    assert isinstance(error, TooEarlyError)
    assert "took the account over" in str(error)
    assert not result.failures, "an account that another host looks after has not failed"


@pytest.mark.parametrize("verb", ["USER", "PASS", "CWD", "PASV", "STOR", "SIZE", "RNFR", "MLSD", "QUIT"])
async def test_nothing_is_sent_after_the_account_was_taken(tmp_path, verb):
    async with asleep_at(verb, tmp_path, "umbreit", lambda shop: shop.drop()) as (shop, house, result):
        sent = [command.verb for command in house.commands]
        if verb == "QUIT":
            assert not result.errors
        else:
            refused(result)
            assert sent[-1] == verb, f"it went on with {sent[sent.index(verb) + 1 :]}"
        for _ in range(3):
            await shop.once("umbreit")
        assert len(house.orders) == 1
        assert house.violations == []


@pytest.mark.parametrize("verb", ["PASS", "STOR", "RETR"])
async def test_nothing_is_lost_or_doubled_where_reading_deletes(tmp_path, verb):
    """What the command that was under way brings about is settled; the rest is left to the next visit."""

    def drop(shop):
        shop.drop(b"anything\r\n", "order-1.txt", tmp_path / "outbox-cb")
        shop.stock = shop.cb.publish_stock(stock())

    async with asleep_at(verb, tmp_path, "cb", drop) as (shop, house, result):
        refused(result)
        await shop.once("cb")
        assert [order.name for order in house.orders] == ["order-1.txt"]
        assert house.violations == []
        lost = [problem.message for problem in shop.status().problems if shop.stock in problem.message]
        assert bool(shop.raw()) != bool(lost), "it is there, or somebody is told"


# -- however long it takes --------------------------------------------------------------------------------------


class Rival:
    """Another host, which wants the account every minute."""

    def __init__(self, store: Store, clock: VirtualClock) -> None:
        self.store, self.clock = store, clock
        self.has_it_since: float | None = None

    def take(self) -> None:
        with suppress(TooEarlyError):
            self.store.gate.acquire("cb", "other/1", timedelta(0), timedelta(hours=9), self.clock.sample())
            self.has_it_since = self.clock.elapsed

    async def wait(self) -> None:
        while self.has_it_since is None:
            await asyncio.sleep(60)
            self.take()


class Slow:
    """A crew that is so long at an order that the lease runs out several times; its process may stand still at it."""

    def __init__(self, rival: Rival, *, asleep: bool) -> None:
        self.rival, self.asleep = rival, asleep

    def commands(self, account: Account) -> frozenset[str]:
        return account.commands()

    async def carry(self, session: Session, order: Interchange) -> Interchange:
        await asyncio.sleep(610)
        if self.asleep:
            self.rival.clock.elapsed += ASLEEP.total_seconds()
            self.rival.take()
        await asyncio.sleep(3600)
        await session.enter("in")
        return order

    async def run(self, session: Session, action: FileAction) -> None:
        raise AssertionError("nothing is there")


def slow_visit(folder: Path, *, asleep: bool, away: bool = False) -> tuple[float | None, float, TooEarlyError | None]:
    """Return when another host got the account, when the visit was over, and what ended it.

    `away`: the database does not answer when the first sign of life is due.
    """
    clock, server = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC)), MemoryServer()
    server.account(USERS["cb"], PASSWORD)

    async def main(virtual: VirtualLoop) -> tuple[float | None, float, TooEarlyError | None]:
        with open_state(folder / "state") as store:
            store.journal.register({"cb": "cb"})
            add_order(store, account="cb")
            place = Workplace(store, None, clock.wall, clock.sample, server.connect, "this/1")
            rival, ended = Rival(store, clock), None

            def inline(call: Callable[..., object], *args: object) -> object:
                if away and 200 < clock.elapsed < 400:
                    raise LaterError("the database does not answer")
                return call(*args)

            virtual.inline = inline
            waiting = virtual.create_task(rival.wait())
            try:
                await visit(place, account("cb", 21, folder), Slow(rival, asleep=asleep))
            except TooEarlyError as error:
                ended = error
            over = clock.elapsed
            await waiting
            return rival.has_it_since, over, ended

    return run(clock, main)


@pytest.mark.parametrize("away", [False, True])
def test_a_session_keeps_its_account_however_long_a_transfer_takes(tmp_path, away):
    taken, over, ended = slow_visit(tmp_path, asleep=False, away=away)
    assert over > 4 * 900, "the lease is a quarter of an hour"
    assert taken is not None
    assert over <= taken <= over + 60
    assert ended is None


def test_a_session_in_the_middle_of_a_transfer_is_cut_when_another_host_has_the_account(tmp_path):
    taken, over, ended = slow_visit(tmp_path, asleep=True)
    assert taken is not None
    assert taken < over
    assert "took the account over" in str(ended)


# -- how old a sign of life is ----------------------------------------------------------------------------------


class Standstill(Inline):
    """Stands still between the gate's answer and whoever asked, once, until another host has the account."""

    def __init__(self, rival: Rival) -> None:
        self.rival = rival

    def submit(self, call, /, *args, **named):
        answered = super().submit(call, *args, **named)
        if self.rival.has_it_since is None:
            self.rival.clock.elapsed += ASLEEP.total_seconds()
            self.rival.take()
        return answered


@contextmanager
def tenure(folder):
    """Yield the right to an account that was just taken, and a rival; the process stands still when it asks."""
    clock, cb = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC)), account("cb", 21, folder)
    with open_state(folder / "state") as store:
        store.journal.register({"cb": "cb"})
        since, rival = clock.sample(), Rival(store, clock)
        place = Workplace(store, Standstill(rival), clock.wall, clock.sample, MemoryServer().connect, "this/1")
        yield Tenure(place, cb, store.gate.acquire("cb", place.holder, timedelta(0), cb.lease, since), since), rival


async def test_a_sign_of_life_is_as_old_as_the_question_and_not_as_its_answer(tmp_path):
    with tenure(tmp_path) as (ours, rival):
        await ours.renew()
        assert rival.has_it_since is not None
        with pytest.raises(TooEarlyError, match="took the account over"):
            await ours.permit()


@pytest.mark.parametrize(("seconds", "asked"), [(299, False), (301, True), (899, True)])
async def test_after_a_third_of_the_lease_the_gate_is_asked_before_a_command(tmp_path, seconds, asked):
    """The rest of the lease is for another host whose clock runs ahead: here it is over there already."""
    with tenure(tmp_path) as (ours, rival):
        rival.clock.elapsed = 901
        rival.take()
        assert rival.has_it_since is not None
        rival.clock.elapsed = seconds
        with pytest.raises(TooEarlyError) if asked else nullcontext():
            await ours.permit()
