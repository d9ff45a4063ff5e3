"""The watch over the outboxes: it finds folders that come later, and those that are replaced."""

import asyncio

from syncd.watch import OutboxWatch


def drop(folder):
    (folder / ".draft").touch()
    (folder / ".draft").rename(folder / "order")


async def arrival(watch):
    return await asyncio.wait_for(anext(watch.arrivals()), 10)


async def test_an_arrival_names_its_folder(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with OutboxWatch([one, two]) as watch:
        drop(two)
        assert await arrival(watch) == two


async def test_a_folder_that_comes_later_is_watched_from_then_on(tmp_path):
    folder = tmp_path / "outbox"
    with OutboxWatch([folder]) as watch:
        folder.mkdir()
        watch.renew()
        drop(folder)
        assert await arrival(watch) == folder


async def test_a_folder_that_was_replaced_is_watched_again(tmp_path):
    folder = tmp_path / "outbox"
    folder.mkdir()
    with OutboxWatch([folder]) as watch:
        folder.rename(tmp_path / "old")
        folder.mkdir()
        watch.renew()
        watch.renew()
        drop(folder)
        assert await arrival(watch) == folder


async def test_a_folder_that_is_not_there_costs_nothing(tmp_path):
    with OutboxWatch([tmp_path / "nowhere"]) as watch:
        watch.renew()
        waiting = asyncio.create_task(arrival(watch))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        waiting.cancel()
