"""What changed between two lists of one kind: the later one is told as articles that are new, changed or gone.

An article is known by its record's key; of two records with one key the later counts. A record has changed when
anything but its line number has. Applied to the earlier list, the changes give the later one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from syncd.formats.base import Format, Listing
from syncd.formats.details import differing
from syncd.formats.digicom import DigicomFormat
from syncd.formats.plain import Memo
from syncd.formats.records import (
    AvailabilityChange,
    AvailabilityLine,
    Change,
    ListChange,
    Record,
    StockChange,
    StockLine,
)

Told = Iterator[tuple[Any, Change]]
"""Records, and what became of them."""
Pairs = Iterator[tuple[Iterable[Record], Iterable[Record]]]
"""Records of before and of now; all that have a key in common stand in one pair."""

CHANGES: Mapping[type[Any], type[ListChange]] = {
    StockLine: StockChange,
    AvailabilityLine: AvailabilityChange,
}
"""By the class of a list's records: the class that tells a change of one."""


def changes(format_: Format, old: Listing | None, new: Listing) -> Iterator[ListChange]:
    """Yield what changed, in an order that is the same each time; without an earlier list everything is new.

    `line` counts the changes: a record that is gone stands in no line of the later list.
    """
    if old is None:
        told: Told = ((record, Change.NEW) for record in new.records(format_))
    else:
        told = _told(differing(old, new) if format_.name == DigicomFormat.name else _whole(format_, old, new))
    for number, (record, change) in enumerate(told, 1):
        yield _made(number, record, change)


def _whole(format_: Format, old: Listing, new: Listing) -> Pairs:
    """Take both lists at once: only stock lists are long."""
    yield old.records(format_), new.records(format_)


def _told(pairs: Pairs) -> Told:
    for before, now in pairs:
        was, is_ = _by_key(before), _by_key(now)
        for key, record in is_.items():
            if key not in was:
                yield record, Change.NEW
            elif _CONTENT[type(record)](was[key]) != _CONTENT[type(record)](record):
                yield record, Change.CHANGED
        yield from ((record, Change.GONE) for key, record in was.items() if key not in is_)


def _by_key(records: Iterable[Any]) -> dict[Any, Any]:
    return {_KEY[type(record)](record): record for record in records}


def _made(number: int, record: Any, change: Change) -> ListChange:
    cls: Any = CHANGES[type(record)]
    made: ListChange = cls(number, *_CONTENT[type(record)](record), change)
    gone: Any = cls.gone
    return replace(made, **gone) if change is Change.GONE else made


def _content(cls: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes everything but the line number from a record; that is the first field."""
    return attrgetter(*(each.name for each in fields(cls)[1:]))


_CONTENT = Memo(_content)
_KEY: Memo[type[Any], Callable[[Any], Any]] = Memo(lambda cls: attrgetter(*cls.key))
