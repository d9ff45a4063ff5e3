"""Histories by the thousand, on every core: each single fault, pairs of faults, and what came of them."""

import multiprocessing
import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.sim import scenes
from tests.sim.faults import Chosen, Fair, Fault
from tests.sim.world import World

Faults = tuple[tuple[int, Fault], ...]
"""Points, counted from 0, and what strikes there."""


@dataclass(frozen=True)
class Job:
    """One history: a scene and its faults."""

    scene: str
    faults: Faults

    def world(self, *, verbose: bool = False) -> World:
        """Make its world."""
        return scenes.SCENES[self.scene](Chosen(dict(self.faults)), verbose=verbose)

    def __str__(self) -> str:
        return f"{self.scene} {','.join(f'{number}:{fault}' for number, fault in self.faults)}"


@dataclass(frozen=True)
class Outcome:
    """What came of one history."""

    job: str
    broken: tuple[str, ...]
    struck: tuple[str, ...]
    deaths: int
    points: int
    held: int
    told: int
    """Files of which the shop was told that they are lost or partial."""


@dataclass
class Totals:
    """What came of many."""

    runs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.runs += 1
        self.counts["faults"] += len(outcome.struck)
        self.counts["crashes"] += outcome.deaths
        self.counts["points"] += outcome.points
        self.counts["orders held in doubt"] += outcome.held
        self.counts["files told as lost"] += outcome.told
        if outcome.broken:
            self.bad.append(outcome)

    def __str__(self) -> str:
        counts = ", ".join(f"{number:,} {name}" for name, number in self.counts.items())
        return f"{self.runs:,} histories, {counts}, {len(self.bad)} with a broken promise"


def live(job: Job) -> Outcome:
    """Live through one history."""
    world = job.world()
    try:
        world.run()
        broken = world.broken
    except Exception as error:  # noqa: BLE001 - whatever it is, this history went wrong
        broken = [f"raised {error!r}", *traceback.format_tb(error.__traceback__)[-2:]]
        return Outcome(str(job), tuple(broken), tuple(world.struck), world.deaths, world.points, 0, 0)
    return Outcome(
        str(job), tuple(broken), tuple(world.struck), world.deaths, world.points, world.held, world.told_lost
    )


def singles(scene: str) -> list[Job]:
    """Return a job for each single fault that can strike in a scene."""
    fair = Fair()
    scenes.SCENES[scene](fair).run()
    return [Job(scene, (each,)) for each in Chosen.every(fair.points)]


def pairs(scene: str, seed: int) -> Iterator[Job]:
    """Yield two faults in one history, forever: the first anywhere, the second soon after it or anywhere."""
    dice, every = Random(seed), singles(scene)
    while True:
        first = dice.choice(every).faults[0]
        near = dice.random() < 0.7
        second = first[0] + dice.randint(1, 60) if near else dice.choice(every).faults[0][0]
        yield Job(scene, (first, (second, dice.choice(list(Fault)))))


def run(jobs: Iterable[Job], *, cores: int | None = None) -> Totals:
    """Live through all of them."""
    totals = Totals()
    with multiprocessing.get_context("fork").Pool(cores or os.cpu_count()) as pool:
        for outcome in pool.imap_unordered(live, jobs, chunksize=8):
            totals.add(outcome)
    return totals


def report(outcomes: Sequence[Outcome]) -> str:
    """Say what went wrong, the first one with its timeline, and how to see it again."""
    lines = [f"{each.job}: {'; '.join(each.broken[:3])}" for each in outcomes[:20]]
    if outcomes:
        lines += ["", f"See it again: python -m tests.sim repeat {outcomes[0].job}", *timeline(outcomes[0].job)]
    return "\n".join(lines)


def parse(text: str) -> Job:
    """Make a job of `SCENE NUMBER:FAULT,…`."""
    scene, _, faults = text.partition(" ")
    made: list[tuple[int, Fault]] = []
    for each in filter(None, faults.split(",")):
        number, _, fault = each.partition(":")
        made.append((int(number), Fault(fault)))
    return Job(scene, tuple(made))


def timeline(job: str, *, verbose: bool = False) -> list[str]:
    """Live through a history again and return what happened."""
    world = parse(job).world(verbose=verbose)
    try:
        world.run()
    except Exception as error:  # noqa: BLE001 - the timeline is what is asked for
        world.lines.append(f"RAISED {error!r}")
    return [*world.lines, *(f"BROKEN {each}" for each in world.broken)]
