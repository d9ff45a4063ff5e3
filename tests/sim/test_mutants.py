"""Every planted mistake is caught by the same histories that the real program survives."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sim.mutants import MUTANTS, caught


@pytest.mark.timeout(900)
def test_every_planted_mistake_is_caught(tmp_path: Path, figures):
    with ThreadPoolExecutor(2) as two:
        found = list(two.map(lambda pair: caught(pair[1], tmp_path / str(pair[0])), enumerate(MUTANTS)))
    figures(f"planted mistakes: {sum(map(bool, found))} of {len(MUTANTS)} caught")
    for mutant, sentence in zip(MUTANTS, found, strict=True):
        figures(f"    {mutant.name}: {sentence or 'GOT THROUGH'}")
    assert all(found)
