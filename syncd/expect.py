"""What should have come by now and has not, as a pure decision: stock lists at their times, answers to orders.

Nobody is alarmed by what could not be seen. A time counts only if the account was visited with success before it and
again after it, so a new account, a daemon that was down over night and a server that cannot be reached expect nothing;
the last of these has a problem of its own. Times of day are the supplier's, through both changes of the clocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.model import Interchange
from syncd.suppliers.rules import Arrivals

FAR_ENOUGH = timedelta(days=31)
"""What is missing for longer is not counted any more; it is missing all the same."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an account has seen: None is never."""

    now: datetime
    first_visit: datetime | None
    """With success, as is the last."""
    last_visit: datetime | None
    last_arrival: datetime | None
    """When the latest file was made that has come, as far as it says so, else when it came."""


def missing_arrivals(arrivals: Arrivals, timezone: str, grace: timedelta, seen: Seen) -> list[datetime]:
    """Return the times, oldest first and in UTC, of files that should have come and are later than `grace`.

    A file that comes makes up for all before it: each is the whole state. `arrivals.about` is how far from its time
    one may be made and still be the one.
    """
    if seen.first_visit is None or seen.last_visit is None:
        return []
    about = arrivals.about
    came = seen.last_arrival or seen.first_visit
    begin = max(seen.first_visit, came + about, seen.now - FAR_ENOUGH)
    end = min(seen.now - grace, seen.last_visit - about)
    return [at for at in _times(arrivals, ZoneInfo(timezone), begin, end) if begin < at <= end]


def _times(arrivals: Arrivals, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    first, last = (moment.astimezone(zone).date() for moment in (begin, end))
    days = (date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))
    return sorted(datetime.combine(day, at, zone).astimezone(UTC) for day in days for at in arrivals.at)


def made_at(stamp: str, timezone: str) -> datetime:
    """Return when a list says it was made, `YYYYMMDDHHMM` by the supplier's clock; of a doubled hour the later one."""
    made = datetime.strptime(stamp, "%Y%m%d%H%M").replace(tzinfo=ZoneInfo(timezone), fold=1)
    return made.astimezone(UTC)


def missing_answers(orders: Sequence[Interchange], patience: timedelta, seen: Seen) -> list[Interchange]:
    """Return the orders that were sent, that nothing has answered, and whose answer is due."""
    if seen.last_visit is None:
        return []
    due = min(seen.now, seen.last_visit) - patience
    return [order for order in orders if order.updated_at <= due]
