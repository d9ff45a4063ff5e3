"""`syncd sinks` and `syncd replay`: what a person sees and does about deliveries, through the real verbs."""

import json
import shutil
import sqlite3

import pytest
from click.testing import CliRunner

from syncd import app
from syncd.cli import syncd
from syncd.config import load
from syncd.errors import SyncdError
from tests.jobs.shop import open_shop, stock

DATABASE = '[sink.database]\ntype = "sql"\nurl = "sqlite:///{folder}/shop/shop.db"\ntries = 2\n'


def run(shop, *words):
    result = CliRunner().invoke(syncd, [*words, "--config", str(shop.config)])
    if isinstance(result.exception, SyncdError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def listed(shop):
    return {sink["name"]: sink for sink in map(json.loads, run(shop, "sinks", "list", "--json").splitlines())}


def rows(shop, query):
    with sqlite3.connect(shop.folder / "shop" / "shop.db") as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


async def test_a_sink_that_is_down_is_told_and_tried_when_somebody_asks(tmp_path):
    async with open_shop(tmp_path, config={"sinks": DATABASE.format(folder=tmp_path)}) as shop:
        name = shop.cb.publish_stock(stock())
        tours = await shop.once("cb")
        assert [row.state for row in tours["cb"].visit.fetched] == ["parsed"]
        assert listed(shop)["inbox"]["waiting"] == 0
        down = listed(shop)["database"]
        assert (down["waiting"], down["dead"], down["type"]) == (1, 0, "sql")
        assert "unable to open" in down["last_error"]
        assert down["oldest"] < down["next_try"]
        text = run(shop, "sinks", "list")
        assert "database (sql): 1 waits, 0 dead letters" in text
        assert "next try" in text
        assert "database: waits, last error" in run(shop, "explain", name)
        with pytest.raises(SyncdError, match="unable to open"):
            await app_test(shop, "database")

        (tmp_path / "shop").mkdir()
        assert "1 delivery is due now" in run(shop, "sinks", "retry", "database")
        tours = await shop.once("cb")
        assert rows(shop, "SELECT name FROM syncd_interchange") == [(name,)]
        assert "inbox: has it since" in run(shop, "explain", name)
        assert shop.status().word == "ok"


async def app_test(shop, sink):
    from syncd import app_sinks

    return await app_sinks.test(load(shop.config), sink)


async def test_each_sink_looks_at_its_target_and_leaves_nothing_there(tmp_path):
    async with open_shop(tmp_path, config={"sinks": DATABASE.format(folder=tmp_path)}) as shop:
        (tmp_path / "shop").mkdir()
        assert "can be written" in await app_test(shop, "database")
        assert rows(shop, "SELECT name FROM sqlite_schema") == []
        assert "files can appear" in await app_test(shop, "inbox")
        assert shop.raw(".syncd-check") == shop.raw() == {}
        with pytest.raises(SyncdError, match="there is no sink nowhere"):
            await app_test(shop, "nowhere")


async def test_a_new_sink_and_one_that_was_lost_are_filled_from_the_spool(tmp_path):
    async with open_shop(tmp_path) as shop:
        names = [shop.cb.publish_stock(stock(count)) for count in (5, 6)]
        await shop.once("cb")
        shop.write_config(sinks=DATABASE.format(folder=tmp_path))
        (tmp_path / "shop").mkdir()
        words = ("replay", "--sink", "database", "--since", "1d")
        assert "2 files would be handed to database" in run(shop, *words, "--dry-run")
        assert listed(shop)["database"]["waiting"] == 0, "a dry run changes nothing"
        assert "2 files are handed to database again" in run(shop, *words, "--reason", "it is new")
        assert listed(shop)["database"]["waiting"] == 2
        await shop.once("cb")
        taken = "SELECT name FROM syncd_interchange ORDER BY id"
        assert rows(shop, taken) == [(name,) for name in names]
        story = run(shop, "explain", names[0])
        assert "to database again" in story
        assert "(it is new)" in story

        run(shop, *words, "--reason", "once more")
        await shop.once("cb")
        assert len(rows(shop, taken)) == 2, "it knows the keys"
        shutil.rmtree(tmp_path / "shop")
        (tmp_path / "shop").mkdir()
        run(shop, *words, "--reason", "it was lost")
        await shop.once("cb")
        assert rows(shop, taken) == [(name,) for name in names]
        assert rows(shop, "SELECT count(*) FROM syncd_stock_line") == [(6,)]
        assert len(shop.raw("*.bhd")) == 2, "the other sink got nothing of it"


async def test_replay_says_what_it_cannot_do(tmp_path):
    async with open_shop(tmp_path, config={"cb": "sinks = []"}) as shop:
        await shop.once("cb")
        for words, said in (
            (("--sink", "inbox", "--since", "yesterday", "--dry-run"), "no date like"),
            (("--sink", "inbox", "--since", "9999-12-31T23:59:59-12:00", "--dry-run"), "no date like"),
            (("--sink", "inbox", "--since", "7d"), "--reason"),
        ):
            result = CliRunner().invoke(syncd, ["replay", *words, "--config", str(shop.config)])
            assert result.exit_code == 2
            assert said in result.output
        with pytest.raises(SyncdError, match="gets nothing of the account cb"):
            run(shop, "replay", "--sink", "inbox", "--since", "7d", "--account", "cb", "--dry-run")


async def test_what_waits_for_a_sink_that_is_gone_is_shown_and_can_be_dropped(tmp_path):
    async with open_shop(tmp_path, config={"sinks": DATABASE.format(folder=tmp_path)}) as shop:
        name = shop.cb.publish_stock(stock())
        await shop.once("cb")
        with pytest.raises(SyncdError, match="is in the configuration"):
            run(shop, "sinks", "drop", "database", "--reason", "too slow")
        shop.write_config()
        gone = shop.problems()["sink-gone"]
        assert "not in the configuration" in gone.message
        assert "syncd sinks drop database" in gone.remedy
        assert "database (not in the configuration): 1 waits" in run(shop, "status")
        assert "1 delivery to database is given up" in run(shop, "sinks", "drop", "database", "--reason", "sold")
        assert shop.problems() == {}
        assert shop.states(name) == ["done"]
        assert "not handed to database" in run(shop, "explain", name)
        assert shop.status().said[0].why == "sold"
        assert "database" not in listed(shop)
        with pytest.raises(SyncdError, match="nothing waits"):
            run(shop, "sinks", "drop", "database", "--reason", "sold")


async def test_a_dead_letter_is_a_problem_until_it_is_none(tmp_path):
    refusing = tmp_path / "refuse"
    refusing.write_text('#!/bin/sh\ntest "$SYNCD_NAME" != "$(cat ' + str(tmp_path / "bad") + ')"\n')
    refusing.chmod(0o755)
    sinks = f'[sink.program]\ntype = "command"\ncommand = ["{refusing}"]\ntries = 1\n'
    async with open_shop(tmp_path, config={"sinks": sinks}) as shop:
        names = [shop.cb.publish_stock(stock(count)) for count in (5, 6)]
        (tmp_path / "bad").write_text(names[0])
        await shop.once("cb")
        problem = shop.problems()["dead-letters"]
        assert "exited with 1" in problem.message
        assert "syncd sinks retry program --dead" in problem.remedy
        assert "program: dead letter after 1 attempt" in run(shop, "explain", names[0])
        assert shop.states(names[1]) == ["done"], "the next one went on"
        (tmp_path / "bad").write_text("")
        assert "0 deliveries" in run(shop, "sinks", "retry")
        assert "1 delivery is due" in run(shop, "sinks", "retry", "--dead")
        await shop.once("cb")
        assert shop.problems() == {}
        assert shop.states(names[0]) == ["done"]


async def test_once_tells_where_a_file_stands_after_its_delivery(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.publish_stock(stock())
        tours, waiting = await app.once(load(shop.config), ["cb"])
        assert waiting == 0
        assert [row.state for tour in tours if tour.visit for row in tour.visit.fetched] == ["done"]
