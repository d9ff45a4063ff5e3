"""Databases as programs of a shop see them: the targets of the SQL sink's tests."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from sqlalchemy import make_url

from tests.postgres import Cluster
from tests.sinks.contract import Lines, Target

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
