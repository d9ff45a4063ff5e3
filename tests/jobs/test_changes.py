"""Changes for a sink: whatever it missed, refused, took twice or took in part, it has the later list in the end."""

import asyncio
import random
import sqlite3
from contextlib import closing, suppress

import pytest

from bench.peers import gen
from syncd.errors import SinkError
from syncd.model import State, Word
from syncd.sinks import open_sink
from syncd.sinks.base import Terms
from tests.jobs.lists import EANS, Shelf, post

DELTA = Terms(delta=True)


def some_rows(chance, share=0.8):
    return {ean: chance.choice((1, 2, 3)) for ean in EANS if chance.random() < share}


def fail(_):
    raise SinkError("not now", remedy="wait")


def killed(_):
    raise asyncio.CancelledError


async def test_the_first_list_is_all_new_and_the_next_one_only_what_changed(tmp_path):
    shelf = Shelf()
    with post(tmp_path, DELTA, shop=shelf) as there:
        one, two, three = EANS[:3]
        await there.arrive({one: 1, two: 2})
        await there.deliver()
        there.later(hours=1)
        await there.arrive({two: 5, three: 1})
        await there.deliver()
    first, second = shelf.batches
    assert (first.snapshot, first.base) == (True, None)
    assert [(record.ean, record.change) for record in first.records()] == [(one, "new"), (two, "new")]
    assert (second.snapshot, second.base) == (False, first.key)
    said = [(record.line, record.ean, record.change, record.available) for record in second.records()]
    assert said == [(1, one, "gone", 0), (2, two, "changed", 5), (3, three, "new", 1)]
    assert second.counts == {"StockLine": 2}, "what the file holds"
    assert shelf.rows == {two: 5, three: 1}


async def test_without_the_setting_a_sink_gets_whole_lists(tmp_path):
    shelf = Shelf()
    with post(tmp_path, shop=shelf) as there:
        for _ in range(2):
            await there.arrive({EANS[0]: 1, EANS[1]: 1})
            await there.deliver()
            there.later(hours=1)
    assert [(batch.snapshot, batch.base, len(list(batch.records()))) for batch in shelf.batches] == [
        (True, None, 2)
    ] * 2


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_lost_between_the_shelf_has_the_last_list(tmp_path, seed):
    chance, shelf, other = random.Random(seed), Shelf(), Shelf()
    with post(tmp_path, DELTA, shop=shelf, other=other) as there:
        for _ in range(12):
            rows = some_rows(chance)
            row = await there.arrive(rows, orderly=chance.random() < 0.7)
            match chance.choice(("taken", "taken", "failed", "in part", "dead", "killed", "lost", "late", "rejected")):
                case "failed":
                    shelf.before = fail
                case "in part":
                    shelf.before = take_in_part(shelf, chance)
                case "dead":
                    shelf.before = take_in_part(shelf, chance)
                    await there.deliver()
                    bury(there, row)
                    continue
                case "killed":
                    shelf.after = killed
                    with suppress(asyncio.CancelledError):
                        await there.deliver()
                    shelf.after = lambda _: None
                case "lost":
                    there.lose(row)
                case "late":
                    await there.arrive(some_rows(chance), "202611010458")
                case "rejected":
                    await there.receive("cut.bhd", gen.bhd_header().encode())
            await there.deliver()
            shelf.before = shelf.after = lambda _: None
            there.later(hours=2)
        rows = some_rows(chance)
        await there.arrive(rows)
        assert await there.deliver() == 0
        assert shelf.rows == other.rows == rows
        assert sum(batch.base is not None for batch in other.batches) >= 3


def take_in_part(shelf, chance):
    """Take some of the changes and fail then, as a target without transactions may."""

    def take(batch):
        for record in batch.records():
            if chance.random() < 0.5:
                shelf.take(record)
        fail(batch)

    return take


def bury(there, row):
    """Make a dead letter of what was not delivered of a file."""
    journal = there.place.store.journal
    for delivery in journal.pending():
        if delivery.interchange_id == row.id:
            journal.delivery_failed(delivery.id, "given up", None, there.when[0])


async def test_killed_between_the_taking_and_the_word_of_it_the_same_changes_come_with_the_same_key(tmp_path):
    shelf = Shelf()
    with post(tmp_path, DELTA, shop=shelf) as there:
        await there.arrive({EANS[0]: 1})
        await there.deliver()
        there.later(hours=1)
        await there.arrive({EANS[1]: 1})
        shelf.after = killed
        with pytest.raises(asyncio.CancelledError):
            await there.deliver()
        shelf.after = lambda _: None
        await there.deliver()
        _, once, again = shelf.batches
        assert (once.key, once.base, list(once.records())) == (again.key, again.base, list(again.records()))
        assert again.base is not None


async def test_a_list_whose_base_is_gone_from_the_spool_comes_whole(tmp_path):
    shelf = Shelf()
    with post(tmp_path, DELTA, shop=shelf) as there:
        row = await there.arrive({EANS[0]: 1})
        await there.deliver()
        there.lose(row)
        there.later(hours=1)
        await there.arrive({EANS[1]: 1})
        await there.deliver()
        assert shelf.batches[-1].snapshot
        assert shelf.rows == {EANS[1]: 1}


async def test_after_a_part_of_a_whole_list_the_list_before_it_comes_whole_too(tmp_path):
    """Changes that failed, and the list after them that broke off, tried to see whether the sink is up."""
    shelf = Shelf()
    with post(tmp_path, Terms(delta=True, tries=1), shop=shelf) as there:
        await there.arrive({EANS[0]: 1})
        await there.deliver()
        lists = []
        for ean in EANS[1:3]:
            there.later(hours=1)
            lists.append(await there.arrive({ean: 1}))

        def break_off(batch):
            for record in batch.records() if batch.snapshot else ():
                shelf.take(record)
            fail(batch)

        shelf.before = break_off
        await there.deliver()
        assert EANS[2] in shelf.rows
        shelf.before = lambda batch: fail(batch) if batch.name == lists[1].name else None
        there.later(hours=1)
        await there.deliver()
        assert shelf.rows == {EANS[1]: 1}


async def test_a_dead_letter_that_is_tried_again_does_not_take_the_sink_back(tmp_path, said):
    shelf = Shelf()
    with post(tmp_path, DELTA, shop=shelf) as there:
        await there.arrive({EANS[0]: 1})
        await there.deliver()
        there.later(hours=1)
        row = await there.arrive({EANS[1]: 1})
        bury(there, row)
        there.later(hours=1)
        await there.arrive({EANS[2]: 1})
        await there.deliver()
        (dead,) = there.place.store.journal.pending()
        there.place.store.journal.delivery_failed(dead.id, "", there.when[0], there.when[0])
        said.clear()
        assert await there.deliver() == 0
        assert [(line["event"], line["file"]) for line in said] == [("list.late", row.name)], "it was not delivered"
        assert len(shelf.batches) == 2
        assert shelf.rows == {EANS[2]: 1}
        assert there.place.store.journal.deliveries_of(row.id) == [], "nobody believes that the sink has it"
        assert there.place.store.journal.history(row.id)[-1].note == "not handed to shop: it has a later list"
        assert there.place.store.journal.get(row.id).state is State.DONE


async def test_a_late_list_that_is_passed_over_is_no_sign_that_the_sink_is_up(tmp_path):
    shelf = Shelf()
    with post(tmp_path, Terms(delta=True, tries=1), shop=shelf) as there:
        bury(there, await there.arrive({EANS[0]: 1}))
        there.later(hours=1)
        await there.arrive({EANS[1]: 1})
        await there.deliver()
        there.later(hours=1)
        shelf.before = fail
        newest = await there.arrive({EANS[2]: 1})
        await there.deliver()
        journal = there.place.store.journal
        journal.revive(["shop"], Word("ann", "sinks retry --dead", ""), there.when[0])
        there.later(hours=1)
        assert await there.deliver() == 1
        assert [(each.interchange_id, bool(each.next_attempt)) for each in journal.pending()] == [(newest.id, True)]


async def test_a_sink_that_was_given_whole_lists_goes_on_with_changes_of_the_last(tmp_path):
    shelf = Shelf()
    with post(tmp_path, shop=shelf) as there:
        await there.arrive({EANS[0]: 1})
        await there.deliver()
    with post(tmp_path, DELTA, shop=shelf) as there:
        there.later(hours=1)
        await there.arrive({EANS[0]: 2})
        await there.deliver()
    assert shelf.batches[-1].base == shelf.batches[0].key


async def test_a_database_that_the_shop_has_put_back_gets_the_whole_list(tmp_path):
    database = tmp_path / "shop" / "shop.db"
    database.parent.mkdir()
    sink = open_sink("sql", {"url": f"sqlite:///{database}"})
    with post(tmp_path, DELTA, shop=sink) as there:
        await there.arrive({EANS[0]: 1})
        await there.deliver()
        backup = database.read_bytes()
        for rows in ({EANS[0]: 2}, {EANS[1]: 3}):
            there.later(hours=1)
            await there.arrive(rows)
            await there.deliver()
        for file in database.parent.iterdir():
            file.unlink()
        database.write_bytes(backup)
        there.later(hours=1)
        await there.arrive({EANS[1]: 3, EANS[2]: 1})
        assert await there.deliver() == 0
    await sink.close()
    assert stock_in(database) == {EANS[1]: 3, EANS[2]: 1}


def stock_in(database):
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT ean, available FROM syncd_stock_line"))
