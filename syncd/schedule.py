"""APScheduler as an alarm clock, and nothing more: it rings, and whoever is woken reads in the journal what is due.

`next_due` and `paused` live in the journal. Jobs are kept in memory; every job has coalesce, one instance and no
misfire limit set, and a heartbeat rings everybody, so a stepped clock or a suspended machine costs one heartbeat.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.cron.fields import BaseField

from syncd.suppliers.rules import Daily, Every

HEARTBEAT = timedelta(seconds=30)

Schedule = Every | Daily | str
"""When to visit: at a distance, at times of day, or as a crontab line of five fields."""


def next_visit(schedule: Schedule, timezone: str, now: datetime) -> datetime:
    """Return the first time after `now` at which a visit is due, in UTC."""
    if isinstance(schedule, Every):
        return now + schedule.interval
    fire = _trigger(schedule, timezone).get_next_fire_time(None, now + timedelta(microseconds=1))
    assert isinstance(fire, datetime)
    return fire.astimezone(UTC)


@cache
def _trigger(schedule: Daily | str, timezone: str) -> BaseTrigger:
    zone = ZoneInfo(timezone)
    if isinstance(schedule, str):
        return CronTrigger.from_crontab(schedule, timezone=zone)
    day = datetime(2000, 1, 1)  # noqa: DTZ001 - a time of day, moved on by a few minutes
    times = [(datetime.combine(day, at) + after).time() for at in schedule.at for after in schedule.after]
    return OrTrigger([CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=zone) for at in times])


def refuse_cron(line: str, timezone: str) -> str | None:
    """Say why a crontab line cannot be used; None when it can.

    The hour from 02:00 comes twice in October and not at all in March, so nothing may be planned by the clock in it.
    """
    try:
        trigger = CronTrigger.from_crontab(line, timezone=ZoneInfo(timezone))
    except ValueError as error:
        return str(error)
    hours = next(field for field in trigger.fields if field.name == "hour")
    if not hours.is_default and str(hours) != "*" and 2 in _values(hours):
        return "the hour 02:00 to 02:59 comes twice in October and not at all in March, when the clocks change"
    return None


def _values(hours: BaseField) -> set[int]:
    day = datetime(2000, 1, 1)  # noqa: DTZ001 - any day without a change of the clocks
    return {hour for hour in range(24) if hours.get_next_value(day.replace(hour=hour)) == hour}


class AlarmClock:
    """Rings once at a time by the wall clock, and with every heartbeat by the loop's, which nobody can set."""

    def __init__(self, heartbeat: timedelta = HEARTBEAT) -> None:
        self._every = heartbeat.total_seconds()
        self._beat: asyncio.TimerHandle | None = None
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin to ring; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Never ring again."""
        if self._beat is not None:
            self._beat.cancel()
        self._scheduler.shutdown(wait=False)

    def at(self, name: str, when: datetime, ring: Callable[[], None]) -> None:
        """Ring once at `when`; replaces the alarm of this name."""
        self._scheduler.add_job(ring, "date", run_date=when, id=name, replace_existing=True)

    def heartbeat(self, ring: Callable[[], None]) -> None:
        """Ring at every heartbeat from now on."""
        self._beat = asyncio.get_running_loop().call_later(self._every, self._ring_again, ring)

    def _ring_again(self, ring: Callable[[], None]) -> None:
        self.heartbeat(ring)
        ring()
