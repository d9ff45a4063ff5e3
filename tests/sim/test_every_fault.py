"""Every single fault at every point of the scenes, and a copy of the state from every point: no promise breaks."""

import pytest

from tests.sim import sweep

SHARE = {"umbreit": 1, "cb": 1, "keeping": 12, "guarded": 45, "restored": 8}
"""Every how many-th fault is tried here; `python -m tests.sim singles` tries them all."""
LEAST = 2000
"""Histories that the test suite lives through."""
TOTAL: list[int] = []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scene", SHARE)
def test_no_single_fault_breaks_a_promise(scene, figures):
    totals = sweep.run(sweep.singles(scene)[:: SHARE[scene]])
    figures(f"single faults, {scene}: {totals}")
    assert not totals.bad, sweep.report(totals.bad)
    TOTAL.append(totals.runs)
    assert len(TOTAL) < len(SHARE) or sum(TOTAL) >= LEAST
