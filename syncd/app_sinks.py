"""What a person has done about sinks and what waits for them; a running daemon acts on it at its next heartbeat."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from syncd.app import accounts_of, now, sink_kinds, who
from syncd.config import Settings
from syncd.deliveries import SinkStatus, sinks_status
from syncd.errors import SinkError, UsageError
from syncd.jobs.base import LINES_CHANNEL
from syncd.model import Interchange, Word
from syncd.plan.handing import delivery_key
from syncd.sinks import make_sink
from syncd.sinks.base import Checking
from syncd.state import Store, join_state, read_state
from syncd.status import FileStatus, file_status

CHECK_LIMIT = 30.0
"""Seconds for a sink's check of its target."""

BUNCH = 100
"""Files of one transaction: a running daemon must not wait long."""


def sinks(settings: Settings) -> list[SinkStatus]:
    """Tell of each sink. Raises UsageError when there is no state yet."""
    with read_state(settings.state_dir, settings.database_url()) as store:
        return sinks_status(store, sink_kinds(settings))


def retry(settings: Settings, name: str | None, *, dead: bool) -> int:
    """Have what waits tried now, with `dead` the dead letters too; return how many deliveries. Raises UsageError."""
    names = [_known(settings, name)] if name else list(settings.sinks)
    with join_state(settings.state_dir, settings.database_url()) as store:
        hurried = store.journal.hurry(names, now())
        word = Word(who(), "sinks retry --dead", "")
        return hurried + (store.journal.revive(names, word, now()) if dead else 0)


def drop(settings: Settings, name: str, why: str, *, dead: bool) -> int:
    """Give up the dead letters of a sink, or all that waits for one that is not configured; return how many.

    Raises UsageError.
    """
    if name in settings.sinks and not dead:
        raise UsageError(
            f"the sink {name} is in the configuration: what waits for it is not given up",
            remedy=f"Its dead letters alone: syncd sinks drop {name} --dead --reason WHY",
        )
    with join_state(settings.state_dir, settings.database_url()) as store:
        dropped = store.journal.drop(name, Word(who(), "sinks drop", why), now(), dead=dead)
        for account in store.journal.accounts():
            store.journal.close_problem(account.name, f"sink-{name}", now())
        return dropped


async def test(settings: Settings, name: str) -> str | None:
    """Have a sink look at its target, as it is configured now; None when it has no way to. Raises SinkError."""
    chosen = settings.sinks[_known(settings, name)]
    sink = make_sink(chosen.type, chosen.settings)
    try:
        if not isinstance(sink, Checking):
            return None
        async with asyncio.timeout(CHECK_LIMIT):
            return await sink.check()
    except TimeoutError as error:
        raise SinkError(f"sink {name}: no answer within {CHECK_LIMIT:g} s", remedy="Is its target up?") from error
    finally:
        await sink.close()


def _known(settings: Settings, name: str) -> str:
    if name not in settings.sinks:
        raise UsageError(f"there is no sink {name}", remedy=f"Sinks: {', '.join(settings.sinks) or 'none'}.")
    return name


# -- replay -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replay:
    """What is handed again, and what cannot be."""

    files: list[FileStatus]
    gone: list[FileStatus]
    """Their bytes are kept no more."""


def replay(
    settings: Settings, sink: str, span: tuple[datetime, datetime], account: str | None, why: str | None
) -> Replay:
    """Hand the accepted files of a span of time to a sink again; without a reason only say which. Raises UsageError."""
    accounts = _customers(settings, _known(settings, sink), account)
    with (join_state if why else read_state)(settings.state_dir, settings.database_url()) as store:
        asks = settings.sinks[sink].terms.events
        found = [r for r in store.journal.replayable(accounts, *span) if asks or r.channel != LINES_CHANNEL]
        here = [row for row in found if row.spool is not None]
        if why:
            handed = _hand_again(store, sink, here, Word(who(), "replay", why))
            here = [row for row in here if row.id in handed]
        gone = [row for row in found if row.spool is None]
        return Replay([file_status(row) for row in here], [file_status(row) for row in gone])


def _customers(settings: Settings, sink: str, account: str | None) -> list[str]:
    """Return the accounts whose files go to a sink, or the named one if it is one of them."""
    chosen = accounts_of(settings, [account] if account else [])
    fitting = [each.name for each in chosen.values() if sink in each.sinks]
    if not fitting:
        whose = f"the account {account}" if account else "any account"
        raise UsageError(f"the sink {sink} gets nothing of {whose}", remedy="Name it in the account's `sinks`.")
    return fitting


def _hand_again(store: Store, sink: str, files: Sequence[Interchange], word: Word) -> Collection[int]:
    pairs = ((row.id, delivery_key(row.account, row.name, row.sha256 or "")) for row in files)
    handed: set[int] = set()
    while bunch := list(islice(pairs, BUNCH)):
        handed.update(store.journal.replay(sink, bunch, word, now()))
    return handed
