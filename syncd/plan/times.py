"""When: the next attempt at what failed, and the next login. Every look at a clock is passed in."""

from collections.abc import Callable
from datetime import datetime, timedelta

from syncd.model import ClockSample

Clock = Callable[[], datetime]
"""Always aware, always passed in."""

FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)

LONGEST_PUT_OFF = timedelta(days=1)
"""A target that asks for more time than this is asked again after this."""


def next_attempt(failures: int, now: datetime, put_off: timedelta | None = None) -> datetime:
    """Return when to try again after so many failures in a row: 30 s, doubled each time, at most an hour.

    `put_off` is how long the other side wants to be left alone: it may make the wait longer, up to a day.
    """
    doublings = min(max(failures, 1) - 1, 10)
    wait = min(FIRST_RETRY * (1 << doublings), LAST_RETRY)
    return now + max(wait, min(put_off or wait, LONGEST_PUT_OFF))


def attempt_is_due(when: datetime | None, last: datetime | None, now: datetime) -> bool:
    """Tell whether to try again now, planned for `when` at the `last` attempt; None never is.

    A plan for later that was made later than now was made while the clock was wrong: it is not believed.
    """
    return when is not None and (when <= now or last is None or last > now)


def rebase(stamp: ClockSample, sample: ClockSample) -> ClockSample:
    """Return the moment to count from: the stamp, or now when the stamp lies in the future.

    A stamp of another boot in the future means that the wall clock was set back. It is not believed: whoever counts
    from it writes the sample in its place, so that the wait is one interval from now, never more and never less.
    Within one boot a younger stamp only means that this look at the clocks is not the latest: the stamp stays.
    """
    return sample if not _share_a_boot(stamp, sample) and sample.wall < stamp.wall else stamp


def next_login(last: ClockSample | None, interval: timedelta, sample: ClockSample) -> datetime:
    """Return when the next login is allowed; a time that is not after `sample.wall` means now.

    Within one boot only the boot clock counts, so setting the wall clock changes nothing. After a reboot the wall
    clock is all there is.
    """
    if last is None:
        return sample.wall
    return sample.wall + interval - max(_passed(last, sample), timedelta(0))


def _passed(stamp: ClockSample, sample: ClockSample) -> timedelta:
    """Return the time between two looks at the clocks, by the best clock they share."""
    if _share_a_boot(stamp, sample):
        return timedelta(seconds=sample.boot_time - stamp.boot_time)
    return sample.wall - stamp.wall


def _share_a_boot(stamp: ClockSample, sample: ClockSample) -> bool:
    return stamp.boot_id == sample.boot_id != ""
