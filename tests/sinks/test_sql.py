"""The databases: the contract on SQLite and PostgreSQL, and what tables and readers see."""

import dataclasses
import json
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from sqlalchemy import make_url

from syncd.errors import ConfigError, SinkError
from syncd.sinks import open_sink
from syncd.sinks.sql.load import by_class
from tests.postgres import Cluster
from tests.sinks.batches import Answer, Stock, answer, batch_of, goods, records_of, stock
from tests.sinks.contract import Lines, SinkContract, Target, deliver

TABLES = ("goods", "answer", "stock")


class Database(Target):
    """A database as a program of the shop reads it."""

    sink = "sql"
    missing: ClassVar[type[Exception]]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def lines(self) -> Lines:
        counted: Lines = Counter()
        for table in TABLES:
            try:
                join = f"SELECT name, line FROM syncd_{table} t JOIN syncd_interchange i ON i.id = t.interchange"
                counted.update((name, line) for name, line in self.query(join))
            except self.missing:
                continue
        return counted

    def outside(self) -> set[str]:
        return set()


class Sqlite(Database):
    missing = sqlite3.OperationalError

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = {"url": f"sqlite:///{path}"}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
            return rows

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self.path.parent.with_name("unmounted")
        self.path.parent.rename(away)
        yield
        away.rename(self.path.parent)

    def outside(self) -> set[str]:
        around = self.path.parent.parent
        return {str(path) for path in around.rglob("*") if not path.is_relative_to(self.path.parent)}


class Postgres(Database):
    missing = psycopg.errors.UndefinedTable

    def __init__(self, cluster: Cluster, url: str) -> None:
        self.cluster = cluster
        self.url = url
        self.name = make_url(url).database
        self.settings = {"url": url}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def down(self) -> Iterator[None]:
        self.cluster.sql(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        yield
        self.cluster.sql(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Sqlite:
    (tmp_path / "mount").mkdir()
    return Sqlite(tmp_path / "mount" / "shop.db")


@pytest.fixture
def postgres_database(postgres: Cluster) -> Iterator[Postgres]:
    with postgres.database() as url:
        yield Postgres(postgres, url)


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


@pytest.fixture(params=["sqlite_file", "postgres_database"])
def database(request: pytest.FixtureRequest) -> Database:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


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
        await deliver(database, stock_of(tmp_path, "a.bhd", stock(2)), late, late)
        assert database.query("SELECT line FROM syncd_stock") == [(2,)]
        rows = database.query("SELECT name, applied FROM syncd_interchange ORDER BY id")
        assert rows == [("a.bhd", True), ("late.bhd", False)]

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
