"""`syncd orders` and `syncd explain`: lines for programs, a table for people; no server is there at all."""

import json
import os
import pty
import subprocess
import sys

from click.testing import CliRunner

from syncd.cli import syncd
from syncd.errors import UsageError
from syncd.state import open_state
from syncd.wording import shown
from tests.cli.test_words import CONFIG, folder
from tests.state.test_lines import TO_SENT, goods, heard, lines, ordered, report

__all__ = ["CONFIG", "folder"]


def run(folder, *words):
    return CliRunner().invoke(syncd, [*words, "--config", str(folder / "syncd.toml")])


def filled(folder):
    with open_state(folder / "state") as store:
        order = ordered(store, lines(10, 1), *TO_SENT, account="umbreit")
        heard(store, "R_90090024123456000000001", goods(8, 1), report(15, True), account="umbreit")
        return order


def test_without_a_terminal_lines_are_json(folder):
    order = filled(folder)
    found = [json.loads(text) for text in run(folder, "orders", "--short").stdout.splitlines()]
    assert [(line["order"], line["line"], line["state"]) for line in found] == [
        (order.id, 1, "partly delivered"), (order.id, 2, "reported"),
    ]  # fmt: skip
    assert (found[0]["delivered"], found[0]["quantity"], found[0]["code"], found[0]["open"]) == (8, 10, 15, True)
    assert run(folder, "orders", "--unanswered", "--open").stdout == ""


def test_an_account_that_is_none_is_refused(folder):
    assert isinstance(run(folder, "orders", "--account", "ubreit").exception, UsageError)


def on_a_terminal(folder, *words):
    """Run a verb on a pseudo-terminal; return what it shows."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "syncd", *words, "--config", str(folder / "syncd.toml")]
    plain = os.environ | {"COLUMNS": "150", "LINES": "40", "TERM": "dumb"}
    subprocess.run(command, stdout=theirs, check=True, timeout=60, env=plain)
    os.close(theirs)
    with os.fdopen(ours, "rb") as screen:
        return screen.read1(65536).decode()


def test_on_a_terminal_lines_are_a_table(folder):
    filled(folder)
    head, first, second = on_a_terminal(folder, "orders").splitlines()
    assert head.split() == ["account", "sent", "reference", "article", "mark", "came", "state"]
    assert "8/10  partly delivered  back-ordered, 15 Fehlt kurzfristig am Lager." in first
    assert "0/1  reported" in second
    assert on_a_terminal(folder, "orders", "--unanswered").strip() == "No order line is like that."


def test_explain_knows_what_an_order_is_and_tells_its_lines(folder):
    order = filled(folder)
    said = run(folder, "explain", order.name).stdout
    assert f"{order.name} (no. {order.id}, account umbreit, ORDER)" in said
    assert "  line 1: 8 of 10 copies of 9783442756841 (MEIER) came on 24 Nov 2026 with delivery note 900" in said
    (story,) = [json.loads(text) for text in run(folder, "explain", order.name, "--json").stdout.splitlines()]
    assert [line["status"]["state"] for line in story["lines"]] == ["partly delivered", "reported"]


def test_what_is_no_text_is_known_to_nobody(folder):
    for strange in ("b\udcff", "a\0b"):
        error = run(folder, "explain", strange).exception
        assert isinstance(error, UsageError)
        assert str(error) == f"nothing is known of {shown(strange)}"
