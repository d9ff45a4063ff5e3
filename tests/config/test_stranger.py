"""A stranger's first minutes: a house in one terminal, `config new` in another, an order out and its answer in."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def syncd(*arguments: object) -> str:
    command = [sys.executable, "-m", "syncd", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class House:
    """`syncd simulate umbreit`, in another terminal."""

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-m", "syncd", "simulate", "umbreit", "--port", "0", "--directory", str(directory)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        opened = re.match(r"The house umbreit is open on 127\.0\.0\.1:([0-9]+)", self._process.stdout.readline())
        assert opened
        self.port = opened[1]

    def close(self) -> str:
        self._process.send_signal(signal.SIGINT)
        said, _ = self._process.communicate(timeout=30)
        return said


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "house").mkdir()
    house = House(tmp_path / "house")
    yield house
    house.close()


def test_from_config_new_to_the_answer_in_the_folder(house, tmp_path):
    config = tmp_path / "shop/syncd.toml"
    syncd(
        "config", "new", config, "--yes", "--supplier", "umbreit", "--host", "127.0.0.1", "--port", house.port,
        "--user", "900900", "--customer", "900900", "--state-dir", tmp_path / "shop/state",
        "--password-file", tmp_path / "house/password",
    )  # fmt: skip
    syncd("config", "check", "--paths", "--config", config)
    sheet = tmp_path / "orders.csv"
    sheet.write_text("article,quantity,reference\n9783123456796,2,A1\n")
    syncd("order", "build", sheet, "--account", "umbreit", "--config", config)

    end = time.monotonic() + 60
    inbox = tmp_path / "shop/state/inbox"
    while not list(inbox.glob("R_*")):
        assert time.monotonic() < end, "no answer came"
        syncd("once", "--config", config)
    assert "orders taken: 1 (0 of them the same bytes again)" in (said := house.close())
    assert "violations: 0" in said
