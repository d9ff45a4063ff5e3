"""Several hosts on one database: each has the files whose bytes it has, and what is the account's is everybody's."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import StateDamagedError, UsageError
from syncd.model import State, Step, Word
from syncd.state import Store, open_state
from syncd.state.engine import Database, server_engine
from syncd.status import status
from tests.postgres import Cluster
from tests.state.samples import MINUTE, NOON, clock, fetched, later, order, verdict

GONE = Word("ann", "host take", "the disk broke")


@pytest.fixture
def two(tmp_path: Path, postgres: Cluster, migrated: str) -> Iterator[tuple[Store, Store]]:
    """Two state directories, as two machines have them, and one database."""
    with (
        postgres.database(migrated) as url,
        open_state(tmp_path / "one", url) as one,
        open_state(tmp_path / "two", url) as other,
    ):
        for store in (one, other):
            store.journal.register({"shop": "umbreit", "cb": "cb"})
            store.journal.arrive(NOON)
        yield one, other


def test_each_host_has_its_own_files(two):
    one, other = two
    item = order(one)
    file = fetched(one, "R_1", b"answer")
    assert item.host == file.host == one.journal.host != other.journal.host
    assert (one.journal.open_orders("shop"), other.journal.open_orders("shop")) == ([item], [])
    assert [row.id for row, _ in one.journal.in_outbox("shop")] == [item.id]
    assert other.journal.in_outbox("shop") == []
    assert (one.journal.unfinished("shop"), other.journal.unfinished("shop")) == ([file], [])
    one.journal.parsed(file.id, verdict(), [("files", "k")], NOON)
    mine = one.journal.pending(one.journal.host)
    assert [delivery.interchange_id for delivery in mine] == [file.id]
    assert other.journal.pending(other.journal.host) == []
    assert other.journal.pending() == mine
    assert [(host.name, host.waiting) for host in other.journal.hosts()] == sorted(
        [(one.journal.host, 2), (other.journal.host, 0)]
    )


def test_what_was_sent_or_booked_on_one_host_is_known_on_the_other(two):
    one, other = two
    item = order(one)
    assert other.journal.twins("shop", item.channel, item.name, item.sha256 or "") == [item]
    for number, store in enumerate(two):
        file = fetched(store, f"R_{number}", b"%d" % number)
        done = store.journal.parsed(file.id, verdict(goods=[(1, 1)]), [], NOON)
        assert done.suppressed == (frozenset({1}) if number else frozenset())


def test_an_older_stock_list_of_another_host_never_overtakes(two):
    one, other = two
    older = fetched(one, "old.bhd", b"old")
    one.journal.parsed(older.id, verdict(stamp="202611220100"), [("files", "old")], NOON)
    newer = fetched(other, "new.bhd", b"new")
    other.journal.parsed(newer.id, verdict(stamp="202611220200"), [("files", "new")], NOON)
    assert one.journal.pending(one.journal.host) == []
    assert one.journal.get(older.id).state is State.DONE
    assert "newer snapshot" in (one.journal.history(older.id)[-1].note or "")


def test_a_problem_of_one_host_is_not_closed_by_another(two):
    one, other = two
    one.journal.open_problem("shop", "outbox", "it cannot be read", "mend it", NOON)
    one.journal.open_problem("shop", "visit-failed", "no answer", "wait", NOON)
    assert not other.journal.close_problem("shop", "outbox", NOON)
    assert other.journal.close_problem("shop", "visit-failed", NOON)
    assert [(problem.code, problem.host) for problem in other.journal.problems()] == [("outbox", one.journal.host)]
    assert one.journal.close_problem("shop", "outbox", NOON)


def test_a_restart_of_one_host_leaves_the_lease_of_the_other(two, tmp_path):
    one, other = two
    url = str(one.journal._database.engine.url)
    lease = other.gate.acquire("shop", other.holder, timedelta(0), MINUTE, clock(0))
    mine = one.gate.acquire("cb", one.holder, timedelta(0), MINUTE, clock(0))
    one.close()
    with open_state(tmp_path / "one", url) as again:
        assert not again.gate.renew(mine, MINUTE, clock(0)), "whoever held it is dead"
        assert again.gate.renew(lease, MINUTE, clock(0))
        assert again.journal.host == one.journal.host


# -- gone for good ----------------------------------------------------------------------------------------------


def test_the_files_of_a_host_that_is_gone_are_taken(two):
    one, other = two
    item = order(one)
    one.journal.open_problem("shop", "outbox", "it cannot be read", "mend it", NOON)
    count = other.journal.take(one.journal.host, GONE, later(301))
    assert count == 1
    assert [taken.id for taken in other.journal.open_orders("shop")] == [item.id]
    assert one.journal.open_orders("shop") == []
    assert other.journal.problems() == []
    assert [host.name for host in other.journal.hosts()] == [other.journal.host]
    said = other.journal.audits()[0]
    assert (said.who, said.verb, said.why) == ("ann", "host take", "the disk broke")


@pytest.mark.parametrize(("whom", "said"), [("one", "sign of life"), ("other", "no other host"), ("x", "no other")])
def test_nothing_is_taken_of_a_host_that_is_there(two, whom, said):
    one, other = two
    item = order(one)
    name = {"one": one.journal.host, "other": other.journal.host}.get(whom, whom)
    with pytest.raises(UsageError, match=said) as error:
        other.journal.take(name, GONE, later(299))
    assert error.value.remedy
    assert one.journal.open_orders("shop") == [item]


def test_a_host_that_is_away_is_told_if_files_lie_there(two):
    one, other = two
    order(one)
    assert status(other, [], clock(299), {}).problems == []
    (problem,) = status(other, [], clock(301), {}).problems
    assert (problem.code, problem.host) == ("host-away", one.journal.host)
    assert f"syncd host take {one.journal.host}" in problem.remedy


# -- names ------------------------------------------------------------------------------------------------------


def test_the_first_host_owns_what_was_there_before_hosts_had_names(tmp_path, postgres, migrated):
    """An upgrade of a shop with one host goes on without a hand."""
    with postgres.database(migrated) as url:
        with open_state(tmp_path / "one", url) as one:
            one.journal.register({"shop": "umbreit"})
            item = order(one)
        engine = server_engine(url)
        with Database(engine).writing() as connection:
            connection.exec_driver_sql("UPDATE interchange SET host = ''")
            connection.exec_driver_sql("DELETE FROM host")
        engine.dispose()
        with open_state(tmp_path / "one", url) as one, open_state(tmp_path / "two", url) as other:
            one.journal.arrive(NOON)
            other.journal.arrive(NOON)
            assert [row.id for row in one.journal.open_orders("shop")] == [item.id]
            assert other.journal.open_orders("shop") == []


def test_the_name_stays_with_the_state_directory(tmp_path, postgres, migrated):
    with postgres.database(migrated) as url:
        with open_state(tmp_path / "one", url) as one:
            name = one.journal.host
        (tmp_path / "one").rename(tmp_path / "moved")
        with open_state(tmp_path / "moved", url) as moved:
            assert moved.journal.host == name
        (tmp_path / "moved" / "host").write_text("cellar\n")
        with open_state(tmp_path / "moved", url) as renamed:
            assert renamed.journal.host == "cellar"


@pytest.mark.parametrize("words", ["", "two words", "../x", "x" * 65])
def test_a_name_that_is_none(tmp_path, postgres, migrated, words):
    with postgres.database(migrated) as url:
        tmp_path.joinpath("host").write_text(words)
        with pytest.raises(StateDamagedError, match="no name of a host") as error:
            open_state(tmp_path, url)
        assert error.value.remedy


def test_with_sqlite_there_is_one_host_without_a_name(tmp_path):
    with open_state(tmp_path) as store:
        store.journal.register({"shop": "umbreit"})
        store.journal.arrive(NOON)
        assert order(store).host == store.journal.host == ""
        assert store.journal.hosts() == []
    assert not (tmp_path / "host").exists()


def test_an_order_in_the_middle_is_not_moved_by_another_host(two):
    """A host that wakes after its files were taken finds them moved on: compare-and-set."""
    one, other = two
    item = order(one)
    other.journal.take(one.journal.host, GONE, later(301))
    other.journal.advance(item.id, Step.QUEUED, Step.STORING, NOON)
    assert one.journal.open_orders("shop") == []
