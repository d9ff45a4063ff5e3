"""What may go wrong, where, and who decides it: the points of a history and the faults that may strike at each.

A history passes points in a fixed order; each has a kind and a label. A plan is asked at every point whether a fault
strikes there. `Nth` is the enumeration (fail the n-th point, then the next, until n runs off the end), `Seeded` the
weather of years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Protocol


class Crash(BaseException):
    """The process dies here. Nothing of it runs after this; what it had not written is not there."""


class Point(StrEnum):
    """Where a fault may strike."""

    CONNECT = "connect"
    CHUNK = "chunk"
    END = "end"
    """The end of data, or of a connection."""
    COMMIT = "commit"
    CALL = "call"
    """A call of the store has returned."""
    FILE = "file"
    SINK = "sink"


class Fault(StrEnum):
    """What strikes."""

    CUT_BEFORE = "cut-before"
    """Both sides are reset, and this never arrives."""
    CUT_AFTER = "cut-after"
    """This arrives, then both sides are reset."""
    HALF = "half"
    """Half of it arrives, then both sides are reset."""
    FIN = "fin"
    """Instead of it, both sides see an orderly end."""
    SILENCE = "silence"
    """From here on nothing arrives in either direction, and nobody is told."""
    STALL = "stall"
    """It takes longer than anybody waits."""
    REFUSED = "refused"
    FULL = "disk-full"
    BROKEN = "disk-error"
    FAILS = "fails"
    """The sink refuses."""
    FAILS_LATE = "fails-late"
    """The sink has the effect, and says that it failed."""
    CRASH_BEFORE = "crash-before"
    CRASH_AFTER = "crash-after"
    COPY = "copy"
    """Nothing goes wrong; somebody copies the state just now, and puts the copy back later."""


CRASHES = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
FAULTS: Mapping[Point, tuple[Fault, ...]] = {
    Point.CONNECT: (Fault.REFUSED, Fault.SILENCE, *CRASHES),
    Point.CHUNK: (Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.HALF, Fault.FIN, Fault.SILENCE, Fault.STALL, *CRASHES),
    Point.END: (Fault.CUT_BEFORE, Fault.SILENCE, Fault.STALL, *CRASHES),
    Point.COMMIT: (Fault.FULL, Fault.BROKEN, Fault.CRASH_BEFORE),
    Point.CALL: (Fault.CRASH_AFTER,),
    Point.FILE: (Fault.FULL, Fault.BROKEN, Fault.STALL, *CRASHES),
    Point.SINK: (Fault.FAILS, Fault.FAILS_LATE, Fault.STALL, *CRASHES),
}
WEATHER = tuple(fault for fault in Fault if fault is not Fault.COPY)


class Plan(Protocol):
    """Decides at each point whether a fault strikes."""

    def strike(self, point: Point, label: str) -> Fault | None:
        """Return the fault that strikes at the point that is passed now."""
        ...


@dataclass
class Fair:
    """No fault at all; remembers the points."""

    points: list[Point] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def strike(self, point: Point, label: str) -> Fault | None:
        self.points.append(point)
        self.labels.append(f"{point} {label}")
        return None


@dataclass
class Chosen:
    """These faults at these points, counted from 0."""

    faults: Mapping[int, Fault]
    passed: int = 0

    def strike(self, point: Point, label: str) -> Fault | None:
        fault = self.faults.get(self.passed)
        self.passed += 1
        return fault if fault is Fault.COPY or fault in FAULTS[point] else None

    @staticmethod
    def every(points: Sequence[Point]) -> list[tuple[int, Fault]]:
        """Return every single fault that can strike in a history of these points."""
        return [(number, fault) for number, point in enumerate(points) for fault in FAULTS[point]]


@dataclass
class At:
    """One fault, at the first point whose kind and label are these."""

    point: Point
    label: str
    fault: Fault
    done: bool = False

    def strike(self, point: Point, label: str) -> Fault | None:
        if self.done or point is not self.point or self.label not in label:
            return None
        self.done = True
        return self.fault


@dataclass
class Seeded:
    """A fault at one of `rarity` points, by dice; `rarity` itself changes from hour to hour."""

    dice: Random
    rarest: int = 2000
    often: int = 200
    calm: bool = False
    struck: int = 0
    _next: int = 0

    def strike(self, point: Point, label: str) -> Fault | None:
        self._next -= 1
        if self.calm or self._next > 0:
            return None
        first = self._next < 0
        self._next = self.dice.randint(1, 2 * self.dice.randint(self.often, self.rarest))
        if first:
            return None
        self.struck += 1
        return self.dice.choice(FAULTS[point])
