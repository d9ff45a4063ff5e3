"""SQLite: rows go straight into their table, in chunks; readers see the state before until the transaction ends."""

import os
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    UniqueConstraint,
    bindparam,
    column,
    create_engine,
    delete,
    event,
    inspect,
)
from sqlalchemy import table as table_clause
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.pool import NullPool

from syncd.sinks.sql.load import Database, Loader

CHUNK = 2_000
WAIT = 30
"""Seconds to wait for another program's transaction."""


def unwritable(file: Path) -> Iterator[str]:
    """Say why this user could not write a database: SQLite makes the file, and its journal beside it, but no folder."""
    folder = file.parent
    if not folder.is_dir():
        yield f"{folder} is not there, or no folder: mkdir -p {folder}"
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield f"{folder} is not writable for this user"
    elif file.exists() and not (file.is_file() and os.access(file, os.R_OK | os.W_OK)):
        yield f"{file} is no file that this user can write"


def open_engine(url: URL) -> Engine:
    """Prepare to connect; a transaction takes the write lock when it begins, so none fails half way for want of it."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT, "isolation_level": None})
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)
    return engine


def _connected(driver: Any, _record: object) -> None:
    if driver.execute("PRAGMA page_count").fetchone()[0] == 0:
        driver.execute("PRAGMA journal_mode=WAL")  # how to keep a journal is ours to decide only in a file that we make
    driver.execute("PRAGMA synchronous=FULL")


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class SqliteLoader(Loader):
    """Store rows with INSERT, which updates the row that has the same key."""

    def _open(self, table: Table) -> None:
        if self._batch.snapshot:
            self._clear(table.name)

    def _store(self, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
        statement = _insert(table, self._connection)
        while chunk := list(islice(rows, CHUNK)):
            self._connection.exec_driver_sql(statement, chunk)

    def _holds(self, table: Table) -> bool:
        return inspect(self._connection).has_table(table.name)

    def _remove(self, table: Table, names: tuple[str, ...], keys: list[tuple[Any, ...]]) -> None:
        where = [table.c[name] == bindparam(f"key_{name}") for name in ("account", *names)]
        statement = str(delete(table).where(*where).compile(self._connection))
        self._connection.exec_driver_sql(statement, [(self._batch.account, *key) for key in keys])

    def _finish(self, table: Table) -> None:
        """Do nothing: the rows were stored in their place."""

    def _clear(self, table: str) -> None:
        if inspect(self._connection).has_table(table):
            rows = table_clause(table, column("account"))
            self._connection.execute(delete(rows).where(rows.c.account == self._batch.account))


def _insert(table: Table, connection: Connection) -> str:
    """Write the statement once, so that rows go to the driver as plain tuples."""
    statement = insert(table)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            changes = {column.name: statement.excluded[column.name] for column in table.columns}
            statement = statement.on_conflict_do_update(index_elements=list(constraint.columns), set_=changes)
    return str(statement.compile(connection))


DATABASE = Database(
    open_engine=open_engine,
    lock=lambda _connection, _prefix: None,  # BEGIN IMMEDIATE has locked the file
    loader=SqliteLoader,
    errors=(sqlite3.Error,),
)
