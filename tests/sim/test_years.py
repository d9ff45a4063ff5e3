"""A quarter of a year of random faults; and one seed is one history, in whatever process."""

import json
import os
import random
import subprocess
import sys

import pytest

from tests.sim import sweep

DAYS = 23
FIXED = (1, 2, 3)


@pytest.mark.timeout(1800)
def test_a_quarter_of_a_year_of_random_faults(figures):
    fresh = random.SystemRandom().randrange(4, 2**31)
    totals = sweep.run([sweep.Months(seed, DAYS) for seed in (*FIXED, fresh)])
    figures(f"random operation, seeds {FIXED} and {fresh}: {totals}")
    assert not totals.bad, sweep.report(totals.bad)


@pytest.mark.timeout(600)
def test_the_same_seed_is_the_same_history_in_two_processes():
    jobs = [*(f"years {seed}:1" for seed in range(5)), "storms 1001:3", "cb 60:crash-after"]
    first, second = sweep.run(map(sweep.parse, jobs)).traces, json.loads(run_elsewhere(jobs))
    assert first == second
    assert len(set(first.values())) == len(jobs)


def run_elsewhere(jobs: list[str]) -> str:
    """Have a fresh interpreter, in which sets have another order, live through histories; return their traces."""
    program = (
        "import json, sys; from tests.sim import sweep;"
        "print(json.dumps(sweep.run(map(sweep.parse, sys.argv[1:])).traces))"
    )
    command = [sys.executable, "-c", program, *jobs]
    others = {**os.environ, "PYTHONHASHSEED": str(random.SystemRandom().randrange(2**32))}
    return subprocess.run(command, env=others, stdout=subprocess.PIPE, text=True, check=True).stdout
