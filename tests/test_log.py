"""One line for each event, in three dresses; what is secret is in none of them."""

import ast
import io
import json
import logging
import os
import pty
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog

from syncd import log
from syncd.model import Step

CANARY = 'kanarien"vogel/ü'
FORMATS = ["console", "json", "journal"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines(form: str, *, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    log.configure(form, level, stream)
    return stream


def test_json_has_the_keys_of_the_event():
    stream = lines("json")
    structlog.get_logger().info("file.spooled", account="cb", file="A.bhd", bytes=5)
    line = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", line.pop("timestamp"))
    assert line == {"event": "file.spooled", "level": "info", "account": "cb", "file": "A.bhd", "bytes": 5}


def test_the_journal_gets_a_priority_and_no_time():
    stream = lines("journal")
    logger = structlog.get_logger().bind(account="cb")
    logger.info("file.spooled", file="A.bhd", bytes=5)
    logger.warning("visit.failed", error="no route to host", retries=[1, 2])
    assert stream.getvalue().splitlines() == [
        "<6>file.spooled account=cb file=A.bhd bytes=5",
        '<4>visit.failed account=cb error="no route to host" retries="[1, 2]"',
    ]


def test_a_console_without_a_terminal_has_no_colours():
    stream = lines("console")
    structlog.get_logger().info("file.spooled", account="cb")
    assert "\x1b" not in stream.getvalue()
    assert re.search(r"file\.spooled +account=cb", stream.getvalue())


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_has_colours_unless_told(monkeypatch, no_color, coloured):
    monkeypatch.setenv("NO_COLOR", no_color)
    ours, theirs = pty.openpty()
    with open(theirs, "w") as terminal:  # noqa: PTH123 - a descriptor, no path
        log.configure("auto", "info", terminal)
        structlog.get_logger().info("file.spooled", account="cb")
        said = os.read(ours, 4096).decode()
    os.close(ours)
    assert "file.spooled" in said
    assert ("\x1b[" in said) is coloured


def test_auto_is_json_in_a_file_and_the_journals_own_in_the_journal(monkeypatch, tmp_path):
    with (tmp_path / "journal").open("w+") as stream:
        log.configure("auto", "info", stream)
        structlog.get_logger().info("a")
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        log.configure("auto", "info", stream)
        structlog.get_logger().info("b")
        stream.seek(0)
        first, second = stream.read().splitlines()
    assert json.loads(first)["event"] == "a"
    assert second == "<6>b"


@pytest.mark.parametrize("form", FORMATS)
def test_a_hidden_value_is_nowhere(form):
    stream = lines(form)
    log.hide(CANARY)
    logger = structlog.get_logger()
    logger.info(
        "login",
        note=f"with {CANARY}!",
        deep={"list": [CANARY], CANARY: 1},
        url=f"ftp://u:{quote(CANARY, safe='')}@h",
    )
    logger.info(" ".join(["PASS", CANARY]), path=Path("/srv") / CANARY)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("visit.failed")
        logging.getLogger("library").exception("failed with %s", CANARY)
    said = stream.getvalue()
    assert "ValueError" in said
    assert said.count("***") >= 6
    for spelt in (CANARY, json.dumps(CANARY)[1:-1], quote(CANARY, safe="")):
        assert spelt not in said


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("key", ["password", "database_password", "token", "client_secret", "passwd", "PASS"])
def test_a_key_that_names_a_secret_hides_its_value(form, key):
    stream = lines(form)
    structlog.get_logger().info("login", **{key: "abc123", "deep": {key: "abc123"}})
    assert "abc123" not in stream.getvalue()


@pytest.mark.parametrize("spelt", ["Grünkohl", "Gr%C3%BCnkohl", "GrÃ¼nkohl", "Gr\\u00fcnkohl"])
def test_a_hidden_value_is_nowhere_without_the_blanks_at_its_ends_or_in_another_encoding(spelt):
    stream = lines("journal")
    log.hide(" Grünkohl ")
    structlog.get_logger().info("login", note=f"no {spelt}!")
    assert stream.getvalue() == '<6>login note="no ***!"\n'


def test_a_short_secret_does_not_black_out_every_line():
    stream = lines("journal")
    log.hide("o")
    structlog.get_logger().info("login", note="good morning", value="o")
    assert stream.getvalue() == '<6>login note="good morning" value=***\n'


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_server_sent_cannot_colour_or_break_a_line(form):
    stream = lines(form)
    structlog.get_logger().info("file.spooled", file="a\x1b[31m\nlevel=error\r\x9b")
    said = stream.getvalue()
    assert not set("\x1b\r\x9b") & set(said)
    assert form == "console" or said.count("\n") == 1


@pytest.mark.parametrize("form", FORMATS)
def test_libraries_speak_through_the_same_pipe_from_warning_up(form):
    stream = lines(form, level="debug")
    logging.getLogger("aioftp.client").info("USER shop")
    logging.getLogger("aioftp.client").warning("odd reply")
    assert len(stream.getvalue().splitlines()) == 1
    assert "odd reply" in stream.getvalue()
    assert "aioftp.client" in stream.getvalue()


@pytest.mark.parametrize(("level", "seen"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_levels(level, seen):
    stream = lines("json", level=level)
    logger = structlog.get_logger()
    for speak in (logger.debug, logger.info, logger.warning, logger.error):
        speak("login")
    assert len(stream.getvalue().splitlines()) == seen


# -- the catalogue ----------------------------------------------------------------------------------------------


def test_every_event_is_described():
    text = (ROOT / "docs/logs.md").read_text(encoding="utf-8")
    for event, sentence in log.EVENTS.items():
        assert f"| `{event}` | {sentence} |" in text


def test_every_event_that_is_logged_is_in_the_catalogue():
    logged = {event for path in (ROOT / "syncd").rglob("*.py") for event in _logged(path)}
    assert logged
    assert logged <= log.EVENTS.keys()
    assert {f"order.{step}" for step in Step} <= log.EVENTS.keys()


def _logged(path: Path) -> Iterator[str]:
    """Yield the constant first arguments of `log.info(…)` and its like."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr="info" | "warning" | "error" | "exception"),
                args=[ast.Constant(value=str(event)), *_],
            ):
                yield event


def test_a_log_that_cannot_be_written_stops_nobody(capsys):
    """Nor does it complain where nobody reads it."""
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        log.configure("json", "info", full)
        structlog.get_logger().info("file.spooled", account="cb")
        logging.getLogger("library").warning("lost")
    assert capsys.readouterr().err == ""
