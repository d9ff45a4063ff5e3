"""PostgreSQL: rows come by COPY, never one by one.

A snapshot is copied into a table of its own, without an index, and frozen; it gets its index and then takes the place
of the account's partition. That is faster than COPY into the table itself, leaves no dead rows behind, and a reader
sees the old snapshot or the new one: frozen rows are visible to transactions that began before, too. Readers wait for
the exchange of the partitions only, not for the COPY.

Events with a key are copied into a temporary table and upserted from there. What changed in a snapshot is removed by
key and copied anew, in portions, into the partition itself.
"""

from collections.abc import Iterator
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Connection, Engine, Table, UniqueConstraint, create_engine, func, select
from sqlalchemy.pool import NullPool

from syncd.errors import SinkError
from syncd.sinks.sql.load import Database, Loader
from syncd.sinks.sql.tables import EMPTY

CONNECTION = {"connect_timeout": 10, "tcp_user_timeout": 30_000, "application_name": "syncd"}
LOCK_TIMEOUT = "5s"
"""How long the exchange of partitions waits for a reader before it gives way; other readers queue behind it."""


class JsonDumper(Dumper):
    """Write a field that has no column type of its own as jsonb; nothing in it is NULL."""

    oid = psycopg.adapters.types["jsonb"].oid
    format = psycopg.pq.Format.BINARY

    def dump(self, obj: object) -> bytes | None:
        """Return version 1 of jsonb's binary form: the number of the version, and the text."""
        return None if obj in EMPTY else b"\x01" + msgspec.json.encode(obj)


PARTITIONS = """
    SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = to_regclass(quote_ident({}))
    AND pg_get_expr(child.relpartbound, child.oid) = format('FOR VALUES IN (%L)', {}::text)
"""
REMOVE = "DELETE FROM {} row USING unnest({}) AS given({}) WHERE {} AND row.account = %s"
UPSERT = """
    INSERT INTO {0} ({1}) SELECT {1} FROM {2} new
    WHERE NOT EXISTS (SELECT FROM {2} later WHERE {3} AND later.line > new.line)
    ON CONFLICT ({4}) DO UPDATE SET {5}
"""


def open_engine(url: URL) -> Engine:
    """Prepare to connect, one connection per batch: none stays open over the hours between two."""
    return create_engine(url, poolclass=NullPool, connect_args=CONNECTION)


def lock(connection: Connection, prefix: str) -> None:
    """Let one transaction at a time work on the tables of this prefix, and none wait long for a reader."""
    connection.execute(select(func.set_config("lock_timeout", LOCK_TIMEOUT, True)))
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("syncd"), func.hashtext(prefix))))


class PostgresLoader(Loader):
    """Store rows with COPY."""

    def _open(self, table: Table) -> None:
        name, copy = sql.Identifier(table.name), sql.Identifier(self._copy_of(table))
        if self._partitioned(table) != self._batch.is_state:
            raise SinkError(
                f"table {table.name} is {'not ' if self._batch.is_state else ''}partitioned by account",
                remedy="Rename the table; a new one is made.",
            )
        if self._batch.snapshot:
            account = sql.Literal(self._batch.account)
            like = "CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES, CHECK (account = {}))"
            self._run(like, copy, name, account)
        elif _unique(table):
            self._run("CREATE TEMPORARY TABLE {} (LIKE {} INCLUDING DEFAULTS) ON COMMIT DROP", copy, name)

    def _store(self, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
        options = sql.SQL("FORMAT BINARY, FREEZE" if self._batch.snapshot else "FORMAT BINARY")
        target = sql.Identifier(self._copy_of(table))
        statement = sql.SQL("COPY {} ({}) FROM STDIN WITH ({})").format(target, _names(table), options)
        with self._driver.cursor() as cursor:
            cursor.adapters.register_dumper(None, JsonDumper)
            types = self._types(table)
            with cursor.copy(statement) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)

    def _holds(self, table: Table) -> bool:
        return bool(self._partitions(table.name))

    def _remove(self, table: Table, names: tuple[str, ...], keys: list[tuple[Any, ...]]) -> None:
        columns = [sql.Identifier(name) for name in names]
        same = sql.SQL(" AND ").join(sql.SQL("row.{0} = given.{0}").format(column) for column in columns)
        statement = sql.SQL(REMOVE).format(
            sql.Identifier(table.name), sql.SQL(", ").join(sql.Placeholder() * len(names)),
            sql.SQL(", ").join(columns), same,
        )  # fmt: skip
        with self._driver.cursor() as cursor:
            cursor.adapters.register_dumper(str, StrDumper)  # unnest wants to know what kind of array it gets
            cursor.execute(statement, [*map(list, zip(*keys, strict=True)), self._batch.account])

    def _finish(self, table: Table) -> None:
        if self._batch.snapshot:
            self._exchange(table)
        elif _unique(table):
            self._upsert(table)

    def _clear(self, table: str) -> None:
        for partition in self._partitions(table):
            self._run("DROP TABLE {}", sql.Identifier(partition))

    def _partitions(self, table: str) -> list[str]:
        found = self._run(PARTITIONS, sql.Literal(table), sql.Literal(self._batch.account)).fetchall()
        return [name for (name,) in found]

    def _exchange(self, table: Table) -> None:
        """Put the copied table in the place of the account's partition."""
        name, copy = sql.Identifier(table.name), sql.Identifier(self._copy_of(table))
        primary = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.primary_key)
        self._run("ALTER TABLE {} ADD PRIMARY KEY ({})", copy, primary)
        self._run("ANALYZE {}", copy)
        self._clear(table.name)
        self._run("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})", name, copy, sql.Literal(self._batch.account))

    def _upsert(self, table: Table) -> None:
        """Move rows from the temporary table; of two with the same key the later line counts."""
        key = _unique(table)
        same = sql.SQL(" AND ").join(sql.SQL("later.{0} = new.{0}").format(sql.Identifier(name)) for name in key)
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column.name)) for column in table.columns
        )
        copy, conflict = sql.Identifier(self._copy_of(table)), sql.SQL(", ").join(map(sql.Identifier, key))
        self._run("ANALYZE {}", copy)
        self._run(UPSERT, sql.Identifier(table.name), _names(table), copy, same, conflict, changes)

    def _copy_of(self, table: Table) -> str:
        """Name where rows are copied to: the table itself for events without a key."""
        direct = not self._batch.snapshot and not _unique(table)
        return table.name if direct else f"{table.name}_{self._own[-1]}"

    def _partitioned(self, table: Table) -> bool:
        query = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(quote_ident({}))"
        return self._run(query, sql.Literal(table.name)).fetchone() == (True,)

    def _types(self, table: Table) -> list[int]:
        """Ask for the types of the columns as they are: a shop may have made them narrower."""
        cursor = self._run("SELECT {} FROM {} LIMIT 0", _names(table), sql.Identifier(table.name))
        return [column.type_code for column in cursor.description or ()]

    def _run(self, statement: LiteralString, *parts: sql.Composable) -> psycopg.Cursor[Any]:
        return self._driver.execute(sql.SQL(statement).format(*parts))

    @property
    def _driver(self) -> psycopg.Connection[Any]:
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


def _unique(table: Table) -> tuple[str, ...]:
    """Name the columns of the key across files; none when the class has no key."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            return tuple(column.name for column in constraint.columns)
    return ()


DATABASE = Database(open_engine=open_engine, lock=lock, loader=PostgresLoader, errors=(psycopg.Error,))
