"""The login gate: never two logins closer than the interval, whatever crashes, contends, or sets a clock."""

import itertools
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from syncd.errors import TooEarlyError
from syncd.state import Store, open_state
from tests.state.contender import INTERVAL
from tests.state.samples import MINUTE, NOON, TEN, clock, later

ZERO = timedelta(0)


@pytest.fixture
def gate(tmp_path):
    """SQLite, where the caller's clocks decide."""
    with open_state(tmp_path) as store:
        yield store.gate


def visit(gate, at, interval=TEN, *, outcome="done"):
    """Log in and out at one moment."""
    lease = gate.acquire("shop", "me", interval, MINUTE, at)
    gate.release(lease, at, outcome)
    return lease


def refused(gate, at, interval=TEN, holder="me"):
    """Return for how many seconds of the wall clock a login is refused."""
    with pytest.raises(TooEarlyError) as error:
        gate.acquire("shop", holder, interval, MINUTE, at)
    assert error.value.until == gate.next_login("shop", interval, at)
    return (error.value.until - at.wall).total_seconds()


def test_a_login_now_and_one_after_the_interval(gate):
    assert gate.next_login("shop", TEN, clock(0)) == NOON
    assert visit(gate, clock(0)).fence == 1
    assert refused(gate, clock(1)) == 599
    assert refused(gate, clock(599)) == 1
    assert visit(gate, clock(600)).fence == 2
    assert gate.next_login("cb", TEN, clock(600)) == later(600)


def test_the_refusal_says_when_and_why(gate):
    gate.acquire("shop", "daemon 4711", ZERO, MINUTE, clock(0))
    with pytest.raises(TooEarlyError, match="no login before 2026-11-22 12:01:00 UTC: daemon 4711 is logged in"):
        gate.acquire("shop", "me", ZERO, MINUTE, clock(0))
    with pytest.raises(TooEarlyError, match="12:11:00 UTC: the supplier's login interval"):
        gate.acquire("shop", "me", TEN, MINUTE, clock(60))


def test_the_interval_runs_from_the_end_of_the_login(gate):
    """A slow login: the supplier counts from when it saw the password, not from when we began to connect."""
    lease = gate.acquire("shop", "me", TEN, MINUTE, clock(0))
    assert gate.renew(lease, MINUTE, clock(8))
    assert gate.renew(lease, MINUTE, clock(30))
    gate.release(lease, clock(40), "done")
    assert refused(gate, clock(40)) == 568
    visit(gate, clock(608))


def test_a_login_that_failed_counts_from_its_failure(gate):
    lease = gate.acquire("shop", "me", TEN, MINUTE, clock(0))
    gate.release(lease, clock(30), "timed-out", "no answer in 30 s")
    assert refused(gate, clock(31)) == 599


def test_an_interval_of_nothing_leaves_the_lease(gate):
    lease = gate.acquire("shop", "me", ZERO, MINUTE, clock(0))
    assert refused(gate, clock(0), ZERO, "you") == 60
    assert gate.renew(lease, MINUTE, clock(59))
    assert refused(gate, clock(61), ZERO, "you") == 58
    gate.release(lease, clock(70), "done")
    assert gate.acquire("shop", "you", ZERO, MINUTE, clock(70)).fence == 2


def test_a_lost_lease_may_be_taken_over_and_its_holder_is_told(gate):
    old = gate.acquire("shop", "old", ZERO, MINUTE, clock(0))
    gate.renew(old, MINUTE, clock(1))
    new = gate.acquire("shop", "new", ZERO, MINUTE, clock(61))
    assert new.fence > old.fence
    assert not gate.renew(old, MINUTE, clock(62))
    gate.release(old, clock(62), "done")
    assert gate.renew(new, MINUTE, clock(62))
    assert [(line.holder, line.outcome) for line in gate.logins("shop")] == [("new", None), ("old", "lost")]


def test_a_lease_that_ran_out_is_kept_as_long_as_nobody_took_it(gate):
    lease = gate.acquire("shop", "me", TEN, MINUTE, clock(0))
    assert gate.renew(lease, MINUTE, clock(500))
    assert refused(gate, clock(501)) == 599


def test_a_lease_never_allows_an_earlier_login(gate):
    lease = gate.acquire("shop", "old", TEN, timedelta(seconds=5), clock(0))
    gate.renew(lease, timedelta(seconds=5), clock(1))
    assert refused(gate, clock(30), holder="new") == 571


def test_a_login_whose_end_nobody_saw_counts_from_when_it_is_missed(gate):
    gate.acquire("shop", "old", TEN, MINUTE, clock(0))
    assert refused(gate, clock(30), holder="new") == 570, "held: the old one may still be at it"
    assert refused(gate, clock(70), holder="new") == 600
    assert refused(gate, clock(100), holder="new") == 570, "once"
    assert gate.acquire("shop", "new", TEN, MINUTE, clock(670)).fence == 2


def test_a_crash_loop_never_logs_in_early(tmp_path):
    """Killed right after the gate opened, a minute later started again, for an hour and a half."""
    logins = []
    for start in range(0, 5400, 60):
        with open_state(tmp_path) as store:
            try:
                store.gate.acquire("shop", "me", TEN, MINUTE, clock(start))
            except TooEarlyError:
                continue
            logins.append(start)
    assert len(logins) >= 4
    assert min(b - a for a, b in itertools.pairwise(logins)) >= 600


# -- clocks -----------------------------------------------------------------------------------------------------


def test_looks_at_the_clocks_may_come_late(gate):
    """One process looked at the clocks, then waited for another's transaction: its older look moves nothing back."""
    visit(gate, clock(10))
    assert refused(gate, clock(5)) == 600
    assert refused(gate, clock(20)) == 590


@pytest.mark.parametrize("jump", [-172_800, -1, 1, 172_800])
def test_setting_the_clock_changes_nothing_while_the_machine_runs(gate, jump):
    visit(gate, clock(0))
    assert refused(gate, clock(100, wall=100 + jump)) == 500
    visit(gate, clock(600, wall=600 + jump))


def test_after_a_reboot_the_wall_clock_decides(gate):
    visit(gate, clock(0))
    assert refused(gate, clock(100, boot="boot-b")) == 500
    visit(gate, clock(600, boot="boot-b"))


def test_after_a_reboot_with_the_clock_set_back_it_is_one_interval_from_now(gate):
    visit(gate, clock(0))
    back = -172_800
    assert refused(gate, clock(30, boot="boot-b", wall=back)) == 600
    assert refused(gate, clock(130, boot="boot-b", wall=back + 100)) == 500
    assert refused(gate, clock(629, boot="boot-b", wall=back + 172_800)) == 1, "and it may be set right again meanwhile"
    visit(gate, clock(630, boot="boot-b", wall=back + 600))


def test_two_reboots_with_the_clock_set_back_each_time(gate):
    visit(gate, clock(0))
    assert refused(gate, clock(0, boot="boot-b", wall=-5000)) == 600
    assert refused(gate, clock(0, boot="boot-c", wall=-9000)) == 600
    visit(gate, clock(0, boot="boot-d", wall=-8400))


def test_a_lease_of_before_the_reboot_does_not_last_for_days(gate):
    gate.renew(gate.acquire("shop", "old", ZERO, MINUTE, clock(0)), MINUTE, clock(0))
    assert refused(gate, clock(0, boot="boot-b", wall=-172_800), ZERO) == 60
    gate.acquire("shop", "new", ZERO, MINUTE, clock(60, boot="boot-b", wall=-172_740))


# -- the ledger -------------------------------------------------------------------------------------------------


def test_the_ledger_tells_every_login(gate):
    first = gate.acquire("shop", "me", ZERO, MINUTE, clock(0))
    assert [(line.at, line.ended_at, line.outcome) for line in gate.logins("shop")] == [(NOON, None, None)]
    gate.release(first, clock(9), "login-refused", "530 Login incorrect", "TLSv1.3")
    visit(gate, clock(10), ZERO)
    newest, oldest = gate.logins("shop")
    assert (oldest.ended_at, oldest.outcome, oldest.detail) == (later(9), "login-refused", "530 Login incorrect")
    assert oldest.tls == "TLSv1.3"
    assert newest.at == later(10)
    assert gate.logins("shop", limit=1) == [newest]
    assert gate.logins("cb") == []


def test_the_ledger_is_written_before_anybody_connects(tmp_path):
    store = open_state(tmp_path)
    store.gate.acquire("shop", "me", TEN, MINUTE, clock(0))
    store.close()
    with open_state(tmp_path) as again:
        assert [(line.holder, line.outcome) for line in again.gate.logins("shop")] == [("me", "lost")]


# -- both databases, real clocks --------------------------------------------------------------------------------


def test_whoever_contends_nobody_is_early(store: Store, url, tmp_path):
    """Eight processes, some of which kill themselves in the middle: each is replaced, as a supervisor would do."""
    running: list[subprocess.Popen[str]] = []
    said: list[str] = []
    start = time.monotonic()
    number = 0
    while time.monotonic() - start < 3 or running:
        while len(running) < 8 and time.monotonic() - start < 3:
            number += 1
            command = [
                sys.executable,
                "-m",
                "tests.state.contender",
                str(tmp_path / "state"),
                url or "",
                "3",
                str(number),
            ]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        time.sleep(0.1)
        for process in [process for process in running if process.poll() is not None]:
            running.remove(process)
            said += process.communicate()[0].splitlines()
            assert process.returncode in (0, -9), process.returncode
    moments = sorted((int(fence), float(at), what) for fence, at, what in map(str.split, said))
    logins = [(fence, at) for fence, at, what in moments if what == "login"]
    ends = {fence: at for fence, at, what in moments if what == "end"}
    assert len(logins) >= 5
    for (fence, at), (_, following) in itertools.pairwise(logins):
        assert following - at >= INTERVAL.total_seconds(), "two logins closer than the interval"
        assert ends.get(fence, at) <= following, "two sessions at once"


def test_on_a_server_its_clock_decides_for_all(store: Store, url):
    if url is None:
        with pytest.raises(TooEarlyError):
            _twice(store)
    else:
        _twice(store)


def _twice(store: Store) -> None:
    """Log in twice, half a second apart, by clocks of our own that do not move at all."""
    visit(store.gate, clock(0), timedelta(seconds=0.4))
    time.sleep(0.5)
    visit(store.gate, clock(0), timedelta(seconds=0.4))


def test_gate_and_ledger_on_both(reopen, store):
    lease = store.gate.acquire("shop", "me", timedelta(days=1), MINUTE, clock(0))
    with pytest.raises(TooEarlyError):
        store.gate.acquire("shop", "you", ZERO, MINUTE, clock(1))
    assert store.gate.renew(lease, MINUTE, clock(1))
    store.gate.release(lease, clock(2), "done", None, "TLSv1.2")
    with pytest.raises(TooEarlyError):
        reopen().gate.acquire("shop", "you", timedelta(days=1), MINUTE, clock(3))
