"""Orders in the journal: taken once, moved by compare-and-set, confirmed by the supplier's answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import ConflictError, DiskFullError, UsageError
from syncd.model import Direction, Hold, State, Step
from tests.state.samples import NOON, bring, fetched, later, order, sha256, verdict

DATA = b"B101 order\r\n"


def test_a_queued_order_names_its_bytes(store):
    item = order(store)
    assert (item.state, item.direction, item.hold) == (Step.QUEUED, Direction.OUT, None)
    assert item.spool is not None
    assert store.spool.read(item.spool) == DATA
    assert store.journal.get(item.id) == item
    assert store.journal.open_orders("shop") == [item]
    assert store.journal.open_orders("cb") == []


def test_a_held_order_is_not_open(store):
    item = order(store, hold="the same bytes came before")
    assert (item.state, item.hold, item.reason) == (Step.HELD, Hold.GUARD, "the same bytes came before")
    assert store.journal.open_orders("shop") == []
    assert store.journal.history(item.id)[0].note == "the same bytes came before"


def test_when_the_bytes_cannot_be_written_there_is_no_row(store):
    def full(number: int) -> str:
        raise DiskFullError(f"no room for {number}")

    with pytest.raises(DiskFullError):
        store.journal.queue("shop", "orders", "S_1_20261122120000", 1, "aa", [], "/outbox/x", None, NOON, spool=full)
    assert store.journal.recent() == []
    assert store.journal.in_outbox("shop") == []


def test_the_outbox_is_left_in_two_steps(reopen, store):
    item = order(store)
    store = reopen()
    assert store.journal.in_outbox("shop") == [(item, f"/outbox/{item.name}")]
    assert store.journal.in_outbox("cb") == []
    store.journal.left_outbox(item.id)
    assert reopen().journal.in_outbox("shop") == []


def test_what_is_not_settled_is_known_by_number_and_bytes(store):
    waits, guarded, sent = order(store), order(store, hold="twin"), order(store)
    for step in (Step.STORING, Step.SENT):
        sent = store.journal.advance(sent.id, sent.state, step, NOON)
    assert [each.number for each in store.journal.unsettled("shop")] == [waits.id, guarded.id, sent.id]
    store.journal.left_outbox(sent.id)
    listed = store.journal.unsettled("shop")
    assert [(each.number, each.name) for each in listed] == [(waits.id, waits.name), (guarded.id, guarded.name)]
    assert store.journal.missing("shop", listed) == []
    assert store.journal.missing("cb", listed) == list(listed)

    gone = [replace(listed[0], number=99, name="S_1_20270101000000"), replace(listed[0], sha256="0" * 64)]
    assert store.journal.missing("shop", gone) == gone
    entered = store.journal.enter_missing("shop", gone, "it is gone", NOON)
    assert {(row.state, row.hold, row.reason, row.spool) for row in entered} == {
        (Step.HELD, Hold.DOUBT, "it is gone", None)
    }
    assert store.journal.missing("shop", gone) == [], "once"


def test_a_file_that_may_not_be_sent_is_kept(store):
    item = store.journal.refuse(
        "shop", "orders", "S_bad", 3, sha256(b"bad"), "/outbox/S_bad", "line 1: 14 digits", NOON,
        spool=lambda number: store.spool.write(Direction.OUT, number, b"bad"),
    )  # fmt: skip
    assert (item.state, item.reason) == (State.QUARANTINED, "line 1: 14 digits")
    assert store.journal.twins("shop", "orders", "S_bad", sha256(b"bad")) == []
    assert len(store.journal.in_outbox("shop")) == 1
    store.journal.left_outbox(item.id)
    assert [each.number for each in store.journal.unsettled("shop")] == [item.id], "a person may yet have it sent"


def test_twins_have_the_same_bytes_or_the_same_name(store):
    first = order(store, "S_1_20261122120000", b"one")
    second = order(store, "S_1_20261122120001", b"two", hold="twin")
    order(store, "S_1_20261122120000", b"one", account="cb")
    twins = store.journal.twins
    assert twins("shop", "orders", "other", sha256(b"one")) == [first]
    assert twins("shop", "orders", "S_1_20261122120001", "00") == [second]
    assert twins("shop", "orders", "S_1_20261122120001", sha256(b"one")) == [first, second]
    assert twins("shop", "orders", "other", "00") == []
    sent = bring(store, first, Step.SENT)
    answered = store.journal.advance(first.id, sent.state, Step.CONFIRMED, NOON)
    assert twins("shop", "orders", "other", sha256(b"one")) == [answered]


@pytest.mark.parametrize("step", [Step.STORING, Step.STORED, Step.PUBLISHING, Step.UNCONFIRMED])
def test_what_is_open_is_found_again(reopen, store, step):
    item = bring(store, order(store), step)
    assert [found.state for found in reopen().journal.open_orders("shop")] == [step]
    assert [event.after for event in reopen().journal.history(item.id)][-1] == step


def test_an_intent_is_dated(store):
    item = order(store)
    item = store.journal.advance(item.id, Step.QUEUED, Step.STORING, later(5), temp_name="T1.1", attempt=1)
    assert (item.intent_at, item.temp_name, item.attempt) == (later(5), "T1.1", 1)
    item = store.journal.advance(item.id, Step.STORING, Step.STORED, later(9), note="226, size 12")
    assert (item.intent_at, item.updated_at) == (later(5), later(9))
    item = store.journal.advance(item.id, Step.STORED, Step.PUBLISHING, later(10), intent_at=later(7))
    assert item.intent_at == later(7)
    story = [(event.before, event.after, event.note, event.at) for event in store.journal.history(item.id)]
    assert story == [
        (None, Step.QUEUED, None, NOON),
        (Step.QUEUED, Step.STORING, None, later(5)),
        (Step.STORING, Step.STORED, "226, size 12", later(9)),
        (Step.STORED, Step.PUBLISHING, None, later(10)),
    ]


def test_a_step_from_where_it_does_not_stand_changes_nothing(store):
    item = bring(store, order(store), Step.STORED)
    with pytest.raises(ConflictError) as error:
        store.journal.advance(item.id, Step.QUEUED, Step.STORING, later(60), attempt=9)
    assert (error.value.expected, error.value.found) == (Step.QUEUED, Step.STORED)
    assert store.journal.get(item.id) == item
    assert len(store.journal.history(item.id)) == 3


def test_a_step_that_does_not_exist_is_refused(store):
    item = bring(store, order(store), Step.SENT)
    with pytest.raises(ConflictError, match="queued cannot follow sent"):
        store.journal.advance(item.id, Step.SENT, Step.QUEUED, later(60))


def test_a_number_that_is_nobodys(store):
    with pytest.raises(UsageError, match="no interchange 77"):
        store.journal.get(77)
    with pytest.raises(UsageError, match="no interchange 77"):
        store.journal.advance(77, Step.QUEUED, Step.STORING, NOON)


def test_numbers_are_never_used_again(reopen, store):
    numbers = [order(store, f"S_1_2026112212000{n}", b"%d" % n).id for n in range(3)]
    assert numbers == sorted(set(numbers))
    assert order(reopen(), "S_1_20261122120009", b"9").id > numbers[-1]


# -- the supplier's answer --------------------------------------------------------------------------------------


def answer(store, *references, confirms=("orders",)):
    return store.journal.parsed(fetched(store).id, verdict(*references), [], later(60), confirms).confirmed


@pytest.mark.parametrize("step", [Step.SENT, Step.UNCONFIRMED])
def test_an_answer_confirms(store, step):
    item = bring(store, order(store), step)
    (confirmed,) = answer(store, "0815", "4711")
    assert (confirmed.id, confirmed.state) == (item.id, Step.CONFIRMED)
    assert store.journal.get(item.id) == confirmed
    assert "answered by R_" in (store.journal.history(item.id)[-1].note or "")


@pytest.mark.parametrize("step", [Step.QUEUED, Step.STORING, Step.STORED, Step.PUBLISHING])
def test_an_answer_to_what_was_not_sent_says_nothing(store, step):
    bring(store, order(store), step)
    assert answer(store, "4711") == ()


def test_only_orders_of_the_account_the_channel_and_the_reference(store):
    bring(store, order(store), Step.SENT)
    bring(store, order(store, "S_9_20261122120000", b"9", account="cb"), Step.SENT)
    assert answer(store, "4712") == ()
    assert answer(store, "4711", confirms=()) == ()
    assert [item.account for item in answer(store, "4711")] == ["shop"]


def doubtful(store, name="S_123456_20261122120000", data=b"doubt"):
    item = bring(store, order(store, name, data), Step.UNCONFIRMED)
    return store.journal.advance(item.id, item.state, Step.HELD, NOON, hold=Hold.DOUBT, reason="lost reply")


def test_a_doubt_ends_by_a_reference_of_its_own(store):
    item = doubtful(store)
    (confirmed,) = answer(store, "4711")
    assert (confirmed.id, confirmed.hold, confirmed.reason) == (item.id, None, None)


@pytest.mark.parametrize("other", [Step.QUEUED, Step.SENT, Step.UNCONFIRMED, Step.HELD])
def test_a_doubt_stays_when_another_order_has_the_reference(store, other):
    item = doubtful(store)
    bring(store, order(store, "S_123456_20261122120001", b"other"), other)
    assert item.id not in {confirmed.id for confirmed in answer(store, "4711")}
    assert store.journal.get(item.id).state is Step.HELD


def test_a_guarded_twin_was_never_sent_and_does_not_keep_a_doubt(store):
    item = doubtful(store)
    twin = order(store, data=b"doubt", hold="the same bytes came before")
    assert [confirmed.id for confirmed in answer(store, "4711")] == [item.id]
    assert store.journal.get(twin.id).state is Step.HELD


def test_what_waits_for_an_answer(store):
    sent = bring(store, order(store), Step.SENT)
    held = doubtful(store, "S_123456_20261122120009")
    order(store, "S_123456_20261122120002", b"2", hold="guard")
    assert store.journal.awaiting_answer() == [sent, held]


def test_many_references(store):
    references = [f"{number:05}" for number in range(1200)]
    item = bring(store, order(store, references=references), Step.SENT)
    assert [found.id for found in answer(store, *references)] == [item.id]


def test_times_come_back_as_they_were(store):
    at = NOON + timedelta(microseconds=123_457)
    item = store.journal.advance(order(store).id, Step.QUEUED, Step.STORING, at)
    assert item.updated_at == at
    with pytest.raises(ValueError, match="without a zone"):
        store.journal.set_due("shop", NOON.replace(tzinfo=None))
