"""What waits for a person's word though every rule allows it: repetitions, masses, old orders, short stock lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from syncd.model import Interchange
from syncd.wording import counted


@dataclass(frozen=True)
class Guard:
    """What an account calls normal: what is beyond it waits for a person's word."""

    most_orders: int = 50
    """Order files in the outbox at once."""
    oldest: timedelta = timedelta(days=7)
    """Age of an order file."""
    allow_empty_snapshot: bool = False
    """Whether a stock list without an article is handed on like any other."""
    least_stock: int = 50
    """Percent of the rows of the stock list in use; 0: never mind."""


FIRST = Guard(most_orders=20, oldest=timedelta(days=1))
"""What is normal for an account that was never visited: its outbox may hold what another program has sent long ago."""

GUARDED_BEFORE = timedelta(hours=1)
"""Orders that a guard held so recently count with those that lie in the outbox now: a batch may come in parts."""


def guard_order(twins: Iterable[Interchange], name: str, sha256: str) -> str | None:
    """Say why an order must not be sent without a person's word: its bytes or its name were there before."""
    for twin in twins:
        if twin.sha256 == sha256:
            return f"the same bytes came before as {twin.name} ({twin.state}, {twin.created_at:%Y-%m-%d %H:%M})"
        if twin.name == name:
            return f"the name was used before with other content ({twin.state}, {twin.created_at:%Y-%m-%d %H:%M})"
    return None


def guard_batch(count: int, age: timedelta, guard: Guard, *, first: bool) -> str | None:
    """Say why an order must not be sent without a person's word: it is one of too many, or too old.

    `count` is how many lie there at once; `age` is that of this file; `first` tells that no visit ever went well.
    """
    most, oldest = guard.most_orders, guard.oldest
    if first:
        most, oldest = min(most, FIRST.most_orders), min(oldest, FIRST.oldest)
    why = "this account was never visited yet" if first else "the setting guard"
    if count > most:
        return f"{counted(count, 'order')} came at once, more than {most} ({why})"
    if age > oldest:
        return f"the file is {_spoken(age)} old, more than {_spoken(oldest)} ({why})"
    return None


def guard_snapshot(rows: int, in_use: int | None, guard: Guard) -> str | None:
    """Say why a stock list must not be handed on without a person's word; `in_use` counts the rows of the one before.

    What is absent from a stock list is no longer delivered (CB, Berichtdefinitie BHDART): a list that is short by
    mistake switches a shop off.
    """
    if rows == 0:
        return None if guard.allow_empty_snapshot else "it has no article at all (the setting guard)"
    if in_use is not None and rows * 100 < in_use * guard.least_stock:
        return f"it has {counted(rows, 'article')}, less than {guard.least_stock} % of the {in_use} of the one in use"
    return None


def _spoken(age: timedelta) -> str:
    """Say a length of time in whole days or hours."""
    hours = age // timedelta(hours=1)
    return counted(hours // 24, "day") if hours >= 48 else counted(hours, "hour")
