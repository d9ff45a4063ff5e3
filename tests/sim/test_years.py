"""A quarter of a year of random faults; and one seed is one history, in whatever process."""

import random

import pytest

from tests.sim import sweep
from tests.sim.faults import Fault

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
    jobs: list[sweep.Job | sweep.Months] = [sweep.Months(seed, 1) for seed in range(5)]
    jobs.append(sweep.Job("cb", ((60, Fault.CRASH_AFTER),)))
    first, second = sweep.run(jobs), sweep.run(jobs)
    assert first.traces == second.traces
    assert len(set(first.traces.values())) == len(jobs)
