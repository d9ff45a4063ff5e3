"""What loading a batch means for each database: a Loader takes streams of records of one class, then finishes.

A class of records gets its table when its first record comes. A table that is there already must have the columns that
are needed; columns that a shop added stay, and are left alone.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, inspect
from sqlalchemy.schema import CreateColumn

from syncd.errors import BaseMissingError, SinkError
from syncd.sinks.base import Batch
from syncd.sinks.sql.tables import Shape, shape_of, table_name, table_of

HELD_BACK = 10_000
"""Records of other classes that wait while one class is streamed."""

CHANGES = 10_000
"""Changes that are made at once."""


@dataclass(frozen=True, slots=True)
class Database:
    """What a kind of database does in its own way."""

    open_engine: Callable[[URL], Engine]
    """Prepare to connect; connections last as long as their transaction."""
    lock: Callable[[Connection, str], None]
    """Keep other deliveries into the tables of a prefix away until the transaction ends."""
    loader: "Callable[[Connection, str, Batch, int], Loader]"
    errors: tuple[type[Exception], ...]
    """What the driver raises."""


class Loader(ABC):
    """Put the records of one batch into their tables, within a transaction that somebody else ends."""

    def __init__(self, connection: Connection, prefix: str, batch: Batch, interchange: int) -> None:
        self._connection = connection
        self._prefix = prefix
        self._batch = batch
        self._own = (batch.account, batch.supplier, interchange)
        self._tables: dict[type[Any], tuple[Shape, Table]] = {}
        self.loaded: Counter[str] = Counter()
        """Records by class name."""

    def load(self) -> None:
        """Read the records once and store them all."""
        for cls, records in by_class(self._batch.records(), HELD_BACK):
            if cls not in self._tables:
                self._tables[cls] = self._prepare(shape_of(getattr(cls, "of", cls)))
            shape, table = self._tables[cls]
            if self._batch.base is None:
                self._store(table, self._rows(shape, records))
            else:
                self._change(shape, table, iter(records))
        for _, table in self._tables.values():
            self._finish(table)

    def clear(self, class_name: str) -> None:
        """Remove what the account holds in the table of a class, of which its new snapshot has no record."""
        self._clear(table_name(self._prefix, class_name))

    def _prepare(self, shape: Shape) -> tuple[Shape, Table]:
        table = table_of(shape, self._prefix, snapshot=self._batch.is_state)
        if self._batch.base is not None and not self._holds(table):
            raise BaseMissingError(f"table {table.name} is not there, or holds nothing of {self._batch.account}")
        table.create(self._connection, checkfirst=True)
        check_columns(self._connection, table)
        self._open(table)
        return shape, table

    def _rows(self, shape: Shape, records: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        row = shape.rows(self._connection.dialect.name, self._own)
        count = 0
        for record in records:
            yield row(record)
            count += 1
        self.loaded[shape.name] += count

    def _change(self, shape: Shape, table: Table, changes: Iterator[Any]) -> None:
        """Take away the rows of everything that changed, and store what is not gone anew."""
        key = attrgetter(*shape.key)
        while some := list(islice(changes, CHANGES)):
            keys = [key(change) if len(shape.key) > 1 else (key(change),) for change in some]
            self._remove(table, shape.key, keys)
            self._store(table, self._rows(shape, (change for change in some if change.change != "gone")))

    @abstractmethod
    def _holds(self, table: Table) -> bool:
        """Tell whether there are rows of the account to change."""

    @abstractmethod
    def _remove(self, table: Table, names: tuple[str, ...], keys: list[tuple[Any, ...]]) -> None:
        """Remove the account's rows that have these keys."""

    @abstractmethod
    def _open(self, table: Table) -> None:
        """Make ready for the first rows of a table."""

    @abstractmethod
    def _store(self, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
        """Take some rows; may be called again for the same table."""

    @abstractmethod
    def _finish(self, table: Table) -> None:
        """Make the rows of a table count, once all are stored."""

    @abstractmethod
    def _clear(self, table: str) -> None:
        """Remove the account's rows."""


def by_class(records: Iterator[Any], held_back: int) -> Iterator[tuple[type[Any], Iterable[Any]]]:
    """Split mixed records into streams of one class; a file of one class is one stream, however large.

    Each stream must be read to its end before the next is asked for.
    """
    waiting: dict[type[Any], list[Any]] = {}

    def stream(first: Any) -> Iterator[Any]:
        yield first
        for record in records:
            if type(record) is type(first):
                yield record
            else:
                waiting.setdefault(type(record), []).append(record)
                if sum(map(len, waiting.values())) >= held_back:
                    return

    for first in records:
        yield type(first), stream(first)
        yield from waiting.items()
        waiting.clear()


def check_columns(connection: Connection, table: Table) -> None:
    """Raise SinkError with the statements to run when an existing table lacks columns."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    missing = [column for column in table.columns if column.name not in there]
    if missing:
        added = [str(CreateColumn(column).compile(connection)).replace(" NOT NULL", "") for column in missing]
        statements = " ".join(f"ALTER TABLE {table.name} ADD COLUMN {column};" for column in added)
        raise SinkError(
            f"table {table.name} has no column {', '.join(column.name for column in missing)}",
            remedy=f"Rename the table, or run: {statements}",
        )
