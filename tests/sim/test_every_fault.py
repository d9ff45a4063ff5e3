"""Every single fault at every point, in both suppliers' scenes: no promise breaks."""

import pytest

from tests.sim import sweep
from tests.sim.scenes import SCENES


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scene", SCENES)
def test_no_single_fault_breaks_a_promise(scene, figures):
    totals = sweep.run(sweep.singles(scene))
    figures(f"single faults, {scene}: {totals}")
    assert not totals.bad, sweep.report(totals.bad)


def test_the_same_history_twice():
    traces = []
    for _ in range(2):
        world = sweep.parse("cb 60:crash-after").world()
        world.run()
        traces.append(world.trace.hexdigest())
    assert traces[0] == traces[1]
