"""The composition root of the availability query: settings and state become a desk.

The state is joined, not locked, so the verbs work beside a running daemon; the gate keeps their sessions apart.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from syncd.accounts import make_ola
from syncd.app import clock_sample, now
from syncd.config import Settings
from syncd.errors import UsageError
from syncd.jobs.base import Workplace
from syncd.jobs.ola import OlaAccount, OlaDesk
from syncd.state import Store, join_state, open_state
from syncd.transport.ftp import connect as connect_ftp


def ola_account(settings: Settings, name: str | None) -> OlaAccount:
    """Return the named account with its query, or the only one that has one. Raises UsageError."""
    asking = [account.name for account in settings.accounts.values() if account.ola]
    if name is None and len(asking) != 1:
        which = f"Say which: --account {'|'.join(asking)}" if asking else "Add a table [account.NAME.ola]: docs/ola.md."
        raise UsageError("which account shall ask?" if asking else "no account has an availability query", remedy=which)
    chosen = settings.accounts.get(name or asking[0])
    if chosen is None:
        raise UsageError(f"there is no account {name}", remedy=f"Accounts: {', '.join(settings.accounts)}.")
    asking_as = make_ola(chosen)
    if asking_as is None:
        raise UsageError(
            f"the account {name} has no availability query", remedy=f"Add a table [account.{name}.ola]: docs/ola.md."
        )
    return asking_as


@asynccontextmanager
async def ola_desk(settings: Settings, account: OlaAccount) -> AsyncIterator[OlaDesk]:
    """Open the state beside whoever holds it, and a desk on it. Raises StateDamagedError, ConfigError, LaterError."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="state") as executor:
        store = await loop.run_in_executor(executor, _join, settings)
        try:
            place = Workplace(
                store=store, executor=executor, clock=now, sample=clock_sample, connect=connect_ftp,
                holder=store.holder,
            )  # fmt: skip
            async with OlaDesk(place, account) as desk:
                yield desk
        finally:
            await loop.run_in_executor(executor, store.close)


def _join(settings: Settings) -> Store:
    """Join the state; make it first where there is none yet."""
    url = settings.database_url()
    try:
        return join_state(settings.state_dir, url)
    except UsageError:
        open_state(settings.state_dir, url).close()
        return join_state(settings.state_dir, url)
