"""The demonstration, as a newcomer runs it."""

import os
import subprocess
import sys
import tomllib


def run(*arguments, **more):
    command = [sys.executable, "-m", "syncd", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, **more)


def test_every_line_of_the_table_holds(tmp_path):
    done = run(str(tmp_path / "demo"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✘" not in done.stdout
    assert done.stdout.count("✔") >= 15
    assert tomllib.loads((tmp_path / "demo" / "syncd.toml").read_text())["account"]["cb"]["supplier"] == "cb"


def test_a_folder_that_is_there_is_not_touched(tmp_path):
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_dies_is_noticed_at_once(tmp_path):
    done = run(str(tmp_path / "demo"), env={**os.environ, "SYNCD_STATE_DIR": "/proc/nowhere"})
    assert done.returncode == 1
    assert "the daemon is gone" in done.stderr
    assert "daemon.log" in done.stderr
    assert "Traceback" not in done.stderr
