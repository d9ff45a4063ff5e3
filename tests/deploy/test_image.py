"""The Dockerfile, judged by hadolint, and what its image relies on."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_hadolint_finds_no_fault():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_everything_that_is_copied_is_there_and_not_ignored():
    kept = [line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists()
        assert any(keep.startswith(name.rstrip("/")) for keep in kept), name


def test_what_is_installed_is_pinned_with_hashes():
    for lock in re.findall(r"-r (requirements/\S+)", (ROOT / "Dockerfile").read_text()):
        pins = re.findall(r"^\S+==\S+", (ROOT / lock).read_text(), re.MULTILINE)
        text = (ROOT / lock).read_text()
        assert pins
        assert "://" not in text
        assert all(f"{pin} " in text for pin in pins)
        assert text.count("--hash=sha256:") >= len(pins)
