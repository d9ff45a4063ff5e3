"""One soak: calm, troubles to warm up, calm, troubles, calm. What the process holds then is compared with before."""

import asyncio
import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.soak.town import PATIENCE, Town, daemon, open_town

MOST_GROWTH = 5.0
"""MiB, between the two calms."""
WARM = 300
"""Logins."""
WARM_UP = 120.0
"""Seconds, at most; a quarter of a short soak. A long one goes on until it is warm, for half of its time at most."""
PACE = 1.0
"""Seconds from one round of orders and files to the next."""
BACKLOG = 30
"""So many things may be left to do when the next round comes: a slow machine gets fewer."""


@dataclass
class Outcome:
    """What came of a soak."""

    seconds: float
    seed: int
    figures: dict[str, int]
    resident: tuple[float, float]
    """MiB, after the warm-up and at the end."""
    descriptors: tuple[int, int]
    """The same."""
    broken: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return it for machines."""
        return asdict(self)


async def soak(root: Path, seconds: float, seed: int) -> Outcome:
    """Run the daemon in a town of troubles, in an empty folder, for so many seconds; say what came of it."""
    began = time.monotonic()
    async with open_town(root, seed) as town, daemon(town) as process:
        town.supply()
        await _rest(town)
        await _troubles(town, min(WARM_UP, seconds / 4))
        while town.logins() < WARM and time.monotonic() - began < seconds / 2 - PATIENCE:
            await _troubles(town, WARM_UP / 4)
        before = await _held(process.pid)
        await _troubles(town, seconds - (time.monotonic() - began))
        after = await _held(process.pid)
        broken = await asyncio.to_thread(town.broken)
    said = (root / "daemon.log").read_text()
    broken += [line for line in said.splitlines() if "Traceback" in line or "account.failed" in line]
    if after[0] - before[0] > MOST_GROWTH:
        broken.append(f"the process grew by {after[0] - before[0]:.1f} MiB")
    if after[1] > before[1]:
        broken.append(f"the process holds {after[1] - before[1]} descriptors more")
    return Outcome(
        round(time.monotonic() - began, 1), seed, town.figures(), (before[0], after[0]), (before[1], after[1]), broken
    )


async def _troubles(town: Town, seconds: float) -> None:
    """Make troubles for a while, then let everything come to rest."""
    until = time.monotonic() + seconds
    town.dice.calm = False
    while time.monotonic() < until:
        if len(await asyncio.to_thread(town.unrest)) < BACKLOG:
            town.supply()
        await asyncio.to_thread(town.encourage)
        await asyncio.sleep(PACE)
    town.dice.calm = True
    await _rest(town)


async def _rest(town: Town) -> None:
    until, least = time.monotonic() + PATIENCE, 10**9
    while left := await asyncio.to_thread(town.unrest):
        if len(left) < least:
            until, least = time.monotonic() + PATIENCE, len(left)
        assert time.monotonic() < until, left[:10]
        await asyncio.to_thread(town.encourage)
        await asyncio.sleep(0.5)


async def _held(pid: int) -> tuple[float, int]:
    """Return a process's resident size in MiB, and how many descriptors it has open between two visits."""
    process, descriptors = Path("/proc") / str(pid), []
    for _ in range(100):
        descriptors.append(sum(1 for _ in (process / "fd").iterdir()))
        await asyncio.sleep(0.03)
    resident = re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())
    assert resident is not None
    return round(int(resident[1]) / 1024, 1), min(descriptors)
