"""A minute on real sockets; `make soak-sockets MINUTES=60` takes its time."""

import json
from pathlib import Path

import pytest

from tests.soak.run import soak

SECONDS = 60


@pytest.mark.timeout(300)
async def test_a_minute_of_broken_connections_breaks_no_promise(tmp_path: Path):
    outcome = await soak(tmp_path, SECONDS, seed=20261122)
    print(json.dumps(outcome.as_json()))
    assert outcome.broken == []
    cut = sum(number for what, number in outcome.figures.items() if what.endswith((" up", " down")))
    assert cut >= 5, "how much happens in a minute depends on the machine"
