"""Notice that the state is an older copy: what it believes to be unsent may be sent, so a person decides.

See docs/decisions/restore.md. Before a command goes out that makes an order count, the witness is told; before an
account's turn, it is asked.
"""

from dataclasses import replace
from pathlib import Path

import structlog

from syncd.jobs.base import Account, Workplace
from syncd.model import Interchange
from syncd.state import Store, witness
from syncd.state.journal_problems import RESTORED

log = structlog.get_logger()

REASON = "the state was restored from an older copy; the order may have been sent since that was made"
FORGOTTEN = (
    "the state that knew this order was replaced by an older copy, and its bytes are gone; it may have been sent. "
    "Ask the supplier; if it was not taken, drop it again"
)

NOTICED = (
    "the state is an older copy: what came, went out or was said of this account after it was made is forgotten. An "
    "order that was sent since is not known, and would be sent again if it were dropped again"
)
REMEDY = (
    "See what the shop ordered since then, and settle what is in doubt; do not drop again what may have been sent. "
    "Then: syncd resume {account}"
)


async def testify(place: Workplace, account: Account, order: Interchange) -> None:
    """Have the witness remember that this order counts from now on. Raises LaterError: then send nothing."""
    if account.outbox is not None:
        await place.do(_testify, place.store, account.outbox, order)


def _testify(store: Store, outbox: Path, order: Interchange) -> None:
    said = witness.Testimony(store.gate.fence(order.account), *store.journal.last_event(order.id))
    witness.tell(witness.path_of(outbox, order.account), replace(said, orders=store.journal.unsettled(order.account)))


async def remember_login(place: Workplace, account: Account, fence: int) -> None:
    """Have the witness remember a login before it is made. Raises LaterError: then make none."""
    if account.outbox is not None and account.login_interval:
        path = witness.path_of(account.outbox, account.name)
        await place.do(_remember_login, place.store, account.name, path, fence)


def _remember_login(store: Store, account: str, path: Path, fence: int) -> None:
    said = witness.ask(path) or replace(_now(store, account), orders=store.journal.unsettled(account))
    witness.tell(path, replace(said, fence=max(said.fence, fence)))


async def remember_orders(place: Workplace, account: Account) -> None:
    """Have the witness list the orders that are not settled now. Raises LaterError."""
    if account.outbox is not None:
        await place.do(_remember, place.store, account.name, witness.path_of(account.outbox, account.name))


def _remember(store: Store, account: str, path: Path) -> None:
    said, orders = witness.ask(path), store.journal.unsettled(account)
    if orders != (said.orders if said else ()):
        witness.tell(path, replace(said or _now(store, account), orders=orders))


async def notice_restored(place: Workplace, account: Account) -> None:
    """Hold every unsent order of an account whose witness knows more than the state; count its login as just made.

    An order of which the state knows nothing at all is entered as held, without its bytes.
    """
    if account.outbox is None:
        return
    path = witness.path_of(account.outbox, account.name)
    said = await place.do(witness.ask, path)
    if said is None:
        return
    missing = await place.do(place.store.journal.missing, account.name, said.orders)
    if not missing and await place.do(_knows, place.store, account.name, said):
        return
    now = place.clock()
    held = await place.do(place.store.journal.hold_unsent, account.name, REASON, now)
    held += await place.do(place.store.journal.enter_missing, account.name, missing, FORGOTTEN, now)
    for order in held:
        event = f"order.{order.state}"
        log.warning(event, account=account.name, interchange=order.id, file=order.name, reason=order.reason)
    remedy = REMEDY.format(account=account.name)
    await place.do(place.store.journal.open_problem, account.name, RESTORED, NOTICED, remedy, now)
    await place.do(place.store.gate.overtake, account.name, said.fence, place.sample())
    await place.do(_agree, place.store, account.name, path)
    log.warning("state.restored", account=account.name, held=len(held))


def _knows(store: Store, account: str, said: witness.Testimony) -> bool:
    """Tell whether the state has come as far as the witness says, and by the same way."""
    fence, at = store.gate.fence(account), store.journal.event_at(said.event)
    if not said.event:  # it was told of a login while the journal was empty; an emptied one has a time
        return fence >= said.fence and said.at is None
    if said.at is None:
        return fence > said.fence or (fence == said.fence and at is not None)
    return fence >= said.fence and at == said.at


def _agree(store: Store, account: str, path: Path) -> None:
    """Have the witness say what the state knows now: it was noticed, and is dealt with."""
    witness.tell(path, replace(_now(store, account), orders=store.journal.unsettled(account)))


def _now(store: Store, account: str) -> witness.Testimony:
    return witness.Testimony(store.gate.fence(account), *store.journal.last_event())
