"""The login gate: the only way to a login, for every process that knows this state, and the ledger of all logins.

Rule 1: a login is written down, committed, before anybody connects. A refused or timed-out login counts.
Rule 2: two logins of an account are never closer than its interval, whatever crashes and whoever sets a clock. The
        interval runs from the moment the server had answered the login: the first `renew` says so, or `release` when
        the login failed. A login whose end nobody saw counts from the moment its loss is noticed.
Rule 3: the lease keeps everybody else away while a session lasts. It never allows an earlier login, and the fence
        tells an old holder from the new one.
Rule 4: with SQLite the caller's clocks decide, by `plan.next_login`. On PostgreSQL the database's own clock does, for
        all holders alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from syncd.errors import ConflictError, TooEarlyError
from syncd.model import ClockSample, Lease, Login
from syncd.plan.times import next_login, rebase
from syncd.state.engine import Database
from syncd.state.tables import MICROSECOND, gate, login

_ROW = select(gate).where(gate.c.account == bindparam("name"))
_LOCKED = _ROW.with_for_update()
_SAME = (gate.c.account == bindparam("name"), gate.c.fence == bindparam("found"))
_WRITE = update(gate).where(*_SAME).returning(gate.c.fence)
_HELD = select(gate.c.account, gate.c.holder).where(gate.c.holder.is_not(None))
_FREE = update(gate).where(gate.c.account == bindparam("name")).values(holder=None)
_FENCE = select(gate.c.fence).where(gate.c.account == bindparam("name"))
_ENTER = insert(login)
_LINE = update(login).where(login.c.account == bindparam("name"), login.c.fence == bindparam("number"))
_UNCLOSED = update(login).where(login.c.account == bindparam("name"), login.c.outcome.is_(None))
_DONE = select(login.c.at).where(login.c.account == bindparam("name"), login.c.outcome == "done")
_FIRST = _DONE.order_by(login.c.fence).limit(1)


class Gate:
    """One row for each account, taken by one atomic update; `interval` and `lease` are the caller's settings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, account: str, holder: str, interval: timedelta, lease: timedelta, sample: ClockSample) -> Lease:
        """Take the account for one login and write the login down. Raises TooEarlyError.

        `lease` is how long a holder that was never heard of again keeps others away: longer than the longest login.
        """
        with self._database.writing() as connection:
            found, now = self._look(connection, account, sample)
            door = found.noticed(now)
            until = door.opens(interval, now)
            if until <= now.wall:
                taken = door.taken(holder, lease, now)
                _write(connection, found, taken)
                _enter(connection, taken, now)
                return Lease(account, holder, taken.fence, now.wall + lease)
            if door != found:
                _write(connection, found, door)
        raise _refusal(door, until, now)

    def renew(self, lease: Lease, ttl: timedelta, sample: ClockSample) -> bool:
        """Keep the account for another `ttl`; False when somebody else took it: then cut the connection at once.

        Call it as soon as the server has answered the login, and then before each command.
        """
        with self._database.writing() as connection:
            door, now = self._look(connection, lease.account, sample)
            if not door.held_by(lease):
                return False
            _write(connection, door, replace(door.settle(now), lease=now, ttl=ttl))
            return True

    def release(
        self, lease: Lease, sample: ClockSample, outcome: str, detail: str | None = None, tls: str | None = None
    ) -> None:
        """End the lease and close its line in the ledger. An old lease does nothing."""
        with self._database.writing() as connection:
            door, now = self._look(connection, lease.account, sample)
            if not door.held_by(lease):
                return
            _write(connection, door, replace(door.settle(now), holder=None))
            result = {"ended_at": now.wall, "outcome": outcome, "detail": detail, "tls": tls}
            connection.execute(_LINE, {"name": lease.account, "number": lease.fence, **result})

    def next_login(self, account: str, interval: timedelta, sample: ClockSample) -> datetime:
        """Return when the gate would open; a time that is not in the future means now."""
        with self._database.reading() as connection:
            row = connection.execute(_ROW, {"name": account}).one_or_none()
            now = self._now(connection, sample)
        return now.wall if row is None else _door(row).noticed(now).opens(interval, now)

    def fence(self, account: str) -> int:
        """Return the number of the account's latest login; it only ever grows."""
        with self._database.reading() as connection:
            return connection.scalar(_FENCE, {"name": account}) or 0

    def overtake(self, account: str, fence: int, sample: ClockSample) -> None:
        """Go past a login that was forgotten, and count it as made just now: nobody knows when it was."""
        with self._database.writing() as connection:
            door, now = self._look(connection, account, sample)
            past = max(door.fence, fence) + 1
            _write(connection, door, replace(door, fence=past, holder=None, login=now, settled=True))

    def logins(self, account: str, limit: int = 20) -> list[Login]:
        """Return the latest lines of the ledger, newest first."""
        columns = [login.c[name] for name in ("account", "holder", "at", "ended_at", "outcome", "detail", "tls")]
        query = select(*columns).where(login.c.account == account).order_by(login.c.fence.desc()).limit(limit)
        with self._database.reading() as connection:
            return [Login(*row) for row in connection.execute(query)]

    def first_visit(self, account: str) -> datetime | None:
        """Return when the first session began that came to its end; None when there was none."""
        with self._database.reading() as connection:
            first: datetime | None = connection.scalar(_FIRST, {"name": account})
        return first

    def forget_leases(self, host: str = "", lives: Callable[[str], bool] | None = None) -> None:
        """End this host's leases: whoever locked the state directory knows that all their holders are dead.

        Holders are `HOST/PROCESS`. A gate beside an account's, `NAME/…`, may be held without that lock: there `lives`
        tells of a holder. With SQLite every lease is this host's.
        """
        with self._database.writing() as connection:
            held = connection.execute(_HELD)
            mine = [(n, h) for n, h in held if self._database.embedded or h.rpartition("/")[0] == host]
            for name, holder in mine:
                if not (lives and "/" in name and lives(holder)):
                    connection.execute(_FREE, {"name": name})
                    connection.execute(_UNCLOSED, {"name": name, "outcome": LOST})

    def _look(self, connection: Connection, account: str, sample: ClockSample) -> "tuple[_Door, ClockSample]":
        """Lock the account's row, then read the clock: the time must not be older than the lock."""
        row = connection.execute(_LOCKED, {"name": account}).one_or_none()
        if row is None:
            connection.execute(self._database.insert(gate).values(account=account).on_conflict_do_nothing())
            row = connection.execute(_LOCKED, {"name": account}).one()
        return _door(row), self._now(connection, sample)

    def _now(self, connection: Connection, sample: ClockSample) -> ClockSample:
        if self._database.embedded:
            return sample
        wall = connection.scalar(select(func.clock_timestamp()))
        assert isinstance(wall, datetime)
        return ClockSample(wall, "", 0.0)


LOST = "lost"
"""The outcome of a login whose holder was never heard of again."""


@dataclass(frozen=True, slots=True)
class _Door:
    """A row of the gate as values, and what may be concluded from it."""

    account: str
    fence: int
    holder: str | None
    login: ClockSample | None
    settled: bool
    """Whether the end of the last login was seen."""
    lease: ClockSample | None
    ttl: timedelta

    def held(self, now: ClockSample) -> bool:
        return self.holder is not None and next_login(self.lease, self.ttl, now) > now.wall

    def held_by(self, lease: Lease) -> bool:
        return self.holder is not None and self.fence == lease.fence

    def noticed(self, now: ClockSample) -> "_Door":
        """Return the row after everything that can be seen only now: lost holders, clocks that were set back."""
        if self.held(now):
            return replace(self, lease=self.lease and rebase(self.lease, now))
        if not self.settled:
            return self.settle(now)
        return replace(self, login=self.login and rebase(self.login, now))

    def settle(self, now: ClockSample) -> "_Door":
        return self if self.settled else replace(self, login=self.login and now, settled=True)

    def opens(self, interval: timedelta, now: ClockSample) -> datetime:
        """Return when a login is allowed, by interval and lease."""
        lease = next_login(self.lease, self.ttl, now) if self.held(now) else now.wall
        return max(now.wall, next_login(self.login, interval, now), lease)

    def taken(self, holder: str, ttl: timedelta, now: ClockSample) -> "_Door":
        return replace(self, fence=self.fence + 1, holder=holder, login=now, settled=False, lease=now, ttl=ttl)


def _door(row: Row[Any]) -> _Door:
    return _Door(
        row.account,
        row.fence,
        row.holder,
        _stamp(row.login_at, row.login_boot_id, row.login_boot_time),
        row.settled,
        _stamp(row.lease_at, row.lease_boot_id, row.lease_boot_time),
        row.lease_microseconds * MICROSECOND,
    )


def _stamp(wall: datetime | None, boot_id: str, boot_time: float) -> ClockSample | None:
    return None if wall is None else ClockSample(wall, boot_id, boot_time)


def _columns(prefix: str, stamp: ClockSample | None) -> dict[str, Any]:
    names = (f"{prefix}_at", f"{prefix}_boot_id", f"{prefix}_boot_time")
    return dict(zip(names, (stamp.wall, stamp.boot_id, stamp.boot_time) if stamp else (None, None, None), strict=True))


def _write(connection: Connection, found: _Door, door: _Door) -> None:
    """Write a row in one update that finds it only as it was read."""
    values = {"fence": door.fence, "holder": door.holder, "settled": door.settled}
    values |= _columns("login", door.login) | _columns("lease", door.lease)
    values["lease_microseconds"] = door.ttl // MICROSECOND
    if connection.execute(_WRITE, {"name": found.account, "found": found.fence, **values}).first() is None:
        message = f"{found.account}: the login gate changed between reading and writing"
        raise ConflictError(message, expected=str(found.fence), found="another fence")


def _enter(connection: Connection, door: _Door, now: ClockSample) -> None:
    """Write a line of the ledger; an older line that nobody closed was lost."""
    connection.execute(_UNCLOSED, {"name": door.account, "outcome": LOST})
    connection.execute(_ENTER, {"account": door.account, "fence": door.fence, "holder": door.holder, "at": now.wall})


def _refusal(door: _Door, until: datetime, now: ClockSample) -> TooEarlyError:
    why = f"{door.holder} is logged in" if door.held(now) else "the supplier's login interval has not passed"
    message = f"{door.account}: no login before {until:%Y-%m-%d %H:%M:%S} UTC: {why}"
    return TooEarlyError(message, until=until, remedy="Nothing to do: the next visit comes by itself.")
