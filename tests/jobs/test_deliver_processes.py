"""Deliveries by real processes: killed in the middle, slow beside quick, a sink that is down while the disk fills."""

import json
import shutil
import signal
from datetime import timedelta

from click.testing import CliRunner

from syncd import app_people
from syncd.cli import syncd
from syncd.config import load
from tests.jobs.shop import now, open_shop, stock
from tests.jobs.test_daemon import daemon, events, until

SLOW = """#!/bin/sh
echo "$SYNCD_KEY" >> {folder}/begun
while [ -e {folder}/slow ]; do sleep 0.1; done
echo "$SYNCD_KEY" >> {folder}/ended
"""


def slow_program(folder):
    program = folder / "program"
    program.write_text(SLOW.format(folder=folder))
    program.chmod(0o755)
    (folder / "slow").touch()
    return f'[sink.program]\ntype = "command"\ncommand = ["{program}"]\n'


def keys(folder, name):
    path = folder / name
    return path.read_text().split() if path.exists() else []


async def test_killed_in_the_middle_of_a_delivery_it_comes_again_with_the_same_key(tmp_path):
    config = {"sinks": slow_program(tmp_path), "cb": 'schedule = { every = "1h" }'}
    async with open_shop(tmp_path, config=config) as shop:
        name = shop.cb.publish_stock(stock())
        async with daemon(shop, expect=-signal.SIGKILL) as process:
            await until(lambda: keys(tmp_path, "begun") and name in shop.raw("*.bhd"), process)
            process.kill()
        assert shop.states(name) == ["parsed"]
        (tmp_path / "slow").unlink()
        async with daemon(shop) as process:
            await until(lambda: shop.states(name) == ["done"], process)
        assert len(set(keys(tmp_path, "begun"))) == 1
        assert len(keys(tmp_path, "begun")) == 2
        assert list(shop.raw("*.bhd")) == [name], "the other sink got it once"


async def test_a_slow_sink_holds_neither_a_quick_one_nor_the_visits(tmp_path):
    config = {"sinks": slow_program(tmp_path), "cb": 'schedule = { every = "1s" }'}
    async with open_shop(tmp_path, config=config) as shop, daemon(shop) as process:
        names = [shop.cb.publish_stock(stock())]
        await until(lambda: keys(tmp_path, "begun"), process)
        for count in (6, 7):
            names.append(shop.cb.publish_stock(stock(count)))
            await until(lambda: names[-1] in shop.raw("*.bhd"), process)
        assert sorted(shop.raw("*.bhd")) == sorted(names)
        assert len(keys(tmp_path, "begun")) == 1
        (tmp_path / "slow").unlink()
        await until(lambda: len(keys(tmp_path, "ended")) == 3, process)


async def test_a_sink_that_is_down_while_the_disk_fills_up_loses_nothing(tmp_path):
    database = f'[sink.database]\ntype = "sql"\nurl = "sqlite:///{tmp_path}/shop/shop.db"\n'
    async with open_shop(tmp_path, config={"sinks": database}) as shop:
        first = shop.cb.publish_stock(stock(5))
        await shop.once("cb")
        free = shutil.disk_usage(tmp_path).free
        shop.write_config(sinks=database, top=f'reserve = "{2 * free}B"\n[spool]\nkeep = "0s"\nmost = "0B"')
        second = shop.cb.publish_stock(stock(6))
        await shop.once("cb")
        assert second in shop.cb.out("shop"), "it is not read, so it is not deleted"
        assert "disk-full" in shop.problems()
        assert shop.states(second) == []
        (kept,) = (tmp_path / "state" / "spool" / "in").glob("*.raw")
        assert kept.read_bytes() == shop.raw("*.bhd")[first], "what waits is not sacrificed"

        shop.write_config(sinks=database)
        (tmp_path / "shop").mkdir()
        CliRunner().invoke(syncd, ["sinks", "retry", "--config", str(shop.config)])
        await shop.once("cb")
        assert (shop.states(first), shop.states(second)) == (["done"], ["done"])
        assert shop.problems() == {}


async def test_a_running_daemon_follows_a_retry(tmp_path):
    database = f'[sink.database]\ntype = "sql"\nurl = "sqlite:///{tmp_path}/shop/shop.db"\n'
    config = {"sinks": database, "cb": 'schedule = { every = "1s" }'}
    async with open_shop(tmp_path, config=config) as shop:
        name = shop.cb.publish_stock(stock())
        await shop.once("cb")
        (sink,) = [each for each in shop.status().sinks if each.waiting]
        assert sink.next_try > now() + timedelta(seconds=10), "not by itself"
        (tmp_path / "shop").mkdir()
        async with daemon(shop) as process:
            CliRunner().invoke(syncd, ["sinks", "retry", "--config", str(shop.config)])
            await until(lambda: shop.states(name) == ["done"], process)


async def test_what_was_removed_from_the_spool_is_brought_back_from_an_archive(tmp_path):
    async with open_shop(tmp_path, cb={"login_interval": timedelta(0)}) as shop:
        names = [shop.cb.publish_stock(stock(count)) for count in (5, 6, 7)]
        shop.write_config(top='[spool]\nkeep = "0s"')
        await shop.once("cb")
        await shop.once("cb")
        spool = tmp_path / "state" / "spool" / "in"
        assert len(list(spool.glob("*.raw"))) == 1, "the list in use"
        run = CliRunner().invoke
        told = run(syncd, ["explain", names[0], "--config", str(shop.config)]).output
        assert "its bytes are kept no longer: older than spool.keep" in told
        shop.write_config()
        words = ["replay", "--sink", "inbox", "--since", "1d", "--dry-run", "--json", "--config", str(shop.config)]
        ready = run(syncd, words)
        assert [json.loads(line)["name"] for line in ready.stdout.splitlines()] == [names[2]]
        assert "2 files are not: their bytes are kept no more" in ready.stderr
        archived = [shop.inbox / names[0]]
        (back,), _ = await app_people.ingest(load(shop.config), "cb", archived, None, for_sinks=False)
        assert back.outcome == "known"
        ready = run(syncd, words)
        assert [json.loads(line)["name"] for line in ready.stdout.splitlines()] == [names[0], names[2]]


async def test_the_daemon_tidies_the_spool(tmp_path):
    config = {"top": '[spool]\nkeep = "0s"', "cb": 'schedule = { every = "1h" }'}
    async with open_shop(tmp_path, config=config) as shop:
        names = [shop.cb.publish_stock(stock(count)) for count in (5, 6)]
        async with daemon(shop) as process:
            await until(lambda: [shop.states(name) for name in names] == [["done"]] * 2, process)
        async with daemon(shop) as process:
            await until(lambda: any(event["event"] == "spool.tidied" for event in events(shop)), process)
        assert len(list((tmp_path / "state" / "spool" / "in").glob("*.raw"))) == 1
