"""The tables: what values, columns, passwords and files that are there already become; what is said when it fails."""

import dataclasses
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncd.errors import ConfigError, SinkError, SinkRefusedError
from syncd.sinks import open_sink
from syncd.sinks.sql.load import by_class
from tests.sinks.batches import Answer, answer, batch_of, goods, records_of, stock
from tests.sinks.contract import deliver
from tests.sinks.databases import Database, Postgres, Sqlite


async def test_values_arrive_as_they_are(database: Database, tmp_path: Path):
    record = dataclasses.replace(goods(35, price="12.9500"), article="Ü'\"\\\t", quantity=9999)
    await deliver(database, batch_of(tmp_path, records=lambda: iter([record, answer(2)])))
    columns = "line, note, position, article, quantity, price, day, medium, bookable, parts, extras"
    row = list(database.query(f"SELECT {columns} FROM syncd_goods")[0])
    parts, extras = (json.loads(item) if isinstance(item, str) else item for item in row[-2:])
    money, day = (str, str) if isinstance(database, Sqlite) else (Decimal, date.fromisoformat)
    assert row[:-2] == [35, "24123456", 35, "Ü'\"\\\t", 9999, money("12.9500"), day("2026-11-20"), "PHY", True]
    assert str(row[5]) == "12.9500"
    assert parts == [{"article": "9783131464712-1", "gross": "18.0000", "medium": "DIG"}]
    assert extras == [["9040", "Grüße\n{\t\\"]]
    assert database.query("SELECT reference FROM syncd_answer") == [(None,)]


async def test_the_types_of_postgresql(postgres_database: Postgres, tmp_path: Path):
    await deliver(postgres_database, batch_of(tmp_path))
    rows = postgres_database.query(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'syncd_goods'"
    )
    types = dict(rows)
    assert (types["price"], types["day"], types["quantity"]) == ("numeric", "date", "bigint")
    assert (types["bookable"], types["extras"], types["medium"]) == ("boolean", "jsonb", "text")


async def test_a_table_that_lacks_a_column_is_refused_with_the_remedy(database: Database, tmp_path: Path):
    await deliver(database, batch_of(tmp_path, name="R_1"))
    database.query("ALTER TABLE syncd_goods DROP COLUMN price")
    with pytest.raises(SinkError, match="syncd_goods has no column price") as caught:
        await deliver(database, batch_of(tmp_path, name="R_2"))
    database.query(caught.value.remedy.partition("run: ")[2])
    await deliver(database, batch_of(tmp_path, name="R_2"))


@pytest.mark.parametrize("kind", ["ELS", "BHDART"])
async def test_a_column_of_the_shop_stays(database: Database, tmp_path: Path, kind: str):
    await deliver(database, batch_of(tmp_path, name="R_1", kind=kind))
    table = "syncd_stock" if kind == "BHDART" else "syncd_goods"
    database.query(f"ALTER TABLE {table} ADD COLUMN seen INTEGER DEFAULT 0")
    await deliver(database, batch_of(tmp_path, name="R_2", kind=kind))
    assert set(database.query(f"SELECT seen FROM {table}")) == {(0,)}


async def test_a_table_of_another_shape_is_refused(postgres_database: Postgres, tmp_path: Path):
    await deliver(postgres_database, batch_of(tmp_path, kind="BHDART"))
    with pytest.raises(SinkError, match="syncd_stock is partitioned") as caught:
        await deliver(postgres_database, batch_of(tmp_path, kind="BHDART", name="again", snapshot=False))
    assert "Rename" in caught.value.remedy


async def test_a_reader_that_does_not_end_is_not_waited_for(postgres_database: Postgres, tmp_path: Path):
    await deliver(postgres_database, batch_of(tmp_path, kind="BHDART", name="first"))
    with psycopg.connect(postgres_database.url) as reader:
        assert reader.execute("SELECT count(*) FROM syncd_stock").fetchone() == (10,)
        with pytest.raises(SinkError, match="lock timeout") as caught:
            await deliver(postgres_database, batch_of(tmp_path, kind="BHDART", name="second"))
    assert "long query" in caught.value.remedy


async def test_a_reader_that_began_before_sees_a_whole_snapshot(postgres_database: Postgres, tmp_path: Path):
    await deliver(postgres_database, batch_of(tmp_path, kind="BHDART", name="first"))
    with psycopg.connect(postgres_database.url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert reader.execute("SELECT count(*) FROM syncd_interchange").fetchone() == (1,)
        await deliver(postgres_database, batch_of(tmp_path, kind="BHDART", name="second", size=12))
        assert reader.execute("SELECT count(*) FROM syncd_stock").fetchone() == (12,)


async def test_a_locked_or_damaged_file_is_said_in_words(sqlite_file: Sqlite, tmp_path: Path):
    sqlite_file.path.write_text("this is no database, and long enough to be looked at as if it were one" * 20)
    with pytest.raises(SinkError, match="not a database"):
        await deliver(sqlite_file, batch_of(tmp_path))


async def test_the_journal_mode_of_the_shop_stays(sqlite_file: Sqlite, tmp_path: Path):
    sqlite_file.query("CREATE TABLE of_the_shop (a)")
    await deliver(sqlite_file, batch_of(tmp_path))
    assert sqlite_file.query("PRAGMA journal_mode") == [("delete",)]


async def test_a_password_is_read_when_it_is_needed(postgres_database: Postgres, tmp_path: Path):
    secret = tmp_path / "password"
    postgres_database.settings["password"] = {"file": str(secret)}
    with pytest.raises(SinkError, match="cannot read the secret"):
        await deliver(postgres_database, batch_of(tmp_path))
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    await deliver(postgres_database, batch_of(tmp_path))


async def test_no_message_shows_the_password(tmp_path: Path):
    secret = tmp_path / "password"
    secret.write_text("geheim")
    secret.chmod(0o600)
    target = {"url": f"postgresql://shop@/db?host={tmp_path}", "password": {"file": str(secret)}}
    sink = open_sink("sql", target)
    with pytest.raises(SinkError) as caught:
        await sink.deliver(batch_of(tmp_path))
    await sink.close()
    assert "geheim" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize(
    "change", [{"quantity": 2**63}, {"article": "lone\udc80"}], ids=lambda change: next(iter(change))
)
async def test_what_a_database_cannot_store_is_refused(database: Database, tmp_path: Path, change: dict[str, Any]):
    rows = [goods(1), dataclasses.replace(goods(2), **change)]
    with pytest.raises(SinkRefusedError) as caught:
        await deliver(database, batch_of(tmp_path, records=lambda: iter(rows)))
    assert "cannot store" in caught.value.remedy
    assert database.lines() == Counter()


async def test_two_prefixes_share_a_database(database: Database, tmp_path: Path):
    batch = batch_of(tmp_path)
    await deliver(database, batch)
    database.settings["prefix"] = "filiale_"
    await deliver(database, batch)
    assert database.query("SELECT count(*) FROM filiale_goods") == database.query("SELECT count(*) FROM syncd_goods")


def test_a_password_for_sqlite_is_refused(sqlite_file: Sqlite):
    with pytest.raises(ConfigError, match="SQLite has none"):
        open_sink("sql", sqlite_file.settings | {"password": {"env": "X"}})


def test_postgresql_without_its_driver_says_what_to_install():
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from syncd.sinks import open_sink\n"
        "try: open_sink('sql', {'url': 'postgresql://host/db'})\n"
        "except Exception as error: print(type(error).__name__, error, error.remedy)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "ConfigError" in ran.stdout, ran.stderr
    assert "syncd[pg]" in ran.stdout


def test_mixed_records_become_streams_of_one_class():
    records = [*records_of("ELS", 50), stock(51), answer(52)]
    seen = [(cls, list(stream)) for cls, stream in by_class(iter(records), held_back=7)]
    assert all(type(record) is cls for cls, stream in seen for record in stream)
    assert sorted(record.line for _, stream in seen for record in stream) == list(range(1, 53))
    assert max(len(stream) for cls, stream in seen if cls is Answer) <= 7


def test_one_class_is_one_stream():
    streams = by_class(records_of("BHDART", 1000), held_back=7)
    assert [len(list(stream)) for _, stream in streams] == [1000]
