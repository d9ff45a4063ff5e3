"""Killed at every step, a reservation was made once, or is held as unknown, or was never begun; never made twice."""

import asyncio
import multiprocessing
import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from syncd.model import Hold, Interchange, Step
from syncd.simulate.books import Order, Record
from syncd.simulate.ola import Manners
from syncd.state import read_state
from tests.ola.child import run
from tests.ola.houses import a_house

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.ola.child"])  # the imports are paid for once


def reserve(state: Path, port: int, fatal: int = 0) -> ForkServerProcess:
    child = FORKS.Process(target=run, args=(state, port, fatal))
    child.start()
    return child


async def status_of(child: ForkServerProcess) -> int | None:
    await asyncio.to_thread(child.join)
    return child.exitcode


def journal(state: Path) -> list[Interchange]:
    if not (state / "state.db").exists():
        return []
    with read_state(state) as store:
        return store.journal.recent()


async def test_killed_at_every_look_at_a_clock(tmp_path: Path):
    outcomes: set[tuple[int, str]] = set()
    for fatal in range(1, 40):
        state = tmp_path / str(fatal)
        async with a_house() as house:
            killed = await status_of(reserve(state, house.port, fatal))
            if killed == 0:
                break
            assert killed == -signal.SIGKILL
            left = [row.state for row in journal(state)]
            outcomes.add((len(house.orders), ", ".join(left)))
            if left != [Step.CONFIRMED]:  # else it was made, and known: another would be another order
                status = await status_of(reserve(state, house.port))
                assert status == (2 if left else 0), "what is in doubt is refused, what was never begun is made"
        assert house.violations == []
    assert killed == 0, "the last run was not killed"
    assert outcomes == {(0, ""), (1, "held"), (1, "confirmed")}


async def test_killed_between_the_order_and_its_answer(tmp_path: Path):
    async with a_house(manners=Manners(delay=0.2)) as house:
        child = reserve(tmp_path, house.port)

        def kill(record: Record) -> None:
            if isinstance(record, Order):
                child.kill()

        house.ledger.listeners.append(kill)
        assert await status_of(child) == -signal.SIGKILL
        assert [(row.state, row.hold) for row in journal(tmp_path)] == [(Step.HELD, Hold.DOUBT)]
        assert await status_of(reserve(tmp_path, house.port)) == 2, "the same is refused while it is in doubt"
    assert len(house.orders) == 1
