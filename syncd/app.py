"""The composition root: settings become accounts, sinks, a store and jobs. Only here do all rooms meet.

Everything that the jobs must not know by themselves is made here: the clock, the clock sample for the login gate, the
executor of the store, the real transport. Each verb of the command line that acts calls one function of this file.
"""

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from syncd import status as questions
from syncd.accounts import OLA_IN_CLEAR, make_account, make_watch, tls_exceptions
from syncd.config import Settings
from syncd.errors import RejectedError, SyncdError, UsageError
from syncd.jobs.base import OLA_CHANNEL, Account, Workplace, together
from syncd.jobs.deliver import deliver
from syncd.jobs.keep import tidy
from syncd.jobs.missing import Expecting
from syncd.jobs.outbox import read_order, refuse_order, rehearse_outbox
from syncd.jobs.tour import Tour, tour
from syncd.jobs.visit import Rehearsal, Visit, visit
from syncd.jobs.watch import Watch, look
from syncd.model import ClockSample
from syncd.orders import LineStatus
from syncd.orders import order_lines as lines_of
from syncd.outbox import place_file, place_order
from syncd.plan.times import Clock
from syncd.sinks import make_sink
from syncd.sinks.base import Sink
from syncd.state import join_state, open_state, read_state
from syncd.state.journal_problems import RESTORED
from syncd.status import Asked, Status
from syncd.stories import Story, stories
from syncd.transport.ftp import connect

_log = structlog.get_logger()


# -- means ------------------------------------------------------------------------------------------------------


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def clock_sample() -> ClockSample:
    """Return wall clock, boot id and seconds since that boot, suspended time included."""
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ClockSample(now(), boot_id, time.clock_gettime(time.CLOCK_BOOTTIME))


def accounts_of(settings: Settings, names: Sequence[str] = ()) -> dict[str, Account]:
    """Return the enabled accounts, or the named ones. Raises UsageError for a name that does not exist."""
    for name in names:
        if name not in settings.accounts:
            raise UsageError(f"there is no account {name}", remedy=f"Accounts: {', '.join(settings.accounts)}.")
    chosen = [a for a in settings.accounts.values() if (a.name in names if names else a.enabled)]
    return {account.name: make_account(account) for account in chosen}


def watches_of(settings: Settings, accounts: Mapping[str, Account]) -> dict[str, Watch]:
    """Return the watch lists of these accounts, each by the name of its own."""
    found = (make_watch(settings.accounts[name], account) for name, account in accounts.items())
    return {watch.name: watch for watch in found if watch is not None}


@asynccontextmanager
async def workplace(
    settings: Settings, clock: Clock = now, sample: Callable[[], ClockSample] = clock_sample
) -> AsyncIterator[Workplace]:
    """Open the state and the sinks; close them at the end. Raises StateLockedError, StateDamagedError, ConfigError."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="state") as executor:
        store = await loop.run_in_executor(executor, open_state, settings.state_dir, settings.database_url())
        sinks: dict[str, Sink] = {}
        try:
            for sink in settings.sinks.values():
                sinks[sink.name] = make_sink(sink.type, sink.settings)
            kinds = {asked.name: asked.supplier.name for asked in _asked(settings)}
            await loop.run_in_executor(executor, store.journal.register, kinds)
            await loop.run_in_executor(executor, store.journal.arrive, now())
            yield Workplace(
                store=store, executor=executor, clock=clock, sample=sample, connect=connect,
                holder=store.holder, sinks=sinks, reserve=settings.reserve, retention=settings.retention,
                terms={sink.name: sink.terms for sink in settings.sinks.values()},
            )  # fmt: skip
        finally:
            for open_sink in sinks.values():
                await open_sink.close()
            await loop.run_in_executor(executor, store.close)


# -- once and rehearsal -----------------------------------------------------------------------------------------


async def once(settings: Settings, names: Sequence[str]) -> tuple[list[Tour], int]:
    """Take one turn with each account and its watch list, then deliver.

    Return the tours and how many deliveries still wait.
    """
    accounts = accounts_of(settings, names)
    watches = watches_of(settings, accounts)
    async with workplace(settings) as place:
        visits = [tour(place, account, due=True) for account in accounts.values()]
        looks = [look(place, watch, due=True) for watch in watches.values()]
        tours = await together([*visits, *looks])
        waiting = await deliver(place, accounts)
        await tidy(place)
        for each in tours:
            await each.look_again(place)
        return tours, waiting


@dataclass(slots=True)
class RehearsalReport:
    """What a real turn would do now, and what the rehearsal itself did."""

    account: str
    outbox: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    visit: Visit | None = None
    """None when it did not connect, or did not come to its end."""
    login_used: bool = False
    """One that was refused or cut counts too."""
    error: SyncdError | None = None


async def rehearse(settings: Settings, names: Sequence[str], *, offline: bool) -> list[RehearsalReport]:
    """Plan a turn with each account and do nothing of it; unless offline, log in and list, which counts as a login."""
    accounts = accounts_of(settings, names)
    async with workplace(settings) as place:
        return [await _rehearse(place, account, offline=offline) for account in accounts.values()]


async def _rehearse(place: Workplace, account: Account, *, offline: bool) -> RehearsalReport:
    report = RehearsalReport(account.name)
    crew = Rehearsal(place, account, report.plan)
    before = await place.do(place.store.gate.logins, account.name, 1)
    try:
        report.outbox = await rehearse_outbox(place, account)
        if offline:
            for order in await place.do(place.store.journal.open_orders, account.name):
                crew.plan_order(order)
        else:
            report.visit = await visit(place, account, crew)
    except SyncdError as error:
        report.error = error
    report.login_used = await place.do(place.store.gate.logins, account.name, 1) != before
    return report


# -- orders -----------------------------------------------------------------------------------------------------


def send(settings: Settings, name: str, file: Path) -> Path:
    """Check a file as an order of this account and put it into its outbox; return where it waits.

    Raises UsageError, RejectedError.
    """
    account = accounts_of(settings, [name])[name]
    data = read_order(file)
    channel, target = account.outbound[0], file.name
    if account.outbox is None:
        raise UsageError(f"the account {name} has no outbox", remedy=f'Set outbox = "/path" in [account.{name}].')
    named = channel.takes(target) or not channel.name_template
    customer = next(iter(settings.accounts[name].customers), "")
    judged = target if named else channel.name_template.format(customer=customer, stamp=f"{now():%Y%m%d%H%M%S}")
    refusal = refuse_order(account, judged, data)
    if refusal is not None:
        raise RejectedError(f"{file} is not sent: {refusal}", remedy="Correct it; nothing was put into the outbox.")
    if named:
        return place_file(data, account.outbox, target)
    return place_order(data, account.outbox, account.supplier, channel, customer, now)


# -- questions --------------------------------------------------------------------------------------------------


def status(settings: Settings) -> Status:
    """Ask the journal how things are; no lock, no connection. Raises UsageError when there is no state yet."""
    with read_state(settings.state_dir, settings.database_url()) as state:
        return questions.status(state, _asked(settings), clock_sample(), sink_kinds(settings))


def sink_kinds(settings: Settings) -> dict[str, str]:
    """Return the types of the configured sinks, by name."""
    return {name: sink.type for name, sink in settings.sinks.items()}


def _asked(settings: Settings) -> Iterator[Asked]:
    """Yield every account, and behind it its watch list, which the journal keeps as an account of its own."""
    for a in settings.accounts.values():
        expecting = Expecting(a.supplier, a.inbound, a.late_after, a.unanswered_after)
        yield Asked(a.name, a.supplier, a.enabled, a.login_interval, a.outbox, tls_exceptions(a), expecting)
        if a.ola and a.ola.watch:
            yield Asked(f"{a.name}/{OLA_CHANNEL}", a.supplier, a.enabled, timedelta(0), None, (OLA_IN_CLEAR,), None)


def explain(settings: Settings, text: str) -> list[Story]:
    """Ask the journal for the story of a file. Raises UsageError when there is no state yet."""
    with read_state(settings.state_dir, settings.database_url()) as state:
        return stories(state, text)


def order_lines(settings: Settings, which: Sequence[str], account: str | None) -> list[LineStatus]:
    """Ask the journal for order lines. Raises UsageError when there is no state yet."""
    with read_state(settings.state_dir, settings.database_url()) as state:
        return lines_of(state, which, account)


# -- a person's word --------------------------------------------------------------------------------------------


def pause(settings: Settings, name: str, reason: str) -> None:
    """Make no visits for this account or watch list until it is resumed.

    Raises UsageError for a name that does not exist, or when there is no state yet.
    """
    _refuse_unknown(settings, name)
    with join_state(settings.state_dir, settings.database_url()) as state:
        state.journal.pause(name, reason, who(), now())


def resume(settings: Settings, name: str) -> None:
    """Visit an account or ask a watch list again, now; close the problems of a refused login and of an older copy."""
    _refuse_unknown(settings, name)
    with join_state(settings.state_dir, settings.database_url()) as state:
        state.journal.resume(name, who(), now())
        state.journal.set_due(name, now())
        for code in ("login-refused", RESTORED):
            state.journal.close_problem(name, code, now())


def _refuse_unknown(settings: Settings, name: str) -> None:
    known = [asked.name for asked in _asked(settings)]
    if name not in known:
        raise UsageError(f"there is no account “{name}”", remedy=f"Known: {', '.join(known) or 'none'}.")


def who() -> str:
    """Return who gives his word here: the user, and behind sudo the person."""
    user, person = getpass.getuser(), os.environ.get("SUDO_USER")
    return f"{person} as {user}" if person and person != user else user
