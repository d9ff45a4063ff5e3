"""Changes of a list in a database: applied to the list they start from and to nothing else, in one transaction."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.errors import BaseMissingError
from syncd.sinks import Batch
from tests.sinks.batches import Stock, batch_of, stock
from tests.sinks.contract import deliver
from tests.sinks.databases import Database, Postgres

Rows = dict[str, int]
"""EAN to quantity."""


@dataclass(frozen=True, slots=True)
class Moved(Stock):
    """A change of a stock line."""

    of: ClassVar[type] = Stock
    change: str = "new"


def moved(line: int, ean: str, quantity: int, change: str) -> Moved:
    return Moved(line, ean, quantity, None, change)


def between(old: Rows, new: Rows) -> list[Moved]:
    found = [(ean, quantity, "changed" if ean in old else "new") for ean, quantity in new.items()]
    found = [each for each in found if old.get(each[0]) != each[1]]
    found += [(ean, 0, "gone") for ean in old if ean not in new]
    return [moved(line, *each) for line, each in enumerate(found, 1)]


def whole(folder: Path, name: str, rows: Rows, **more: Any) -> Batch:
    records = [moved(line, ean, quantity, "new") for line, (ean, quantity) in enumerate(rows.items(), 1)]
    return batch_of(folder, name=name, kind="BHDART", size=len(rows), **{"records": lambda: iter(records)} | more)


def changes(folder: Path, name: str, old: Rows, new: Rows, base: Batch, **more: Any) -> Batch:
    records = between(old, new)
    return whole(folder, name, new, records=lambda: iter(records), snapshot=False, base=base.key, **more)


def held(database: Database) -> Rows:
    return dict(database.query("SELECT ean, quantity FROM syncd_stock WHERE account = 'umbreit'"))


def some_rows(chance: random.Random) -> Rows:
    return {stock(line).ean: chance.choice((1, 2)) for line in range(1, 40) if chance.random() < 0.7}


async def test_changes_make_the_rows_of_the_later_list(database: Database, tmp_path: Path):
    chance = random.Random(5)
    rows = some_rows(chance)
    other, last = whole(tmp_path, "other.bhd", rows, account="filiale"), whole(tmp_path, "0.bhd", rows)
    await deliver(database, other, last)
    for number in range(1, 8):
        before, rows = rows, some_rows(chance)
        last = changes(tmp_path, f"{number}.bhd", before, rows, last)
        await deliver(database, last, last)
        assert held(database) == rows
    assert database.query("SELECT count(*) FROM syncd_stock WHERE account = 'filiale'") == [(other.counts["Stock"],)]
    assert {name for (name,) in database.query("SELECT DISTINCT name FROM syncd_interchange")} >= {"0.bhd", "7.bhd"}


async def test_changes_of_another_list_are_refused_and_nothing_is_written(database: Database, tmp_path: Path):
    one, two, three = ({stock(1).ean: quantity} for quantity in (1, 2, 3))
    first = whole(tmp_path, "1.bhd", one)
    with pytest.raises(BaseMissingError):
        await deliver(database, changes(tmp_path, "2.bhd", one, two, first))
    await deliver(database, first)
    second = changes(tmp_path, "2.bhd", one, two, first)
    with pytest.raises(BaseMissingError):
        await deliver(database, changes(tmp_path, "3.bhd", two, three, second))
    assert held(database) == one
    assert database.query("SELECT name FROM syncd_interchange") == [("1.bhd",)]


async def test_changes_for_a_table_that_the_shop_has_dropped_are_refused(database: Database, tmp_path: Path):
    rows = {stock(1).ean: 1, stock(2).ean: 1}
    first = whole(tmp_path, "1.bhd", rows)
    await deliver(database, first)
    database.query("DROP TABLE syncd_stock")
    with pytest.raises(BaseMissingError):
        await deliver(database, changes(tmp_path, "2.bhd", rows, {stock(1).ean: 1}, first))
    await deliver(database, whole(tmp_path, "2.bhd", {stock(1).ean: 1}))
    assert held(database) == {stock(1).ean: 1}


async def test_an_empty_list_empties_nothing_by_changes_either(database: Database, tmp_path: Path):
    rows = {stock(1).ean: 1}
    first = whole(tmp_path, "1.bhd", rows)
    empty = changes(tmp_path, "2.bhd", rows, {}, first)
    await deliver(database, first, empty)
    assert held(database) == rows
    with pytest.raises(BaseMissingError):
        await deliver(database, changes(tmp_path, "3.bhd", {}, rows, empty))
    database.settings["allow_empty_snapshot"] = True
    await deliver(database, changes(tmp_path, "4.bhd", rows, {}, first))
    assert held(database) == {}


async def test_nothing_changed_and_the_next_changes_start_from_there(database: Database, tmp_path: Path):
    rows = {stock(1).ean: 1}
    first = whole(tmp_path, "1.bhd", rows)
    same = changes(tmp_path, "2.bhd", rows, rows, first)
    await deliver(database, first, same, changes(tmp_path, "3.bhd", rows, {stock(2).ean: 2}, same))
    assert held(database) == {stock(2).ean: 2}
    await deliver(database, whole(tmp_path, "4.bhd", {}, records=lambda: iter(()), stamp="202611220600"))
    assert held(database) == {stock(2).ean: 2}


async def test_many_changes_go_in_portions(postgres_database: Postgres, tmp_path: Path):
    old = {stock(line).ean: 1 for line in range(1, 25_001)}
    first = whole(tmp_path, "1.bhd", old)
    new = dict.fromkeys(list(old)[5_000:], 2)
    await deliver(postgres_database, first, changes(tmp_path, "2.bhd", old, new, first))
    assert held(postgres_database) == new
