"""An account is ours for one session: the lease, and the proof of it before every command.

A process may stand still at any line, for hours: a suspended machine, a debugger, an overloaded host. When it goes on,
another host may have the account. So nothing is sent on the strength of a lease that might be over: while the last sign
of life is young nobody else can have taken the account, by the boot clock, which counts suspended time; when it is
older, the gate is asked first. docs/guarantee.md says what remains between the asking and the sending. A process that
runs gives a sign of life all through its session, however long a transfer or an answer takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from syncd.errors import SyncdError, TimedOutError, TooEarlyError
from syncd.jobs.base import Account, Workplace
from syncd.model import ClockSample, Lease

log = structlog.get_logger()

YOUNG = 3
"""A sign of life is young for this part of the lease: the rest is for clocks that run unevenly."""


class Tenure:
    """One session's right to its account; `since` was sampled before the lease was asked for."""

    def __init__(self, place: Workplace, account: Account, lease: Lease, since: ClockSample) -> None:
        self._place, self._account, self._lease = place, account, lease
        self._begun = self._seen = since.boot_time
        self.overtaken: TooEarlyError | None = None
        """Why the session was cut, if somebody else has the account."""

    @asynccontextmanager
    async def kept(self, cut: Callable[[], None]) -> AsyncIterator[None]:
        """Give signs of life as long as the block runs; `cut` the session when somebody else has the account."""
        keeper = asyncio.ensure_future(self._keep(cut))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self, cut: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(self._account.lease.total_seconds() / YOUNG)
            try:
                await self.renew()
            except TooEarlyError as error:
                self.overtaken = error
                return cut()
            except SyncdError:
                continue  # whoever has the next command asks again, and hears it

    async def permit(self) -> None:
        """Return while the account is ours for certain; in doubt, ask. Raises TooEarlyError."""
        if self._place.sample().boot_time - self._seen > self._account.lease.total_seconds() / YOUNG:
            await self.renew()

    async def begin(self) -> None:
        """Give a sign of life before another order or file. Raises TimedOutError when the visit has taken too long."""
        await self.renew()
        if self._seen - self._begun > self._account.longest_visit:
            raise TimedOutError(
                f"{self._account.name}: the visit has taken longer than longest_visit "
                f"({self._account.longest_visit:g} s)",
                remedy="The next visit goes on. If the supplier's server is always so slow, allow more.",
            )

    async def renew(self) -> None:
        """Give a sign of life. Raises TooEarlyError when somebody else has the account; that is no failed visit."""
        gate, account, now = self._place.store.gate, self._account, self._place.sample()
        if not await self._place.do(gate.renew, self._lease, account.lease, now):
            log.warning("visit.overtaken", account=account.name)
            interval = timedelta(seconds=account.login_interval)
            raise TooEarlyError(
                f"{account.name}: another syncd took the account over, since this one gave no sign of life",
                until=await self._place.do(gate.next_login, account.name, interval, now),
                remedy="Nothing to do: this session was ended, and what it had begun goes on at the next visit.",
            )
        self._seen = now.boot_time
