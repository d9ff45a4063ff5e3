"""Configurations on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.config import load
from syncd.errors import ConfigError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a configuration that only its owner can read, and say where it is."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/syncd:/var/lib/other")

    def write(text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "syncd.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write


def troubles(path: Path) -> list[str]:
    """Return the lines that say what is wrong, without the file's directory."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.exit_status == 2
    assert caught.value.remedy
    return str(caught.value).replace(str(path), path.name).splitlines()[1:]
