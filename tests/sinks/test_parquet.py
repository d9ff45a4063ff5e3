"""Parquet: the contract, and what a program of analysis reads."""

import dataclasses
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from syncd.errors import ConfigError, SinkRefusedError
from syncd.sinks import open_sink
from tests.sinks.batches import batch_of, goods
from tests.sinks.contract import Lines, SinkContract, deliver
from tests.sinks.test_directory import Folder


class Columns(Folder):
    """A folder whose reader takes every file away as soon as it sees it."""

    sink = "parquet"

    def lines(self) -> Lines:
        for path in self.files():
            name = path.name.rsplit(".", 2)[0]
            self.taken.update((name, line) for line in pq.read_table(path)["line"].to_pylist())
            path.unlink()
        return Counter(self.taken)


class TestContract(SinkContract):
    wrong: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"path": "relative"}, "path"),
        ({"names": "fixed"}, "names"),
        ({"names": "../{name}"}, "names"),
        ({"mode": "0999"}, "mode"),
    ]

    @pytest.fixture
    def target(self, tmp_path: Path) -> Columns:
        (tmp_path / "mount").mkdir()
        return Columns(tmp_path / "mount" / "shop")


@pytest.fixture
def folder(tmp_path: Path) -> Columns:
    return Columns(tmp_path / "shop")


async def test_types_are_exact(folder: Columns, tmp_path: Path):
    await deliver(folder, batch_of(tmp_path, size=8, name="R_1"))
    answers, sold = map(pq.read_table, folder.files())
    assert [path.name for path in folder.files()] == ["R_1.Answer.parquet", "R_1.Goods.parquet"]
    assert sold.schema.field("price").type == pa.decimal128(38, 9)
    assert sold.schema.field("day").type == pa.date32()
    assert sold.schema.field("bookable").type == pa.bool_()
    assert not sold.schema.field("article").nullable
    row = sold.to_pylist()[3]
    assert (row["line"], row["price"], row["day"], row["medium"]) == (5, Decimal("12.95"), date(2026, 11, 20), "PHY")
    assert row["parts"] == '[{"article":"9783131464712-1","gross":"18.0000","medium":"DIG"}]'
    assert [row["parts"] for row in sold.to_pylist()[:3]] == [None] * 3
    assert answers.to_pylist()[0]["reference"] is None


async def test_the_file_says_what_it_is(folder: Columns, tmp_path: Path):
    batch = batch_of(tmp_path, kind="BHDART", size=3)
    await deliver(folder, batch)
    said = pq.read_schema(folder.files()[0]).metadata
    assert said[b"syncd.key"] == f'"{batch.key}"'.encode()
    assert (said[b"syncd.snapshot"], said[b"syncd.stamp"]) == (b"true", b'"202611220500"')


async def test_rows_are_in_groups(folder: Columns, tmp_path: Path):
    await deliver(folder, batch_of(tmp_path, kind="BHDART", size=25_000))
    file = pq.ParquetFile(folder.files()[0])
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [
        10_000,
        10_000,
        5_000,
    ]
    assert file.read()["line"].to_pylist() == list(range(1, 25_001))
    file.close()


@pytest.mark.parametrize(
    "change",
    [{"price": Decimal("0.1234567891")}, {"price": Decimal(10**30)}, {"quantity": 2**63}, {"article": "lone\udc80"}],
    ids=lambda change: next(iter(change)),
)
async def test_what_a_column_cannot_hold_exactly_is_refused(folder: Columns, tmp_path: Path, change: dict[str, Any]):
    rows = [goods(1), dataclasses.replace(goods(2), **change)]
    batch = batch_of(tmp_path, size=2, records=lambda: iter(rows))
    with pytest.raises(SinkRefusedError, match="Goods") as caught:
        await deliver(folder, batch)
    assert caught.value.remedy
    assert folder.files() == []
    assert list((folder.path / ".syncd").iterdir()) == []


async def test_an_interchange_without_records_leaves_no_file(folder: Columns, tmp_path: Path):
    await deliver(folder, batch_of(tmp_path, size=0))
    assert folder.files() == []


async def test_another_file_of_the_same_name_stays_and_is_still_parquet(folder: Columns, tmp_path: Path):
    first, second = batch_of(tmp_path, size=3, name="R"), batch_of(tmp_path, size=2, name="R")
    await deliver(folder, first, second)
    assert {path.name for path in folder.files()} == {"R.Goods.parquet", f"R.{second.sha256[:12]}.Goods.parquet"}


def test_a_library_that_is_missing_is_named(folder: Columns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ConfigError) as caught:
        open_sink("parquet", folder.settings)
    assert caught.value.remedy == "pip install 'syncd[parquet]'"
