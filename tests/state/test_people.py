"""Accounts, problems and questions: what people see and say."""

import pytest

from syncd.errors import UsageError
from syncd.model import State, Step
from tests.state.samples import NOON, bring, fetched, later, order, sha256, verdict


def test_an_account_between_two_visits(reopen, store):
    journal = store.journal
    journal.set_due("shop", later(300))
    assert journal.failed("shop", "timed-out", "no answer in 60 s", later(1)) == 1
    assert journal.failed("shop", "connection-lost", "reset", later(2)) == 2
    found = reopen().journal.account("shop")
    assert (found.supplier, found.next_due, found.failures) == ("umbreit", later(300), 2)
    assert (found.last_error_code, found.last_error, found.last_success) == ("connection-lost", "reset", None)


def test_success_ends_a_row_of_failures(store):
    store.journal.failed("shop", "timed-out", "x", NOON)
    store.journal.succeeded("shop", later(1))
    found = store.journal.account("shop")
    assert (found.failures, found.last_error, found.last_error_code, found.last_success) == (0, None, None, later(1))


def test_a_pause_survives_a_restart(reopen, store):
    store.journal.pause("shop", "530 Login incorrect", "syncd", NOON)
    journal = reopen().journal
    journal.register({"shop": "umbreit", "new": "cb"})
    found = journal.account("shop")
    assert (found.paused, found.paused_by, found.pause_reason) == (True, "syncd", "530 Login incorrect")
    journal.resume("shop", "ann", later(60))
    found = journal.account("shop")
    assert (found.paused, found.paused_by, found.pause_reason) == (False, "ann", None)
    assert [account.name for account in journal.accounts()] == ["cb", "new", "shop"]


def test_an_account_that_nobody_registered(store):
    for ask in (
        lambda: store.journal.account("nobody"),
        lambda: store.journal.set_due("nobody", NOON),
        lambda: store.journal.failed("nobody", "x", "x", NOON),
    ):
        with pytest.raises(UsageError, match="nobody"):
            ask()


def test_a_problem_is_opened_once_however_often_it_is_seen(reopen, store):
    opened = store.journal.open_problem("shop", "login-refused", "530", "Check the password.", NOON)
    assert (opened.count, opened.account, opened.opened_at) == (1, "shop", NOON)
    seen = store.journal.open_problem("shop", "login-refused", "530 again", "Check it.", later(60))
    assert (seen.id, seen.count, seen.message, seen.opened_at, seen.last_seen_at) == (
        opened.id, 2, "530 again", NOON, later(60),
    )  # fmt: skip
    store.journal.open_problem(None, "login-refused", "x", "y", later(61))
    store.journal.open_problem("cb", "login-refused", "x", "y", later(62))
    assert [(problem.account, problem.count) for problem in reopen().journal.problems()] == [
        ("shop", 2), (None, 1), ("cb", 1),
    ]  # fmt: skip


def test_a_problem_that_is_over_may_come_back(store):
    first = store.journal.open_problem(None, "disk-full", "full", "Make room.", NOON)
    assert store.journal.close_problem(None, "disk-full", later(1))
    assert not store.journal.close_problem(None, "disk-full", later(2))
    assert store.journal.problems() == []
    again = store.journal.open_problem(None, "disk-full", "full", "Make room.", later(3))
    assert again.id != first.id
    assert again.count == 1


def test_find_by_name_reference_number_and_bytes(store):
    item = order(store, data=b"abc", references=["4711", "0815", "4711", ""])
    answer = fetched(store)
    store.journal.parsed(answer.id, verdict("4711"), [], NOON)
    find = store.journal.find
    assert find(item.name) == [item]
    assert [found.id for found in find("4711")] == [answer.id, item.id]
    assert find("0815") == [item]
    assert find(str(item.id)) == [item]
    assert find(sha256(b"abc")[:8].upper()) == find(sha256(b"abc")) == [item]
    assert find(sha256(b"abc")[:4]) == find("nothing") == find("") == find("9" * 40) == []
    assert find("4711", account="cb") == []


def test_counts_and_the_latest(store):
    items = [order(store, f"S_1_2026112212000{n}", b"%d" % n) for n in range(3)]
    bring(store, items[0], Step.SENT)
    fetched(store, account="cb")
    assert store.journal.counts() == {"shop": {Step.QUEUED: 2, Step.SENT: 1}, "cb": {State.SPOOLED: 1}}
    assert [item.account for item in store.journal.recent(2)] == ["cb", "shop"]
