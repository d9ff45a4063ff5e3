"""Notice what should have come and has not, before the shop does: one problem for each account and kind of thing.

It is opened once, takes other words when more is missing, and is closed by what comes. A paused account expects
nothing. `status` asks the same question without writing anything, for shops where no daemon runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.expect import Seen, made_at, missing_answers, missing_arrivals
from syncd.jobs.base import Account, Workplace
from syncd.model import AccountState, Interchange, Step
from syncd.state import Store
from syncd.suppliers.rules import Inbound, Supplier

ARRIVAL, ANSWER = "list-missing", "answer-missing"
"""Codes of the problems."""


@dataclass(frozen=True, slots=True)
class Expecting:
    """What an account expects."""

    supplier: Supplier
    channels: tuple[Inbound, ...]
    """That are fetched."""
    late_after: timedelta | None
    """How late a list may be; None: as the supplier's entry says."""
    unanswered_after: timedelta


@dataclass(frozen=True, slots=True)
class Missing:
    """Something to tell a person."""

    code: str
    message: str
    remedy: str


async def notice_missing(place: Workplace, account: Account) -> None:
    """Open and close the problems of an account."""
    expecting = Expecting(account.supplier, account.inbound, account.late_after, account.unanswered_after)
    await place.do(_notice, place.store, expecting, account.name, place.clock())


def _notice(store: Store, expecting: Expecting, account: str, now: datetime) -> None:
    journal = store.journal
    missing = {each.code: each for each in whats_missing(store, expecting, journal.account(account), now)}
    said = {each.code: each.message for each in journal.problems() if each.account == account}
    for code in (ARRIVAL, ANSWER):
        if code in missing and said.get(code) != missing[code].message:
            journal.open_problem(account, code, missing[code].message, missing[code].remedy, now)
        elif code in said and code not in missing:
            journal.close_problem(account, code, now)


def whats_missing(store: Store, expecting: Expecting, state: AccountState, now: datetime) -> Iterator[Missing]:
    """Say what should have come and has not."""
    if state.paused or state.last_success is None:
        return
    first = store.gate.first_visit(state.name)
    for channel in expecting.channels:
        yield from _arrivals(store, expecting, channel, state, first, now)
    seen = Seen(now, first, state.last_success, None)
    if due := missing_answers(_sent(store, expecting, state.name), expecting.unanswered_after, seen):
        yield _answers(expecting, due)


def _sent(store: Store, expecting: Expecting, account: str) -> list[Interchange]:
    """Return the orders that were sent and are sure to be answered; one in doubt is a problem of its own."""
    answered = [channel.name for channel in expecting.supplier.outbound if channel.confirmed_by]
    waiting = store.journal.awaiting_answer() if answered else []
    return [row for row in waiting if (row.account, row.state) == (account, Step.SENT) and row.channel in answered]


def _arrivals(
    store: Store, expecting: Expecting, channel: Inbound, state: AccountState, first: datetime | None, now: datetime
) -> Iterator[Missing]:
    if channel.arrivals is None:
        return
    zone = expecting.supplier.timezone
    stamp, came = store.journal.latest(state.name, channel.name)
    moments = [moment for moment in (came, made_at(stamp, zone) if stamp else None) if moment is not None]
    seen = Seen(now, first, state.last_success, max(moments, default=None))
    grace = channel.arrivals.grace if expecting.late_after is None else expecting.late_after
    if late := missing_arrivals(channel.arrivals, zone, grace, seen):
        yield _late(expecting, late, seen)


def _late(expecting: Expecting, late: list[datetime], seen: Seen) -> Missing:
    def said(moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(expecting.supplier.timezone)):%Y-%m-%d %H:%M}"

    many = f"the lists from {said(late[0])} to {said(late[-1])} have not come ({len(late)} of them)"
    what = many if late[1:] else f"the list of {said(late[0])} has not come"
    before = f"the last one is of {said(seen.last_arrival)}" if seen.last_arrival else "none ever came"
    return Missing(
        ARRIVAL,
        f"{what}; {before} ({expecting.supplier.timezone})",
        f"Ask {expecting.supplier.title}. What comes is fetched at the next visit, and ends this.",
    )


def _answers(expecting: Expecting, due: list[Interchange]) -> Missing:
    first, rest = due[0], len(due) - 1
    others = f", nor to {rest} more" if rest else ""
    return Missing(
        ANSWER,
        f"no answer to {first.name}, sent {first.updated_at:%Y-%m-%d %H:%M} UTC{others}",
        f"Ask {expecting.supplier.title} whether it has the order; it is never sent again by itself. "
        "An answer that comes ends this.",
    )
