"""When may we log in: the boot clock within one boot, the wall clock after a reboot, and no trust in the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model import ClockSample
from syncd.plan.times import next_login, rebase

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)


def at(seconds: float, *, boot: str = "a", wall: float | None = None) -> ClockSample:
    return ClockSample(NOON + timedelta(seconds=seconds if wall is None else wall), boot, 1000.0 + seconds)


@pytest.mark.parametrize(
    ("last", "now", "wait"),
    [
        pytest.param(None, at(0), 0, id="never logged in"),
        pytest.param(at(0), at(0), 600, id="just now"),
        pytest.param(at(0), at(599), 1, id="one second left"),
        pytest.param(at(0), at(600), 0, id="the interval has passed"),
        pytest.param(at(0), at(60, wall=-172_800), 540, id="set back by two days: the boot clock counts"),
        pytest.param(at(0), at(60, wall=172_800), 540, id="set forward by two days: the boot clock counts"),
        pytest.param(at(0), at(60, boot="b"), 540, id="rebooted: the wall clock counts"),
        pytest.param(at(0), at(700, boot="b"), -100, id="rebooted long ago"),
        pytest.param(at(0), at(60, boot="b", wall=-172_800), 600, id="rebooted and set back: one interval from now"),
        pytest.param(at(0), at(-5), 600, id="an older look at the clocks: never more than the interval"),
        pytest.param(at(0, boot=""), at(60, boot=""), 540, id="only a wall clock"),
        pytest.param(at(0, boot=""), at(60, boot="", wall=-60), 600, id="only a wall clock, set back"),
    ],
)
def test_wait(last, now, wait):
    assert next_login(last, TEN, now) == now.wall + timedelta(seconds=wait)


def test_a_stamp_in_the_future_is_rewritten_once():
    last, now = at(0), at(60, boot="b", wall=-172_800)
    stamp = rebase(last, now)
    assert stamp == now
    assert next_login(stamp, TEN, at(660, boot="b", wall=-172_200)) == at(0, wall=-172_200).wall


def test_an_older_look_at_the_clocks_does_not_move_the_stamp():
    assert rebase(at(0), at(-5)) == at(0)
    assert rebase(at(0, boot=""), at(-5, boot="")) == at(-5, boot="")


samples = st.builds(
    ClockSample,
    wall=st.timedeltas(-timedelta(days=2000), timedelta(days=5000)).map(lambda offset: NOON + offset),
    boot_id=st.sampled_from(["a", "b", ""]),
    boot_time=st.floats(0, 1e8),
)


@given(last=samples, now=samples, interval=st.timedeltas(timedelta(0), timedelta(days=1)))
def test_never_more_than_one_interval_from_now(last, now, interval):
    assert next_login(last, interval, now) <= now.wall + interval
    assert next_login(rebase(last, now), interval, now) == next_login(last, interval, now)
    assert rebase(rebase(last, now), now) == rebase(last, now)


@given(last=samples, passed=st.floats(0, 1e6), jump=st.timedeltas(), interval=st.integers(0, 100_000))
def test_within_one_boot_the_wall_clock_is_of_no_account(last, passed, jump, interval):
    wall = NOON + jump % timedelta(days=3650)
    last = replace(last, boot_id="a")
    now = ClockSample(wall, "a", last.boot_time + passed)
    allowed = next_login(last, timedelta(seconds=interval), now) <= now.wall
    assert allowed == (timedelta(seconds=now.boot_time - last.boot_time) >= timedelta(seconds=interval))
