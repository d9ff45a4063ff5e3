"""A process that reserves once, and is killed when it looks at a clock for the n-th time; 0 is never."""

import asyncio
import itertools
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from syncd.app import clock_sample, now
from syncd.errors import DoubtError, UsageError
from syncd.formats.ola import Ask
from syncd.jobs.ola import OlaDesk
from syncd.simulate.ola import OlaHouse
from tests.ola.desks import a_desk
from tests.ola.houses import a_house, question

calls = itertools.count(1)


def at(port: int) -> OlaHouse:
    house = a_house()
    house.port = port
    return house


async def main(state: Path, port: int, fatal: int) -> int:
    def die() -> None:
        if next(calls) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def deadly_now():
        die()
        return now()

    def deadly_sample():
        die()
        return clock_sample()

    async with a_desk(state, at(port), f"child/{os.getpid()}") as safe:
        place = replace(safe.place, clock=deadly_now, sample=deadly_sample)
        async with OlaDesk(place, safe.account) as desk:
            try:
                await desk.reserve(question(ask=Ask.RESERVE))
            except UsageError:
                return 2
            except DoubtError:
                return 3
    return 0


def run(state: Path, port: int, fatal: int) -> None:
    """End the process with 0 when the reservation is made, 2 when it is refused, 3 when it is in doubt."""
    sys.exit(asyncio.run(main(state, port, fatal)))
