"""A person's word in the journal: the change and the line of the audit trail are one, on both databases."""

import pytest

from syncd.errors import ConflictError, DiskFullError
from syncd.model import Direction, Hold, RemoteFile, State, Step, Word
from tests.state.samples import NOON, bring, fetched, later, order, sha256, verdict

ANN = Word("ann", "approve", "it is meant")
DUE = [("folder", "key-1")]


def trail(store, **asked):
    return [(word.who, word.verb, word.interchange_id, word.what) for word in store.journal.audits(**asked)]


def held(store, name="S_123456_20261122120000", data=b"held"):
    return order(store, name, data, hold="the same bytes came before")


def test_a_decision_is_a_step_and_a_line_of_the_trail(store):
    seen = held(store)
    moved = store.journal.decide(
        seen, Step.QUEUED, ANN, later(5), hold=None, reason=None, name="S_123456_20261122120009"
    )
    assert (moved.state, moved.hold, moved.name) == (Step.QUEUED, None, "S_123456_20261122120009")
    assert store.journal.history(seen.id)[-1].note == "approve by ann: it is meant"
    (word,) = store.journal.audits()
    assert (word.at, word.who, word.verb, word.account, word.interchange_id, word.why) == (
        later(5), "ann", "approve", "shop", seen.id, "it is meant",
    )  # fmt: skip
    assert store.journal.audits("cb") == store.journal.audits(number=99) == []
    assert store.journal.audits("shop", seen.id) == [word]


def test_a_decision_about_what_has_moved_changes_nothing(store):
    seen = held(store)
    store.journal.decide(seen, Step.QUEUED, ANN, NOON, hold=None)
    for again in (
        lambda: store.journal.decide(seen, State.DISCARDED, ANN, NOON),
        lambda: store.journal.send_again(seen, "S_1", ANN, NOON, spool=str),
        lambda: store.journal.hand_over(seen, [], NOON, ANN),
    ):
        with pytest.raises(ConflictError, match="has moved meanwhile"):
            again()
    assert len(store.journal.audits()) == 1
    assert store.journal.get(seen.id).state is Step.QUEUED


def withdrawn(store):
    doubt = bring(store, order(store, references=["4711", "4712"]), Step.HELD)
    return store.journal.advance(doubt.id, Step.HELD, State.QUARANTINED, NOON, attempt=1, hold=None)


def test_an_order_sent_again_is_a_new_one_with_the_old_ones_bytes_and_references(store):
    old = withdrawn(store)
    new = store.journal.send_again(
        old, "S_123456_20261122130000", ANN, later(9),
        spool=lambda number: store.spool.write(Direction.OUT, number, store.spool.read(old.spool)),
    )  # fmt: skip
    assert (new.state, new.sha256, new.size, new.attempt) == (Step.QUEUED, old.sha256, old.size, 0)
    assert store.spool.read(new.spool) == store.spool.read(old.spool)
    assert store.journal.get(old.id).state is State.DISCARDED
    assert {item.id for item in store.journal.find("4712")} == {old.id, new.id}
    assert store.journal.attention() == []
    assert trail(store) == [("ann", "approve", old.id, f"{old.name}: sent again as no. {new.id}, {new.name}")]


def test_an_order_whose_bytes_cannot_be_written_stays_where_it_was(store):
    old = withdrawn(store)

    def full(_):
        raise DiskFullError("full")

    with pytest.raises(DiskFullError):
        store.journal.send_again(old, "S_123456_20261122130000", ANN, NOON, spool=full)
    assert store.journal.get(old.id) == old
    assert trail(store) == []


@pytest.mark.parametrize(("away", "confirmed"), [(State.QUARANTINED, True), (State.DISCARDED, False)])
def test_an_answer_to_a_withdrawn_order_is_believed_unless_it_was_put_away(store, away, confirmed):
    old = withdrawn(store)
    if away is State.DISCARDED:
        store.journal.decide(old, away, ANN, NOON)
    found = store.journal.parsed(fetched(store).id, verdict("4711"), [], later(60), ("orders",)).confirmed
    assert [item.id for item in found] == ([old.id] if confirmed else [])


def test_an_answer_to_an_order_that_was_sent_again_confirms_the_new_one(store):
    old = withdrawn(store)
    new = store.journal.send_again(old, "S_1", ANN, NOON, spool=lambda n: store.spool.write(Direction.OUT, n, b"x"))
    bring(store, new, Step.SENT)
    found = store.journal.parsed(fetched(store).id, verdict("4711"), [], later(60), ("orders",)).confirmed
    assert [item.id for item in found] == [new.id]


# -- snapshots --------------------------------------------------------------------------------------------------


def stock(store, name, stamp, *, hold=None, rows=5, deliveries=None):
    item = fetched(store, name, name.encode(), channel="stock")
    said = verdict(stamp=stamp, kind="BHDART", counts={"StockLine": rows})
    return store.journal.parsed(item.id, said, deliveries or [("folder", name)], NOON, hold=hold).interchange


def test_a_held_snapshot_is_not_in_use_and_has_no_deliveries(store):
    stock(store, "a", "202611210100")
    waiting = stock(store, "b", "202611210500", hold="too short", rows=1)
    assert (waiting.state, waiting.hold, waiting.reason) == (State.PARSED, Hold.GUARD, "too short")
    assert store.journal.snapshot_rows("shop", "stock", "BHDART") == 5
    assert [item.id for item in store.journal.attention()] == [waiting.id]
    assert store.journal.replay("folder", [(waiting.id, "b")], ANN, NOON) == []
    assert len(store.journal.pending()) == 1
    moved = store.journal.hand_over(waiting, [("folder", "b")], later(5), ANN)
    assert (moved.state, moved.hold, moved.reason) == (State.PARSED, None, None)
    assert store.journal.snapshot_rows("shop", "stock", "BHDART") == 1
    assert len(store.journal.pending()) == 2
    assert store.journal.attention() == []


def test_a_newer_snapshot_ends_the_wait_of_older_ones_alone(store):
    older = stock(store, "a", "202611210100", hold="short")
    newer = stock(store, "c", "202611211400", hold="short")
    stock(store, "b", "202611210500")
    assert store.journal.get(older.id).state is State.DONE
    assert [item.id for item in store.journal.attention()] == [newer.id]


def test_an_outdated_snapshot_waits_for_nobody(store):
    stock(store, "b", "202611210500")
    late = stock(store, "a", "202611210100", hold="short")
    assert (late.state, late.hold) == (State.DONE, None)


# -- what is only recorded --------------------------------------------------------------------------------------


def recorded(store, name="R_0905500007000123456", data=b"L101\r\n"):
    item = store.journal.announce("shop", "answers", RemoteFile(name), NOON, for_sinks=False)
    spool = store.spool.write(Direction.IN, item.id, data)
    known = {"spool": spool, "sha256": fetched(store, "x", data).sha256, "size": len(data), "proven": True}
    item = store.journal.advance(item.id, State.ANNOUNCED, State.SPOOLED, NOON, **known)
    return store.journal.parsed(item.id, verdict("4711", goods=[(1, 1)]), [], NOON).interchange


def test_a_recorded_file_that_is_fetched_later_goes_to_nobody(store):
    first = recorded(store)
    assert (first.state, first.for_sinks) == (State.DONE, False)
    again = fetched(store)
    parsed = store.journal.parsed(again.id, verdict("4711", goods=[(1, 1)]), DUE, later(1))
    assert (parsed.interchange.state, parsed.suppressed) == (State.DONE, {1})
    assert f"ingested as no. {first.id}" in store.journal.history(again.id)[-1].note
    assert store.journal.pending() == []


def test_a_file_that_was_to_be_recorded_and_never_was_is_handed_over_when_it_is_fetched(store):
    broken = store.journal.announce("shop", "answers", RemoteFile("R_0905500007000123456"), NOON, for_sinks=False)
    whole = {"spool": f"spool/in/{broken.id}.raw", "sha256": sha256(b"L101\r\n")}
    store.journal.advance(broken.id, State.ANNOUNCED, State.SPOOLED, NOON, **whole)
    store.journal.quarantine(broken.id, State.SPOOLED, "unproven", "a stop came", NOON)
    store.journal.parsed(fetched(store).id, verdict("4711"), DUE, later(1))
    assert len(store.journal.pending()) == len(DUE)


def test_a_recorded_file_is_delivered_once_when_somebody_says_so(store):
    first = recorded(store)
    moved = store.journal.hand_over(first, DUE, later(5), ANN)
    assert (moved.state, moved.for_sinks) == (State.PARSED, True)
    (delivery,) = store.journal.pending()
    store.journal.delivered(delivery.id, later(6))
    done = store.journal.get(first.id)
    assert store.journal.hand_over(done, DUE, later(7), ANN) == done
    assert len(trail(store)) == 1
    assert store.journal.suppressed(first.id) == frozenset()
    same = store.journal.same_bytes("shop", "answers", first.name, first.sha256)
    assert [item.id for item in same] == [first.id]


def test_what_a_guard_held_of_late_is_counted(store):
    held(store)
    held(store, "S_123456_20261122120001", b"b")
    order(store, "S_123456_20261122120002", b"c")
    assert store.journal.guarded("shop", NOON) == 2
    assert store.journal.guarded("shop", later(1)) == store.journal.guarded("cb", NOON) == 0


def test_a_pause_is_a_line_of_the_trail(store):
    store.journal.pause("shop", "stocktaking", "ann", NOON)
    store.journal.resume("shop", "bob", later(1))
    store.journal.succeeded("shop", later(2))
    assert trail(store, limit=1) == [("bob", "resume", None, "visits go on")]
    assert trail(store, account="shop")[1] == ("ann", "pause", None, "visits end")
