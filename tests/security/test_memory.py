"""Servers without end against the real program in a process of its own: what it ends with, and how large it grew."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.security import acts
from tests.security.cases import USUAL, listing
from tests.security.place import elsewhere, prepare
from tests.servers.scripted import Act, scripted, sends

BOUND = 128
"""MiB, resident, at the worst moment."""
LONG_NAMES = b"".join(f"type=file;size=1; {'n' * 470}{number:08}\r\n".encode() for number in range(20_000))

ENDLESS: dict[str, dict[str, Act]] = {
    "greeting": {"BANNER": acts.without_end()},
    "greeting of many lines": {"BANNER": acts.without_end(b"220-and more\r\n" * 1000)},
    "reply to the login": {"PASS": acts.without_end(b"230-and more\r\n" * 1000)},
    "line in a reply": {"MLSD": acts.without_end()},
    "listing": {"MLSD": acts.sends_without_end(listing(*(f"R_900900{n:020}" for n in range(1000))))},
    "listing of long names": {"MLSD": acts.sends_without_end(LONG_NAMES)},
    "listing of one line": {"MLSD": acts.sends_without_end(acts.BLOCK)},
    "listing of empty lines": {"MLSD": acts.sends_without_end(b"\r\n" * 2**15)},
    "file": {"RETR": acts.sends_without_end(acts.BLOCK)},
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_ended_in_bounded_memory(name: str, tmp_path: Path):
    with scripted(USUAL | ENDLESS[name]) as server:
        status, said, peak = once(prepare(tmp_path, server))
    assert status == 3, said
    assert "Traceback" not in said
    assert "internal" not in said
    assert peak <= BOUND
    assert elsewhere(tmp_path) == {"syncd.toml", "password"}


def test_the_largest_listing_that_is_taken(tmp_path: Path):
    whole = b"".join(f"type=file;size=1; lure-{'n' * 155}{number:06}\r\n".encode() for number in range(98_000))
    with scripted(USUAL | {"MLSD": sends(whole)}) as server:
        status, said, peak = once(prepare(tmp_path, server))
    assert status == 0, said
    assert peak <= BOUND


PEAK = """
import atexit, pathlib, re, sys
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print("\\npeak", re.search(r"VmHWM:\\s+([0-9]+)", status.read_text())[1]))
from syncd.cli import main
main(sys.argv[1:])
"""
"""The program, and at its end what the kernel counted; what a parent is told would contain the parent's own size."""


def once(config: Path) -> tuple[int, str, float]:
    """Run `syncd once`; return its exit status, what it said, and its greatest resident size in MiB."""
    command = (sys.executable, "-c", PEAK, "once", "--config", str(config))
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    said, _, peak = ended.stdout.rpartition("peak ")
    print(f"{int(peak) / 1024:.0f} MiB")
    return ended.returncode, said + ended.stderr, int(peak) / 1024
