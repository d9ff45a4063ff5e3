"""Fetched files in the journal: known or new, accepted in one transaction, goods handed over once."""

from pathlib import Path

import pytest

from syncd.errors import ConflictError, UsageError
from syncd.formats import FORMATS, Context
from syncd.model import Finding, RemoteFile, Severity, State, Verdict, Word
from tests.state.samples import NOON, TEN, fetched, later, order, verdict

FILE = RemoteFile("R_0905500007000123456", 100, NOON)
ADVICE = Path(__file__).parents[1] / "formats" / "corpus" / "answer-els" / "R_90090024123456000123456"


def names(store, *files: RemoteFile, account: str = "shop", channel: str = "answers") -> set[RemoteFile]:
    return set(store.journal.known(account, channel, files))


def test_a_file_is_known_by_all_that_the_listing_gives(store):
    store.journal.announce("shop", "answers", FILE, NOON)
    bare, sized = RemoteFile(FILE.name), RemoteFile(FILE.name, 100)
    dated = RemoteFile(FILE.name, None, NOON)
    assert names(store, FILE, bare, sized, dated) == {FILE, bare, sized, dated}
    assert names(store, RemoteFile(FILE.name, 101, NOON), RemoteFile(FILE.name, 100, later(1))) == set()
    assert names(store, RemoteFile("R_other", 100, NOON)) == set()
    assert names(store, FILE, account="cb") == names(store, FILE, channel="stock") == set()
    assert store.journal.known("shop", "answers", []) == {}


def test_what_was_not_given_then_is_another_file_now(store):
    store.journal.announce("shop", "answers", RemoteFile(FILE.name), NOON)
    assert names(store, RemoteFile(FILE.name)) == {RemoteFile(FILE.name)}
    assert names(store, FILE) == set()


def test_the_latest_attempt_tells(store):
    first = store.journal.announce("shop", "answers", FILE, NOON)
    store.journal.quarantine(first.id, State.ANNOUNCED, "truncated", "50 of 100 bytes", NOON)
    second = store.journal.announce("shop", "answers", FILE, later(600))
    assert store.journal.known("shop", "answers", [FILE]) == {FILE: second}


def test_an_order_of_the_same_name_is_no_file(store):
    order(store, FILE.name)
    assert store.journal.known("shop", "orders", [RemoteFile(FILE.name)]) == {}


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE interchange; --", "../../etc/passwd", "Bücher", "%", "a b", "😀", "\x01", "x" * 5000]
)
def test_hostile_names_are_values(store, name):
    file = RemoteFile(name, 2**70, NOON)
    item = store.journal.announce("shop", "answers", file, NOON)
    assert item.name == name
    assert store.journal.known("shop", "answers", [file, FILE]) == {file: item}
    assert store.journal.find(name) == [item]


def test_a_long_listing(store):
    files = [RemoteFile(f"R_{number:06}", number, NOON) for number in range(1300)]
    for file in files[::100]:
        store.journal.announce("shop", "answers", file, NOON)
    assert set(store.journal.known("shop", "answers", files)) == set(files[::100])


def test_the_size_of_the_listing_stays_the_key(store):
    """In ASCII more bytes may arrive than the listing said; the next listing must still know the file."""
    item = store.journal.announce("shop", "answers", FILE, NOON)
    store.journal.advance(item.id, State.ANNOUNCED, State.SPOOLED, NOON, spool="spool/in/1.raw", sha256="aa")
    assert names(store, FILE) == {FILE}


def test_spooled_then_proven(store):
    item = store.journal.announce("shop", "answers", FILE, NOON)
    assert (item.state, item.intent_at, item.proven) == (State.ANNOUNCED, NOON, False)
    assert store.journal.unfinished("shop") == [item]
    with pytest.raises(ConflictError):
        store.journal.prove(item.id, NOON)
    item = store.journal.advance(item.id, State.ANNOUNCED, State.SPOOLED, NOON, spool="spool/in/1.raw", sha256="aa")
    assert not item.proven
    item = store.journal.prove(item.id, NOON)
    assert item.proven
    assert store.journal.unfinished("shop") == [item]
    assert store.journal.unfinished("cb") == []


def test_quarantine_keeps_what_arrived_and_what_was_said(store):
    item = store.journal.announce("shop", "answers", FILE, NOON)
    partial = store.journal.quarantine(
        item.id, State.ANNOUNCED, "truncated", "50 of 100 bytes", NOON, partial=("quarantine/in-1.partial", "5a" * 32)
    )
    assert (partial.state, partial.spool, partial.proven) == (State.QUARANTINED, "quarantine/in-1.partial", False)
    assert partial.reason == "50 of 100 bytes"
    assert store.journal.history(item.id)[-1].note == "truncated: 50 of 100 bytes"
    whole = fetched(store, "R_2")
    finding = Finding("no-terminator", Severity.ERROR, 3, "the record has no *9999", "L101…")
    bad = Verdict("bwa-response", "ELS", accepted=False, findings=(finding,), codes={"no-terminator": 1})
    item = store.journal.quarantine(whole.id, State.SPOOLED, "rejected", "3 findings", NOON, verdict=bad)
    assert (item.spool, item.proven, item.kind) == (whole.spool, True, "ELS")
    assert store.journal.verdict(item.id) == bad


# -- accepted ---------------------------------------------------------------------------------------------------


def test_an_accepted_file_is_parsed_with_its_deliveries(reopen, store):
    item = fetched(store)
    said = verdict("4711", goods=[(2, 1)])
    result = store.journal.parsed(item.id, said, [("files", "k1"), ("shop-db", "k1")], later(9))
    assert (result.interchange.state, result.interchange.kind) == (State.PARSED, "ELS")
    assert (result.suppressed, result.outdated, result.confirmed) == (frozenset(), False, ())
    store = reopen()
    assert store.journal.verdict(item.id) == said
    assert [(each.sink, each.key, each.next_attempt) for each in store.journal.pending()] == [
        ("files", "k1", later(9)),
        ("shop-db", "k1", later(9)),
    ]
    assert store.journal.unfinished("shop") == []


def test_without_sinks_it_is_done(store):
    item = fetched(store)
    assert store.journal.parsed(item.id, verdict(), [], NOON).interchange.state is State.DONE


def test_parsing_twice_is_a_conflict_and_leaves_nothing(store):
    item = fetched(store)
    store.journal.parsed(item.id, verdict("4711"), [("files", "k1")], NOON)
    with pytest.raises(ConflictError):
        store.journal.parsed(item.id, verdict("0815", goods=[(1, 1)]), [("files", "k2")], NOON)
    assert [due.key for due in store.journal.pending()] == ["k1"]
    assert store.journal.find("0815") == []
    assert store.journal.verdict(item.id) == verdict("4711")


def test_goods_are_handed_over_once(store):
    first, second, third = fetched(store, "R_1", b"1"), fetched(store, "R_2", b"2"), fetched(store, "R_3", b"3")
    parsed = store.journal.parsed
    assert parsed(first.id, verdict(goods=[(1, 1), (2, 2)]), [("files", "a")], NOON).suppressed == frozenset()
    assert parsed(second.id, verdict(goods=[(5, 2), (6, 3), (7, 3)]), [("files", "b")], NOON).suppressed == {5, 7}
    assert parsed(third.id, verdict(goods=[(1, 4)]), [("files", "c")], NOON).suppressed == frozenset()
    assert store.journal.suppressed(second.id) == {5, 7}
    assert store.journal.suppressed(first.id) == frozenset()
    assert "2 positions were handed over before" in (store.journal.history(second.id)[-1].note or "")


@pytest.mark.parametrize("way", ["put back", "fetched again"])
def test_a_file_whose_bytes_were_lost_brings_its_goods_to_the_sinks_that_had_not_taken_it(store, way):
    said, to = verdict("4711", goods=[(1, 1), (2, 2)]), [("files", "k"), ("shop-db", "k")]
    file = fetched(store)
    store.journal.parsed(file.id, said, to, NOON)
    store.journal.delivered(next(due.id for due in store.journal.pending() if due.sink == "files"), NOON)
    lost = store.journal.lost(file.id, "gone", NOON)
    other = fetched(store, "R_2", b"2")
    assert store.journal.parsed(other.id, verdict(goods=[(1, 1)]), [], NOON).suppressed == {1}
    if way == "put back":
        store.journal.decide(lost, State.SPOOLED, Word("ada", "quarantine release", "backup"), NOON, proven=True)
    else:
        file = fetched(store)
    assert store.journal.parsed(file.id, said, to, NOON).suppressed == frozenset()
    assert [(due.interchange_id, due.sink) for due in store.journal.pending()] == [(file.id, "shop-db")]


def test_what_a_format_says_is_kept_as_it_is(store):
    said = FORMATS["bwa-response"].judge(lambda: [ADVICE.read_bytes()], Context(name=ADVICE.name))
    assert said.accepted
    assert said.goods
    item = fetched(store, ADVICE.name)
    store.journal.parsed(item.id, said, [("folder", "key")], NOON)
    assert store.journal.verdict(item.id) == said


def test_another_account_has_goods_of_its_own(store):
    for account in ("shop", "cb"):
        item = fetched(store, account=account)
        assert store.journal.parsed(item.id, verdict(goods=[(1, 1)]), [], NOON).suppressed == frozenset()


def test_the_same_content_again_is_not_delivered_again(store):
    first, second = fetched(store), fetched(store)
    store.journal.parsed(first.id, verdict(goods=[(1, 1)]), [("files", "k"), ("shop-db", "k")], NOON)
    result = store.journal.parsed(second.id, verdict(goods=[(1, 1)]), [("files", "k"), ("shop-db", "k")], NOON)
    assert result.interchange.state is State.DONE
    assert result.suppressed == {1}
    assert {due.interchange_id for due in store.journal.pending()} == {first.id}


def test_an_older_snapshot_is_not_handed_over(store):
    def arrive(name, stamp, kind="BHDART", channel="stock"):
        item = fetched(store, name, name.encode(), channel=channel)
        return store.journal.parsed(item.id, verdict(stamp=stamp, kind=kind), [("files", name)], NOON)

    assert not arrive("a.bhd", "202611221200").outdated
    late = arrive("b.bhd", "202611220500")
    assert late.outdated
    assert late.interchange.state is State.DONE
    assert "202611221200" in (store.journal.history(late.interchange.id)[-1].note or "")
    assert not arrive("c.bhd", "202611221200").outdated, "equal stamps: the later arrival counts"
    assert not arrive("d.bhd", "202611220500", kind="OTHER").outdated
    assert not arrive("e.bhd", "202611220500", channel="raw").outdated
    assert arrive("f.bhd", "202611221159").outdated
    assert [due.key for due in store.journal.pending()] == ["a.bhd", "c.bhd", "d.bhd", "e.bhd"]


def test_equal_stamps_with_other_bytes_are_told(store):
    def arrive(name, data):
        item = fetched(store, name, data, channel="stock")
        return store.journal.parsed(item.id, verdict(stamp="202611221200", kind="BHDART"), [("files", name)], NOON)

    first, same, other = arrive("a.bhd", b"1"), arrive("b.bhd", b"1"), arrive("c.bhd", b"2")
    assert (first.alike, same.alike, other.alike) == (None, None, same.interchange.id)
    note = store.journal.history(other.interchange.id)[-1].note
    assert (
        note == f"warning: its stamp is that of no. {other.alike}, and its content is another; the later arrival counts"
    )
    assert store.journal.history(same.interchange.id)[-1].note is None


def test_a_rejected_snapshot_changes_nothing(store):
    item = fetched(store, "a.bhd", b"a", channel="stock")
    store.journal.quarantine(item.id, State.SPOOLED, "rejected", "x", NOON, verdict=verdict(stamp="209901010000"))
    item = fetched(store, "b.bhd", b"b", channel="stock")
    assert not store.journal.parsed(item.id, verdict(stamp="202611221200"), [], NOON).outdated


def test_what_was_never_judged(store):
    item = fetched(store)
    for question in (store.journal.verdict, store.journal.suppressed):
        with pytest.raises(UsageError, match="never judged"):
            question(item.id)


# -- deliveries -------------------------------------------------------------------------------------------------


def test_a_file_is_done_with_its_last_delivery(store):
    item = fetched(store)
    store.journal.parsed(item.id, verdict(), [("files", "k"), ("shop-db", "k")], NOON)
    one, two = store.journal.pending()
    store.journal.delivered(one.id, later(1))
    assert store.journal.get(item.id).state is State.PARSED
    store.journal.delivered(one.id, later(2))
    assert store.journal.get(item.id).state is State.PARSED
    store.journal.delivered(two.id, later(3))
    assert store.journal.get(item.id).state is State.DONE
    assert store.journal.history(item.id)[-1].at == later(3)
    assert store.journal.pending() == []


def test_a_failed_delivery_waits_for_its_time(reopen, store):
    item = fetched(store)
    store.journal.parsed(item.id, verdict(), [("files", "k")], NOON)
    (one,) = store.journal.pending()
    store.journal.delivery_failed(one.id, "the folder is not there", NOON + TEN, NOON)
    store = reopen()
    (again,) = store.journal.waiting("files", store.journal.host)
    assert (again.id, again.attempts, again.last_error) == (one.id, 1, "the folder is not there")
    assert again.next_attempt == NOON + TEN
    store.journal.delivery_failed(one.id, "still not", None, NOON + TEN)
    assert store.journal.waiting("files", store.journal.host) == []
    assert [(given_up.attempts, given_up.next_attempt) for given_up in store.journal.pending()] == [(2, None)]
    store.journal.delivered(one.id, later(4000))
    assert store.journal.get(item.id).state is State.DONE
