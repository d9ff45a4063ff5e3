"""The databases: the contract on SQLite and PostgreSQL, and what tables and readers see."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sinks.batches import Stock, answer, batch_of, goods, stock
from tests.sinks.contract import SinkContract, deliver
from tests.sinks.databases import Database, Postgres, Sqlite

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"url": "mysql://shop"}, "url"),
    ({"url": "no url"}, "url"),
    ({"url": "sqlite://"}, "url"),
    ({"url": "postgresql://shop:geheim@host/db"}, "url"),
    ({"prefix": "Bad-"}, "prefix"),
    ({"prefix": ""}, "prefix"),
    ({"url": "sqlite:///relative.db"}, "url"),
    ({"password": 5}, "password"),
    ({"password": {"file": "/a", "env": "B"}}, "password"),
    ({"allow_empty_snapshot": "perhaps"}, "allow_empty_snapshot"),
]


class TestSqlite(SinkContract):
    wrong = WRONG

    @pytest.fixture
    def target(self, sqlite_file: Sqlite) -> Sqlite:
        return sqlite_file


class TestPostgres(SinkContract):
    wrong = WRONG

    @pytest.fixture
    def target(self, postgres_database: Postgres) -> Postgres:
        return postgres_database


def stock_of(folder: Path, name: str, *rows: Stock, stamp: str | None = "202611220500", **changes: Any) -> Any:
    records: Callable[[], Iterator[Any]] = lambda: iter(rows)  # noqa: E731 - a batch opens its records anew each time
    return batch_of(folder, name=name, kind="BHDART", size=len(rows), records=records, stamp=stamp, **changes)


class TestSnapshots:
    async def test_replaces_what_the_account_had(self, database: Database, tmp_path: Path):
        await deliver(
            database,
            stock_of(tmp_path, "a.bhd", stock(1), stock(2), stock(3)),
            stock_of(tmp_path, "other.bhd", stock(7), account="filiale"),
            stock_of(tmp_path, "b.bhd", stock(2, 9), stock(4)),
        )
        rows = database.query("SELECT account, line, quantity FROM syncd_stock ORDER BY account, line")
        assert rows == [("filiale", 7, 5), ("umbreit", 2, 9), ("umbreit", 4, 5)]

    async def test_does_not_go_back_in_time(self, database: Database, tmp_path: Path):
        late = stock_of(tmp_path, "late.bhd", stock(1), stamp="202611220100")
        between = stock_of(tmp_path, "between.bhd", stock(3), stamp="202611220300")
        await deliver(database, stock_of(tmp_path, "a.bhd", stock(2)), late, late, between)
        assert database.query("SELECT line FROM syncd_stock") == [(2,)]
        rows = database.query("SELECT name, applied FROM syncd_interchange ORDER BY id")
        assert rows == [("a.bhd", True), ("late.bhd", False), ("between.bhd", False)]

    async def test_of_equal_stamps_the_later_arrival_counts(self, database: Database, tmp_path: Path):
        await deliver(database, stock_of(tmp_path, "a.bhd", stock(1)), stock_of(tmp_path, "b.bhd", stock(2)))
        assert database.query("SELECT line FROM syncd_stock") == [(2,)]

    async def test_an_empty_one_empties_nothing(self, database: Database, tmp_path: Path):
        await deliver(database, stock_of(tmp_path, "a.bhd", stock(1)), stock_of(tmp_path, "empty.bhd"))
        assert database.query("SELECT line FROM syncd_stock") == [(1,)]

    async def test_an_empty_one_empties_where_that_is_wanted(self, database: Database, tmp_path: Path):
        database.settings["allow_empty_snapshot"] = True
        other = stock_of(tmp_path, "other.bhd", stock(7), account="filiale")
        await deliver(database, other, stock_of(tmp_path, "a.bhd", stock(1)), stock_of(tmp_path, "empty.bhd"))
        assert database.query("SELECT account, line FROM syncd_stock") == [("filiale", 7)]

    async def test_the_same_article_twice_is_two_rows(self, database: Database, tmp_path: Path):
        twice = dataclasses.replace(stock(1), line=2)
        await deliver(database, stock_of(tmp_path, "a.bhd", stock(1), twice))
        assert database.query("SELECT line FROM syncd_stock ORDER BY line") == [(1,), (2,)]

    async def test_a_reader_sees_the_old_state_or_the_new(self, database: Database, tmp_path: Path):
        size, over, seen = 3_000, threading.Event(), set()
        states = [[stock(line, quantity) for line in range(1, size + 1)] for quantity in range(1, 6)]
        await deliver(database, stock_of(tmp_path, "0.bhd", *states[0]))

        def read() -> None:
            while not over.is_set():
                seen.add(database.query("SELECT count(*), min(quantity), max(quantity) FROM syncd_stock")[0])

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for number, state in enumerate(states):
                await deliver(database, stock_of(tmp_path, f"again {number}.bhd", *state))
        finally:
            over.set()
            reader.join()
        assert {(count, low - high) for count, low, high in seen} == {(size, 0)}


class TestEvents:
    async def test_a_key_is_there_once_and_the_last_word_counts(self, database: Database, tmp_path: Path):
        first = [goods(1), goods(2), goods(3, note=None)]
        second = [goods(2, quantity=1), dataclasses.replace(goods(2, quantity=7), line=9), goods(3, note=None)]
        await deliver(
            database,
            batch_of(tmp_path, name="R_1", records=lambda: iter(first)),
            batch_of(tmp_path, name="R_2", records=lambda: iter(second)),
        )
        rows = database.query("SELECT note, position, quantity, line FROM syncd_goods ORDER BY interchange, line")
        assert rows == [("24123456", 1, 2, 1), (None, 3, 2, 3), (None, 3, 2, 3), ("24123456", 2, 7, 9)]

    async def test_another_supplier_may_use_the_same_numbers(self, database: Database, tmp_path: Path):
        await deliver(
            database,
            batch_of(tmp_path, name="R_1", records=lambda: iter([goods(1)])),
            batch_of(tmp_path, name="R_2", records=lambda: iter([goods(1)]), supplier="petersen"),
        )
        assert database.query("SELECT supplier FROM syncd_goods ORDER BY supplier") == [("petersen",), ("umbreit",)]

    async def test_records_without_a_key_add_up(self, database: Database, tmp_path: Path):
        for name in ("R_1", "R_2"):
            await deliver(database, batch_of(tmp_path, name=name, records=lambda: iter([answer(1), answer(2)])))
        assert database.query("SELECT count(*) FROM syncd_answer") == [(4,)]

    async def test_what_an_interchange_was(self, database: Database, tmp_path: Path):
        batch = batch_of(tmp_path)
        await deliver(database, batch)
        columns = "key, account, supplier, channel, kind, name, sha256, snapshot, stamp, applied, header, records"
        row = list(database.query(f"SELECT {columns} FROM syncd_interchange")[0])
        header, records = (json.loads(item) if isinstance(item, str) else item for item in row[-2:])
        said = [getattr(batch, word) for word in columns.split(", ")[:9]]
        assert row[:-2] == [*said, True]
        assert (header, records) == (dict(batch.header), {"Goods": 8, "Answer": 2})
        assert database.query("SELECT count(*) FROM syncd_interchange WHERE delivered_at IS NOT NULL") == [(1,)]
