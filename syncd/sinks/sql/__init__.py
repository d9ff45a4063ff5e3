"""The sink for SQLite and PostgreSQL: each interchange in one transaction, exactly once in effect.

The table PREFIX + interchange has a row for every interchange that was taken; a key that is there already is not taken
again. Records are in one table per class (`tables`), loaded as each database does it fastest (`load`). Events add up,
and a record with a key takes the place of the one with the same key. A snapshot replaces what its account had. An older
snapshot that comes late, and an empty one (unless `allow_empty_snapshot`), is written down and not applied. Changes of
a snapshot are applied to the rows of the one that they start from, and to no others.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from syncd.errors import BaseMissingError, ConfigError, SinkError, SinkRefusedError
from syncd.log import blacked
from syncd.secret import Secret
from syncd.sinks.base import Batch
from syncd.sinks.sql import sqlite
from syncd.sinks.sql.journal import Held, Journal
from syncd.sinks.sql.load import Database
from syncd.urls import holds_secret

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}

REFUSALS = ("DataError", "OverflowError", "UnicodeEncodeError")
REMEDIES = {
    "InsufficientPrivilege": "Let the user create tables in that schema, or own the tables that are there.",
    "LockNotAvailable": "A long query holds the table; it is tried again.",
    "OperationalError": "Is the database up, reachable, writable and not full? It is tried again.",
    **dict.fromkeys(REFUSALS, "The file holds something that this database cannot store; hand it over by hand."),
    "ProgrammingError": "Does the table have the columns and keys of docs/sinks/sql.md? Rename it; a new one is made.",
    "Exception": "Look at the database's own log; it is tried again.",
}
"""By the name of the driver's error, the nearest first."""


def _checked_url(text: str) -> str:
    if holds_secret(text):
        raise ValueError('holds a password, before the @ or behind the ?; write password = { file = "…" } instead')
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ValueError("not a URL like sqlite:////srv/shop.db or postgresql://user@host/database") from error
    if url.drivername not in DRIVERS:
        raise ValueError(f"{url.drivername} is not one of {', '.join(DRIVERS)}")
    if url.drivername == "sqlite" and not (url.database or "").startswith("/"):
        raise ValueError("should name an absolute path, with four slashes: sqlite:////srv/shop.db")
    return text


class SqlSettings(BaseModel):
    """The table `[sink.NAME]` of type "sql"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_checked_url)] = Field(
        description="sqlite:////srv/shop.db or postgresql://user@host/database, without the password"
    )
    password: Secret | None = Field(default=None, description="where the password is, for PostgreSQL")
    prefix: str = Field(default="syncd_", pattern="^[a-z][a-z0-9_]{0,19}$", description="how table names begin")
    allow_empty_snapshot: bool = Field(
        default=False, description="let an inventory report without lines empty the account's stock"
    )

    @model_validator(mode="after")
    def _password_is_for_postgresql(self) -> Self:
        if self.password and self.url.startswith("sqlite"):
            raise ValueError("password: SQLite has none")
        return self

    def unusable(self) -> Iterator[tuple[str, str]]:
        """Yield the key and the reason if SQLite could not write on this machine, for `syncd config check --paths`."""
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite":
            yield from (("url", why) for why in sqlite.unwritable(Path(url.database or "")))


class SqlSink:
    """Hand interchanges over as rows."""

    Settings: ClassVar[type[BaseModel]] = SqlSettings

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings
        self._url = make_url(settings.url)
        self._url = self._url.set(drivername=DRIVERS[self._url.drivername])
        self._database = _database(self._url)
        self._thread = ThreadPoolExecutor(1, "sink-sql")

    async def deliver(self, batch: Batch) -> None:
        """Take one batch in one transaction, or nothing of it; raise SinkError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._deliver, batch)

    async def close(self) -> None:
        """Wait for a transaction that is still running; no connection outlives its batch."""
        await asyncio.to_thread(self._thread.shutdown)

    async def check(self) -> str:
        """Begin what a delivery would do, table included, and take it back; raise SinkError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._check)

    def _check(self) -> str:
        with self._translated(), self._engine().connect() as connection, connection.begin() as transaction:
            self._database.lock(connection, self._settings.prefix)
            Journal(connection, self._settings.prefix).has("")
            transaction.rollback()
        return f"database {self._where()} can be written"

    def _deliver(self, batch: Batch) -> None:
        with self._translated(), self._engine().begin() as connection:
            self._database.lock(connection, self._settings.prefix)
            journal = Journal(connection, self._settings.prefix)
            if not journal.has(batch.key):
                self._take(batch, connection, journal)

    def _take(self, batch: Batch, connection: Connection, journal: Journal) -> None:
        held = journal.held(batch) if batch.is_state else Held()
        if batch.base is not None and batch.base != held.key:
            raise BaseMissingError(f"{self._settings.prefix}interchange does not end with the list before")
        interchange = journal.write(batch)
        emptied = batch.base is not None and not any(batch.counts.values()) and not self._settings.allow_empty_snapshot
        if emptied or held.is_later_than(batch):
            return
        loader = self._database.loader(connection, self._settings.prefix, batch, interchange)
        loader.load()
        if batch.snapshot and not loader.loaded and not self._settings.allow_empty_snapshot:
            return
        others = held.classes.difference(loader.loaded)
        for other in others if batch.snapshot else ():
            loader.clear(other)
        journal.applied(interchange, dict.fromkeys(() if batch.snapshot else others, 0) | dict(loader.loaded))

    def _engine(self) -> Engine:
        """Prepare to connect, with the password as it is now."""
        password = self._settings.password
        return self._database.open_engine(self._url.set(password=password.read()) if password else self._url)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        foreign: tuple[type[Exception], ...] = (
            SQLAlchemyError,
            UnicodeEncodeError,
            OverflowError,
            *self._database.errors,
        )
        try:
            yield
        except ConfigError as error:
            raise SinkError(str(error), remedy=error.remedy) from error
        except foreign as error:
            raise self._in_words(error) from error

    def _in_words(self, error: Exception) -> SinkError:
        cause = (error.orig if isinstance(error, DBAPIError) else None) or error
        names = [kind.__name__ for kind in type(cause).__mro__]
        remedy = next((REMEDIES[name] for name in names if name in REMEDIES), REMEDIES["Exception"])
        made = SinkRefusedError if set(REFUSALS).intersection(names) else SinkError
        return made(f"database {self._where()}: {' '.join(blacked(str(cause)).split())}", remedy=remedy)

    def _where(self) -> str:
        return self._url.set(query={}).render_as_string(hide_password=True)


def _database(url: URL) -> Database:
    if url.get_backend_name() == "sqlite":
        return sqlite.DATABASE
    try:
        from syncd.sinks.sql import postgres
    except ImportError as error:
        raise ConfigError(f"PostgreSQL needs psycopg: {error}", remedy="pip install 'syncd[pg]'") from error
    return postgres.DATABASE
