"""The table of interchanges: what was taken, which makes it once, and which snapshot each account's rows are."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from syncd.sinks.base import Batch
from syncd.sinks.sql.load import check_columns

WORDS = ("key", "account", "supplier", "channel", "kind", "name", "sha256", "snapshot", "stamp")


def _layout(name: str) -> Table:
    json = JSON().with_variant(JSONB(), "postgresql")
    return Table(
        name,
        MetaData(),
        Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
        Column("key", Text(), nullable=False, unique=True),
        *(Column(word, Text(), nullable=False) for word in WORDS[1:7]),
        Column("snapshot", Boolean(), nullable=False),
        Column("stamp", Text()),
        Column("applied", Boolean(), nullable=False, default=False),
        Column("header", json, nullable=False),
        Column("records", json, nullable=False, default={}),
        Column("delivered_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """The list that an account's rows are: its key, its stamp, and the classes of its records."""

    key: str | None = None
    stamp: str | None = None
    classes: frozenset[str] = frozenset()

    def is_later_than(self, batch: Batch) -> bool:
        """Tell whether a batch would take the account back in time."""
        return self.stamp is not None and batch.stamp is not None and batch.stamp < self.stamp


class Journal:
    """Read and write the table of interchanges, within somebody's transaction."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._table = _layout(f"{prefix}interchange")
        self._table.create(connection, checkfirst=True)
        check_columns(connection, self._table)

    def has(self, key: str) -> bool:
        """Tell whether a batch was taken before."""
        found = select(self._table.c.id).where(self._table.c.key == key)
        return self._connection.execute(found).first() is not None

    def held(self, batch: Batch) -> Held:
        """Find the last list of the batch's account and kind that was applied, whole or as changes."""
        rows = self._table.c
        found = (
            select(rows.key, rows.stamp, rows.records)
            .where(rows.account == batch.account, rows.kind == batch.kind, rows.applied)
            .where(rows.snapshot | rows.stamp.is_not(None))
            .order_by(rows.id.desc())
            .limit(1)
        )
        row = self._connection.execute(found).first()
        return Held(row.key, row.stamp, frozenset(row.records)) if row else Held()

    def write(self, batch: Batch) -> int:
        """Write a batch down as taken; return the number that its records carry."""
        values: dict[str, Any] = {word: getattr(batch, word) for word in WORDS}
        row = insert(self._table).values(**values, header=dict(batch.header)).returning(self._table.c.id)
        return int(self._connection.execute(row).scalar_one())

    def applied(self, interchange: int, records: dict[str, int]) -> None:
        """Write down that the records of an interchange count, and how many there are of each class."""
        row = update(self._table).where(self._table.c.id == interchange)
        self._connection.execute(row.values(applied=True, records=records))
