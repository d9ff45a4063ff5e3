"""Order lines in the state: written with their order, answered in any order of arrival, told once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.formats import write_events
from syncd.life import Answer, LineState, Ordered, Says
from syncd.model import Direction, Interchange, RemoteFile, State, Step, Word
from syncd.state import Store
from tests.state.samples import NOON, later, sha256, verdict

ARTICLE = "9783442756841"
WORD = Word("anna", "settle", "they said so")
NUMBERS = count(1)


def lines(*quantities, reference="4711"):
    return [
        Ordered(n, "900900", reference, ARTICLE, "EN", "MEIER", quantity) for n, quantity in enumerate(quantities, 1)
    ]


def goods(quantity, position, reference="4711", line=1):
    return Answer(line, Says.GOODS, reference, ARTICLE, "Meier", quantity, "900", position, date(2026, 11, 24))


def report(code=15, back_ordered=True, line=2, reference="4711"):
    return Answer(line, Says.REPORT, reference, ARTICLE, "MEIER", code=code, back_ordered=back_ordered)


def ordered(store: Store, positions: Sequence[Ordered], *steps: Step | State, account="shop") -> Interchange:
    """An order that has made these steps after QUEUED."""
    name = f"S_900900_{next(NUMBERS):014}"
    data = name.encode()
    item = store.journal.queue(
        account, "orders", name, len(data), sha256(data), [positions[0].reference], f"/outbox/{name}", None, NOON,
        spool=lambda number: store.spool.write(Direction.OUT, number, data), ordered=positions,
    )  # fmt: skip
    for step in steps:
        item = store.journal.advance(item.id, item.state, step, NOON)
    return item


TO_SENT = (Step.STORING, Step.STORED, Step.PUBLISHING, Step.SENT)


def heard(store: Store, name: str, *said: Answer, written: int = 0, account="shop", kind="ELS") -> Interchange:
    """A file of answers that the supplier wrote so many minutes after noon, fetched and accepted."""
    data = name.encode()
    remote = RemoteFile(name, len(data), NOON + timedelta(minutes=written))
    item = store.journal.announce(account, "answers", remote, NOON)
    spool = store.spool.write(Direction.IN, item.id, data)
    store.journal.advance(item.id, State.ANNOUNCED, State.SPOOLED, NOON, spool=spool, sha256=sha256(data))
    store.journal.prove(item.id, NOON)
    claims = [(each.line, each.position) for each in said if each.says is Says.GOODS and each.position is not None]
    judged = verdict(*{each.reference for each in said}, goods=claims, kind=kind)
    return store.journal.parsed(item.id, judged, [("files", name)], NOON, ["orders"], answers=said).interchange


def states(store, *which, account="shop"):
    return [(str(line.state), line.delivered) for line in store.journal.order_lines(*which, account=account)]


def test_the_lines_of_an_order_count_when_it_is_sent(store):
    ordered(store, lines(2, 3))
    assert states(store) == [("waiting", 0), ("waiting", 0)]
    ordered(store, lines(1), *TO_SENT)
    assert states(store) == [("sent", 0), ("waiting", 0), ("waiting", 0)]


def test_answers_to_an_order_that_is_not_sent_wait_until_it_is(store):
    doubtful = ordered(store, lines(10), Step.STORING, Step.UNCONFIRMED, Step.HELD)
    ordered(store, lines(10, reference="0815"), *TO_SENT)
    heard(store, "R_1", goods(4, 1), goods(2, 2, "0815", line=2))
    assert sorted(states(store)) == [("partly delivered", 2), ("partly delivered", 4)]
    assert store.journal.get(doubtful.id).state is Step.CONFIRMED


def test_a_doubt_that_a_person_ends_brings_what_was_said_meanwhile(store):
    first = ordered(store, lines(10), *TO_SENT, account="shop")
    second = ordered(store, lines(10), Step.STORING, Step.UNCONFIRMED, Step.HELD)
    heard(store, "R_1", goods(12, 1))
    assert states(store) == [("waiting", 0), ("delivered", 12)]
    store.journal.decide(store.journal.get(second.id), Step.CONFIRMED, WORD, later(60))
    assert states(store) == [("partly delivered", 2), ("delivered", 10)]
    assert first.id < second.id


def test_an_order_that_is_sent_again_has_its_lines_again(store):
    old = ordered(store, lines(2, 3), Step.STORING, Step.UNCONFIRMED, Step.HELD, State.QUARANTINED)
    again = store.journal.send_again(
        old, "S_900900_99999999999999", WORD, NOON, spool=lambda number: store.spool.write(Direction.OUT, number, b"x")
    )
    assert [(line.order, line.quantity) for line in store.journal.order_lines()] == [(again.id, 2), (again.id, 3)]


def test_goods_that_another_file_brought_are_not_counted_again(store):
    ordered(store, lines(10), *TO_SENT)
    heard(store, "R_1", goods(4, 1))
    heard(store, "R_2", goods(4, 1), goods(1, 2, line=2))
    assert states(store) == [("partly delivered", 5)]


def test_a_file_that_is_given_up_takes_back_what_it_said_and_may_come_again(store):
    ordered(store, lines(10), *TO_SENT)
    file = heard(store, "R_1", goods(4, 1))
    store.journal.lost(file.id, "gone", later(60))
    assert states(store) == [("sent", 0)]
    heard(store, "R_1", goods(4, 1))
    assert states(store) == [("partly delivered", 4)]


def test_a_file_that_a_sink_took_before_its_bytes_were_lost_says_nothing_new_when_they_are_put_back(store):
    ordered(store, lines(10), *TO_SENT)
    said = (goods(4, 1),)
    file = heard(store, "R_1", *said)
    store.journal.delivered(store.journal.pending()[0].id, NOON)
    store.journal.replay("other", [(file.id, "R_1")], WORD, NOON)
    lost = store.journal.lost(file.id, "gone", later(60))
    store.journal.decide(lost, State.SPOOLED, WORD, later(120), proven=True)
    judged = verdict("4711", goods=[(1, 1)])
    store.journal.parsed(file.id, judged, [("files", "R_1")], later(120), ["orders"], answers=said)
    assert states(store) == [("partly delivered", 4)]


def test_lines_of_other_accounts_are_others(store):
    ordered(store, lines(10), *TO_SENT)
    ordered(store, lines(10), *TO_SENT, account="cb")
    heard(store, "R_1", goods(10, 1), account="cb")
    assert (states(store), states(store, account="cb")) == ([("sent", 0)], [("delivered", 10)])


def test_an_order_without_a_reference_is_never_matched(store):
    ordered(store, lines(10, reference=""), *TO_SENT)
    file = heard(store, "R_1", goods(10, 1, reference=""))
    assert states(store) == [("sent", 0)]
    assert [said.quantity for said in store.journal.strangers(file.id)] == [10]


def test_what_is_not_answered_in_time_is_unanswered_once(store):
    ordered(store, lines(1, 1), *TO_SENT)
    assert not store.journal.anything_unanswered("shop", NOON)
    assert store.journal.anything_unanswered("shop", later(1))
    assert store.journal.mark_unanswered("shop", later(1), later(2)) == 2
    assert not store.journal.anything_unanswered("shop", later(1))
    assert states(store, "unanswered") == states(store, "open") == [("unanswered", 0)] * 2
    heard(store, "R_1", goods(1, 1))
    assert states(store, "unanswered") == [("unanswered", 0)]


def test_open_and_short_lines_are_chosen(store):
    said = {
        "nothing": [],
        "came": [goods(10, 1)],
        "part": [goods(8, 1)],
        "part, closed": [goods(8, 1), report(10, False)],
        "kept": [report()],
        "closed": [report(10, False)],
        "cancelled": [report(99, False)],
    }
    for number, (reference, answers) in enumerate(said.items()):
        ordered(store, lines(10, reference=reference), *TO_SENT)
        position = {Says.GOODS: number + 1, Says.REPORT: None}
        heard(store, f"R_{number}", *(replace(a, reference=reference, position=position[a.says]) for a in answers))
    chosen = {which: {line.reference for line in store.journal.order_lines(which)} for which in ("open", "short")}
    assert chosen == {
        "open": {"nothing", "part", "kept"},
        "short": {"part", "part, closed", "kept", "closed", "cancelled"},
    }


def tell(store):
    return store.journal.tell(
        "shop", "order-lines", f"LINES_{next(NUMBERS)}", NOON,
        write=write_events, spool=lambda number, data: store.spool.write(Direction.IN, number, data),
    )  # fmt: skip


def test_a_change_is_told_once(store):
    ordered(store, lines(10, 1), *TO_SENT)
    assert store.journal.untold("shop")
    assert not store.journal.untold("cb")
    file = tell(store)
    assert (file.state, file.proven, file.spool is not None) == (State.SPOOLED, True, True)
    assert not store.journal.untold("shop")
    assert tell(store) is None
    heard(store, "R_1", goods(4, 1))
    store.journal.hush("shop")
    assert not store.journal.untold("shop")


# -- any order of arrival ---------------------------------------------------------------------------------------

SAID = st.lists(
    st.one_of(
        st.builds(goods, st.integers(1, 9), st.integers(1, 99), st.just("4711")),
        st.builds(report, st.sampled_from([10, 15, 99]), st.booleans()),
    ),
    max_size=3,
)


@given(st.lists(SAID, min_size=1, max_size=3), st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_may_arrive_in_any_order_and_twice(store, contents, data):
    positions = count(1)
    files = [
        (f"R_{number}", [
            replace(each, line=line, position=each.position and next(positions))
            for line, each in enumerate(content, 1)
        ], number)
        for number, content in enumerate(contents)
    ]  # fmt: skip
    ends = []
    for arrival in (files, [*data.draw(st.permutations(files)), data.draw(st.sampled_from(files))]):
        account = f"a{next(NUMBERS)}"
        ordered(store, lines(10, 5), *TO_SENT, account=account)
        for name, said, written in arrival:
            heard(store, name, *said, written=written, account=account)
        ends.append([
            (line.state, line.delivered, line.code, line.back_ordered, line.open)
            for line in store.journal.order_lines(account=account)
        ])  # fmt: skip
    assert ends[0] == ends[1]


def test_ten_thousand_lines_are_followed_at_once(store):
    many = [Ordered(n, "900900", "4711", f"{n:013}", "UM", None, 2) for n in range(1, 10_001)]
    ordered(store, many, *TO_SENT)
    heard(store, "R_1", *(Answer(n, Says.GOODS, "4711", f"{n:013}", None, 1, "900", n) for n in range(1, 10_001)))
    found = store.journal.order_lines("open")
    assert len(found) == 10_000
    assert {line.state for line in found} == {LineState.PARTLY}


ERM, ELS = "ERM", "ELS"


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ((ERM, ELS), (1, 0)),
        ((ELS, ERM), (1, 0)),
        ((ERM, ERM), (1, 1)),
        ((ELS, ELS), (1, 1)),
        ((ERM, ELS, ERM, ELS), (1, 0, 1, 0)),
        ((ERM, "UNKNOWN"), (1, 1)),
    ],
    ids=str,
)
def test_a_report_is_handed_over_once_of_an_erm_and_an_els(store, kinds, told):
    answers = [replace(report(15, True), sender="24000", receiver="900900")]
    files = [heard(store, f"R_{number}", *answers, kind=kind) for number, kind in enumerate(kinds)]
    assert tuple(1 - len(store.journal.suppressed(file.id)) for file in files) == told


@pytest.mark.parametrize(
    "other",
    [{"receiver": "900901"}, {"sender": "24001"}, {"reference": "0815"}, {"code": 10}, {"article": "9783442756841"}],
)
def test_another_report_is_no_repetition(store, other):
    one = replace(report(15, True), sender="24000", receiver="900900", article="9783869170657")
    heard(store, "R_1", one, kind=ERM)
    assert store.journal.suppressed(heard(store, "R_2", replace(one, **other), kind=ELS).id) == frozenset()
    again = heard(store, "R_3", one, kind=ELS)
    assert store.journal.suppressed(again.id) == {one.line}
    assert (store.journal.history(again.id)[-1].note or "").startswith("1 report was told before; ")


def test_a_report_without_a_reference_is_told_each_time(store):
    for name, kind in (("R_1", ERM), ("R_2", ELS)):
        assert store.journal.suppressed(heard(store, name, report(15, True, reference=""), kind=kind).id) == frozenset()
