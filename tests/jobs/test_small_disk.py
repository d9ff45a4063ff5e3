"""A disk that is too small for a file: what reading would delete is never asked for, and somebody is told."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd import app
from syncd.cli.once import tour_status
from syncd.config import load
from syncd.errors import DiskFullError, StateDamagedError
from syncd.transport.base import MAX_FILE
from tests.jobs.shop import Shop, open_shop, stock
from tests.root import NEEDS_ROOT, must_be_root
from tests.security.cases import USUAL
from tests.security.place import ANSWER, RAW, delivered, prepare, visit
from tests.servers.scripted import answer, scripted, sends

MIB = 2**20


@contextmanager
def small_disk(where: Path, size: int) -> Iterator[Path]:
    """Mount a file system of this many bytes, in memory; only root can."""
    must_be_root("a disk is mounted")
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", where], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


def asked_for(shop: Shop) -> list[str]:
    """Return the files that were asked for, by the house's own book."""
    return [command.argument for command in shop.cb.commands if command.verb == "RETR"]


@NEEDS_ROOT
async def test_what_does_not_fit_is_not_asked_for_and_comes_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "state", 8 * MIB) as state:
        async with open_shop(tmp_path, config={"top": 'reserve = "1MiB"'}) as shop:
            await shop.once()
            filler = state / "filler"
            filler.write_bytes(bytes(5 * MIB))
            large = shop.cb.publish_stock(stock(60_000), name="large.bhd")
            small = shop.cb.publish_stock(stock(3), name="small.bhd")
            assert 2 * MIB < len(shop.cb.out("shop")[large]) < 3 * MIB
            tours = await shop.once("cb")
            assert asked_for(shop) == [small], "a smaller file still comes"
            assert tour_status(tours["cb"]) == DiskFullError.exit_status
            assert large in shop.cb.out("shop")
            problem = shop.problems()["disk-full"]
            assert large in problem.message
            assert "Make room" in problem.remedy
            filler.unlink()
            await shop.once("cb")
            assert set(shop.raw("*.bhd")) == {small, large}
            assert "disk-full" not in shop.problems()


@NEEDS_ROOT
async def test_two_files_of_which_only_one_fits(tmp_path):
    """What the first took from the disk counts, though both were listed when both would have fitted."""
    with small_disk(tmp_path / "state", 8 * MIB) as state:
        async with open_shop(tmp_path, config={"top": 'reserve = "1MiB"'}) as shop:
            await shop.once()
            (state / "filler").write_bytes(bytes(3 * MIB))
            shop.cb.publish_stock(stock(60_000), name="a.bhd")
            shop.cb.publish_stock(stock(60_001), name="b.bhd")
            await shop.once("cb")
            assert len(asked_for(shop)) == 1
            assert len(shop.cb.out("shop")) == 1
            assert "disk-full" in shop.problems()


async def test_a_spool_that_takes_no_new_file_is_noticed_before_the_server_is_asked(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("cb")
        name = shop.cb.publish_stock(stock(3))
        (tmp_path / "state" / "spool" / "in" / "1.part").mkdir()
        with pytest.raises(StateDamagedError, match="Is a directory"):
            await shop.once("cb")
        assert asked_for(shop) == []
        assert name in shop.cb.out("shop")


async def test_a_file_larger_than_any_is_left_and_the_others_come(tmp_path):
    listing = f"type=file;size={MAX_FILE + 1}; {ANSWER}9\r\ntype=file;size={len(RAW)}; {ANSWER}\r\n".encode()
    with scripted(USUAL | {"MLSD": sends(listing), "RETR": sends(RAW)}) as server:
        config = prepare(tmp_path, server)
        result = await visit(config)
        assert result.visit is not None
        assert [left.problem for left in result.visit.left] == ["file-too-large"]
        assert [line for line in server.received if line.startswith("RETR")] == [f"RETR {ANSWER}"]
        command = (sys.executable, "-m", "syncd", "once", "--config", str(config))
        once = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert delivered(tmp_path) == [ANSWER]
    assert once.returncode == 3, once.stderr
    assert f"umbreit: {ANSWER}9 was not fetched: it has {MAX_FILE + 1} bytes" in once.stdout


async def test_a_file_that_is_refused_again_is_told_and_the_others_come(tmp_path):
    listing = b"".join(f"type=file;size={len(RAW)}; {name}\r\n".encode() for name in (f"{ANSWER}0", ANSWER))
    gives, refuses = sends(RAW), answer("550 Permission denied")

    def retr(talk, name):
        (refuses if name == f"{ANSWER}0" else gives)(talk, name)

    with scripted(USUAL | {"MLSD": sends(listing), "RETR": retr}) as server:
        config = prepare(tmp_path, server)
        first = await visit(config)
        assert first.visit is not None
        assert first.visit.left == [], "it may have been taken away in between"
        assert delivered(tmp_path) == [ANSWER]
        second = await visit(config)
        assert second.visit is not None
        assert [left.problem for left in second.visit.left] == ["file-refused"]
        (problem,) = (each for each in app.status(load(config)).problems if each.code == "file-refused")
        assert "550 Permission denied" in problem.message
        refuses = gives
        await visit(config)
        assert delivered(tmp_path) == [ANSWER, f"{ANSWER}0"]
        assert "file-refused" not in {each.code for each in app.status(load(config)).problems}


@NEEDS_ROOT
async def test_where_reading_deletes_a_file_without_a_size_needs_room_for_the_largest(tmp_path):
    with small_disk(tmp_path / "state", 8 * MIB):
        async with open_shop(tmp_path, cb={"mlsd": False}, config={"top": 'reserve = "1MiB"'}) as shop:
            shop.cb.verbs = {verb: deed for verb, deed in shop.cb.verbs.items() if verb not in ("LIST", "MLSD")}
            shop.cb.publish_stock(stock(3))
            await shop.once("cb")
            assert asked_for(shop) == []
            assert "disk-full" in shop.problems()
