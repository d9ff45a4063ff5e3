"""When an account is visited, as the configuration writes it. `syncd.schedule` knows what comes of it."""

import re
from datetime import date, datetime, time
from typing import Annotated

from pydantic import ConfigDict, PlainValidator, WithJsonSchema, model_validator

from syncd.config.table import Table
from syncd.config.units import Duration, show_duration
from syncd.suppliers.rules import Daily, Every

Schedule = Every | Daily | str
"""As `syncd.schedule` takes it: a text is a cron line. In the supplier's time zone."""

TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DOUBLE_HOUR = "02:00 to 02:59 comes twice in October and not at all in March, when the clocks change"


def parse_time(value: object) -> time:
    """Read a time of day, `16:30`; raise ValueError for what is not one, and for the hour that comes twice."""
    if isinstance(value, str) and re.match(TIME_OF_DAY, value):
        value = time.fromisoformat(value)
    if not isinstance(value, time):
        raise ValueError('should be a time of day such as "16:30"')
    if value.hour == 2:
        raise ValueError(f"must not be in the hour 2: {DOUBLE_HOUR}")
    return value


def parse_cron(line: object) -> str:
    """Read a cron line; raise ValueError for what is not one, and for the hour that comes twice."""
    from syncd.schedule import refuse_cron  # only a configuration with a cron line pays for the scheduler

    parts = line.split() if isinstance(line, str) else []
    if len(parts) != 5:
        raise ValueError('should have five fields: minute, hour, day, month, day of week: "*/5 6-22 * * mon-sat"')
    if re.search("[0-9]", parts[4].partition("/")[0]):
        raise ValueError("the day of week must be in words, mon to sun: 0 is Sunday to some programs, Monday to others")
    reason = refuse_cron(" ".join(parts), "UTC")
    if reason:
        raise ValueError(f"is refused: {reason}")
    return " ".join(parts)


TimeOfDay = Annotated[time, PlainValidator(parse_time), WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY})]
CronLine = Annotated[str, PlainValidator(parse_cron), WithJsonSchema({"type": "string"})]


class ScheduleTable(Table):
    """When an account is visited: exactly one of the keys, in the supplier's time zone."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    every: Duration | None = None
    """A distance: `"5m"`."""
    at: tuple[TimeOfDay, ...] | None = None
    """Times of day: `["01:05", "16:35"]`."""
    cron: CronLine | None = None
    """Five fields: minute, hour, day, month, day of week (`mon` to `sun`)."""

    @model_validator(mode="after")
    def _one_key(self) -> "ScheduleTable":
        if sum(map(bool, (self.every, self.at, self.cron))) != 1:
            raise ValueError('give exactly one of every = "5m", at = ["16:35"], cron = "*/5 6-22 * * *"')
        return self

    def schedule(self) -> Schedule:
        """Return what the one key says."""
        if self.every:
            return Every(self.every)
        return Daily(self.at) if self.at else str(self.cron)


def schedule_table(schedule: Schedule) -> dict[str, str | list[str]]:
    """Return a schedule as the configuration writes it."""
    match schedule:
        case Every():
            return {"every": show_duration(schedule.interval)}
        case Daily():
            day = date(2000, 1, 1)
            moments = (datetime.combine(day, at) + after for at in schedule.at for after in schedule.after)
            return {"at": [f"{moment:%H:%M}" for moment in moments]}
        case _:
            return {"cron": schedule}
