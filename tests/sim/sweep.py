"""Histories by the thousand, on every core: each single fault, pairs of faults, and what came of them."""

import multiprocessing
import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from tests.sim import scenes, years
from tests.sim.faults import WEATHER, Chosen, Fair, Fault
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
class Months:
    """One history of random operation, in the weather of years or in storms."""

    seed: int
    days: int
    storms: bool = False

    def world(self, *, verbose: bool = False) -> World:
        """Make its world."""
        world = years.history(self.seed, self.days, storms=self.storms)
        world.verbose = verbose
        return world

    def __str__(self) -> str:
        return f"{'storms' if self.storms else 'years'} {self.seed}:{self.days}"


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
    days: float
    trace: str


@dataclass
class Totals:
    """What came of many."""

    runs: int = 0
    days: float = 0.0
    traces: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.runs += 1
        self.days += outcome.days
        self.traces[outcome.job] = outcome.trace
        self.counts["faults"] += len(outcome.struck)
        self.counts["crashes"] += outcome.deaths
        self.counts["points"] += outcome.points
        self.counts["orders held in doubt"] += outcome.held
        self.counts["broken or unproven fetches told"] += outcome.told
        if outcome.broken:
            self.bad.append(outcome)

    def __str__(self) -> str:
        counts = ", ".join(f"{number:,} {name}" for name, number in self.counts.items())
        return f"{self.runs:,} histories of {self.days:,.0f} days, {counts}, {len(self.bad)} with a broken promise"


def live(job: Job | Months) -> Outcome:
    """Live through one history."""
    world = job.world()
    try:
        world.run()
        broken = world.broken
    except Exception as error:  # noqa: BLE001 - whatever it is, this history went wrong
        broken = [f"raised {error!r}", *traceback.format_tb(error.__traceback__)[-2:]]
        return Outcome(str(job), tuple(broken), tuple(world.struck), world.deaths, world.points, 0, 0, 0, "")
    return Outcome(
        job=str(job),
        broken=tuple(broken),
        struck=tuple(world.struck),
        deaths=world.deaths,
        points=world.points,
        held=world.held,
        told=world.told_lost,
        days=world.clock.elapsed / 86400,
        trace=world.trace.hexdigest(),
    )


def singles(scene: str, where: str = "") -> list[Job]:
    """Return a job for each fault that can strike in a scene; where a copy is put back, for each point of it.

    Only points whose kind and label contain `where` are struck.
    """
    fair = Fair()
    world = scenes.SCENES[scene](fair)
    world.run()
    if world.restored_at is not None:
        every = [(number, Fault.COPY) for number in range(world.restored_at)]
    else:
        every = Chosen.every(fair.points)
    return [Job(scene, (each,)) for each in every if where in fair.labels[each[0]]]


@cache
def _every_single(scene: str) -> list[Job]:
    return singles(scene)


def hunt(scene: str, where: str) -> Outcome | None:
    """Return the first history with a broken promise."""
    jobs = singles(scene, where)
    Random(1).shuffle(jobs)
    return next((outcome for job in (Job(scene, ()), *jobs) if (outcome := live(job)).broken), None)


def pairs(scene: str, seed: int) -> Iterator[Job]:
    """Yield two faults in one history, forever: the first anywhere, the second soon after it or anywhere."""
    dice, every = Random(seed), _every_single(scene)
    while True:
        first = dice.choice(every).faults[0]
        near = dice.random() < 0.7
        second = first[0] + dice.randint(1, 60) if near else dice.choice(every).faults[0][0]
        yield Job(scene, (first, (second, dice.choice(WEATHER))))


def run(jobs: Iterable[Job | Months], *, cores: int | None = None) -> Totals:
    """Live through all of them."""
    totals = Totals()
    with multiprocessing.get_context("fork").Pool(cores or os.cpu_count()) as pool:
        for outcome in pool.imap_unordered(live, jobs, chunksize=1):
            totals.add(outcome)
    return totals


def report(outcomes: Sequence[Outcome]) -> str:
    """Say what went wrong, the first one with its timeline, and how to see it again."""
    lines = [f"{each.job}: {'; '.join(each.broken[:3])}" for each in outcomes[:20]]
    if outcomes:
        lines += ["", f"See it again: python -m tests.sim repeat {outcomes[0].job}", *timeline(outcomes[0].job)]
    return "\n".join(lines)


def parse(text: str) -> Job | Months:
    """Make a job of `SCENE NUMBER:FAULT,…`, `years SEED:DAYS` or `storms SEED:DAYS`."""
    scene, _, faults = text.partition(" ")
    if scene in ("years", "storms"):
        seed, _, days = faults.partition(":")
        return Months(int(seed), int(days), scene == "storms")
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
