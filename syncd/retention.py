"""Whose bytes the spool need not keep: a pure decision, like those of `syncd.plan`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.model import Kept


@dataclass(frozen=True)
class Retention:
    """How long the bytes of a file are kept that nobody needs any more, and how many of them."""

    keep: timedelta = timedelta(days=90)
    most: int = 10 * 10**9
    """Bytes that the spool may have in all, as far as they are not needed."""


def plan_removal(
    expendable: Iterable[Kept], sizes: Mapping[str, int], retention: Retention, short: int, now: datetime
) -> list[tuple[Kept, str]]:
    """Decide whose bytes go, and why: what is too old; and the oldest first while the spool or the disk is too full.

    `short` is how many bytes the disk lacks to take more in. An order that was never answered goes by its age alone.
    """
    over = sum(sizes.values()) - retention.most
    chosen = []
    for file in expendable:
        if file.since <= now - retention.keep:
            why = "older than spool.keep"
        elif file.settled and over > 0:
            why = "the spool is larger than spool.most"
        elif file.settled and short > 0:
            why = "the disk is nearly full (reserve)"
        else:
            continue
        chosen.append((file, why))
        over -= sizes.get(file.spool, 0)
        short -= sizes.get(file.spool, 0)
    return chosen
