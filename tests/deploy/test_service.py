"""The unit file, judged by systemd's own tools."""

import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from syncd.systemd import notify

UNIT = Path(__file__).parents[2] / "deploy/systemd/syncd.service"
WORST = 1.2


def analyze(*arguments: object) -> str:
    command = ["systemd-analyze", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def directives() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([A-Za-z]+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_systemd_finds_no_fault(tmp_path):
    installed = Path(sys.executable).with_name("syncd")
    unit = tmp_path / "syncd.service"
    unit.write_text(UNIT.read_text().replace("/usr/local/bin/syncd", str(installed)))
    assert analyze("verify", unit) == ""


def test_the_exposure_is_low():
    score = re.search(
        r"Overall exposure level for syncd.service: ([0-9.]+)", analyze("security", "--offline=true", UNIT)
    )
    assert score
    assert float(score[1]) <= WORST


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("Type", ["notify"]),
        ("RestartPreventExitStatus", ["2 7"]),
        ("DynamicUser", ["yes"]),
        ("StateDirectory", ["syncd"]),
    ],
)
def test_what_syncd_relies_on(key, values):
    assert directives()[key] == values


def test_a_stop_is_longer_than_the_step_it_waits_for():
    assert int(directives()["TimeoutStopSec"][0]) >= 180


def test_the_boot_id_can_be_read():
    assert "ProcSubset" not in directives()  # it would hide /proc/sys, and the login gate needs the boot id


def test_what_is_told_reaches_systemd(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_a_manager_that_is_away_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    notify("READY=1")


def test_a_manager_that_does_not_listen_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others,
    ):
        manager.bind(str(tmp_path / "notify"))
        others.connect(str(tmp_path / "notify"))
        others.setblocking(False)
        with suppress(BlockingIOError):
            while others.send(b"WATCHDOG=1"):
                pass
        notify("WATCHDOG=1")
