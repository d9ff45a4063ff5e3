"""What a person has done by hand: the verbs beside a running daemon, and `ingest`, which takes the daemon's place.

A verb joins the state and changes one interchange; a running daemon finds the change at its next heartbeat.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from syncd.app import accounts_of, now, who, workplace
from syncd.config import AccountSettings, Settings
from syncd.errors import UsageError
from syncd.formats.names import OrderName
from syncd.hosts import HostStatus, hosts_status
from syncd.jobs import words
from syncd.jobs.base import Account
from syncd.jobs.deliver import deliver
from syncd.jobs.ingest import Ingested, archived
from syncd.jobs.ingest import ingest as ingest_file
from syncd.model import Interchange, Word
from syncd.outbox import take_name
from syncd.state import Store, join_state, read_state
from syncd.status import FileStatus, file_status
from syncd.stories import Story, stories
from syncd.suppliers.rules import Outbound


def approve(settings: Settings, number: int, why: str) -> Interchange:
    """Let go what a guard holds. Raises UsageError, RejectedError, ConflictError."""
    with _at(settings, number) as (store, account, row):
        name = _next_name(settings.accounts[row.account])
        return words.approve(store, account, row, Word(who(), "approve", why), now(), name)


def settle(settings: Settings, number: int, why: str, *, taken: bool) -> Interchange:
    """End a doubt. Raises UsageError, ConflictError."""
    word = Word(who(), "settle --taken" if taken else "settle --not-taken", why)
    with _at(settings, number) as (store, account, row):
        return words.settle(store, account, row, word, now(), taken=taken)


def resend(settings: Settings, number: int, why: str) -> Interchange:
    """Queue an order that was put away as a new one; return that. Raises UsageError, RejectedError, ConflictError."""
    with _at(settings, number) as (store, account, row):
        name = _next_name(settings.accounts[row.account])
        return words.resend(store, account, row, Word(who(), "resend", why), now(), name)


def release(settings: Settings, number: int, why: str) -> Interchange:
    """Have a fetched file judged again. Raises UsageError, RejectedError, ConflictError."""
    with _at(settings, number) as (store, account, row):
        return words.release(store, account, row, Word(who(), "quarantine release", why), now())


def discard(settings: Settings, number: int, why: str) -> Interchange:
    """Put away what is in quarantine or held by a guard. Raises UsageError, ConflictError."""
    with join_state(settings.state_dir, settings.database_url()) as store:
        row = store.journal.get(number)
        return words.discard(store, row, Word(who(), "quarantine discard", why), now())


def quarantined(settings: Settings) -> list[FileStatus]:
    """Return what lies in quarantine, oldest first."""
    with read_state(settings.state_dir, settings.database_url()) as store:
        return [file_status(row) for row in store.journal.quarantined()]


def show(settings: Settings, number: int) -> tuple[Story, Path | None]:
    """Return the story of an interchange, and where its bytes lie. Raises UsageError."""
    with read_state(settings.state_dir, settings.database_url()) as store:
        row = store.journal.get(number)
        story = next(each for each in stories(store, str(number)) if each.file.id == number)
        path = store.spool.path(row.spool) if row.spool and row.host in ("", store.journal.host) else None
        return story, path if path and path.is_file() else None


def history(settings: Settings, account: str | None, limit: int) -> list[FileStatus]:
    """Return the latest files, newest first."""
    with read_state(settings.state_dir, settings.database_url()) as store:
        return [file_status(row) for row in store.journal.recent(limit, account)]


def hosts(settings: Settings) -> list[HostStatus]:
    """Return the hosts that share the database, by name; none with SQLite."""
    with read_state(settings.state_dir, settings.database_url()) as store:
        return hosts_status(store, now())


def take(settings: Settings, name: str, why: str) -> int:
    """Make a host's files ours, once it is gone for good; return how many. Raises UsageError."""
    with join_state(settings.state_dir, settings.database_url()) as store:
        return store.journal.take(name, Word(who(), "host take", why), now())


@contextmanager
def _at(settings: Settings, number: int) -> Iterator[tuple[Store, Account, Interchange]]:
    """Join the state, and find an interchange and its account."""
    with join_state(settings.state_dir, settings.database_url()) as store:
        row = store.journal.get(number)
        yield store, accounts_of(settings, [row.account])[row.account], row


def _next_name(account: AccountSettings) -> words.NextName:
    def name(channel: Outbound, old: str) -> str:
        if account.outbox is None:
            raise UsageError(
                f"the account {account.name} has no outbox, where its names are counted",
                remedy=f'Set outbox = "/path" in [account.{account.name}].',
            )
        read = OrderName.read(old)
        customer = read.customer if read else account.customers[0]
        return take_name(account.outbox, account.supplier, channel, customer, now)

    return name


# -- an archive -------------------------------------------------------------------------------------------------


async def ingest(
    settings: Settings, name: str, paths: Sequence[Path], channel: str | None, *, for_sinks: bool
) -> tuple[list[Ingested], int]:
    """Take files of an archive in, and deliver them if they are for the sinks; return how many deliveries wait.

    Raises UsageError, StateLockedError: a daemon would take half of it for its own.
    """
    account, files = accounts_of(settings, [name])[name], archived(paths)
    known = {each.name: each for each in account.supplier.inbound}
    if channel is not None and channel not in known:
        raise UsageError(f"{name} has no channel {channel}", remedy=f"Channels: {', '.join(known)}.")
    chosen, word = known[channel] if channel else None, Word(who(), "ingest", "")
    async with workplace(settings) as place:
        found = [await ingest_file(place, account, path, chosen, word, for_sinks=for_sinks) for path in files]
        waiting = await deliver(place, {name: account}) if for_sinks else 0
        latest = [await place.do(place.store.journal.get, each.row.id) if each.row else None for each in found]
        return [replace(each, row=row) for each, row in zip(found, latest, strict=True)], waiting
