"""When a visit is due, through both changes of the clocks."""

import asyncio
import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.schedule import AlarmClock, next_visit, refuse_cron
from syncd.suppliers.cb import CB
from syncd.suppliers.rules import Daily, Every

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def test_every_is_counted_from_now():
    now = datetime(2026, 11, 21, 12, 0, 7, tzinfo=UTC)
    assert next_visit(Every(timedelta(minutes=5)), "Europe/Berlin", now) == datetime(2026, 11, 21, 12, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "next_day"),
    [((2026, 11, 21), (2026, 11, 22)), ((2026, 10, 25), (2026, 10, 26)), ((2026, 3, 29), (2026, 3, 30))],
    ids=["a plain day", "the long day in October", "the short day in March"],
)
def test_cb_is_visited_twice_for_each_of_its_seven_times(day, next_day):
    begin, end = (datetime(y, m, d, tzinfo=AMSTERDAM).astimezone(UTC) for y, m, d in (day, next_day))
    at, times = begin - timedelta(microseconds=1), []
    while (at := next_visit(CB.visits, CB.timezone, at)) < end:
        times.append(at)
    assert len(times) == 14
    local = [moment.astimezone(AMSTERDAM).time() for moment in times]
    assert local[:4] == [time(1, 5), time(1, 20), time(5, 5), time(5, 20)]
    assert time(16, 35) in local
    assert min(b - a for a, b in itertools.pairwise(times)) >= CB.login_interval


def test_a_time_shortly_before_midnight_moves_over_it():
    daily = Daily((time(23, 55),), (timedelta(minutes=10),))
    now = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
    assert next_visit(daily, "UTC", now) == datetime(2026, 11, 22, 0, 5, tzinfo=UTC)


def test_a_crontab_line():
    now = datetime(2026, 11, 21, 12, 1, tzinfo=UTC)
    assert next_visit("*/15 * * * *", "Europe/Berlin", now) == datetime(2026, 11, 21, 12, 15, tzinfo=UTC)


@pytest.mark.parametrize("line", ["*/5 * * * *", "0 6-22 * * mon-fri", "30 1,3 * * *"])
def test_crontab_lines_that_can_be_used(line):
    assert refuse_cron(line, "Europe/Berlin") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [("0 2 * * *", "twice in October"), ("0 0-6 * * *", "twice"), ("61 * * * *", ""), ("* * *", ""), ("nonsense", "")],
)
def test_crontab_lines_that_cannot(line, why):
    assert why in (refuse_cron(line, "Europe/Berlin") or "no reason")


async def test_the_clock_rings_once_at_its_time_and_again_when_set_again():
    clock, rings = AlarmClock(), []
    clock.start()
    try:
        soon = datetime.now(UTC) + timedelta(milliseconds=50)
        clock.at("a", datetime.now(UTC) + timedelta(hours=1), lambda: rings.append("late"))
        clock.at("a", soon, lambda: rings.append("soon"))
        clock.at("b", datetime.now(UTC) - timedelta(hours=1), lambda: rings.append("missed"))
        async with asyncio.timeout(10):
            while len(rings) < 2:
                await asyncio.sleep(0.01)
    finally:
        clock.stop()
    assert sorted(rings) == ["missed", "soon"]
