"""A session whose process stood still until somebody else had the account: it sends nothing more, at any command."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import TooEarlyError
from syncd.jobs.tour import Tour, tour
from syncd.simulate.books import Command, Record
from tests.jobs.shop import open_shop, stock

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
