"""The life of order lines goes on by itself: what is overdue becomes unanswered, and sinks that ask are told.

Changes are told in files of syncd's own, which are interchanges like any other: spooled and journalled in the
transaction that counts them as told, then judged and delivered. What nobody asked to be told is let go, so a sink that
begins to ask is told from then on.
"""

import structlog

from syncd.formats import write_events
from syncd.jobs.base import LINES_CHANNEL, Account, Workplace
from syncd.jobs.judge import judge
from syncd.model import Direction, Interchange

log = structlog.get_logger()


async def follow_lines(place: Workplace, account: Account) -> None:
    """Mark what was not answered in time, and tell the account's sinks what has changed."""
    journal = place.store.journal
    before = place.clock() - account.unanswered_after
    if await place.do(journal.anything_unanswered, account.name, before):
        count = await place.do(journal.mark_unanswered, account.name, before, place.clock())
        log.warning("lines.unanswered", account=account.name, lines=count)
    while await place.do(journal.untold, account.name):
        if not account.event_sinks:
            await place.do(journal.hush, account.name)
            return
        row = await place.do(_tell, place, account)
        if row is not None:
            log.info("file.spooled", account=row.account, channel=row.channel, interchange=row.id, file=row.name,
                     bytes=row.size)  # fmt: skip
            await judge(place, account, row)


def _tell(place: Workplace, account: Account) -> Interchange | None:
    at = place.clock()
    return place.store.journal.tell(
        account.name,
        LINES_CHANNEL,
        f"LINES_{at:%Y%m%d%H%M%S%f}",
        at,
        write=write_events,
        spool=lambda number, data: place.store.spool.write(Direction.IN, number, data),
    )
