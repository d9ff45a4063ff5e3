"""The verbs that take a person's word, as a person and a script use them; no server is there at all."""

import json
import os
import re
from pathlib import Path

import pytest
from click import BadParameter, Context, Group
from click.testing import CliRunner, Result

from syncd.cli import syncd
from syncd.errors import RejectedError, UsageError
from syncd.model import Direction
from syncd.state import open_state
from tests.jobs.shop import TWO, now, order
from tests.jobs.test_trouble import ANSWER, answer
from tests.state.samples import sha256

CONFIG = """
state_dir = "{folder}/state"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
tls = "none"
user = "900900"
password = "nur-ein-test"
customers = ["900900"]
outbox = "{folder}/outbox"
[sink.inbox]
type = "directory"
path = "{folder}/inbox"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = tmp_path / "syncd.toml"
    config.touch(mode=0o600)
    config.write_text(CONFIG.format(folder=tmp_path))
    for name in ("outbox", "inbox"):
        (tmp_path / name).mkdir()
    with open_state(tmp_path / "state") as store:
        store.journal.register({"umbreit": "umbreit"})
    return tmp_path


def held(folder: Path, name: str, reference: str, hold: str | None = "the same bytes came before") -> int:
    data = order(*TWO, reference=reference)
    with open_state(folder / "state") as store:
        row = store.journal.queue(
            "umbreit", "orders", name, len(data), sha256(data), [reference], "", hold, now(),
            spool=lambda number: store.spool.write(Direction.OUT, number, data),
        )  # fmt: skip
        store.journal.left_outbox(row.id)
        return row.id


def doubtful(folder: Path) -> int:
    number = held(folder, "S_900900_20261121101112", "1", hold=None)
    with open_state(folder / "state") as store:
        store.journal.hold_unsent("umbreit", "the state was restored", now())
    return number


def run(folder: Path, *arguments: object) -> Result:
    said = [str(argument) for argument in arguments]
    return CliRunner().invoke(syncd, [*said, "--config", str(folder / "syncd.toml")], standalone_mode=False)


def test_several_orders_are_approved_and_one_that_cannot_be_does_not_stop_the_others(folder):
    first, second = (held(folder, f"S_900900_2026112110111{n}", str(n)) for n in (1, 2))
    result = run(folder, "approve", first, 99, second, "--reason", "meant")
    assert result.return_value == 2
    assert f"no. {first}, S_900900_20261121101111: queued. It waits for the next visit" in result.stdout
    assert f"no. {second}, S_900900_20261121101112: queued." in result.stdout
    assert "there is no interchange 99" in result.stderr
    assert run(folder, "approve", 99, 98).return_value == 2
    told = run(folder, "explain", first).stdout
    assert "held to queued (meant)" in told
    assert "what people had done" in run(folder, "status").stdout


def test_a_doubt_is_settled_with_a_reason_and_one_of_two_words(folder):
    number = doubtful(folder)
    for missing in (("--reason", "x"), ("--taken",)):
        assert run(folder, "settle", number, *missing).exception is not None
    problem = json.loads(run(folder, "status", "--json").stdout)["problems"][0]
    assert f"syncd settle {number} --taken --reason WHY" in problem["remedy"]
    result = run(folder, "settle", number, "--not-taken", "--reason", "they asked their system")
    assert "quarantined. It was refused or withdrawn" in result.stdout
    problem = json.loads(run(folder, "status", "--json").stdout)["problems"][0]
    assert (problem["code"], f"syncd resend {number}" in problem["remedy"]) == ("order-withdrawn", True)
    result = run(folder, "resend", number, "--reason", "the customer waits")
    assert f"no. {number + 1}, S_900900_" in result.stdout
    assert isinstance(run(folder, "resend", number, "--reason", "again").exception, UsageError)


def verbs(command, *path):
    """Yield each verb that takes a reason, as its words."""
    for name in command.list_commands(Context(command)) if isinstance(command, Group) else ():
        yield from verbs(command.get_command(Context(command), name), *path, name)
    if any(parameter.name == "reason" for parameter in command.params):
        yield path


@pytest.mark.parametrize("verb", list(verbs(syncd)), ids=" ".join)
@pytest.mark.parametrize("reason", ["", " \t\n", "\udcff", "\x1b[2J"])
def test_a_reason_that_says_nothing_is_refused_in_words(folder, verb, reason):
    result = run(folder, *verb, "--reason", reason)
    assert isinstance(result.exception, BadParameter)
    assert re.search("--reason.*(say why; it is blank|write it in plain text)", str(result.exception.format_message()))


def test_a_reason_is_kept_on_one_line(folder):
    run(folder, "pause", "umbreit", "--reason", " they move\n  house ")
    assert "pause: umbreit, visits end (they move house)" in run(folder, "status").stdout


def test_a_number_that_no_database_holds_is_wrong_usage(folder):
    verbs = (
        "approve",
        "settle --taken --reason x",
        "quarantine show",
        "quarantine discard --reason x",
        "history --limit",
    )
    for words in verbs:
        assert isinstance(run(folder, *words.split(), 1 << 63).exception, BadParameter)


def test_quarantine_is_listed_shown_and_put_away(folder):
    (folder / "archive").mkdir()
    (folder / "archive" / ANSWER).write_bytes(b"broken\r\n")
    result = run(folder, "ingest", folder / "archive", "--account", "umbreit", "--deliver")
    assert result.return_value == 5
    assert f"{ANSWER}: rejected (no. 1, " in result.stdout
    assert ANSWER in run(folder, "quarantine", "list").stdout
    (row,) = map(json.loads, run(folder, "quarantine", "list", "--json").stdout.splitlines())
    assert (row["id"], row["state"]) == (1, "quarantined")
    assert f"bytes: {folder}/state/spool/in/1.raw" in run(folder, "quarantine", "show", 1).stdout
    assert isinstance(run(folder, "quarantine", "release", 1, "--reason", "x").exception, RejectedError)
    result = run(folder, "quarantine", "discard", 1, "--reason", "seen")
    assert (result.return_value, "discarded" in result.stdout) == (0, True)
    assert run(folder, "quarantine", "list").stdout == ""
    assert run(folder, "quarantine", "discard", 1, "--reason", "seen").return_value == 2


def test_an_archive_is_taken_in_line_by_line(folder):
    archive = folder / "archive"
    archive.mkdir()
    (archive / ANSWER).write_bytes(answer())
    (archive / "readme.txt").write_text("not ours")
    result = run(folder, "ingest", archive / ANSWER, archive / "readme.txt", "--account", "umbreit", "--json")
    assert result.return_value == 2
    first, second = map(json.loads, result.stdout.splitlines())
    assert first == {
        "file": str(archive / ANSWER), "account": "umbreit", "outcome": "accepted", "why": None,
        "id": 1, "channel": "answers", "state": "done", "kind": "ELS", "suppressed": 0,
    }  # fmt: skip
    assert (second["outcome"], second["id"]) == ("refused", None)
    assert list((folder / "inbox").iterdir()) == []
    result = run(folder, "ingest", archive / ANSWER, "--account", "umbreit", "--deliver")
    assert (result.return_value, "accepted (no. 1, ELS, done)" in result.stdout) == (0, True)
    assert (folder / "inbox" / ANSWER).read_bytes() == answer()
    assert "known" in run(folder, "ingest", archive, "--account", "umbreit", "--deliver").stdout


def test_a_folder_in_which_nothing_counts_is_told(folder):
    archive = folder / "archive"
    archive.mkdir()
    (archive / ".hidden").write_bytes(answer())
    (folder / ANSWER).write_bytes(answer())
    result = run(folder, "ingest", archive, folder / ANSWER, "--account", "umbreit")
    assert result.return_value == 0
    assert result.stderr == f"{archive}: no file in it counts; dot files and links do not\n"


def test_a_name_in_an_archive_that_is_no_text_is_refused(folder):
    name = os.fsdecode(b"R_\xff")
    (folder / name).write_bytes(answer())
    result = run(folder, "ingest", folder / name, "--account", "umbreit", "--json")
    assert result.return_value == 2
    assert json.loads(result.stdout)["file"] == f"{folder}/R_\ufffd"


def test_deliveries_that_wait_are_told(folder):
    (folder / ANSWER).write_bytes(answer())
    (folder / "inbox").rmdir()
    (folder / "inbox").write_text("in the way")
    result = run(folder, "ingest", folder / ANSWER, "--account", "umbreit", "--deliver")
    assert result.return_value == 3
    assert "1 delivery waits for its sink" in result.stderr


def test_the_latest_files(folder):
    for number in (1, 2, 3):
        held(folder, f"S_900900_2026112110111{number}", str(number))
    lines = run(folder, "history", "--limit", 2, "--account", "umbreit").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2"]
    first = json.loads(run(folder, "history", "--json").stdout.splitlines()[0])
    assert (first["id"], first["state"]) == (3, "held (guard)")
    assert isinstance(run(folder, "history", "--account", "nobody").exception, UsageError)


def test_status_asks_nobody_to_look_where_nothing_is_asked_of_anybody(folder: Path) -> None:
    config = str(folder / "syncd.toml")
    with open_state(folder / "state") as store:
        store.journal.failed("umbreit", "connection-lost", "the server is away", now())
    result = CliRunner().invoke(syncd, ["status", "--config", config], catch_exceptions=False)
    assert result.output.startswith("Not all is in order:\n\numbreit (umbreit)  failing: 1 failure")
