"""Sinks are found by their entry point, and a broken plugin is named, not thrown at the operator."""

from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.sinks import open_sink, sink_class, sink_types
from syncd.sinks.directory import DirectorySink

PLUGIN = """
from pydantic import BaseModel

class Settings(BaseModel):
    queue: str

class Paper:
    Settings = Settings
    def __init__(self, settings): self.settings = settings
    async def deliver(self, batch): pass
    async def close(self): pass
"""


def install(site: Path, pytest_: pytest.MonkeyPatch, source: str, *, name: str = "paper", version: str = "2.1") -> None:
    """Install a distribution with one sink, as pip would."""
    info = site / f"shop_{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (site / f"shop_{name}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shop-{name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[syncd.sinks]\npaper = shop_{name}:Paper\n")
    pytest_.syspath_prepend(str(site))


def test_an_unknown_type_is_answered_with_the_likely_one():
    with pytest.raises(ConfigError, match='did you mean "directory"') as caught:
        sink_class("directroy")
    assert "directory, nats, parquet, sql" in caught.value.remedy


def test_an_unknown_key_is_answered_with_the_likely_one(tmp_path: Path):
    with pytest.raises(ConfigError, match='recrods: unknown, did you mean "records"') as caught:
        open_sink("directory", {"path": str(tmp_path), "recrods": True})
    assert "path, raw, records, names, mode" in caught.value.remedy


def test_a_plugin_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    install(tmp_path, monkeypatch, PLUGIN)
    assert "paper" in sink_types()
    assert type(open_sink("paper", {"queue": "a"})).__name__ == "Paper"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import a_library_that_is_not_there", "a_library_that_is_not_there"),
        ("raise RuntimeError('no printer')", "no printer"),
        ("Paper = 5", "not a sink"),
        ("class Paper: Settings = dict", "not a sink"),
        ("Pen = 5", "Paper"),
    ],
    ids=["no library", "raises", "no class", "no settings", "no name"],
)
def test_a_broken_plugin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, complaint: str):
    name = f"broken{abs(hash(source))}"
    install(tmp_path, monkeypatch, source, name=name)
    with pytest.raises(ConfigError, match=complaint) as caught:
        sink_class("paper")
    assert f"shop-{name} 2.1" in str(caught.value)
    assert f"shop-{name}" in caught.value.remedy


def test_two_plugins_of_one_name_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    install(tmp_path / "a", monkeypatch, PLUGIN, name="pulp")
    install(tmp_path / "b", monkeypatch, PLUGIN, name="card")
    with pytest.raises(ConfigError, match=r"shop-card 2\.1 and shop-pulp 2\.1"):
        sink_class("paper")


def test_ours_are_there():
    assert {"directory", "sql"} <= set(sink_types())
    assert sink_class("directory") is DirectorySink
