"""Five hundred real kills of real processes on real files."""

import json
import os
import subprocess
import sys

import pytest

KILLS = 500
KINDS = 50
"""Of points: a change of a file, a commit or an FTP command, before or after, and in which call."""


@pytest.mark.timeout(1200)
def test_five_hundred_kills_break_no_promise(figures):
    share = KILLS // (cores := os.cpu_count() or 1) + 1
    command = [sys.executable, "-m", "tests.sim.kill9", "--kills", str(share), "--seed"]
    running = [subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, text=True) for seed in range(cores)]
    results = [json.loads(each.communicate(timeout=1100)[0]) for each in running]
    kills, lives, orders = (sum(result[name] for result in results) for name in ("kills", "lives", "orders"))
    labels = {label for result in results for label in result["labels"]}
    seconds = max(result["seconds"] for result in results)
    figures(f"real kills: {kills} at {len(labels)} kinds of points, {lives} lives, {orders} orders, in {seconds} s")
    assert [sentence for result in results for sentence in result["broken"]] == []
    assert kills >= KILLS
    assert len(labels) >= KINDS
