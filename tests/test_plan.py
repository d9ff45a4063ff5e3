"""The decisions of `syncd.plan`, one sentence each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.model import Direction, Hold, Interchange, Mode, RemoteFile, State, Step
from syncd.plan.guards import guard_order
from syncd.plan.handing import delivery_key
from syncd.plan.inbound import Fetch, Leave, Remove, if_it_fits, plan_fetch, sizes_agree
from syncd.plan.outbound import (
    HoldBack,
    Probe,
    Rename,
    Store,
    Unconfirm,
    in_turn,
    plan_store,
    refuse_name,
    stored_sizes,
)
from syncd.plan.times import attempt_is_due, next_attempt
from syncd.suppliers.cb import CB
from syncd.suppliers.rules import Consume
from syncd.suppliers.umbreit import UMBREIT

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ANSWERS, STOCK = UMBREIT.inbound[0], CB.inbound[0]
RENAMED, DIRECT = UMBREIT.outbound[0], CB.outbound[0]
ROW = Interchange(
    id=1, account="a", channel="orders", direction=Direction.OUT, name="S_900900_20261121110000", state=Step.QUEUED,
    size=100, modified=None, sha256="aa", spool="out/1.raw", proven=True, hold=None, reason=None, temp_name=None,
    attempt=0, intent_at=None, kind=None, created_at=NOW, updated_at=NOW,
)  # fmt: skip


def inbound(state, **more):
    return replace(ROW, direction=Direction.IN, state=state, **more)


def file(name, size=10, modified=NOW):
    return RemoteFile(name, size, modified)


R = "R_90090024123456000123456"


def test_a_new_file_of_ours_is_fetched_and_any_other_is_left_alone():
    mine, other = file(R), file("README.txt")
    assert plan_fetch(ANSWERS, [mine, other], {}) == [Fetch(ANSWERS, mine)]


@pytest.mark.parametrize("state", [State.SPOOLED, State.PARSED, State.DONE])
def test_what_we_have_is_not_fetched_again(state):
    assert plan_fetch(ANSWERS, [file(R)], {file(R): inbound(state)}) == []


@pytest.mark.parametrize("state", [State.ANNOUNCED, State.ABANDONED])
def test_what_we_never_got_is_fetched_again(state):
    assert plan_fetch(ANSWERS, [file(R)], {file(R): inbound(state)}) == [Fetch(ANSWERS, file(R), again=True)]


def test_what_did_not_come_whole_is_asked_for_after_the_others():
    broken, new = file("a.bhd"), file("b.bhd")
    planned = plan_fetch(STOCK, [broken, new], {broken: inbound(State.QUARANTINED, proven=False)})
    assert planned == [Fetch(STOCK, new), Fetch(STOCK, broken, again=True)]


def test_a_partial_is_fetched_again_and_a_rejected_file_is_not():
    partial, rejected = (inbound(State.QUARANTINED, proven=proven) for proven in (False, True))
    assert plan_fetch(ANSWERS, [file(R)], {file(R): partial}) == [Fetch(ANSWERS, file(R), again=True)]
    assert plan_fetch(ANSWERS, [file(R)], {file(R): rejected}) == []


def test_we_remove_only_what_was_parsed_and_accepted():
    ours = replace(ANSWERS, consume=Consume.WE_REMOVE)
    for state in (State.PARSED, State.DONE):
        assert plan_fetch(ours, [file(R)], {file(R): inbound(state)}) == [Remove(ours, file(R))]
    for state in (State.SPOOLED, State.QUARANTINED):
        assert plan_fetch(ours, [file(R)], {file(R): inbound(state, proven=True)}) == []


@pytest.mark.parametrize("unsaid", [{"size": None}, {"modified": None}])
def test_where_reading_deletes_a_known_name_without_size_or_time_is_another_file(unsaid):
    vague = file("stock.bhd", **unsaid)
    assert plan_fetch(STOCK, [vague], {vague: inbound(State.DONE)}) == [Fetch(STOCK, vague)]
    exact = file("stock.bhd")
    assert plan_fetch(STOCK, [exact], {exact: inbound(State.DONE)}) == []


def test_a_file_that_the_disk_cannot_take_is_left_and_a_smaller_one_is_fetched():
    big, small = file("a.bhd", size=100), file("b.bhd", size=5)
    planned = [if_it_fits(action, 50, 1000) for action in plan_fetch(STOCK, [big, small], {})]
    left = Leave(STOCK, big, "disk-full", "50 bytes are missing on our disk")
    assert planned == [left, Fetch(STOCK, small)]
    assert str(left) == "leave out/a.bhd: 50 bytes are missing on our disk"


def test_a_file_of_unknown_size_counts_as_the_largest_where_reading_deletes():
    vague = file(R, size=None)
    assert isinstance(if_it_fits(Fetch(STOCK, vague), 999, 1000), Leave)
    assert if_it_fits(Fetch(STOCK, vague), 1000, 1000) == Fetch(STOCK, vague)
    assert if_it_fits(Fetch(ANSWERS, vague), 0, 1000) == Fetch(ANSWERS, vague), "it stays when the disk was too small"
    assert if_it_fits(Remove(ANSWERS, vague), 0, 1000) == Remove(ANSWERS, vague)


def test_a_file_larger_than_any_is_left_alone():
    left = if_it_fits(Fetch(ANSWERS, file(R, size=1001)), 10**9, 1000)
    assert isinstance(left, Leave)
    assert left.problem == "file-too-large"


@pytest.mark.parametrize(
    ("received", "mode", "agree"),
    [(100, Mode.BINARY, True), (100, Mode.ASCII, True), (110, Mode.ASCII, True), (110, Mode.BINARY, False),
     (105, Mode.ASCII, False), (99, Mode.ASCII, False), (0, Mode.BINARY, False)],
)  # fmt: skip
def test_a_download_has_the_listed_size_or_one_byte_more_for_each_line_in_ascii(received, mode, agree):
    assert sizes_agree(100, received, 10, mode) is agree


def test_an_upload_has_its_size_or_in_ascii_one_byte_less_for_each_line():
    data = b"one\r\ntwo\r\n"
    assert stored_sizes(data, Mode.ASCII) == {10, 8}
    assert stored_sizes(data, Mode.BINARY) == {10}


@pytest.mark.parametrize(
    ("channel", "state", "minutes", "move"),
    [
        (RENAMED, Step.QUEUED, 0, Store()),
        (RENAMED, Step.STORING, 600, Store()),
        (RENAMED, Step.STORED, 600, Rename()),
        (RENAMED, Step.PUBLISHING, 59, Probe()),
        (RENAMED, Step.SENT, 0, None),
        (RENAMED, Step.CONFIRMED, 0, None),
        (RENAMED, Step.HELD, 9999, None),
        (DIRECT, Step.QUEUED, 0, Store()),
        (DIRECT, Step.STORING, 0, Unconfirm()),
        (DIRECT, Step.UNCONFIRMED, 60, None),
        (DIRECT, Step.SENT, 9999, None),
        (DIRECT, Step.HELD, 9999, None),
    ],
)
def test_the_next_move_of_an_order(channel, state, minutes, move):
    order = replace(ROW, state=state, intent_at=NOW - timedelta(minutes=minutes))
    assert plan_store(channel, order, NOW) == move


@pytest.mark.parametrize(
    ("channel", "state", "age"),
    [
        (RENAMED, Step.PUBLISHING, timedelta(minutes=61)),
        (RENAMED, Step.PUBLISHING, timedelta(seconds=-1)),
        (DIRECT, Step.UNCONFIRMED, timedelta(hours=25)),
    ],
)
def test_what_cannot_be_known_any_more_is_held_for_a_person(channel, state, age):
    move = plan_store(channel, replace(ROW, state=state, intent_at=NOW - age), NOW)
    assert isinstance(move, HoldBack)
    assert move.hold is Hold.DOUBT
    assert move.reason in str(move)


def test_a_direct_upload_that_was_cut_is_never_stored_again():
    for state in Step:
        if state is not Step.QUEUED:
            for age in (timedelta(0), timedelta(minutes=5), timedelta(days=30)):
                assert plan_store(DIRECT, replace(ROW, state=state, intent_at=NOW - age), NOW) != Store()


def test_an_order_in_doubt_comes_first_and_one_that_keeps_failing_last():
    failing, fresh, doubt = (
        replace(ROW, id=1, attempt=2),
        replace(ROW, id=2),
        replace(ROW, id=3, state=Step.PUBLISHING, attempt=1),
    )
    assert [order.id for order in in_turn([failing, fresh, doubt])] == [3, 2, 1]


def test_the_same_bytes_or_the_same_name_want_a_persons_word():
    assert guard_order([], "S_1", "aa") is None
    assert guard_order([replace(ROW, name="S_2", sha256="bb")], "S_1", "aa") is None
    assert "same bytes" in (guard_order([replace(ROW, sha256="aa")], "S_1", "aa") or "")
    assert "other content" in (guard_order([replace(ROW, name="S_1", sha256="bb")], "S_1", "aa") or "")


def test_names_that_may_not_be_uploaded():
    assert refuse_name(RENAMED, "S_900900_20261121110000", frozenset()) is None
    assert "does not fit" in (refuse_name(RENAMED, "orders.txt", frozenset()) or "")
    assert "damaged" in (refuse_name(DIRECT, "cover.jpeg", CB.refused_suffixes) or "")
    assert refuse_name(DIRECT, "cover.jpg", CB.refused_suffixes) is None


def test_retries_grow_to_an_hour():
    waits = [(next_attempt(n, NOW) - NOW).total_seconds() for n in (0, 1, 2, 3, 8, 9, 1000)]
    assert waits == [30, 30, 60, 120, 3600, 3600, 3600]


def test_a_target_that_wants_to_be_left_alone_is_left_alone_for_a_day_at_most():
    wanted = (timedelta(seconds=1), timedelta(hours=3), timedelta(days=9))
    waits = [next_attempt(1, NOW, put_off) - NOW for put_off in wanted]
    assert waits == [timedelta(seconds=30), timedelta(hours=3), timedelta(days=1)]


def test_an_attempt_that_was_planned_while_the_clock_was_wrong_is_due():
    hour = timedelta(hours=1)
    plans = [(None, NOW), (NOW, NOW - hour), (NOW + hour, NOW - hour), (NOW + hour, NOW + hour / 2), (NOW + hour, None)]
    assert [attempt_is_due(when, last, NOW) for when, last in plans] == [False, True, False, True, True]


def test_a_delivery_key_depends_on_account_name_and_content():
    keys = {
        delivery_key(*parts)
        for parts in (("a", "n", "s"), ("b", "n", "s"), ("a", "m", "s"), ("a", "n", "t"), ("a", "", "n\ns"))
    }
    assert len(keys) == 5


@pytest.mark.parametrize(
    "action", [Store(), Rename(), Probe(), Unconfirm(), Fetch(STOCK, file("a.bhd", None)), Remove(STOCK, file("a.bhd"))]
)
def test_every_action_has_words(action):
    assert len(str(action)) > 5
