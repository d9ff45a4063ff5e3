"""What is missing and since when: over simulated days, both changes of the clocks included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.expect import Seen, made_at, missing_answers, missing_arrivals
from syncd.model import Direction, Interchange, Step
from syncd.schedule import next_visit
from syncd.suppliers.cb import CB, PUBLISHED

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
(STOCK,) = (channel for channel in CB.inbound if channel.arrivals)
GRACE = timedelta(minutes=45)
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)


def local(day, hour=0, minute=0, month=11):
    return datetime(2026, month, day, hour, minute, tzinfo=AMSTERDAM).astimezone(UTC)


LONG_AGO = local(1)


def missing(now, *, first=LONG_AGO, last=None, came=None):
    assert STOCK.arrivals is not None
    seen = Seen(now, first, last if last is not None else now, came)
    return [
        at.astimezone(AMSTERDAM).strftime("%d %H:%M")
        for at in missing_arrivals(STOCK.arrivals, CB.timezone, GRACE, seen)
    ]


def days_of(begin, days, *, made=(), visited=lambda at: True):
    """Live through some days, minute by minute: yield what is missing whenever that changes.

    `made` are the times at which the house makes a list; visits are CB's usual ones, where `visited` allows them.
    """
    said: list[tuple[str, list[str]]] = []
    first = last = begin - timedelta(days=1)
    waiting, came, visit = sorted(made), begin - 58 * MINUTE, next_visit(CB.visits, CB.timezone, begin)
    for minute in range(days * 1440):
        now = begin + minute * MINUTE
        if now >= visit:
            visit = next_visit(CB.visits, CB.timezone, now)
            if visited(now):
                last, there = now, [at for at in waiting if at <= now]
                came = max([came, *there])
        found = missing(now, first=first, last=last, came=came)
        if found != (said[-1][1] if said else []):
            said.append((now.astimezone(AMSTERDAM).strftime("%d %H:%M"), found))
    return said


def slots(begin, days, *, late=timedelta(0), without=()):
    """When the house makes its lists: its seven times a day, two minutes early, but for some."""
    times = [
        datetime.combine((begin.astimezone(AMSTERDAM) + timedelta(day)).date(), at, AMSTERDAM)
        for day in range(days)
        for at in PUBLISHED
    ]
    return [at.astimezone(UTC) - 2 * MINUTE + late for at in times if at.strftime("%d %H:%M") not in without]


@pytest.mark.parametrize(
    "begin", [local(10), local(22, month=10), local(26, month=3)], ids=["plain", "October", "March"]
)
def test_a_punctual_week_alarms_nobody(begin):
    assert days_of(begin, 7, made=slots(begin, 7)) == []


@pytest.mark.parametrize(("day", "month"), [(25, 10), (29, 3), (18, 11)], ids=["long day", "short day", "plain day"])
def test_a_list_that_does_not_come_is_told_once_until_the_next_one_comes(day, month):
    begin = local(day - 1, month=month)
    said = days_of(begin, 3, made=slots(begin, 3, without=(f"{day:02} 05:00",)))
    assert said == [(f"{day:02} 05:45", [f"{day:02} 05:00"]), (f"{day:02} 14:05", [])]


def test_a_house_that_falls_silent_is_told_slot_after_slot():
    begin = local(18)
    said = days_of(begin, 1, made=slots(begin, 1)[:4])
    assert [at for at, _ in said] == ["18 18:45", "18 20:45", "18 23:45"]
    assert said[-1][1] == ["18 18:00", "18 20:00", "18 23:00"]


def test_lists_that_are_late_but_seen_by_the_second_look_alarm_nobody():
    begin = local(18)
    assert days_of(begin, 2, made=slots(begin, 2, late=20 * MINUTE)) == []


def test_a_daemon_that_was_down_over_night_alarms_nobody_before_it_has_looked_nor_after_it_found_the_list():
    begin = local(18)
    down = (local(18, 21), local(19, 13))
    assert days_of(begin, 3, made=slots(begin, 3), visited=lambda at: not down[0] <= at <= down[1]) == []
    assert missing(local(19, 8), last=local(18, 20, 20), came=local(18, 19, 58)) == []
    assert missing(local(19, 8), last=local(19, 8), came=local(19, 4, 58)) == []
    assert missing(local(19, 8), last=local(19, 8), came=local(18, 22, 58)) == ["19 01:00", "19 05:00"]


def test_a_server_that_cannot_be_reached_has_a_problem_of_its_own():
    assert missing(local(19, 17), last=local(19, 13, 59), came=local(19, 4, 58)) == []


def test_a_list_is_not_missed_before_a_visit_could_have_found_it():
    """A list is made about its time: a look five minutes after it shows nothing."""
    at = datetime.combine(local(10).astimezone(AMSTERDAM), PUBLISHED[2], AMSTERDAM).astimezone(UTC)
    before = at - 60 * MINUTE
    assert missing(at + 120 * MINUTE, last=at + 5 * MINUTE, came=before) == []
    assert len(missing(at + 120 * MINUTE, last=at + 15 * MINUTE, came=before)) == 1


def test_a_new_account_expects_what_comes_after_its_first_visit():
    assert missing(local(19, 9), first=None, last=None) == []
    assert missing(local(19, 15), first=local(19, 14, 10)) == []
    assert missing(local(19, 17, 30), first=local(19, 14, 10)) == ["19 16:30"]


def test_silence_for_months_is_counted_for_a_month():
    assert len(missing(local(30), first=local(1, month=3))) == 31 * 7


def test_when_a_list_was_made_is_told_by_the_suppliers_clock():
    assert made_at("202611190458", CB.timezone) == local(19, 4, 58)
    assert made_at("202610250230", CB.timezone) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def sent(at):
    return Interchange(
        1, "umbreit", "orders", Direction.OUT, "S_900900_20261119101112", Step.SENT, 1, None, "0" * 64, "spool/1", True,
        None, None, None, 1, at, None, at, at,
    )  # fmt: skip


def test_an_answer_is_missing_when_a_visit_after_its_time_has_not_brought_it():
    order, patience = sent(local(19, 10)), timedelta(days=1)

    def due(now, last):
        return bool(missing_answers([order], patience, Seen(now, local(1), last, None)))

    assert not due(local(20, 9, 59), local(20, 9, 59))
    assert due(local(20, 10), local(20, 10))
    assert not due(local(23, 8), local(19, 18)), "not looked at since"
    assert not due(local(23, 8), None)
