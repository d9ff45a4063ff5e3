"""Our own orders, for sinks that put an answer beside what it answers."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from syncd.errors import SpoolLostError
from syncd.formats import FORMATS, Context
from syncd.jobs.base import Account, Workplace
from syncd.model import Interchange
from syncd.state.spool import Spool

Lines = Iterator[tuple[str, Any]]
"""Order lines, each with the name of its order."""


async def ordered(place: Workplace, account: Account, answer: Interchange) -> Callable[[], Lines]:
    """Return what yields the lines of the orders that an answer names, the latest order first."""
    named = await place.do(place.store.journal.orders_named_by, answer)
    formats = {channel.name: channel.format for channel in account.outbound}
    orders = [order for order in named if order.channel in formats]  # a reservation (OLA) is no file of lines
    return lambda: (line for order in orders for line in _lines(place.store.spool, order, formats[order.channel]))


def _lines(spool: Spool, order: Interchange, format_name: str) -> Lines:
    """Yield the lines of one order; none when its bytes are gone."""
    assert order.spool is not None
    source, form = partial(spool.blocks, order.spool), FORMATS[format_name]
    try:
        verdict = form.judge(source, Context())
        yield from ((order.name, record) for record in form.records(source, Context(), verdict))
    except SpoolLostError:
        return
