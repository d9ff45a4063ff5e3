"""CB's seven times of day, through APScheduler itself and both changes of the clocks: each is visited, none twice."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.schedule import AlarmClock, next_visit
from syncd.suppliers.cb import CB
from syncd.suppliers.rules import Daily
from tests.sim import loop, scenes
from tests.sim.clock import VirtualClock, scheduler_time
from tests.sim.faults import Fair
from tests.sim.loop import VirtualLoop
from tests.sim.verdict import violations
from tests.sim.world import World

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SOON, AGAIN = timedelta(minutes=5), timedelta(minutes=20)


def slots(first: date, days: int) -> list[datetime]:
    """Return every time at which CB puts files out, computed here by the calendar alone."""
    visits = CB.visits
    assert isinstance(visits, Daily)
    each_day = [first + timedelta(days=number) for number in range(days)]
    return [datetime.combine(day, at, AMSTERDAM).astimezone(UTC) for day in each_day for at in visits.at]


def served(times: list[datetime], wanted: list[datetime], within: timedelta) -> int:
    """Count the slots that were visited, soon and once more, and in between not at all."""
    visits = iter(times)
    return sum(all(timedelta(0) <= next(visits) - slot - wait < within for wait in (SOON, AGAIN)) for slot in wanted)


async def _ring_for_years(clock: VirtualClock, days: int, rung: list[datetime]) -> None:
    alarm, wake, end = AlarmClock(), asyncio.Event(), clock.wall() + timedelta(days=days)
    alarm.start()
    while (due := next_visit(CB.visits, CB.timezone, clock.wall())) < end:
        alarm.at("cb", due, wake.set)
        await wake.wait()
        wake.clear()
        rung.append(clock.wall())
    alarm.stop()


@pytest.mark.timeout(600)
def test_the_alarm_rings_at_every_slot_of_two_years(figures):
    first, days, rung = date(2026, 1, 1), 730, list[datetime]()
    clock = VirtualClock(datetime.combine(first, datetime.min.time(), AMSTERDAM).astimezone(UTC))

    def main(_: VirtualLoop):
        return _ring_for_years(clock, days, rung)

    with scheduler_time(clock):
        loop.run(clock, main)
    wanted = slots(first, days)
    kept = served(rung, wanted, timedelta(seconds=1))
    figures(f"CB's slots: {kept:,} of {len(wanted):,} over two years, through four changes of the clocks")
    assert kept == len(wanted) == 5110
    assert len(rung) == 2 * len(wanted)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)], ids=["spring", "autumn"])
def test_the_daemon_logs_in_at_every_slot_around_a_change_of_the_clocks(day, figures):
    first, days = day - timedelta(days=1), 3
    begin = datetime.combine(first, datetime.min.time(), AMSTERDAM).astimezone(UTC)

    async def wait(_: World) -> None:
        await asyncio.sleep(days * 86400 + 3600)  # the long day has 25 hours

    world = World((scenes.CB,), wait, violations, Fair(), start=begin)
    world.run()
    logins = [login.at for login in world.houses["cb"].logins if login.at > begin + timedelta(hours=1)]
    wanted = slots(first, days)
    assert served(logins, wanted, timedelta(seconds=2)) == len(wanted)
    figures(f"CB's slots, whole daemon: {len(wanted)} of {len(wanted)} around {day}")
    assert not world.broken
