"""Notice that the state is an older copy: what it believes to be unsent may be sent, so a person decides.

See docs/decisions/restore.md. Before a command goes out that makes an order count, the witness is told; before an
account's turn, it is asked.
"""

from pathlib import Path

import structlog

from syncd.jobs.base import Account, Workplace
from syncd.model import Interchange
from syncd.state import Store, witness

log = structlog.get_logger()

REASON = "the state was restored from an older copy; the order may have been sent since that was made"


async def testify(place: Workplace, account: Account, order: Interchange) -> None:
    """Have the witness remember that this order counts from now on. Raises LaterError: then send nothing."""
    if account.outbox is not None:
        await place.do(_testify, place.store, account.outbox, order)


def _testify(store: Store, outbox: Path, order: Interchange) -> None:
    said = witness.Testimony(store.gate.fence(order.account), *store.journal.last_event(order.id))
    witness.tell(witness.path_of(outbox, order.account), said)


async def notice_restored(place: Workplace, account: Account) -> None:
    """Hold every unsent order of an account whose witness knows more than the state; count its login as just made."""
    if account.outbox is None:
        return
    path = witness.path_of(account.outbox, account.name)
    said = await place.do(witness.ask, path)
    if said is None or await place.do(_knows, place.store, account.name, said):
        return
    held = await place.do(place.store.journal.hold_unsent, account.name, REASON, place.clock())
    for order in held:
        event = f"order.{order.state}"
        log.warning(event, account=account.name, interchange=order.id, file=order.name, reason=REASON)
    await place.do(place.store.gate.overtake, account.name, said.fence, place.sample())
    await place.do(_agree, place.store, account.name, path)
    log.warning("state.restored", account=account.name, held=len(held))


def _knows(store: Store, account: str, said: witness.Testimony) -> bool:
    """Tell whether the state has come as far as the witness says, and by the same way."""
    fence, at = store.gate.fence(account), store.journal.event_at(said.event)
    if said.at is None:
        return fence > said.fence or (fence == said.fence and at is not None)
    return fence >= said.fence and at == said.at


def _agree(store: Store, account: str, path: Path) -> None:
    """Have the witness say what the state knows now: it was noticed, and is dealt with."""
    witness.tell(path, witness.Testimony(store.gate.fence(account), *store.journal.last_event()))
