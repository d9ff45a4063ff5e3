"""One account's turn: outbox, spool, visit; and what an error means for the account.

The daemon and `syncd once` run the same tour. Nothing here waits: when the next turn is due is written into the journal
or returned, and whoever drives the tours keeps the time.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

import structlog

from syncd.errors import (
    DoubtError,
    LaterError,
    LoginRefusedError,
    StopError,
    SyncdError,
    TooEarlyError,
    UsageError,
    let_go,
)
from syncd.jobs.base import Account, Workplace
from syncd.jobs.judge import recover
from syncd.jobs.lines import follow_lines
from syncd.jobs.missing import notice_missing
from syncd.jobs.outbox import collect
from syncd.jobs.restored import notice_restored, remember_orders
from syncd.jobs.visit import LEFT, Visit, Worker, visit
from syncd.model import Interchange, State, Step
from syncd.plan.outbound import plan_store

log = structlog.get_logger()

UNREAD = "listing-unread"
"""The problem of an account whose listings hide something."""

TELL_AFTER = 2
"""A single failure is weather; the second in a row is a problem."""


@dataclass(slots=True)
class Tour:
    """What came of an account's turn."""

    account: str
    taken: list[Interchange] = field(default_factory=list)
    """What left the outbox."""
    visit: Visit | None = None
    errors: list[SyncdError] = field(default_factory=list)
    failures: int = 0
    """Failed visits in a row, this one included."""
    paused: str | None = None

    async def look_again(self, place: Workplace) -> None:
        """Learn where the fetched files stand now, as after their delivery."""
        if self.visit is not None:
            self.visit.fetched = [await place.do(place.store.journal.get, row.id) for row in self.visit.fetched]

    @property
    def quarantined(self) -> int:
        """Count the files that were put into quarantine on this tour."""
        rows = [*self.taken, *(self.visit.fetched + self.visit.carried if self.visit else ())]
        return sum(row.state is State.QUARANTINED for row in rows)

    @property
    def held(self) -> int:
        """Count the orders that were held on this tour."""
        return sum(row.state is Step.HELD for row in [*self.taken, *(self.visit.carried if self.visit else ())])


async def tour(place: Workplace, account: Account, *, due: bool, orders: bool = True) -> Tour:
    """Collect, recover, and visit when it is `due`, or when an order waits and `orders` allows it.

    Raises StopError and nothing else.
    """
    result = Tour(account.name)
    await attempt(result, _look_back(place, account))
    if result.errors:
        return result
    await attempt(result, _collect(place, account, result))
    await attempt(result, recover(place, account))
    state = await place.do(place.store.journal.account, account.name)
    if state.paused:
        result.paused = state.pause_reason
    elif due or (orders and await _orders_to_carry(place, account)):
        await _visit(place, account, result)
        if result.failures:  # what a broken session left in the spool is judged now, not at the next visit
            await attempt(result, recover(place, account))
        else:
            await attempt(result, remember_orders(place, account))
    await attempt(result, notice_missing(place, account))
    await attempt(result, follow_lines(place, account))
    return result


async def _orders_to_carry(place: Workplace, account: Account) -> bool:
    """Tell whether a visit now could move an order; one that waits for evidence is no reason to log in."""
    waiting = await place.do(place.store.journal.open_orders, account.name)
    return any(plan_store(account.outbound_channel(order.channel), order, place.clock()) for order in waiting)


async def _look_back(place: Workplace, account: Account) -> None:
    try:
        await notice_restored(place, account)
    except LaterError as error:
        await _open(place, account.name, "outbox", error)
        raise


async def _collect(place: Workplace, account: Account, result: Tour) -> None:
    try:
        result.taken, errors = await collect(place, account)
    except UsageError as error:
        errors = [error]
    result.errors.extend(errors)
    if errors:
        await _open(place, account.name, "outbox", errors[0])
    else:
        await place.do(place.store.journal.close_problem, account.name, "outbox", place.clock())


async def attempt(result: Tour, step: Awaitable[None]) -> None:
    """Make a step of a turn; what goes wrong in it is noted, and the turn goes on. Raises StopError."""
    try:
        await step
    except StopError:
        raise
    except SyncdError as error:
        result.errors.append(error)


async def _visit(place: Workplace, account: Account, result: Tour) -> None:
    await attend(place, result, visit(place, account, Worker(place, account)))
    if result.visit is not None:
        for code in LEFT.keys() - {left.problem for left in result.visit.left}:
            await place.do(place.store.journal.close_problem, account.name, code, place.clock())
        await _tell_unread(place, account, result.visit.unread)


async def _tell_unread(place: Workplace, account: Account, unread: Mapping[str, int]) -> None:
    """Tell that there may be files which nobody fetches: their lines in a listing say nothing that can be used."""
    journal, now = place.store.journal, place.clock()
    where = ", ".join(directory for directory, lines in unread.items() if lines)
    if not where:
        await place.do(journal.close_problem, account.name, UNREAD, now)
        return
    what = f"the listing of {where} has lines that cannot be read, or that name what no file may be called"
    remedy = f"Ask {account.supplier.title} what lies there. All other files are fetched."
    if (await place.do(journal.open_problem, account.name, UNREAD, what, remedy, now)).count == 1:
        log.warning("listing.unread", account=account.name, reason=what)


async def attend(place: Workplace, result: Tour, visiting: Awaitable[Visit]) -> None:
    """Make a visit, and remember how it went: in `result`, and in the journal under its account's name."""
    journal, name = place.store.journal, result.account
    try:
        result.visit = await visiting
    except TooEarlyError as error:
        result.errors.append(error)
        let_go(error)
    except StopError:
        raise
    except SyncdError as error:
        result.errors.append(error)
        let_go(error)
        result.failures = await place.do(journal.failed, name, error.code, str(error), place.clock())
        await _react(place, error, result)
    else:
        await place.do(journal.succeeded, name, place.clock())
        for code in ("visit-failed", "login-refused"):
            await place.do(journal.close_problem, name, code, place.clock())


async def _react(place: Workplace, error: SyncdError, result: Tour) -> None:
    name = result.account
    log.warning("visit.failed", account=name, code=error.code, error=str(error), failures=result.failures)
    if isinstance(error, LoginRefusedError):
        reason = f"{error} The account is paused, so that it is not locked out."
        await place.do(place.store.journal.pause, name, reason, "syncd", place.clock())
        remedy = f"Correct user and password, then: syncd resume {name}"
        await _open(place, name, "login-refused", error, remedy)
        result.paused = reason
    elif result.failures >= TELL_AFTER and not isinstance(error, DoubtError) and not _told(result, error):
        await _open(place, name, "visit-failed", error)


def _told(result: Tour, error: SyncdError) -> bool:
    """Tell whether this turn met the same before its visit: an outbox that nobody can write is one problem, not two."""
    return [str(each) for each in result.errors].count(str(error)) > 1


async def _open(place: Workplace, name: str, code: str, error: SyncdError, remedy: str = "") -> None:
    words = (str(error), remedy or error.remedy)
    await place.do(place.store.journal.open_problem, name, code, *words, place.clock())
