"""What counts is on the disk first: the order of fsync and rename, watched at the calls themselves.

A kill loses nothing that the kernel has, so no other test would miss an fsync; a power cut would.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.model import Direction
from syncd.sinks import open_sink
from syncd.sinks.ledger import Ledger
from syncd.state import Spool, witness
from tests.sinks.batches import batch_of
from tests.state.samples import NOON

IN, OUT = Direction.IN, Direction.OUT


@contextmanager
def durable() -> Iterator[dict[int, int]]:
    """Fail where a name comes before its bytes, or is not durable itself in the end; yield what was synced.

    That is the size at the last fsync, by inode.
    """
    synced: dict[int, int] = {}
    named: set[Path] = set()
    fsync, rename = os.fsync, os.rename

    def sync(descriptor: int) -> None:
        fsync(descriptor)
        status = os.fstat(descriptor)
        synced[status.st_ino] = status.st_size
        named.discard(Path(f"/proc/self/fd/{descriptor}").readlink())

    def name(source: Path, target: Path) -> None:
        for path in (source, *source.rglob("*")):
            assert synced.get(path.stat().st_ino) == path.stat().st_size, f"{path} is not on the disk"
        rename(source, target)
        named.add(target.parent)

    vars(os).update(fsync=sync, rename=name)
    try:
        yield synced
    finally:
        vars(os).update(fsync=fsync, rename=rename)
    assert not named


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "state")


def test_a_whole_file(spool):
    with durable():
        spool.write(OUT, 1, b"order")


def test_a_file_that_came_in_blocks(spool):
    with durable():
        draft = spool.draft(IN, 1)
        draft.append(b"one")
        draft.sync()
        draft.append(b"two")
        draft.commit()


def test_what_came_of_a_broken_transfer(spool):
    with durable():
        draft = spool.draft(IN, 1)
        draft.append(b"half")
        draft.keep_partial()


def test_what_a_stop_left(spool):
    spool.draft(IN, 1).append(b"half")
    spool.draft(IN, 2).append(b"of another state")
    with durable():
        spool.keep_leftover(IN, 1)
        spool.put_aside(newest=1)


def test_a_file_that_was_whole_when_the_stop_came(spool, tmp_path):
    spool.write(IN, 1, b"whole")
    with durable() as synced:
        spool.adopt(IN, 1)
    assert (tmp_path / "state/spool/in").stat().st_ino in synced


def test_the_witness(tmp_path):
    with durable():
        witness.tell(tmp_path / ".syncd-shop", witness.Testimony(1, 2, NOON))


def test_the_keys_that_a_folder_was_given(tmp_path):
    ledger = Ledger(tmp_path / "delivered", remembered=2)
    for number in range(6):
        with durable() as synced:
            ledger.add(f"key{number}")
        written = (tmp_path / "delivered").stat()
        assert synced[written.st_ino] == written.st_size


async def test_a_folder_of_the_shop(tmp_path):
    (tmp_path / "spooled").mkdir()
    sink = open_sink("directory", {"path": str(tmp_path / "inbox"), "records": True})
    with durable():
        await sink.deliver(batch_of(tmp_path / "spooled"))
    await sink.close()
