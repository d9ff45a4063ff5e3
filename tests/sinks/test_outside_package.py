"""A sink from outside: the package that docs/sinks.md writes, built and installed by pip, and used by the program."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sinks.test_docs import DOCS, blocks

CONFIG = """
state_dir = "{folder}/state"

[account.umbreit]
supplier = "umbreit"
host = "ftp.example.org"
tls = "explicit"
user = "900900"
customers = ["900900"]
password = {{ env = "UMBREIT" }}

[sink.paper]
type = "printer"
{key} = "{folder}/paper"
"""
DELIVER = """
import asyncio, sys
from pathlib import Path
from syncd.sinks import open_sink
from tests.sinks.batches import batch_of, goods

folder = Path(sys.argv[1])
sink = open_sink("printer", {"device": str(folder / "paper")})
asyncio.run(sink.deliver(batch_of(folder, records=lambda: iter([goods(1)]))))
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the package as the page has it and install it into a folder of its own."""
    package, site = tmp_path_factory.mktemp("shop-printer"), tmp_path_factory.mktemp("site")
    (project,) = (text for text in blocks(DOCS / "sinks.md", "toml") if "[build-system]" in text)
    (package / "pyproject.toml").write_text(project)
    (package / "shop_printer.py").write_text(blocks(DOCS / "sinks.md", "python")[0])
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(site), str(package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def run(site: Path) -> Run:
    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        env = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{DOCS.parent}"}
        return subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=60)

    return run


def test_its_settings_are_checked_with_their_lines(run: Run, tmp_path: Path):
    config = tmp_path / "syncd.toml"
    config.write_text(CONFIG.format(folder=tmp_path, key="device"))
    assert run("-m", "syncd", "config", "check", "--config", config).returncode == 0
    config.write_text(CONFIG.format(folder=tmp_path, key="devcie"))
    wrong = run("-m", "syncd", "config", "check", "--config", config)
    assert wrong.returncode == 2
    assert f'{config}:14: sink.paper.devcie: unknown key; did you mean "device"?' in wrong.stderr


def test_it_is_in_the_schema(run: Run):
    assert '"const": "printer"' in run("-m", "syncd", "config", "schema").stdout


def test_it_delivers(run: Run, tmp_path: Path):
    done = run("-c", DELIVER, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "paper").read_text().endswith("1 9780000000001 2\n")


def test_it_is_gone_with_its_package(tmp_path: Path):
    config = tmp_path / "syncd.toml"
    config.write_text(CONFIG.format(folder=tmp_path, key="device"))
    command = [sys.executable, "-m", "syncd", "config", "check", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "sink.paper.type" in done.stderr
