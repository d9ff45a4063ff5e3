"""Real SIGKILL at every call that can change the disk: nothing lost, nothing twice, nothing half."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(300)
def test_killed_anywhere(tmp_path, url):
    """On PostgreSQL our process alone dies, and its driver's calls cannot be counted: fewer places."""
    command = [sys.executable, "-m", "tests.state.crashes", str(tmp_path), url or ""]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    *wrongs, kills = result.stdout.splitlines()
    assert wrongs == []
    assert int(kills) >= (15 if url else 50)
