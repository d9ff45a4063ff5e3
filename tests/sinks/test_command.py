"""The program: the contract, with a shell script that keeps files by their key, and what an exit status means."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import SinkError
from tests.sinks.batches import batch_of
from tests.sinks.contract import Lines, SinkContract, Target, deliver, lines_of

KEEPS = """#!/bin/sh
set -e
out=$(dirname "$0")/out
cat "${1:--}" >"$out/.$SYNCD_KEY.$$"
printf %s "$SYNCD_NAME" >"$out/$SYNCD_KEY.name"
mv "$out/.$SYNCD_KEY.$$" "$out/$SYNCD_KEY.data"
"""


class Program(Target):
    sink = "command"

    def __init__(self, folder: Path, source: str = KEEPS, **settings: Any) -> None:
        self.path = folder / "bin" / "take"
        (self.path.parent / "out").mkdir(parents=True)
        self.path.write_text(source)
        self.path.chmod(0o755)
        self.settings = {"command": [str(self.path)], **settings}

    def lines(self) -> Lines:
        counted: Lines = Counter()
        for data in (self.path.parent / "out").glob("*.data"):
            lines = data.read_text().splitlines()
            if self.settings.get("records"):
                first, *rest = map(json.loads, lines)
                counted.update((first["name"], record["line"]) for record in rest)
            else:
                name = data.with_suffix(".name").read_text()
                counted.update((name, int(line)) for line in lines)
        return counted

    @contextmanager
    def down(self) -> Iterator[None]:
        away = self.path.with_name("away")
        self.path.rename(away)
        yield
        away.rename(self.path)

    def outside(self) -> set[str]:
        around = self.path.parents[2]
        return {str(path) for path in around.rglob("*") if "out" not in path.parts}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"command": []}, "command"),
    ({"command": "take it"}, "command"),
    ({"input": "socket"}, "input"),
    ({"timeout": 0}, "timeout"),
    ({"records": "some"}, "records"),
]


class TestRawAsPath(SinkContract):
    wrong = WRONG
    reads_records = False

    @pytest.fixture
    def target(self, tmp_path: Path) -> Program:
        return Program(tmp_path)


class TestRecordsOnStdin(SinkContract):
    wrong = WRONG

    @pytest.fixture
    def target(self, tmp_path: Path) -> Program:
        return Program(tmp_path, input="stdin", records=True)


@pytest.mark.parametrize(
    ("script", "settings", "said"),
    [
        ("echo 'till\tis \033[31mclosed' >&2; exit 75", {}, r"cannot take it now: till is \[31mclosed"),
        ("exit 3", {}, "exited with 3$"),
        ("kill -TERM $$", {}, "was ended by SIGTERM"),
        ("sleep 60", {"timeout": 0.1}, "did not end within 0.1 s"),
        ("yes 2>&1 >&2 | head -c 3000000 >&2; exit 1", {}, "exited with 1: y y"),
    ],
    ids=["not now", "failure", "signal", "time-out", "much said"],
)
async def test_what_an_answer_means(tmp_path: Path, script: str, settings: dict[str, Any], said: str):
    with pytest.raises(SinkError, match=said) as caught:
        await deliver(Program(tmp_path, f"#!/bin/sh\n{script}\n", **settings), batch_of(tmp_path))
    assert caught.value.remedy
    assert len(str(caught.value)) < 800


async def test_children_of_a_late_program_end_too(tmp_path: Path):
    program = Program(tmp_path, '#!/bin/sh\nsleep 60 & echo $! >"$(dirname "$0")/child"; wait\n', timeout=0.5)
    with pytest.raises(SinkError, match="killed"):
        await deliver(program, batch_of(tmp_path))
    child = int(program.path.with_name("child").read_text())
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"{child} is still running")


async def test_the_environment_tells_what_it_is_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    program = Program(tmp_path, '#!/bin/sh\nenv >"$(dirname "$0")/env"; printf %s "$1" >"$(dirname "$0")/path"\n')
    batch = batch_of(tmp_path)
    await deliver(program, batch)
    given = dict(line.partition("=")[::2] for line in program.path.with_name("env").read_text().splitlines())
    words = ("key", "account", "supplier", "channel", "kind", "name", "sha256")
    assert {word: given[f"SYNCD_{word.upper()}"] for word in words} == {word: getattr(batch, word) for word in words}
    assert "SHOP_PASSWORD" not in given
    handed = Path(program.path.with_name("path").read_text())
    assert handed.name == batch.name
    assert not handed.exists()


async def test_arguments_are_not_read_by_a_shell(tmp_path: Path):
    program = Program(tmp_path, '#!/bin/sh\nprintf %s "$1" >"$(dirname "$0")/first"\n')
    program.settings["command"].append("a b; $(id) *")
    await deliver(program, batch_of(tmp_path))
    assert program.path.with_name("first").read_text() == "a b; $(id) *"


async def test_a_program_that_may_spoil_its_copy_leaves_the_spool(tmp_path: Path):
    program = Program(tmp_path, '#!/bin/sh\n: >"$1"\n')
    batch = batch_of(tmp_path)
    before = batch.raw.read_bytes()
    await deliver(program, batch)
    assert batch.raw.read_bytes() == before


async def test_a_program_without_the_right_to_run(tmp_path: Path):
    program = Program(tmp_path)
    program.path.chmod(0o644)
    with pytest.raises(SinkError, match="Permission denied") as caught:
        await deliver(program, batch_of(tmp_path))
    assert "executable" in caught.value.remedy
    assert list((program.path.parent / "out").iterdir()) == []


async def test_lines_are_whole(tmp_path: Path):
    program = Program(tmp_path, records=True)
    batch = batch_of(tmp_path, size=2_500)
    await deliver(program, batch)
    assert program.lines() == lines_of(batch)
