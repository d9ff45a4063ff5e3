"""Every single fault at every point of the scenes: no promise breaks."""

import pytest

from tests.sim import sweep

SHARE = {"umbreit": 1, "cb": 1, "keeping": 4}
"""Every how many-th fault is tried here; `make soak` tries them all."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scene", SHARE)
def test_no_single_fault_breaks_a_promise(scene, figures):
    totals = sweep.run(sweep.singles(scene)[:: SHARE[scene]])
    figures(f"single faults, {scene}: {totals}")
    assert not totals.bad, sweep.report(totals.bad)
