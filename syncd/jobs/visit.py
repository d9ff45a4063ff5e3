"""One login, everything in it: settle what is in doubt, upload what is queued, list, fetch. Then QUIT.

The gate is asked first and has written the login down before a connection is opened; nothing else may open one. Any
error ends the visit and the session; what was learnt stays in the journal, and the error says what to do next.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from syncd.errors import ConflictError, SyncdError
from syncd.jobs.base import Account, Workplace
from syncd.jobs.fetch import Fetcher
from syncd.jobs.judge import judge
from syncd.jobs.restored import remember_login
from syncd.jobs.tenure import Tenure
from syncd.jobs.upload import Carrier
from syncd.model import Interchange, State, Step
from syncd.plan.inbound import FileAction, Leave, Remove, if_it_fits, plan_fetch
from syncd.plan.outbound import in_turn, plan_store
from syncd.suppliers.rules import Inbound
from syncd.transport.base import MAX_FILE, Session

log = structlog.get_logger()


LEFT = {
    "disk-full": "Make room in the state directory; the file waits at the supplier until then.",
    "file-too-large": "No supplier sends such files: ask this one what it is. The others are fetched.",
    "file-refused": "Ask the supplier why it is listed and not given out. It is asked for at each visit.",
}
"""What to do about a file that was left at the supplier, by its problem."""


class Crew(Protocol):
    """Who acts on what was planned: the real one, or a rehearsal that writes it down."""

    def commands(self, account: Account) -> frozenset[str]:
        """Return the FTP commands this crew may send."""
        ...

    async def carry(self, session: Session, order: Interchange) -> Interchange:
        """Make an order's moves; return where it stands."""
        ...

    async def run(self, session: Session, action: FileAction) -> Interchange | Leave | None:
        """Fetch or remove one file; return what was fetched, or is left."""
        ...


@dataclass(slots=True)
class Worker:
    """The real crew for one account."""

    place: Workplace
    account: Account

    def commands(self, account: Account) -> frozenset[str]:
        """Return what this supplier allows."""
        return account.commands()

    async def carry(self, session: Session, order: Interchange) -> Interchange:
        """Make every move there is for an order."""
        return await Carrier(self.place, self.account, session).carry(order)

    async def run(self, session: Session, action: FileAction) -> Interchange | Leave | None:
        """Fetch one file and judge it, remove one that was accepted, or say why one is left."""
        fetcher = Fetcher(self.place, self.account, session)
        if isinstance(action, Remove):
            await fetcher.remove(action)
            return None
        came = action if isinstance(action, Leave) else await fetcher.fetch(action)
        if isinstance(came, Leave):
            await self._tell(came)
        elif came is not None and came.state is State.SPOOLED:
            return await judge(self.place, self.account, came)
        return came

    async def _tell(self, left: Leave) -> None:
        log.warning("file.left", account=self.account.name, file=left.file.name, code=left.problem, reason=left.why)
        await self.place.do(
            self.place.store.journal.open_problem, self.account.name, left.problem,
            f"{left.file.name} was not fetched: {left.why}", LEFT[left.problem], self.place.clock(),
        )  # fmt: skip


@dataclass(slots=True)
class Rehearsal:
    """The crew of `--dry-run`: the same plan, written down; its session cannot write or consume."""

    place: Workplace
    account: Account
    lines: list[str] = field(default_factory=list)

    def commands(self, account: Account) -> frozenset[str]:
        """Return what neither writes nor consumes."""
        return account.rehearsal_commands()

    async def carry(self, session: Session, order: Interchange) -> Interchange:
        """Write down an order's next move."""
        self.plan_order(order)
        return order

    def plan_order(self, order: Interchange) -> None:
        """Write down an order's next move; this needs no session."""
        move = plan_store(self.account.outbound_channel(order.channel), order, self.place.clock())
        self.lines.append(f"{order.name}: {move or 'wait'}")

    async def run(self, session: Session, action: FileAction) -> Interchange | Leave | None:
        """Write down what would be fetched or removed."""
        self.lines.append(str(action))
        return action if isinstance(action, Leave) else None


@dataclass(slots=True)
class Visit:
    """What came of one login."""

    commands: list[str] = field(default_factory=list)
    tls_version: str | None = None
    carried: list[Interchange] = field(default_factory=list)
    """The orders there was something to do for, as it left them."""
    listed: int = 0
    fetched: list[Interchange] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    """By directory, the lines of its listing that are unreadable or name what no file may be called."""
    left: list[Leave] = field(default_factory=list)
    """Files that stay at the supplier, though they are for us."""


async def visit(place: Workplace, account: Account, crew: Crew) -> Visit:
    """Log in once and do everything there is to do. Raises TooEarlyError, and any SyncdError."""
    result = Visit()
    async with _session(place, account, crew, result) as (session, tenure):
        for order in in_turn(await place.do(place.store.journal.open_orders, account.name)):
            await tenure.begin()
            result.carried.append(await _carried(place, crew, session, order))
        for channel in account.inbound:
            await _channel(place, account, crew, session, channel, result, tenure)
    return result


async def _carried(place: Workplace, crew: Crew, session: Session, order: Interchange) -> Interchange:
    """Carry an order; leave alone one that another host has put in doubt since the visit began."""
    try:
        return await crew.carry(session, order)
    except ConflictError:
        moved = await place.do(place.store.journal.get, order.id)
        if moved.state is not Step.HELD:
            raise
        return moved


@asynccontextmanager
async def _session(
    place: Workplace, account: Account, crew: Crew, result: Visit
) -> AsyncIterator[tuple[Session, Tenure]]:
    gate, interval = place.store.gate, timedelta(seconds=account.login_interval)
    endpoint = account.endpoint(crew.commands(account))
    since = place.sample()
    lease = await place.do(gate.acquire, account.name, place.holder, interval, account.lease, since)
    tenure = Tenure(place, account, lease, since)
    outcome, detail, session = "cut", None, None
    try:
        await remember_login(place, account, lease.fence)
        session = await place.connect(endpoint, tenure.permit)
        result.tls_version = session.tls_version
        log.info("login", account=account.name, tls=session.tls_version)
        await tenure.renew()  # the login interval runs from here: the server has answered
        async with tenure.kept(session.abort):
            yield session, tenure
        await session.quit()
        outcome = "done"
    except SyncdError as error:
        outcome, detail = error.code, str(error)
        if tenure.overtaken is not None:
            raise tenure.overtaken from error
        raise
    finally:
        if session is not None:
            result.commands = list(session.commands)
            session.abort()
        await place.do(gate.release, lease, place.sample(), outcome, detail, result.tls_version)


async def _channel(
    place: Workplace, account: Account, crew: Crew, session: Session, channel: Inbound, result: Visit, tenure: Tenure
) -> None:
    await session.enter(channel.directory)
    listing = [file for file in await session.listing() if _belongs(account, channel, file.name)]
    result.unread[channel.directory] = session.skipped
    result.listed += len(listing)
    known = await place.do(place.store.journal.known, account.name, channel.name, listing)
    for planned in plan_fetch(channel, listing, known):
        await tenure.begin()
        spare = await place.do(place.store.spool.free) - place.reserve
        came = await crew.run(session, if_it_fits(planned, spare, MAX_FILE))
        if isinstance(came, Leave):
            result.left.append(came)
        elif came is not None:
            result.fetched.append(came)


def _belongs(account: Account, channel: Inbound, name: str) -> bool:
    owner = account.supplier.channel_of(channel.directory, name)
    return owner is not None and owner.name == channel.name
