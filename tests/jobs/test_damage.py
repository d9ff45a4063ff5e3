"""The disk against us, with real processes: full at every size, read-only, overwritten; an order goes out once."""

import asyncio
import os
import random
import shutil
import sys

import pytest

from tests.jobs.shop import TWO, open_shop, order, stock

PATIENCE = 60


WITHOUT_POWERS = "setpriv --bounding-set=-all --inh-caps=-all " if os.getuid() == 0 else ""
"""Root is bound by permissions too once it has given its capabilities away."""


async def once(shop, *, limit="unlimited", verb="once"):
    """Run a verb in a process of its own, bound by permissions and by a limit on the size of files in KiB."""
    command = f"ulimit -f {limit} && exec {WITHOUT_POWERS}{sys.executable} -m syncd {verb} --config {shop.config}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, said.decode()


@pytest.mark.parametrize("limit", [0, 1, 4, 33, 120])
async def test_a_disk_that_is_full_at_this_size_loses_nothing_and_sends_nothing_twice(tmp_path, limit):
    async with open_shop(tmp_path) as shop:
        await shop.once()
        shop.drop()
        name = shop.cb.publish_stock(stock(3000))
        content = shop.cb.out("shop")[name]
        status, said = await once(shop, limit=limit)
        assert status == 3, said
        assert "Traceback" not in said
        assert "disk" in said
        folders = [tmp_path / "state" / "quarantine", tmp_path / "state" / "spool" / "in"]
        kept = [path.read_bytes() for folder in folders for path in folder.iterdir()]
        assert name in shop.cb.out("shop") or (kept and content.startswith(kept[0])), "what came is kept"
        shop.cb.out("shop")[name] = content
        status, said = await once(shop)
        assert status == 0, said
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
        assert shop.raw("*.bhd") == {name: content}
        assert shop.umbreit.violations == shop.cb.violations == []


async def test_a_question_on_a_full_disk_says_so_and_where(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once()
        status, said = await once(shop, limit=0, verb="status")
        assert status == 3, said
        assert f"{tmp_path / 'state' / 'state.db'} cannot be written; its disk is full" in said


@pytest.mark.parametrize(("locked", "expected"), [("state", 7), ("outbox", 3), ("inbox", 3)])
async def test_a_directory_that_cannot_be_written_is_said_in_words(tmp_path, locked, expected):
    async with open_shop(tmp_path) as shop:
        await shop.once()
        shop.drop()
        name = shop.cb.publish_stock(stock(3))
        (tmp_path / locked).chmod(0o500)
        status, said = await once(shop)
        assert status == expected, said
        assert "Traceback" not in said
        assert len(shop.umbreit.orders) == (locked == "inbox"), "what cannot be remembered is not sent"
        if locked == "outbox":
            assert said.count("\numbreit: later: ") == 1, said
            await once(shop)
            assert list(shop.problems()) == ["outbox"], "one cause, one problem"
        (tmp_path / locked).chmod(0o700)
        await once(shop)
        assert len(shop.umbreit.orders) == 1
        assert name not in shop.cb.out("shop")


async def test_a_database_with_bytes_overwritten_anywhere_works_as_before_or_stops_in_words(tmp_path):
    chance = random.Random(11)
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once()
        sound = shutil.copytree(tmp_path / "state", tmp_path / "sound")
        size = (sound / "state.db").stat().st_size
        for _ in range(6):
            shutil.rmtree(tmp_path / "state")
            shutil.copytree(sound, tmp_path / "state")
            with (tmp_path / "state" / "state.db").open("r+b") as file:
                file.seek(chance.randrange(size - 64))
                file.write(chance.randbytes(chance.choice((1, 8, 64))))
            status, said = await once(shop)
            assert status in (0, 7), said
            assert "Traceback" not in said
            assert len(shop.umbreit.orders) == 1
