"""What a person decides: approve, settle, send again, release, put away. Beside a running daemon, and with its rules.

Each function looks first, says in words why it will not, and then makes one change that fails if the interchange has
moved meanwhile. `approve` and `discard` are for what was certainly never sent or handed on; a doubt is ended by
`settle` alone, and by nobody but a person or the supplier's answer.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from syncd.errors import RejectedError, SpoolLostError, UsageError
from syncd.jobs.base import Account
from syncd.jobs.judge import examine, first_error
from syncd.jobs.outbox import refuse_order
from syncd.model import Direction, Hold, Interchange, State, Step, Word
from syncd.plan.guards import guard_order
from syncd.state import Store, is_partial
from syncd.suppliers.rules import Outbound

NextName = Callable[[Outbound, str], str]
"""Gives an order the next free name of its channel, for the customer of its old name."""


def approve(
    store: Store, account: Account, row: Interchange, word: Word, at: datetime, next_name: NextName
) -> Interchange:
    """Let go what a guard holds: an order is queued, a stock list is handed on. Raises UsageError, RejectedError."""
    if row.hold is not Hold.GUARD:
        raise _not(row, "held by a guard")
    if row.direction is Direction.IN:
        return store.journal.hand_over(row, account.deliveries(row), at, word)
    _refuse_a_doubtful_twin(store, row)
    name, data = row.name, _bytes(store, row)
    if _name_is_taken(store, row):
        name = _fresh_name(account, row, next_name)
    _lint(account, row, name, data, "it stays held")
    return store.journal.decide(row, Step.QUEUED, word, at, hold=None, reason=None, name=name)


def settle(store: Store, account: Account, row: Interchange, word: Word, at: datetime, *, taken: bool) -> Interchange:
    """End a doubt by what the supplier said: CONFIRMED, or put away, and never sent by itself. Raises UsageError."""
    if row.state is not Step.UNCONFIRMED and row.hold is not Hold.DOUBT:
        raise _not(row, "in doubt")
    if taken:
        return store.journal.decide(row, Step.CONFIRMED, word, at, hold=None, reason=f"settled as taken: {word.why}")
    is_file = any(channel.name == row.channel for channel in account.outbound)
    away = State.QUARANTINED if is_file else State.ABANDONED  # a reservation cannot be sent again: it had its answer
    tried = max(row.attempt, 1)  # a state that was restored may have forgotten that it tried
    reason = f"settled as not taken: {word.why}" + ("" if row.spool else "; its bytes are gone: drop it again")
    return store.journal.decide(row, away, word, at, hold=None, reason=reason, attempt=tried)


def resend(
    store: Store, account: Account, row: Interchange, word: Word, at: datetime, next_name: NextName
) -> Interchange:
    """Queue an order that was put away as a new one, under a new name where the supplier's names carry a time.

    Raises UsageError, RejectedError.
    """
    if (row.direction, row.state) != (Direction.OUT, State.QUARANTINED):
        raise _not(row, "an order in quarantine")
    data = _bytes(store, row)
    twin = sent_as(store, row)
    if twin is not None:
        raise UsageError(
            f"no. {row.id} is not sent again: {twin}",
            remedy=f'If that one is meant: syncd quarantine discard {row.id} --reason "sent as another"',
        )
    name = _fresh_name(account, row, next_name)
    _lint(account, row, name, data, "it stays in quarantine")

    def keep(number: int) -> str:
        return store.spool.write(Direction.OUT, number, data)

    return store.journal.send_again(row, name, word, at, spool=keep)


def release(store: Store, account: Account, row: Interchange, word: Word, at: datetime) -> Interchange:
    """Have a fetched file judged again; by the person's word it is whole.

    Raises UsageError, RejectedError, SpoolLostError.
    """
    if (row.direction, row.state) != (Direction.IN, State.QUARANTINED):
        raise _not(row, "a fetched file in quarantine")
    if row.spool is None or row.sha256 is None or is_partial(row.spool):
        raise UsageError(
            f"no. {row.id} did not come whole: nothing of it can be used",
            remedy=f"Get a whole copy from the supplier, then: syncd ingest FILE --account {row.account} --deliver",
        )
    _refuse_elsewhere(store, row)
    store.spool.verify(row.spool, row.sha256)
    reason = first_error(row.name, examine(store.spool, account, row))
    if reason is not None:
        raise RejectedError(
            f"no. {row.id} stays in quarantine: {reason}",
            remedy="Ask the supplier for a good file. Nothing was changed.",
        )
    return store.journal.decide(row, State.SPOOLED, word, at, proven=True, reason=None)


def discard(store: Store, row: Interchange, word: Word, at: datetime) -> Interchange:
    """Put away what is in quarantine or held by a guard; row and bytes stay. Raises UsageError."""
    if row.state is not State.QUARANTINED and row.hold is not Hold.GUARD:
        raise _not(row, "in quarantine, nor held by a guard")
    return store.journal.decide(row, State.DISCARDED, word, at, hold=None)


# -- looking ----------------------------------------------------------------------------------------------------


def is_gone(store: Store, row: Interchange) -> bool:
    """Tell whether the bytes of an order are lost; those of another host are its own matter."""
    if row.host not in ("", store.journal.host):
        return False
    try:
        _bytes(store, row)
    except SpoolLostError:
        return True
    return False


def sent_as(store: Store, row: Interchange) -> str | None:
    """Say as what else the bytes of an order came, if they did."""
    return guard_order(_twins(store, row), "", row.sha256 or "")


def doubtful_twin(store: Store, row: Interchange) -> Interchange | None:
    """Return the order with the same bytes that may have been taken, if there is one."""
    twins = (twin for twin in _twins(store, row) if twin.sha256 == row.sha256)
    return next((twin for twin in twins if twin.hold is Hold.DOUBT or _may_be_out(twin)), None)


def _may_be_out(row: Interchange) -> bool:
    """Tell whether the next visit must find out if an order was taken; a stop may have come since the command went."""
    stored = row.state is Step.STORING and row.temp_name is None  # a temporary name never counts
    return stored or row.state in (Step.PUBLISHING, Step.UNCONFIRMED)


def _not(row: Interchange, what: str) -> UsageError:
    state = f"{row.state} ({row.hold})" if row.hold else str(row.state)
    return UsageError(f"no. {row.id}, {row.name}, is not {what}: it is {state}", remedy=way(row))


def way(row: Interchange) -> str:
    """Say which verb is the right one for where an interchange stands."""
    if row.hold is Hold.DOUBT or row.state is Step.UNCONFIRMED:
        return f"Ask the supplier, then: syncd settle {row.id} --taken|--not-taken --reason WHY"
    if row.state in (Step.STORING, Step.PUBLISHING):
        return f"It is on its way; the next visit tells: syncd explain {row.id}"
    if row.hold is Hold.GUARD:
        return f"syncd approve {row.id}, or: syncd quarantine discard {row.id} --reason WHY"
    if row.state is State.QUARANTINED:
        verb = "quarantine release" if row.direction is Direction.IN else "resend"
        return f"syncd {verb} {row.id} --reason WHY, or: syncd quarantine discard {row.id} --reason WHY"
    return f"Nothing was changed: syncd explain {row.id}"


def _bytes(store: Store, row: Interchange) -> bytes:
    if row.spool is None:
        raise SpoolLostError(
            f"nothing of no. {row.id}, {row.name}, is left but its name", remedy="Drop the order again."
        )
    _refuse_elsewhere(store, row)
    data = store.spool.read(row.spool)
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise SpoolLostError(f"its bytes in {row.spool} are not those that came", remedy="Drop the order again.")
    return data


def _refuse_elsewhere(store: Store, row: Interchange) -> None:
    """Refuse what needs bytes that another host has; a row of before hosts had names is nobody else's."""
    if row.host not in ("", store.journal.host):
        raise UsageError(
            f"no. {row.id}, {row.name}, lies on the host {row.host}; this is {store.journal.host}",
            remedy=f"Say it there. If that host is gone for good: syncd host take {row.host} --reason WHY",
        )


def _twins(store: Store, row: Interchange) -> list[Interchange]:
    twins = store.journal.twins(row.account, row.channel, row.name, row.sha256 or "")
    return [twin for twin in twins if twin.id != row.id]


def _refuse_a_doubtful_twin(store: Store, row: Interchange) -> None:
    """Refuse to send what may have been taken just before; whoever settles that knows whether this one is meant."""
    twin = doubtful_twin(store, row)
    if twin is not None:
        raise UsageError(
            f"no. {row.id} stays held: the same bytes may have been taken as no. {twin.id}, {twin.name}",
            remedy=way(twin),
        )


def _name_is_taken(store: Store, row: Interchange) -> bool:
    return any(twin.name == row.name for twin in _twins(store, row))


def _fresh_name(account: Account, row: Interchange, next_name: NextName) -> str:
    """Return a new name where the supplier's names carry a time, else the old one."""
    channel = account.outbound_channel(row.channel)
    return next_name(channel, row.name) if channel.name_template else row.name


def _lint(account: Account, row: Interchange, name: str, data: bytes, stays: str) -> None:
    refusal = refuse_order(account, name, data)
    if refusal is not None:
        raise RejectedError(
            f"no. {row.id} is not sent, {stays}: {refusal}", remedy="Correct the order and drop it again."
        )
