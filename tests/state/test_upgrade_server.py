"""A shop's PostgreSQL database of before hosts had names is upgraded, rows and all, and the shop goes on where it was.

`servers/0002.sql` is the work of pg_dump: a database that the program of schema 0002 had filled, with orders and files
in every stage, a lease that was never given back, problems that were never closed.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncd.errors import StateDamagedError, TooEarlyError
from syncd.model import State, Step, Word
from syncd.state import Store, open_state, upgrade
from tests.postgres import Cluster
from tests.state.samples import MINUTE, NOON, bring, clock, fetched, later, order, verdict

OLD = Path(__file__).parent / "servers" / "0002.sql"
TABLES = (
    "account", "audit", "delivery", "event", "gate", "goods", "interchange", "login", "problem", "reference",
    "snapshot", "verdict",
)  # fmt: skip


@pytest.fixture
def old(postgres: Cluster) -> Iterator[str]:
    with postgres.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute(OLD.read_bytes())
        yield url


@pytest.fixture
def shop(old: str, tmp_path: Path) -> Iterator[Store]:
    upgrade(old)
    with open_state(tmp_path / "state", old) as store:
        store.journal.arrive(NOON)
        yield store


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


def test_it_is_refused_until_somebody_upgrades_it(old, tmp_path):
    with pytest.raises(StateDamagedError, match="the state's schema is 0002") as error:
        open_state(tmp_path, old)
    assert "syncd db upgrade" in error.value.remedy


def test_no_row_is_lost_or_altered(old):
    before = rows(old)
    assert all(before.values())
    assert {door.pop("blocked_until") for door in before["gate"]} == {None}, "never used, and gone now"
    upgrade(old)
    after = rows(old)
    assert before == {
        table: [{name: row[name] for name in was[0]} for row in after[table]] for table, was in before.items()
    }


def test_orders_go_on_where_they_were(shop):
    queued, stored = shop.journal.open_orders("shop")
    assert (queued.state, stored.state, stored.temp_name) == (Step.QUEUED, Step.STORED, "T_1")
    assert bring(shop, queued, Step.SENT).state is Step.SENT
    shop.journal.advance(stored.id, Step.STORED, Step.PUBLISHING, NOON)
    word = Word("ann", "settle", "they called")
    held = {str(order.hold): order for order in shop.journal.attention() if order.state is Step.HELD}
    assert set(held) == {"guard", "doubt"}
    assert shop.journal.get(held["guard"].id).host == shop.journal.host
    assert shop.journal.decide(held["doubt"], Step.CONFIRMED, word, NOON).state is Step.CONFIRMED
    assert len(shop.journal.in_outbox("shop")) == 6


def test_what_was_sent_is_known_and_the_next_order_gets_a_number_of_its_own(shop):
    again = order(shop, "S_123456_20261122120002", b"B101 order 2\r\n")
    assert again.id == 12
    assert [twin.id for twin in shop.journal.twins("shop", "orders", again.name, again.sha256)] == [3, 12]


def test_files_go_on_where_they_were(shop):
    assert [(file.name, file.state) for file in shop.journal.unfinished("shop")] == [
        ("R_3", State.SPOOLED),
        ("R_4", State.ANNOUNCED),
    ]
    done = shop.journal.parsed(9, verdict(goods=[(1, 2), (2, 3)]), [("db", "k3")], NOON)
    assert done.suppressed == frozenset({1}), "booked by R_1, before the upgrade"
    older = fetched(shop, "older.bhd", b"older", channel="stock", account="cb")
    shop.journal.parsed(older.id, verdict(stamp="202611220100", kind="BHDART"), [("db", "k4")], NOON)
    assert shop.journal.get(older.id).state is State.DONE, "the list in use is newer"


def test_deliveries_go_on_where_they_were(shop):
    (waiting,) = shop.journal.waiting("db", shop.journal.host)
    assert (waiting.key, waiting.attempts, waiting.last_error) == ("k1", 1, "away")
    shop.journal.delivered(waiting.id, NOON)
    assert shop.journal.get(waiting.interchange_id).state is State.DONE
    assert shop.journal.revive(["db"], Word("ann", "sinks retry", "mended"), NOON) == 1


def test_no_login_comes_early(shop):
    with pytest.raises(TooEarlyError):
        shop.gate.acquire("shop", shop.holder, timedelta(hours=1), MINUTE, clock(0))
    assert [login.holder for login in shop.gate.logins("shop")] == ["cellar/42", "cellar/41"]
    assert shop.journal.account("cb").pause_reason == "stock-taking"


def test_problems_are_counted_on_and_closed(shop):
    again = shop.journal.open_problem("shop", "outbox", "it cannot be read", "mend it", later(60))
    assert (again.count, again.opened_at) == (2, NOON)
    assert shop.journal.close_problem("shop", "outbox", later(61))
    assert [problem.code for problem in shop.journal.problems()] == ["visit-failed"]


def test_a_second_host_that_comes_later_owns_nothing_of_it(shop, old, tmp_path):
    with open_state(tmp_path / "other", old) as other:
        other.journal.arrive(NOON)
        assert other.journal.open_orders("shop") == other.journal.unfinished("shop") == []
        assert other.journal.waiting("db", other.journal.host) == []
