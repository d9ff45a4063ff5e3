"""Every record of every format goes through every sink: the suppliers' own examples, read by the formats themselves."""

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from pyarrow.parquet import read_table

from syncd.formats import FORMATS, RECORDS, Context
from syncd.sinks import Batch, open_sink
from tests.formats.canonical import BUNDLE, DESPATCH, ELS_NAME, ORDER_NAME, ORDERS, REPORT, STOCK_BYTES, wire
from tests.postgres import Cluster
from tests.sinks.endpoint import Endpoint

FILES = {
    ELS_NAME: ("bwa-response", wire(DESPATCH, BUNDLE.replace("0001202020", "0002202020"), REPORT)),
    ORDER_NAME: ("bwa-order", wire(*ORDERS)),
    "stock.bhd": ("digicom", STOCK_BYTES),
    "OLA_900900_20261122090000000001": (
        "ola",
        b"900900^9783842344549^2^12^1^2^^^9,95\r\n900900^9783784471587^5^12^0^3^15^\r\n",
    ),
}


def read(folder: Path, name: str) -> Batch:
    """Judge one of the examples, and make of it what a sink gets."""
    format_name, raw = FILES[name]
    chosen, context = FORMATS[format_name], Context(name=name)
    path = folder / name
    path.write_bytes(raw)
    verdict = chosen.judge(lambda: [raw], context)
    assert verdict.accepted, verdict.findings
    sha256 = hashlib.sha256(raw).hexdigest()
    return Batch(
        key=f"key of {name}",
        account="shop",
        supplier="house",
        channel="out",
        kind=verdict.kind,
        name=name,
        sha256=sha256,
        raw=path,
        header=verdict.header,
        counts=verdict.counts,
        snapshot=verdict.kind in {"BHDART", "OLA"},
        records=lambda: iter(chosen.records(lambda: [raw], context, verdict)),
        stamp=verdict.stamp,
    )


async def deliver(type_name: str, settings: dict[str, Any], folder: Path) -> None:
    sink = open_sink(type_name, settings)
    for name in FILES:
        await sink.deliver(read(folder, name))
    await sink.close()


async def test_in_a_folder(tmp_path: Path):
    await deliver("directory", {"path": str(tmp_path / "shop"), "records": True}, tmp_path)
    lines = [json.loads(line) for path in (tmp_path / "shop").glob("*.jsonl") for line in path.read_text().splitlines()]
    counted = {cls.__name__: sum(line["record"] == cls.__name__ for line in lines) for cls in RECORDS}
    made = {"OrderLine": 2, "DespatchLine": 2, "ReportLine": 1, "StockLine": 15, "AvailabilityLine": 2}
    assert {name: count for name, count in counted.items() if count} == made
    bundle = next(line for line in lines if line.get("bundle"))
    assert (bundle["price"], [part["gross"] for part in bundle["bundle"]]) == ("22.9900", ["18.0000", "4.9900"])


async def test_in_postgresql(postgres: Cluster, tmp_path: Path):
    with postgres.database() as url:
        await deliver("sql", {"url": url}, tmp_path)
        with psycopg.connect(url, row_factory=dict_row) as connection:
            tables = ("order_line", "despatch_line", "report_line", "stock_line", "availability_line")
            rows = {name: connection.execute(f"SELECT * FROM syncd_{name} ORDER BY line").fetchall() for name in tables}
    assert {name: len(found) for name, found in rows.items()} == dict(zip(tables, (2, 2, 1, 15, 2), strict=True))
    despatch = rows["despatch_line"][1]
    assert (despatch["price"], despatch["date"], despatch["bookable"]) == (Decimal("22.9900"), date(2017, 5, 6), True)
    assert [part["form"] for part in despatch["bundle"]] == ["PHY", "DIG"]
    assert rows["stock_line"][14]["ean"] == "9791092599053"
    assert [(row["price"], row["quantity"]) for row in rows["availability_line"]] == [(Decimal("9.95"), 2), (None, 3)]


async def test_in_sqlite(tmp_path: Path):
    path = tmp_path / "shop.db"
    await deliver("sql", {"url": f"sqlite:///{path}"}, tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT price, date, bookable, mark FROM syncd_despatch_line ORDER BY line"
        assert connection.execute(query).fetchall()[0] == ("12.9500", "2017-05-15", 1, "TESTBZ")
        assert connection.execute("SELECT count(*), sum(available) FROM syncd_stock_line").fetchone() == (15, 498)


async def test_in_columns(tmp_path: Path):
    await deliver("parquet", {"path": str(tmp_path / "lake")}, tmp_path)
    rows = {path.name.split(".")[-2]: read_table(path).to_pylist() for path in (tmp_path / "lake" / "shop").iterdir()}
    assert {name: len(found) for name, found in rows.items()} == {
        "OrderLine": 2, "DespatchLine": 2, "ReportLine": 1, "StockLine": 15, "AvailabilityLine": 2,
    }  # fmt: skip
    despatch = rows["DespatchLine"][1]
    assert (despatch["price"], despatch["date"], despatch["bookable"]) == (Decimal("22.99"), date(2017, 5, 6), True)
    assert [row["price"] for row in rows["AvailabilityLine"]] == [Decimal("9.95"), None]


async def test_in_requests(tmp_path: Path, endpoint: Endpoint):
    await deliver("webhook", endpoint.settings, tmp_path)
    counted = Counter(record["record"] for _, body in endpoint.taken for record in json.loads(body)["records"])
    assert counted == {"OrderLine": 2, "DespatchLine": 2, "ReportLine": 1, "StockLine": 15, "AvailabilityLine": 2}


@pytest.mark.parametrize("cls", RECORDS)
def test_every_key_names_fields(cls: type[Any]):
    assert set(getattr(cls, "key", ())) <= set(cls.__dataclass_fields__)
