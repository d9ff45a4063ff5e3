"""A sink of another package: its own settings are checked, shown and described like ours."""

import json
from datetime import date

import pytest

from syncd.config import load
from syncd.config.paths import unusable
from syncd.config.schema import json_schema
from syncd.config.show import effective
from tests.config.conftest import troubles
from tests.config.samples import CB
from tests.sinks.test_registry import install

PRINTER = """
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from pydantic import BaseModel
from syncd.secret import Secret

class Size(Enum):
    A4 = "A4"

class Tray(BaseModel, extra="forbid"):
    number: int = 1

class Settings(BaseModel, extra="forbid"):
    queue: str
    size: Size = Size.A4
    every: timedelta = timedelta(minutes=5)
    folders: list[Path] = []
    folder: Path = Path("/nowhere/at/all")
    since: date = date(2026, 11, 22)
    tray: Tray = Tray()
    pin: Secret | None = None

class Paper:
    Settings = Settings
    def __init__(self, settings): self.settings = settings
    async def deliver(self, batch): pass
    async def close(self): pass
"""

SINK = """
[sink.printer]
type = "paper"
queue = "ipp://shop:geheim@printer.example/q"
folders = ["/srv/a"]
pin = { env = "PRINTER_PIN" }
"""


@pytest.fixture
def printer(tmp_path, monkeypatch):
    install(tmp_path / "site", monkeypatch, PRINTER, name="printer", version="1.0")


def test_its_settings_are_shown_without_a_password(printer, write):
    shown = effective(load(write(CB + SINK)))["sink"]["printer"]
    assert shown == {
        "type": "paper",
        "queue": "ipp://shop:***@printer.example/q",
        "size": "A4",
        "every": "5m",
        "folders": ["/srv/a"],
        "folder": "/nowhere/at/all",
        "since": str(date(2026, 11, 22)),
        "tray": {"number": 1},
        "pin": {"env": "PRINTER_PIN"},
        "tries": 10,
        "time_limit": "30m",
        "delta": False,
        "events": False,
    }
    json.dumps(shown)


def test_its_keys_are_checked_to_the_depth(printer, write):
    found = troubles(write(CB + SINK + "tray = { numbr = 2 }\nquere = 1"))
    assert found[::2] == [
        'syncd.toml:12: sink.printer.tray.numbr: unknown key; did you mean "number"?',
        'syncd.toml:13: sink.printer.quere: unknown key; did you mean "queue"?',
    ]


def test_its_paths_and_secrets_are_looked_at(printer, write):
    found = dict(unusable(load(write(CB + SINK))))
    assert "neither is its parent" in found[("sink", "printer", "folder")]
    assert "environment variable PRINTER_PIN is empty" in found[("sink", "printer", "pin")]


def test_the_schema_knows_it(printer):
    described = json_schema()["properties"]["sink"]["patternProperties"].popitem()[1]["anyOf"]
    assert {"const": "paper"} in [table["properties"]["type"] for table in described]


def test_one_that_cannot_be_loaded_is_named(tmp_path, monkeypatch, write):
    install(tmp_path / "site", monkeypatch, "raise RuntimeError('no printer')", name="broken", version="1.0")
    (found, _) = troubles(write(CB + SINK))
    assert found.startswith("syncd.toml:8: sink.printer.type: ")
    assert "no printer" in found
