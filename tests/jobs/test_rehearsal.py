"""A rehearsal plans everything and does nothing of it: the house's own command log says so."""

import json
import subprocess
import sys

from syncd import app
from syncd.config import load
from tests.jobs.shop import open_shop, stock

HARMLESS = {
    "USER",
    "PASS",
    "AUTH",
    "PBSZ",
    "PROT",
    "TYPE",
    "CWD",
    "PWD",
    "PASV",
    "MLSD",
    "LIST",
    "NLST",
    "SIZE",
    "QUIT",
}


async def rehearse(shop, *accounts, offline=False):
    return {r.account: r for r in await app.rehearse(load(shop.config), accounts, offline=offline)}


async def test_neither_house_sees_a_command_that_writes_or_consumes(tmp_path):
    async with open_shop(tmp_path) as shop:
        dropped = shop.drop()
        name = shop.cb.publish_stock(stock())
        reports = await rehearse(shop)
        for house in (shop.umbreit, shop.cb):
            assert {command.verb for command in house.commands} <= HARMLESS
            assert house.violations == []
        assert dropped.exists()
        assert name in shop.cb.out("shop")
        assert reports["umbreit"].outbox == [f"queue {dropped.name} (170 bytes)"]
        assert reports["cb"].plan == [f"fetch out/{name} ({len(shop.cb.out('shop')[name])} bytes)"]
        assert reports["cb"].visit is not None
        assert "MLSD" in reports["cb"].visit.commands
        assert not any("nur-ein-test" in command for command in reports["cb"].visit.commands)


async def test_a_rehearsal_counts_its_login(tmp_path):
    from datetime import timedelta

    async with open_shop(tmp_path, cb={"login_interval": timedelta(minutes=10)}) as shop:
        await rehearse(shop, "cb")
        tours = await shop.once("cb")
        assert [error.code for error in tours["cb"].errors] == ["login-window"]
        assert len(shop.cb.logins) == 1


async def test_offline_makes_no_connection(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        reports = await rehearse(shop, offline=True)
        assert shop.umbreit.logins == []
        assert shop.cb.logins == []
        assert reports["umbreit"].outbox
        assert reports["umbreit"].visit is None


async def test_it_says_what_would_be_refused_or_held(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit")
        shop.drop(name="S_900900_20261121101113")
        shop.drop(b"B101 nonsense\r\n", name="S_900900_20261121101114")
        reports = await rehearse(shop, "umbreit", offline=True)
        lines = sorted(reports["umbreit"].outbox)
        assert lines[0].startswith("hold S_900900_20261121101113: the same bytes")
        assert lines[1].startswith("refuse S_900900_20261121101114: S_900900_20261121101114:1: ")


async def test_a_login_that_was_refused_was_used_too(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["530"]}) as shop:
        reports = await rehearse(shop, "umbreit")
        assert reports["umbreit"].error is not None
        assert reports["umbreit"].login_used


async def test_a_missing_outbox_does_not_end_the_rehearsal_of_the_others(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.outbox.rmdir()
        reports = await rehearse(shop)
        assert "is not there" in str(reports["umbreit"].error)
        assert reports["cb"].error is None


def test_the_verb_says_that_it_used_a_login_and_lists_the_commands(tmp_path):
    import asyncio

    async def play():
        async with open_shop(tmp_path) as shop:
            shop.drop()
            command = [sys.executable, "-m", "syncd", "once", "umbreit", "--dry-run", "--config", str(shop.config)]
            words = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
            objects = await asyncio.to_thread(
                subprocess.run, [*command, "--json", "--offline"], capture_output=True, text=True, timeout=60
            )
            return words, objects

    words, objects = asyncio.run(play())
    assert words.returncode == 0, words.stderr
    assert "would queue S_900900_20261121101112" in words.stdout
    assert "this used one login" in words.stdout
    assert "MLSD" in words.stdout
    report = json.loads(objects.stdout)
    assert report["login_used"] is False
    assert report["commands"] == []
