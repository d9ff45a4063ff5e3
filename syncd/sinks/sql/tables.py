"""Tables made of record classes: one table per class, one column per field, the same on SQLite and PostgreSQL.

Nothing here knows a particular record. A field's type decides its column: str, int, bool, Decimal, date, datetime and
enumerations have one of their own; everything else (tuples, mappings, nested dataclasses) is JSON. SQLite has no
decimal numbers, so money is text there, with all its decimals: a float would be another amount.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from syncd.sinks.fields import plain_types

Convert = Callable[[Any], Any]

OWN = ("account", "supplier", "interchange")
"""The columns before the record's own: whose it is, and which row of the interchange table it came with."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of column, and how a driver wants its values; None means as they are."""

    type: TypeEngine[Any]
    converts: dict[str, Convert] = field(default_factory=dict)


EMPTY: tuple[object, ...] = ((), [], {})


def _json(value: object) -> str | None:
    """Write JSON; nothing in it is NULL, which costs nothing in a table of half a million rows."""
    return None if value in EMPTY else msgspec.json.encode(value).decode()


KINDS: dict[Any, Kind] = {
    str: Kind(Text()),
    bool: Kind(Boolean()),
    int: Kind(BigInteger()),
    Decimal: Kind(Numeric().with_variant(Text(), "sqlite"), {"sqlite": lambda value: format(value, "f")}),
    date: Kind(Date(), {"sqlite": date.isoformat}),
    datetime: Kind(DateTime(timezone=True), {"sqlite": datetime.isoformat}),
}
JSON = Kind(Text().with_variant(JSONB(), "postgresql"), {"sqlite": _json})


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table needs to know of a record class."""

    name: str
    """Of the class."""
    kinds: dict[str, Kind]
    """By field, in order."""
    optional: frozenset[str]
    key: tuple[str, ...]
    """Fields that make a record unique across files; empty when the class names none."""

    def rows(self, dialect: str, own: tuple[Any, ...]) -> Callable[[Any], tuple[Any, ...]]:
        """Return what turns a record into the row that a driver takes, after the values of OWN."""
        get = attrgetter(*self.kinds)
        kinds = enumerate(self.kinds.values())
        converts = [(at, kind.converts[dialect]) for at, kind in kinds if dialect in kind.converts]

        if not converts:
            return lambda record: own + get(record)

        def row(record: Any) -> tuple[Any, ...]:
            values = list(get(record))
            for at, convert in converts:
                if values[at] is not None:
                    values[at] = convert(values[at])
            return (*own, *values)

        return row


def shape_of(cls: type[Any]) -> Shape:
    """Read a record class: a dataclass with a field `line`, and `key` if it has one."""
    plain = plain_types(cls)
    return Shape(
        name=cls.__name__,
        kinds={name: _kind(hint) for name, (hint, _) in plain.items()},
        optional=frozenset(name for name, (_, optional) in plain.items() if optional),
        key=tuple(getattr(cls, "key", ())),
    )


def _kind(hint: Any) -> Kind:
    if isinstance(hint, type) and issubclass(hint, Enum):
        words = all(isinstance(member.value, str) for member in hint)
        return Kind(Text(), {"sqlite": attrgetter("value"), "postgresql": attrgetter("value")}) if words else JSON
    return KINDS.get(hint, JSON)


def table_name(prefix: str, class_name: str) -> str:
    """Name the table of a record class: StockLine is PREFIX + stock_line."""
    return prefix + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_name).lower()


def table_of(shape: Shape, prefix: str, *, snapshot: bool) -> Table:
    """Lay out the table of a record class: for the state of each account, or for events, which add up.

    A snapshot's table is partitioned by account on PostgreSQL, and found by the record's key. A table of events holds
    each key once per supplier; a record without its key is unique by its file and line.
    """
    firm = not shape.optional.intersection(shape.key)
    primary = (
        ((*shape.key, "account", "line") if firm else ("account", "line")) if snapshot else ("interchange", "line")
    )
    once = [UniqueConstraint("supplier", *shape.key)] if shape.key and not snapshot else []
    partitions = "LIST (account)" if snapshot else None
    keys = (PrimaryKeyConstraint(*primary), *once)
    return Table(
        table_name(prefix, shape.name), MetaData(), *_columns(shape), *keys, postgresql_partition_by=partitions
    )


def _columns(shape: Shape) -> Iterator[Column[Any]]:
    own = zip(OWN, (KINDS[str], KINDS[str], KINDS[int]), strict=True)
    for name, kind in (*own, *shape.kinds.items()):
        yield Column(name, kind.type, nullable=name in shape.optional or kind is JSON, autoincrement=False)
