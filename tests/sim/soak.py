"""The long run: pairs of faults, years of operation, real kills, for as long as it is let.

It works in portions of ten to twenty seconds, of what is furthest from its goal. The total is written after each,
whole or not at all, so whatever ends a soak costs a portion at most; the next one goes on with the seeds after it. The
total is kept by the commit it ran on: `make soak HOURS=8`, Ctrl-C ends it after the portions under way. What broke a
promise is lived through again at the start: it counts as mended once it holds, and is never forgotten.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any

from tests.sim import sweep

TOTAL = Path(__file__).with_name("soak.json")
GOALS = {"pairs": 100_000, "days": 20 * 365, "kills": 50_000}
"""What is furthest behind has its turn."""
PAIRS = {"umbreit": 32, "cb": 32, "keeping": 32, "guarded": 2, "restored": 1}
"""What one portion of pairs is, by scene: a history with a guard or a copy takes as long as four of the others."""
DAYS, KILLS = 10, 250
"""What the other portions are: a history of so many days, every second one in storms; kills, after a slow start."""
FIRST_SEED = 1000
"""The test suite has the seeds before it."""

Total = dict[str, dict[str, Any]]
"""Figures by commit; under `broken` the histories that broke a promise, under `mended` those of them that hold now."""
Done = tuple[Counter[str], list[str]]
"""What a portion did, and what went wrong in it."""


def commit() -> str:
    """Name what is run: the commit, with a plus when the tree is not clean."""

    def git(*words: str) -> str:
        return subprocess.run(("git", *words), capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "syncd", "tests/sim", f":(exclude)tests/sim/{TOTAL.name}")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")


def load(path: Path = TOTAL) -> Total:
    """Return the totals so far."""
    loaded: Total = json.loads(path.read_text()) if path.exists() else {}
    return loaded


def save(total: Total, path: Path = TOTAL) -> None:
    """Write the totals, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(total, indent=1, sort_keys=True) + "\n")
    draft.replace(path)


def add(total: Total, name: str, done: Done) -> None:
    """Add a portion to a commit's figures."""
    mine = total.setdefault(name, {"broken": []})
    mine["broken"] += done[1]
    for figure, count in done[0].items():
        mine[figure] = mine.get(figure, 0) + count


def summed(total: Total) -> Counter[str]:
    """Add the commits up."""
    figures: Counter[str] = Counter()
    for each in total.values():
        figures.update({name: len(value) if isinstance(value, list) else value for name, value in each.items()})
    return figures


def live_again(total: Total) -> None:
    """Live through the histories that broke a promise once more; those that hold now are `mended`.

    A real kill cannot be repeated: it stands until somebody has found out why.
    """
    for mine in total.values():
        for each in list(mine["broken"]):
            job = each.partition(": ")[0]
            if not job.startswith("kills ") and not sweep.live(sweep.parse(job)).broken:
                mine["broken"].remove(each)
                mine.setdefault("mended", []).append(each)


def sentence(total: Total) -> str:
    """Say what was reached, as docs/guarantee.md does."""
    done = summed(total)
    mended = f", {done['mended']:,} mended since" if done["mended"] else ""
    return (
        f"{done['pairs']:,} pairs of faults, {done['days'] / 365:.1f} simulated years, {done['crashes']:,} crashes, "
        f"{done['kills']:,} real kills: {done['broken']:,} broken promises{mended}"
    )


# -- portions ---------------------------------------------------------------------------------------------------


def pairs(seed: int) -> Done:
    """Live through pairs of faults in every scene."""
    return _simulated("pairs", (job for scene in PAIRS for job in islice(sweep.pairs(scene, seed), PAIRS[scene])))


def days(seed: int) -> Done:
    """Live through some days."""
    return _simulated("days", iter([sweep.Months(FIRST_SEED + seed, DAYS, storms=seed % 2 == 1)]))


def kills(seed: int) -> Done:
    """Kill real processes."""
    command = [sys.executable, "-m", "tests.sim.kill9", "--kills", str(KILLS), "--seed", str(FIRST_SEED + seed)]
    said = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout)
    wrong = [f"kills {FIRST_SEED + seed}: {each}" for each in said["broken"]]
    return Counter({"kills": said["kills"], "portions of kills": 1}), wrong


def _simulated(kind: str, jobs: Iterator[sweep.Job | sweep.Months]) -> Done:
    figures, wrong = Counter({f"portions of {kind}": 1}), []
    for outcome in map(sweep.live, jobs):
        figures.update({kind: round(outcome.days) if kind == "days" else 1, "points": outcome.points})
        figures.update({"crashes": outcome.deaths, "faults": len(outcome.struck)})
        wrong += [f"{outcome.job}: {outcome.broken[0]}"] if outcome.broken else []
    return figures, wrong


PORTIONS: Mapping[str, Callable[[int], Done]] = {"pairs": pairs, "days": days, "kills": kills}


def turns(total: Total) -> Iterator[tuple[str, int]]:
    """Yield what to do next, forever: a kind of portion, and a seed that was not used yet."""
    figures = summed(total)
    size = {"pairs": sum(PAIRS.values()), "days": DAYS, "kills": KILLS}
    while True:
        kind = min(GOALS, key=lambda each: figures[each] / GOALS[each])
        yield kind, figures[f"portions of {kind}"]
        figures.update({kind: size[kind], f"portions of {kind}": 1})


# -- the run ----------------------------------------------------------------------------------------------------


def run(hours: float, cores: int) -> int:
    """Go on until the time is up; 1 when a promise was broken."""
    until, total, name = time.monotonic() + hours * 3600, load(), commit()
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stopped.append(number))
    live_again(total)
    todo, under_way, broken = turns(total), set[Future[Done]](), False
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(cores, mp_context=forked, initializer=_ignore_signals) as pool:
        while under_way or (time.monotonic() < until and not stopped):
            while len(under_way) < cores and time.monotonic() < until and not stopped:
                kind, seed = next(todo)
                under_way.add(pool.submit(PORTIONS[kind], seed))
            ready, under_way = wait(under_way, timeout=1, return_when=FIRST_COMPLETED)
            for each in ready:
                done = each.result()
                add(total, name, done)
                save(total)
                broken = broken or bool(done[1])
                print(name, sentence(total), *done[1], sep="\n", flush=True)
    return int(broken)


def _ignore_signals() -> None:
    """Leave it to the parent to end a soak, and be as polite as it is."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


CORES = os.cpu_count() or 1
