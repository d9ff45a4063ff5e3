"""Deliveries, replay and what may be forgotten, on both databases."""

import pytest

from syncd.deliveries import sinks_status
from syncd.errors import UsageError
from syncd.model import State, Word
from tests.state.samples import MINUTE, NOON, TEN, fetched, later, verdict

WORD = Word("ann", "a verb", "a reason")


def accepted(store, name="R_1", *, sinks=("files", "db"), stamp=None):
    item = fetched(store, name, name.encode())
    judged = verdict(stamp=stamp, kind="BHDART" if stamp else "ELS")
    store.journal.parsed(item.id, judged, [(sink, name) for sink in sinks], NOON)
    return store.journal.get(item.id)


def one_of(store, sink):
    (found,) = store.journal.waiting(sink, store.journal.host)
    return found


def test_a_dead_letter_waits_for_nobody_and_comes_back_on_a_persons_word(store):
    item = accepted(store)
    one = one_of(store, "files")
    assert (one.lane, one.last_attempt) == (("shop", "answers"), None)
    store.journal.delivery_failed(one.id, "away", NOON + TEN, NOON)
    assert one_of(store, "files").last_attempt == NOON
    store.journal.bury(one.id, "poison")
    assert store.journal.waiting("files", store.journal.host) == []
    assert store.journal.hurry(["files", "db"], later(5)) == 1, "only what waits"
    assert one_of(store, "db").next_attempt == later(5)
    assert store.journal.revive(["db"], WORD, later(6)) == 0
    assert store.journal.revive(["files"], WORD, later(6)) == 1
    again = one_of(store, "files")
    assert (again.attempts, again.next_attempt, again.last_error) == (0, later(6), "poison")
    assert [said.what for said in store.journal.audits(number=item.id)] == ["R_1: to files again"]


def test_a_dropped_delivery_makes_its_file_done_when_nobody_else_waits(store):
    item = accepted(store)
    store.journal.bury(one_of(store, "files").id, "poison")
    with pytest.raises(UsageError, match="the sink db has no dead letters"):
        store.journal.drop("db", WORD, later(1), dead=True)
    assert store.journal.drop("files", WORD, later(1), dead=True) == 1
    assert store.journal.get(item.id).state is State.PARSED
    assert store.journal.drop("db", WORD, later(2), dead=False) == 1
    assert store.journal.get(item.id).state is State.DONE
    notes = [event.note for event in store.journal.history(item.id)][-2:]
    assert notes == [f"not handed to {sink}; a verb by ann: a reason" for sink in ("files", "db")]


def test_the_next_try_of_a_sink_is_that_of_the_first_file_in_line(store):
    first = accepted(store, "R_1", sinks=["db"])
    accepted(store, "R_2", sinks=["db"])
    (waiting, _) = store.journal.waiting("db", store.journal.host)
    assert waiting.interchange_id == first.id
    store.journal.delivery_failed(waiting.id, "away", later(90), NOON)
    (sink,) = sinks_status(store, {"db": "sql"})
    assert (sink.waiting, sink.next_try) == (2, later(90))


def test_a_sink_is_known_to_have_taken_something_since(store):
    accepted(store)
    store.journal.delivered(one_of(store, "files").id, later(60))
    asked = [("files", NOON), ("files", later(61)), ("db", NOON)]
    assert [store.journal.took_since(*each) for each in asked] == [True, False, False]


def test_every_delivery_of_a_file_is_told(store):
    item = accepted(store)
    store.journal.delivered(one_of(store, "files").id, later(60))
    told = store.journal.deliveries_of(item.id)
    assert [(each.sink, made) for each, made in told] == [("files", later(60)), ("db", None)]


def test_replay_takes_accepted_files_of_the_time_and_makes_them_due(store):
    first, second = accepted(store, "R_1", sinks=("files",)), accepted(store, "R_2", sinks=())
    store.journal.delivered(one_of(store, "files").id, later(1))
    held = fetched(store, "list-1", b"1", "stock", "cb")
    store.journal.parsed(held.id, verdict(stamp="202611220800", kind="BHDART"), [], NOON, hold="too short")
    everything = store.journal.replayable(["shop", "cb"], NOON, NOON)
    assert [row.id for row in everything] == [first.id, second.id]
    assert store.journal.replayable(["shop"], NOON + MINUTE, NOON + TEN) == []
    assert store.journal.replayable(["cb"], NOON, NOON) == []
    pairs = [(row.id, row.name) for row in everything]
    assert store.journal.replay("files", pairs, WORD, later(9)) == [first.id, second.id]
    assert [(each.interchange_id, each.key) for each in store.journal.waiting("files", store.journal.host)] == pairs
    assert {store.journal.get(row.id).state for row in everything} == {State.PARSED}
    assert len(store.journal.audits(number=first.id)) == 1


def test_replay_knows_a_file_that_another_one_stands_for(store):
    accepted(store, "R_1", sinks=("files",))
    twin = accepted(store, "R_1", sinks=("files",))
    assert store.journal.replay("files", [(twin.id, "R_1")], WORD, later(9)) == []


def test_a_file_that_comes_again_is_due_at_a_sink_that_was_added_since_and_at_no_other(store):
    first = accepted(store, "R_1", sinks=("files",))
    again = accepted(store, "R_1", sinks=("files", "db"))
    assert [one_of(store, sink).interchange_id for sink in ("files", "db")] == [first.id, again.id]
    store.journal.delivered(one_of(store, "files").id, later(1))
    accepted(store, "R_1", sinks=("files", "db"))
    assert store.journal.waiting("files", store.journal.host) == []
    assert one_of(store, "db").interchange_id == again.id


def test_a_list_that_was_never_in_use_is_not_replayed(store):
    used = accepted(store, "list-2", stamp="202611220900")
    late = accepted(store, "list-1", stamp="202611220800")
    assert late.state is State.DONE
    assert [row.id for row in store.journal.replayable(["shop"], NOON, NOON)] == [used.id]


def test_what_a_sink_took_last_is_not_expendable(store):
    lists = [accepted(store, f"list-{hour}", sinks=("files",), stamp=f"20261122{hour}00") for hour in (10, 11, 12)]
    for delivery in store.journal.waiting("files", store.journal.host)[:2]:
        store.journal.delivered(delivery.id, later(1), ("a stamp", delivery.key))
    accepted(store, "R_9", sinks=())
    assert [each.number for each in store.journal.expendable()] == [lists[0].id]
    removed: list[str] = []
    store.journal.forget(store.journal.expendable(), "why not", later(2), remove=removed.append)
    assert removed == [lists[0].spool]
    assert store.journal.get(lists[0].id).spool is None
    assert store.journal.history(lists[0].id)[-1].note == "its bytes are kept no longer: why not"
    assert store.journal.expendable() == []
    store.journal.bring_back(lists[0].id, removed[0], later(3), "from an archive")
    assert store.journal.get(lists[0].id).spool == removed[0]
