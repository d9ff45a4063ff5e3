"""Keep the spool within bounds: the bytes of what is long done go, their rows stay; what waits stays whole."""

from itertools import groupby

import structlog

from syncd.jobs.base import Workplace
from syncd.retention import plan_removal

log = structlog.get_logger()

HEADROOM = 10**9
"""Bytes above the reserve that are made free, as far as the reserve is not smaller: room for what comes next."""

BUNCH = 100
"""Files of one transaction: nobody must wait long for it."""


async def tidy(place: Workplace) -> int:
    """Remove the bytes that are kept no longer; return how many files lost them."""
    journal, spool = place.store.journal, place.store.spool
    sizes = await place.do(spool.sizes)
    short = place.reserve + min(place.reserve, HEADROOM) - await place.do(spool.free)
    chosen = plan_removal(await place.do(journal.expendable), sizes, place.retention, short, place.clock())
    for why, group in groupby(chosen, key=lambda each: each[1]):
        files = [file for file, _ in group]
        for start in range(0, len(files), BUNCH):
            bunch = files[start : start + BUNCH]
            await place.do(journal.forget, bunch, why, place.clock(), remove=spool.remove)
        freed = sum(sizes.get(file.spool, 0) for file in files)
        log.info("spool.tidied", files=len(files), bytes=freed, reason=why)
    return len(chosen)
