"""A watch list: asked on a schedule, and its answers handed to the sinks like any other file."""

import asyncio
import hashlib
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import UsageError
from syncd.jobs.watch import Watch
from syncd.model import Direction
from syncd.simulate.ola import Fault, OlaHouse
from tests.jobs.shop import Shop, now, open_shop
from tests.jobs.test_daemon import PATIENCE, daemon, until
from tests.ola.houses import HALF, NONE, PASSWORD, THERE, a_house

WATCHED = f"""\
{THERE}:2   # there
{HALF}:5
{NONE}
{HALF}:5    # said twice, asked once
"""


@asynccontextmanager
async def a_shop(folder: Path, house: OlaHouse, watched: str = WATCHED, more: str = "") -> AsyncIterator[Shop]:
    (folder / "watch.txt").write_text(watched)
    password = folder / "ola-password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    table = f"""\
schedule = {{ every = "1s" }}
[account.umbreit.ola]
host = "127.0.0.1"
port = {house.port}
user = "900900"
password = {{ file = "{password}" }}
watch = "{folder}/watch.txt"
{more}
"""
    database = f'[sink.books]\ntype = "sql"\nurl = "sqlite:///{folder}/books.db"\n'
    async with open_shop(folder, config={"umbreit": table, "sinks": database}) as shop:
        yield shop


def watch_of(shop: Shop):
    return next(account for account in shop.status().accounts if account.name == "umbreit/ola")


def in_the_database(shop: Shop) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(shop.folder / "books.db")) as connection:
        query = "SELECT article, wanted, result, quantity, price FROM syncd_availability_line ORDER BY line"
        return connection.execute(query).fetchall()


async def test_the_answers_reach_the_sinks(tmp_path: Path):
    async with a_house() as house, a_shop(tmp_path, house) as shop:
        await shop.once("umbreit")
        ((name, raw),) = shop.raw("OLA_*").items()
        assert raw.split(b"\r\n")[0] == b"900900^9783842344549^2^2^1^2^^"
        records = shop.records("OLA_*")
        assert [(line["record"], line["article"], line["quantity"]) for line in records] == [
            ("AvailabilityLine", THERE, 2),
            ("AvailabilityLine", HALF, 3),
            ("AvailabilityLine", NONE, 0),
        ]
        assert [row[:3] for row in in_the_database(shop)] == [(THERE, 2, 1), (HALF, 5, 0), (NONE, 1, 0)]
        assert shop.states(name) == ["done"]
        status = watch_of(shop)
        assert (status.word, status.last_success is None) == ("ok", False)
    assert [command.argument.split("^")[3] for command in house.commands if "^" in command.argument] == ["2"] * 3
    assert house.orders == []
    assert house.violations == []


async def test_the_latest_answers_take_the_place_of_the_earlier_ones(tmp_path: Path):
    async with a_house() as house, a_shop(tmp_path, house, more="watch_price = true\nwindow = 1") as shop:
        await shop.once("umbreit")
        (shop.folder / "watch.txt").write_text(f"{THERE}\n")
        await shop.once("umbreit")
        assert len(shop.raw("OLA_*")) == 2
        ((article, *_, price),) = in_the_database(shop)
        assert article == THERE
        assert price
    assert house.violations == []


async def test_the_daemon_asks_and_a_restart_does_not_ask_again(tmp_path: Path):
    async with a_house() as house, a_shop(tmp_path, house) as shop:
        async with daemon(shop):
            await until(lambda: shop.raw("OLA_*"))
        due = watch_of(shop).next_visit
        assert due
        assert timedelta(minutes=58) < due - now() < timedelta(minutes=61)
        visits = len(shop.umbreit.logins)
        async with daemon(shop):
            await until(lambda: len(shop.umbreit.logins) > visits + 1)
        assert watch_of(shop).next_visit == due
    assert len(house.logins) == 1
    assert house.violations == []


async def test_a_house_that_is_away_is_asked_again_later_and_told_of_at_the_second_time(tmp_path: Path):
    async with a_house() as house, a_shop(tmp_path, house) as shop:
        await house.__aexit__(None, None, None)
        async with daemon(shop):
            await until(lambda: (tmp_path / "state").exists() and watch_of(shop).word == "failing")
            await until(lambda: watch_of(shop).next_visit)
            await until(lambda: shop.umbreit.logins)
        again = watch_of(shop).next_visit
        assert again
        assert timedelta(seconds=10) < again - now() <= timedelta(seconds=30)
        assert "visit-failed" not in shop.problems(), "one failure is weather"
        await shop.once("umbreit")
        assert shop.problems()["visit-failed"].account == "umbreit/ola"
        assert watch_of(shop).word == "failing"
        assert next(account for account in shop.status().accounts if account.name == "umbreit").word == "ok"
        await house.__aenter__()


async def ask_by_hand(shop: Shop) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syncd", "ola", "query", THERE, NONE, "--config", str(shop.config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_who_asks_by_hand_is_not_disturbed_and_one_that_died_keeps_nobody_away(tmp_path: Path):
    async with a_house(Fault("mute-before", 1)) as house, a_shop(tmp_path, house) as shop:
        asking = await ask_by_hand(shop)
        await until(lambda: house.commands)
        tours = await shop.once("umbreit")
        assert [error.code for error in tours["umbreit/ola"].errors] == ["login-window"]
        assert tours["umbreit/ola"].failures == 0
        assert asking.returncode is None
        asking.kill()
        await asking.wait()
        assert (await shop.once("umbreit"))["umbreit/ola"].errors == []
    assert len(house.logins) == 2
    assert house.violations == []


async def test_while_the_list_is_asked_a_person_is_told_so(tmp_path: Path):
    async with a_house(Fault("mute-before", 1)) as house, a_shop(tmp_path, house) as shop, daemon(shop):
        await until(lambda: house.commands)
        asking = await ask_by_hand(shop)
        _, said = await asyncio.wait_for(asking.communicate(), PATIENCE)
        assert asking.returncode == 3
        assert b"is logged in" in said
    assert len(house.logins) == 1
    assert house.violations == []


@pytest.mark.parametrize(
    ("watched", "says"),
    [
        ("1\n97838-42344549\n", "watch.txt:2: OLA question: article"),
        ("1:many\n", "watch.txt:1: 'many' is no quantity"),
        ("# nothing\n", "names no article"),
        (None, "No such file"),
    ],
)
async def test_a_list_that_cannot_be_used_asks_nothing(tmp_path: Path, watched: str | None, says: str):
    async with a_house() as house, a_shop(tmp_path, house, watched or "") as shop:
        if watched is None:
            (tmp_path / "watch.txt").unlink()
        (error,) = (await shop.once("umbreit"))["umbreit/ola"].errors
        assert says in str(error)
        assert "syncd resume umbreit/ola" in error.remedy
    assert house.logins == []


async def test_a_refused_login_pauses_the_list_and_not_the_account(tmp_path: Path):
    async with a_house() as house, a_shop(tmp_path, house) as shop:
        house.accounts["900900"] = "another"
        assert (await shop.once("umbreit"))["umbreit/ola"].paused
        await shop.once("umbreit")
        assert len(house.logins) == 1, "a second refusal may lock the account"
        assert watch_of(shop).word == "paused"
        assert "syncd resume umbreit/ola" in shop.problems()["login-refused"].remedy
        house.accounts["900900"] = PASSWORD
        app.resume(load(shop.config), "umbreit/ola")
        await shop.once("umbreit")
        assert shop.raw("OLA_*")
        with pytest.raises(UsageError, match="there is no account"):
            app.pause(load(shop.config), "cb/ola", "none")


async def test_a_cut_session_hands_nothing_on(tmp_path: Path):
    async with a_house(Fault("cut-after", 2)) as house, a_shop(tmp_path, house) as shop:
        assert (await shop.once("umbreit"))["umbreit/ola"].failures == 1
        assert shop.raw("OLA_*") == {}
        assert (await shop.once("umbreit"))["umbreit/ola"].failures == 0
        assert len(shop.records("OLA_*")) == 3
    assert house.violations == []


async def test_answers_that_a_stop_left_in_the_spool_are_judged_and_delivered(tmp_path: Path):
    async with a_house() as house, a_shop(tmp_path, house) as shop:
        name, said = "OLA_900900_20261122090000000001", b"900900^9783842344549^2^2^1^2^^\r\n"
        settings = load(shop.config)
        accounts = app.accounts_of(settings, ["umbreit"])
        (watch,) = app.watches_of(settings, accounts).values()
        assert isinstance(watch, Watch)
        async with app.workplace(settings) as place:
            spool = place.store.spool
            await place.do(
                place.store.journal.receive, "umbreit", "ola", name, len(said), hashlib.sha256(said).hexdigest(), now(),
                spool=lambda number: spool.write(Direction.IN, number, said),
            )  # fmt: skip
        await shop.once("umbreit")
        assert shop.states(name) == ["done"]
        assert shop.raw(name) == {name: said}
