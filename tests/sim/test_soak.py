"""The soak goes on where it stopped, and the document says what it reached."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from tests.sim import scenes, soak, sweep

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "guarantee.md"


def test_the_document_states_the_total():
    assert soak.sentence(soak.load()) in " ".join(DOCUMENT.read_text().split())


def test_the_total_grows_by_commit_and_is_read_again(tmp_path):
    path, total = tmp_path / "soak.json", soak.load(tmp_path / "soak.json")
    soak.add(total, "a", (Counter(pairs=150, crashes=70), []))
    soak.add(total, "b", (Counter(pairs=150, days=30), ["cb 1:half: taken 2 times"]))
    soak.add(total, "b", (Counter(kills=200), []))
    soak.save(total, path)
    assert soak.load(path) == total
    assert soak.summed(total) == Counter(pairs=300, crashes=70, days=30, kills=200, broken=1)
    assert soak.sentence(total).endswith("200 real kills: 1 broken promises")


def test_a_broken_promise_that_holds_now_is_mended_and_is_not_forgotten():
    bad = ["umbreit : taken 2 times", "kills 1000: order.txt: taken 2 times"]
    total: soak.Total = {"a": {"pairs": 10, "broken": list(bad)}}
    soak.live_again(total)
    assert total == {"a": {"pairs": 10, "broken": bad[1:], "mended": bad[:1]}}
    assert soak.sentence(total).endswith(": 1 broken promises, 1 mended since")


def test_every_scene_has_its_pairs():
    assert soak.PAIRS.keys() == scenes.SCENES.keys()


@pytest.mark.parametrize("job", ["cb 63:cut-after,70:crash-before", "years 1000:10", "storms 1001:10"])
def test_a_history_is_called_by_what_repeats_it(job):
    assert str(sweep.parse(job)) == job


def test_what_is_furthest_behind_has_its_turn_with_a_seed_of_its_own():
    first = list(islice(soak.turns({}), 60))
    assert {kind for kind, _ in first} == set(soak.GOALS)
    assert len(set(first)) == len(first)
    done: soak.Total = {}
    soak.add(
        done, "a", (Counter({"pairs": 100_000, "days": 7300, "portions of pairs": 400, "portions of days": 244}), [])
    )
    assert next(soak.turns(done)) == ("kills", 0)
    soak.add(done, "b", (Counter({"kills": 50_000, "portions of kills": 250}), []))
    assert next(soak.turns(done)) in {("pairs", 400), ("days", 244), ("kills", 250)}
