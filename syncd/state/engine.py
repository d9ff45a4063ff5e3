"""The way to the database: one engine, two kinds of transaction, and the border where its exceptions become ours.

SQLite is opened with WAL, synchronous=FULL, foreign keys on and ten seconds of patience, on every connection; a
writing transaction takes the write lock with its first statement (BEGIN IMMEDIATE), so that two writers wait for each
other instead of failing halfway. PostgreSQL is a URL. No value of a statement ever enters a message or a log.

The statements of every turn and every file are built once, when their modules are loaded, with `bindparam` in the place
of values: to build one takes longer than to run it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, StatementError

from syncd.errors import ConfigError, DiskFullError, LaterError, StateDamagedError, SyncdError
from syncd.state.disk import disk_errors

PATIENCE = 10.0
"""Seconds to wait for another process's lock."""

DAMAGED = "Stop syncd, keep the state directory as it is, and follow docs/state.md, “When the state is damaged”."


class Database:
    """An engine and its two kinds of transaction; every method of the journal and the gate is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._where = str(engine.url.database)
        self.embedded = engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run a transaction that only reads."""
        with translated(self._where), self.engine.begin() as connection:
            self._begin(connection, "DEFERRED")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a transaction that writes; it is on disk when the block has ended, or nothing of it is."""
        with translated(self._where), self.engine.begin() as connection:
            self._begin(connection, "IMMEDIATE")
            yield connection

    def _begin(self, connection: Connection, kind: str) -> None:
        """Begin where the driver, which is told to begin nothing by itself, has not: with SQLite."""
        if self.embedded:
            raw: Any = connection.connection.dbapi_connection
            raw.execute(f"BEGIN {kind}")

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """Begin an INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.embedded else postgresql.insert(table)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def sqlite_engine(path: Path, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """Return an engine for a database file; the file is made if need be, readable by its owner alone."""
    if not read_only:
        with disk_errors(path):
            path.touch(mode=0o600, exist_ok=True)
    url = URL.create("sqlite+pysqlite", database=str(path))
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": PATIENCE})
    settings = [
        "journal_mode = WAL",
        "synchronous = FULL",
        f"foreign_keys = {int(foreign_keys)}",
        f"query_only = {int(read_only)}",
    ]

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # else the driver opens and ends transactions by its own rules
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    return engine


def server_engine(url: str) -> Engine:
    """Return an engine for a PostgreSQL URL. Raises ConfigError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("the state's database URL cannot be read", remedy=_URLS) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigError(f"the state cannot be kept in “{parsed.get_backend_name()}”", remedy=_URLS)
    options = {"options": _SESSION, "connect_timeout": PATIENCE, "application_name": "syncd"}
    arguments = {key: value for key, value in options.items() if key not in parsed.query}
    try:
        target = parsed.set(drivername="postgresql+psycopg")
        return create_engine(
            target, hide_parameters=True, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=arguments
        )
    except ModuleNotFoundError:
        raise ConfigError("the PostgreSQL driver is not installed", remedy="pip install 'syncd[pg]'") from None


_SESSION = f"-c lock_timeout={PATIENCE:.0f}s -c synchronous_commit=on -c idle_in_transaction_session_timeout=60s"
"""Whatever the server's own defaults: what is committed is on its disk, and a host that stands still in the middle of a
transaction keeps nobody waiting for long. The gate counts on READ COMMITTED: it looks again once it has the lock."""

_URLS = "Leave it out for SQLite, or write postgresql://user@host/database."


@contextmanager
def translated(where: object) -> Iterator[None]:
    """Turn the exceptions of the database into ours; `where` is its file, or its name on a server."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise _ours(error, where) from error
    except StatementError as error:
        raise (error.orig or error) from None  # not the database's word: a mistake of the caller


def _ours(error: DBAPIError | sqlite3.Error, where: object) -> SyncdError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).strip().partition("\n")[0]  # what follows may quote values
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(getattr(cause, "sqlite_errorcode", None), said, where)
    return _from_postgresql(getattr(cause, "sqlstate", None), said)


_WRITING = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)
"""Result codes of a failed write: a full disk, a quota or a file size limit come as any of them."""


def _from_sqlite(code: int | None, said: str, where: object) -> SyncdError:
    match (code or 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LaterError(f"the state database is busy: {said}", remedy="Another program holds it; see who does.")
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR if code in _WRITING:
            remedy = "Nothing of this step was kept. Make room on the disk; if there is room, look for its errors."
            message = f"the state database {where} cannot be written; its disk is full, or fails: {said}"
            return DiskFullError(message, remedy=remedy)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
            remedy = "Check who owns the state directory and its files: docs/state.md."
            return StateDamagedError(f"the state database cannot be opened: {said}", remedy=remedy)
    return StateDamagedError(f"the state database: {said}", remedy=DAMAGED)


_AWAY = ("08", "57", "55P03", "40", "53", "25P03", "25P04")
"""SQLSTATEs that pass by themselves: connection, shutdown, lock timeout, rollback, too many clients, too little
memory, and a transaction that took too long, as in a process that stood still."""


def _from_postgresql(state: str | None, said: str) -> SyncdError:
    if state == "53100":
        return DiskFullError(f"the state database cannot grow: {said}", remedy="Make room on the database's disk.")
    if state == "25006":
        remedy = "It may be a standby: let `database` lead to the server that takes changes."
        return LaterError(f"the state database is read-only: {said}", remedy=remedy)
    if state == "42501":
        remedy = "Let the user of `database` own its tables: they belong to the user under whom syncd ran first."
        return StateDamagedError(f"the state database cannot be used: {said}", remedy=remedy)
    if state is None or state.startswith(_AWAY):
        remedy = "See that PostgreSQL runs, and that `database` leads to it."
        return LaterError(f"the state database does not answer: {said}", remedy=remedy)
    return StateDamagedError(f"the state database: {said}", remedy=DAMAGED)
