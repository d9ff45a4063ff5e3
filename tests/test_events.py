"""Every event that is logged stands in the catalogue, and every event of the catalogue is logged somewhere."""

import re
from pathlib import Path

from syncd.log import EVENTS
from syncd.model import State, Step

SOURCES = [path.read_text(encoding="utf-8") for path in Path("syncd").rglob("*.py") if path.name != "log.py"]
LOGGED = {name for text in SOURCES for name in re.findall(r"log\.(?:info|warning|error)\(\s*\"([a-z.-]+)\"", text)}
STEPS = {f"order.{step}" for step in (*Step, State.QUARANTINED)}
"""An order's events are named after its steps."""


def test_what_is_logged_is_in_the_catalogue():
    assert set(EVENTS) >= LOGGED | STEPS


def test_the_catalogue_has_nothing_that_is_never_logged():
    assert set(EVENTS) <= LOGGED | STEPS
