"""Every single fault at every point of the scenes, and a copy of the state from every point: no promise breaks."""

import pytest

from tests.sim import scenes, sweep

SHARE = {"umbreit": 1, "cb": 1, "keeping": 12, "guarded": 45, "restored": 8}
"""Every how many-th fault is tried here; `python -m tests.sim singles` tries them all."""
LEAST = {"umbreit": 1100, "cb": 700, "keeping": 95, "guarded": 80, "restored": 55}
"""Histories of each scene that the test suite lives through."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scene", SHARE)
def test_no_single_fault_breaks_a_promise(scene, figures):
    totals = sweep.run(sweep.singles(scene)[:: SHARE[scene]])
    figures(f"single faults, {scene}: {totals}")
    assert not totals.bad, sweep.report(totals.bad)
    assert totals.runs >= LEAST[scene]


def test_they_are_two_thousand_histories_of_every_scene():
    assert sum(LEAST.values()) >= 2000
    assert LEAST.keys() == SHARE.keys() == scenes.SCENES.keys()


@pytest.mark.parametrize("scene", SHARE)
def test_an_undisturbed_history_hands_over_what_came(scene):
    world = sweep.Job(scene, ()).world()
    world.run()
    assert (world.broken, world.told_lost) == ([], 0)
    assert world.recorder.files
