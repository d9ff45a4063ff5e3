"""Guards in a real round: what is held, why, and that nothing of it was sent or handed on."""

import os
import time

import pytest

from syncd import app, app_people
from syncd.config import load
from syncd.errors import UsageError
from tests.jobs.shop import TWO, open_shop, order, stock

DAY = 86400


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def drop_many(shop, count, first=0):
    for number in range(first, first + count):
        shop.drop(order(*TWO, reference=f"{number}"), f"S_900900_202611211{number:05}")


async def test_the_backlog_of_a_new_account_waits_for_a_person(tmp_path):
    async with open_shop(tmp_path) as shop:
        age(shop.drop(), 2)
        shop.drop(order(*TWO, reference="new"), "S_900900_20261121101113")
        tours = await shop.once("umbreit")
        assert tours["umbreit"].held == 1
        assert [taken.name for taken in shop.umbreit.orders] == ["S_900900_20261121101113"]
        problem = shop.problems()["order-held"]
        assert "2 days old" in problem.message
        assert "never visited" in problem.message
        (held,) = [each for each in shop.status().recent if each.state == "held (guard)"]
        assert f"syncd approve {held.id}" in problem.remedy

        age(shop.drop(order(*TWO, reference="later"), "S_900900_20261121101114"), 2)
        tours = await shop.once("umbreit")
        assert tours["umbreit"].held == 0, "two days are nothing odd once the account is in use"

        app_people.approve(load(shop.config), held.id, "")
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 3
        assert shop.umbreit.violations == []


async def test_many_orders_at_a_first_visit_wait_all_of_them(tmp_path):
    async with open_shop(tmp_path) as shop:
        drop_many(shop, 21)
        tours = await shop.once("umbreit")
        assert tours["umbreit"].held == 21
        assert shop.umbreit.orders == []


async def test_a_mass_waits_and_a_setting_says_what_a_mass_is(tmp_path):
    setting = "[account.umbreit.guard]\nmost_orders = 3"
    async with open_shop(tmp_path, config={"umbreit": setting}) as shop:
        await shop.once("umbreit")
        drop_many(shop, 3)
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 3
        drop_many(shop, 4, first=10)
        (report,) = await app.rehearse(load(shop.config), ["umbreit"], offline=True)
        assert all(line.startswith("hold S_") for line in report.outbox)
        tours = await shop.once("umbreit")
        assert tours["umbreit"].held == 4
        assert len(shop.umbreit.orders) == 3
        drop_many(shop, 1, first=20)
        tours = await shop.once("umbreit")
        assert tours["umbreit"].held == 1, "what comes after a held mass belongs to it"


async def test_an_empty_stock_list_is_accepted_and_handed_on_when_a_person_says_so(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.publish_stock(stock(4), name="full.bhd")
        await shop.once("cb")
        shop.cb.publish_stock([], name="empty.bhd")
        await shop.once("cb")
        assert set(shop.raw("*.bhd")) == {"full.bhd"}
        assert shop.states("empty.bhd") == ["parsed (guard)"]
        assert "empty.bhd" not in shop.cb.out("shop"), "it is ours, and it is whole"
        problem = shop.problems()["stock-held"]
        assert "no article" in problem.message
        number = shop.status().recent[0].id
        assert f"syncd approve {number}" in problem.remedy

        app_people.approve(load(shop.config), number, "a holiday")
        await shop.once("cb")
        assert set(shop.raw("*.bhd")) == {"full.bhd", "empty.bhd"}
        assert shop.states("empty.bhd") == ["done"]
        assert shop.problems() == {}


async def test_half_a_stock_list_waits_and_the_next_whole_one_ends_the_wait(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.publish_stock(stock(10), name="a.bhd")
        await shop.once("cb")
        for name in ("b.bhd", "c.bhd"):
            shop.cb.publish_stock(stock(4), name=name)
            await shop.once("cb")
        assert shop.states("b.bhd") == shop.states("c.bhd") == ["parsed (guard)"], "compared with the one in use"
        shop.cb.publish_stock(stock(9), name="d.bhd")
        await shop.once("cb")
        assert set(shop.raw("*.bhd")) == {"a.bhd", "d.bhd"}
        assert shop.states("b.bhd") == shop.states("c.bhd") == ["done"]
        assert shop.problems() == {}
        (story,) = app.explain(load(shop.config), "b.bhd")
        assert "a newer snapshot is in use" in story.history[-1][2]
        with pytest.raises(UsageError, match="not held by a guard"):
            app_people.approve(load(shop.config), story.file.id, "")


async def test_an_account_may_take_any_stock_list(tmp_path):
    setting = "[account.cb.guard]\nallow_empty_snapshot = true\nleast_stock = 0"
    async with open_shop(tmp_path, config={"cb": setting}) as shop:
        for name, count in (("a.bhd", 10), ("b.bhd", 1), ("c.bhd", 0)):
            shop.cb.publish_stock(stock(count), name=name)
            await shop.once("cb")
        assert set(shop.raw("*.bhd")) == {"a.bhd", "b.bhd", "c.bhd"}


async def test_an_approved_stock_list_that_is_older_than_the_one_in_use_is_handed_to_nobody(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.publish_stock(stock(10), name="a.bhd")
        await shop.once("cb")
        shop.cb.publish_stock(stock(1), name="b.bhd")
        content = shop.cb.out("shop")["b.bhd"]
        shop.cb.out("shop")["b.bhd"] = content.replace(b"#00042026", b"#00042027")
        shop.cb.out("shop")["c.bhd"] = content.replace(b"#00042026", b"#00042028")
        await shop.once("cb")
        first, second = (app.explain(load(shop.config), name)[0].file.id for name in ("b.bhd", "c.bhd"))
        app_people.approve(load(shop.config), second, "right")
        await shop.once("cb")
        assert shop.states("b.bhd") == ["done"]
        assert set(shop.raw("*.bhd")) == {"a.bhd", "c.bhd"}
        with pytest.raises(UsageError):
            app_people.approve(load(shop.config), first, "right")
