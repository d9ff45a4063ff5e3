"""What a terminal gets, and what becomes of output that fits nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats.canonical import DESPATCH, ELS_NAME, wire

SYNCD = (sys.executable, "-m", "syncd")
TITLE = "\x1b]0;owned\x07"


@pytest.fixture
def note(tmp_path):
    path = tmp_path / ELS_NAME
    path.write_bytes(wire(DESPATCH))
    return path


def syncd(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SYNCD, *map(str, arguments)], text=True, timeout=60, **options)


def test_no_name_and_no_text_of_a_file_steers_a_terminal(tmp_path):
    path = tmp_path / f"{TITLE}.bhd"
    path.write_bytes(b"#0001BHDART\r\n" + TITLE.encode() + b"\r\n")
    absent = tmp_path / f"{TITLE}.absent"
    for command in (("parse", path), ("parse", absent), ("send", "--account", "x", "--config", absent, path)):
        done = syncd(*command, capture_output=True)
        said = done.stdout + done.stderr
        assert "\\x1b]0;owned\\x07" in said
        assert not {"\x1b", "\x07"} & set(said)


def test_a_pipe_that_nobody_writes_into_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / ELS_NAME)
    done = syncd("parse", tmp_path / ELS_NAME, capture_output=True)
    assert done.returncode == 2
    assert "is a pipe or device, and is read twice: write it to a disk" in done.stdout


@pytest.mark.parametrize(
    "verb", [("parse",), ("parse", "--json"), ("schema", "records"), ("config", "schema"), ("-h",)]
)
def test_output_that_does_not_fit_is_a_full_disk_and_no_mistake_of_syncd(verb, note):
    with Path("/dev/full").open("w") as full:
        done = syncd(*verb, *([note] if "parse" in verb else []), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 3
    first, remedy = done.stderr.splitlines()
    assert first == "syncd: what was to be written does not fit: No space left on device"
    assert remedy.startswith("       Make room")


@pytest.mark.parametrize("verb", [("parse", "--json"), ("schema", "records")])
def test_output_that_nobody_reads_any_more_ends_in_silence(verb, note):
    reads, writes = os.pipe()
    os.close(reads)
    done = syncd(*verb, *([note] if "parse" in verb else []), stdout=writes, stderr=subprocess.PIPE)
    os.close(writes)
    assert done.stderr == ""
