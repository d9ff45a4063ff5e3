"""The long run: pairs of faults, years of operation, real kills, in turns, for as long as it is let.

The total is kept in `tests/sim/soak.json`, by the commit it ran on, and written after every round; the next run goes on
with the seeds after it. `make soak HOURS=8`, or until Ctrl-C.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from tests.sim import scenes, sweep

TOTAL = Path(__file__).with_name("soak.json")
PAIRS, MONTHS, DAYS, KILLS = 400, 4, 30, 500
"""What a round does: pairs of each scene, histories of so many days, and kills."""


def commit() -> str:
    """Name what is run: the commit, with a plus when the tree is not clean."""

    def git(*words: str) -> str:
        return subprocess.run(("git", *words), capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "syncd", "tests/sim") else "")


def load() -> dict[str, dict[str, float]]:
    """Return the totals so far, by commit."""
    loaded: dict[str, dict[str, float]] = json.loads(TOTAL.read_text()) if TOTAL.exists() else {}
    return loaded


def save(totals: dict[str, dict[str, float]]) -> None:
    """Write the totals, whole or not at all."""
    draft = TOTAL.with_suffix(".draft")
    draft.write_text(json.dumps(totals, indent=1, sort_keys=True) + "\n")
    draft.rename(TOTAL)


def rounds(totals: dict[str, dict[str, float]]) -> int:
    """Count the rounds of all commits: the next seeds."""
    return int(sum(each["rounds"] for each in totals.values()))


def one_round(seed: int) -> tuple[Counter[str], list[str]]:
    """Run one round; return what was done, and what went wrong."""
    jobs = [job for scene in scenes.SCENES for job in islice(sweep.pairs(scene, seed), PAIRS)]
    pairs = sweep.run(jobs)
    years = sweep.run([sweep.Months(1000 + seed * MONTHS + each, DAYS) for each in range(MONTHS)])
    command = [sys.executable, "-m", "tests.sim.kill9", "--kills", str(KILLS), "--seed", str(seed)]
    kills = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout)
    done = Counter(rounds=1, pairs=pairs.runs, days=round(years.days), kills=kills["kills"])
    done["crashes"] = pairs.counts["crashes"] + years.counts["crashes"]
    done["faults"] = pairs.counts["faults"] + years.counts["faults"]
    wrong = [sweep.report(each.bad) for each in (pairs, years) if each.bad] + kills["broken"]
    done["broken"] = len(pairs.bad) + len(years.bad) + len(kills["broken"])
    return done, wrong


def run(hours: float) -> int:
    """Go on until the time is up; 1 when a promise was broken."""
    until, totals, name = time.monotonic() + hours * 3600, load(), commit()
    broken = False
    while time.monotonic() < until:
        done, wrong = one_round(rounds(totals))
        mine = Counter(totals.get(name, {}))
        mine.update(done)
        totals[name] = dict(mine)
        save(totals)
        print(name, dict(mine), *wrong, sep="\n", flush=True)
        broken = broken or bool(wrong)
    return int(broken)
