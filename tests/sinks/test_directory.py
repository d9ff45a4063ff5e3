"""The folder: the contract, and what a program that watches the folder sees."""

import dataclasses
import errno
import json
import os
import signal
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import ConfigError, SinkError
from syncd.sinks import open_sink
from syncd.sinks.ledger import Ledger
from tests.sinks.batches import batch_of
from tests.sinks.contract import Lines, SinkContract, Target, deliver, lines_of, run_child


class Folder(Target):
    """A folder whose program takes every file away as soon as it sees it."""

    sink = "directory"

    def __init__(self, path: Path, **settings: Any) -> None:
        self.path = path
        self.settings = {"path": str(path), **settings}
        self.taken: Lines = Counter()

    def files(self) -> list[Path]:
        found = [path for path in self.path.rglob("*") if ".syncd" not in path.parts and path.is_file()]
        return sorted(found)

    def lines(self) -> Lines:
        for path in self.files():
            content = path.read_text()
            path.unlink()
            if path.suffix == ".jsonl":
                first, *rest = map(json.loads, content.splitlines())
                self.taken.update((first["name"], record["line"]) for record in rest)
            else:
                self.taken.update((path.name, int(line)) for line in content.split())
        return Counter(self.taken)

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self.path.parent.with_name("unmounted")
        self.path.parent.rename(away)
        yield
        away.rename(self.path.parent)

    def outside(self) -> set[str]:
        around = self.path.parent.parent
        return {str(path) for path in around.rglob("*") if not path.is_relative_to(self.path)}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"path": 5}, "path"),
    ({"path": "relative/shop"}, "path"),
    ({"mode": "0999"}, "mode"),
    ({"raw": False, "records": False}, "raw"),
    ({"names": "fixed"}, "names"),
    ({"names": "../{name}"}, "names"),
    ({"names": "/{name}"}, "names"),
    ({"names": "{name}/{account}"}, "names"),
    ({"names": "{name.__class__}"}, "names"),
    ({"names": "{date}/{name}"}, "names"),
]


class TestRaw(SinkContract):
    wrong = WRONG
    reads_records = False

    @pytest.fixture
    def target(self, tmp_path: Path) -> Folder:
        (tmp_path / "mount").mkdir()
        return Folder(tmp_path / "mount" / "shop")


class TestRecords(SinkContract):
    wrong = WRONG

    @pytest.fixture
    def target(self, tmp_path: Path) -> Folder:
        (tmp_path / "mount").mkdir()
        return Folder(tmp_path / "mount" / "shop", raw=False, records=True, names="{account}/{kind}-{name}")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "shop", records=True)


async def test_killed_before_every_change_of_the_disk(tmp_path: Path):
    """Whatever was taken away between the crash and the next try does not appear again."""
    batch = batch_of(tmp_path)
    for change in range(1, 100):
        target = Folder(tmp_path / f"shop{change}", records=True)
        child = run_child(target, tmp_path, batch={}, change=change, below=str(target.path))
        target.lines()
        await deliver(target, batch)
        assert target.lines() == lines_of(batch) + lines_of(batch), f"killed before change {change}"
        assert sorted(path.name for path in (target.path / ".syncd").iterdir()) == ["delivered"]
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL, child.stderr
    assert change > 10


async def test_the_file_is_unchanged_and_has_its_name_and_mode(folder: Folder, tmp_path: Path):
    batch = batch_of(tmp_path)
    await deliver(folder, batch)
    raw, records = folder.files()
    assert (raw.name, records.name) == (batch.name, f"{batch.name}.jsonl")
    assert raw.read_bytes() == batch.raw.read_bytes()
    assert stat.S_IMODE(raw.stat().st_mode) == 0o640


async def test_json_lines_say_what_they_are(folder: Folder, tmp_path: Path):
    batch = batch_of(tmp_path, size=8)
    await deliver(folder, batch)
    first, *rest = map(json.loads, folder.files()[1].read_text().splitlines())
    assert first["record"] == "Interchange"
    assert first["key"] == batch.key
    assert first["header"] == {"receiver": "900900", "version": None, "test": 0}
    assert [record["record"] for record in rest] == ["Goods", "Goods", "Goods", "Answer"] * 2
    assert rest[4]["parts"] == [{"article": "9783131464712-1", "gross": "18.0000", "medium": "DIG"}]
    assert rest[6]["extras"] == [["9040", "Grüße\n{\t\\"]]
    assert (rest[0]["price"], rest[0]["day"], rest[3]["reference"]) == ("12.9500", "2026-11-20", None)


async def test_names_make_subfolders(tmp_path: Path):
    folder = Folder(tmp_path / "shop", names="{supplier}/{account}/{kind}_{name}")
    await deliver(folder, batch_of(tmp_path, name="R_1"))
    assert [str(path.relative_to(folder.path)) for path in folder.files()] == ["umbreit/umbreit/ELS_R_1"]


async def test_another_file_of_the_same_name_stays(folder: Folder, tmp_path: Path):
    first, second = batch_of(tmp_path, size=3), batch_of(tmp_path, size=4)
    await deliver(folder, first, second)
    names = {path.name: path.read_bytes() for path in folder.files() if path.suffix != ".jsonl"}
    other = f"{second.name}.{second.sha256[:12]}"
    assert names[first.name] == first.raw.read_bytes()
    assert names[other] == second.raw.read_bytes()


async def test_the_same_file_that_is_there_is_not_touched(tmp_path: Path):
    folder = Folder(tmp_path / "shop")
    batch = batch_of(tmp_path)
    await deliver(folder, batch)
    before = folder.files()[0].stat()
    await deliver(folder, dataclasses.replace(batch, key="0" * 64, account="other"))
    assert [path.stat() for path in folder.files()] == [before]


async def test_a_missing_parent_is_not_made(tmp_path: Path):
    folder = Folder(tmp_path / "not mounted" / "shop")
    with pytest.raises(SinkError, match="not mounted") as caught:
        await deliver(folder, batch_of(tmp_path))
    assert "mounted?" in caught.value.remedy


async def test_a_file_in_the_way_is_named(tmp_path: Path):
    (tmp_path / "shop").write_text("not a folder")
    with pytest.raises(SinkError, match="shop"):
        await deliver(Folder(tmp_path / "shop"), batch_of(tmp_path))


@pytest.mark.parametrize(("code", "word"), [(errno.ENOSPC, "room"), (errno.EACCES, "right"), (errno.EDQUOT, "quota")])
async def test_a_full_or_forbidden_disk_leaves_no_draft(folder: Folder, tmp_path: Path, code: int, word: str):
    def records() -> Iterator[Any]:
        yield from list(batch.records())[:3]
        raise OSError(code, os.strerror(code), str(folder.path))

    batch = batch_of(tmp_path)
    with pytest.raises(SinkError, match="shop") as caught:
        await deliver(folder, dataclasses.replace(batch, records=records))
    assert word in caught.value.remedy
    assert list((folder.path / ".syncd").iterdir()) == []


async def test_nothing_of_a_hostile_name_is_written_inside_either(folder: Folder, tmp_path: Path):
    with pytest.raises(SinkError, match="escape"):
        await deliver(folder, batch_of(tmp_path, name="../escape"))
    assert folder.files() == []


class TestLedger:
    def test_remembers_within_bounds(self, tmp_path: Path):
        path = tmp_path / "delivered"
        for number in range(100):
            Ledger(path, remembered=10).add(f"key{number}")
        ledger = Ledger(path, remembered=10)
        assert all(f"key{number}" in ledger for number in range(90, 100))
        assert len(path.read_text().split()) <= 20

    def test_a_line_cut_short_is_no_key_and_hides_none(self, tmp_path: Path):
        path = tmp_path / "delivered"
        Ledger(path).add("abcdef")
        path.write_text(path.read_text()[:-3])
        ledger = Ledger(path)
        ledger.add("123456")
        assert "abcdef" not in ledger
        assert "123456" in ledger

    def test_nothing_is_remembered_at_first(self, tmp_path: Path):
        assert "abcdef" not in Ledger(tmp_path / "delivered")


def test_path_is_needed():
    with pytest.raises(ConfigError, match="path"):
        open_sink("directory", {})
