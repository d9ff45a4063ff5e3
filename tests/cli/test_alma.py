"""`syncd alma`, as somebody at the shop uses it; `syncd simulate alma` in the other terminal."""

import asyncio
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from syncd import app
from syncd.cli import syncd
from syncd.config import load
from syncd.errors import RejectedError, SinkError, SyncdError, UsageError
from syncd.sinks import open_sink
from syncd.state import open_state
from tests.cli.test_simulate import opened
from tests.formats.canonical import DESPATCH, ELS_NAME, ORDER_NAME, ORDERS, REPORT, wire
from tests.sinks.batches import answers_of
from tests.sinks.test_alma import visited

CONFIG = """
state_dir = "{folder}/state"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
tls = "none"
user = "shop"
password = {{ env = "NEVER_READ" }}
customers = ["900900"]
"""

SINK = """
[sink.{name}]
type = "alma"
endpoint = "http://127.0.0.1:1/ALMA/Alma.svc/OrderConfirm?"
supplier = "bokus"
account = "Stad 7"
path = "{folder}/{name}"
request = "query"
fields = {{ isbn = "isbn", antal = "copies" }}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "syncd.toml").write_text(CONFIG.format(folder=tmp_path) + SINK.format(folder=tmp_path, name="libra"))
    answered = DESPATCH.replace("9783451337772", "9783442756841").replace("202020····", "4233······")
    answered = answered.replace("TESTBZ", "testBZ")
    (tmp_path / ELS_NAME).write_bytes(wire(answered, REPORT))
    (tmp_path / ORDER_NAME).write_bytes(wire(ORDERS[0].replace("EN0001ST", "EN0005ST"), ORDERS[1]))
    return tmp_path


def run(shop: Path, *arguments: str) -> Result:
    return CliRunner().invoke(syncd, ["alma", *arguments, "--config", str(shop / "syncd.toml")])


def refusal(shop: Path, *arguments: str) -> SyncdError:
    error = run(shop, *arguments).exception
    assert isinstance(error, SyncdError)
    assert error.remedy
    return error


def test_preview_shows_the_request_and_sends_nothing(shop: Path):
    shown = run(shop, "preview", str(shop / ELS_NAME), str(shop / ORDER_NAME))
    assert shown.exit_code == 0, shown.output
    assert "reference 4233, article 9783442756841, mark testBZ, copies 5" in shown.stdout
    assert "not known: title_number, record_supplier, author, title, class_mark" in shown.stdout
    assert (
        "| GET /ALMA/Alma.svc/OrderConfirm?isbn=9783442756841&antal=5 HTTP/1.1\n  | Host: 127.0.0.1:1\n" in shown.stdout
    )
    assert ":2: passed over: a report on an order that is not known here" in shown.stdout
    assert "1 record, 0 of them cannot be posted. Nothing was sent." in shown.stderr
    assert 'warning: request = "query" is unverified' in shown.stderr
    assert not (shop / "libra").exists()


def test_preview_without_our_order_counts_the_goods(shop: Path):
    shown = run(shop, "preview", str(shop / ELS_NAME), "--json")
    first, second = (json.loads(line) for line in shown.stdout.splitlines())
    assert first["record"]["copies"] == "10"
    assert first["request"]["target"].endswith("?isbn=9783442756841&antal=10")
    assert first["missing"] == []
    assert "title" in first["not_known"]
    assert (second["line"], second["passed_over"]) == (2, "a report on an order that is not known here")


def test_preview_says_what_keeps_a_record_from_being_posted(shop: Path):
    with (shop / "syncd.toml").open("a") as config:
        config.write('required = ["title"]\n')
    shown = run(shop, "preview", str(shop / ELS_NAME))
    assert "cannot be posted without title" in shown.stdout
    assert "1 record, 1 of them cannot be posted" in shown.stderr
    assert CliRunner().invoke(syncd, ["alma", "preview", "--help"]).exit_code == 0


def test_preview_of_what_is_no_answer(shop: Path):
    (shop / "R_broken").write_bytes(b"L101\r\n")
    (shop / "note.txt").write_text("Bonjour")
    assert isinstance(refusal(shop, "preview", str(shop / "R_broken")), RejectedError)
    assert "neither an order nor an answer" in str(refusal(shop, "preview", str(shop / "note.txt")))
    assert isinstance(run(shop, "preview", str(shop / "nowhere")).exception, UsageError)


def test_which_sink_is_meant_must_be_clear(shop: Path):
    with (shop / "syncd.toml").open("a") as config:
        config.write(SINK.format(folder=shop, name="other"))
    assert "libra, other" in refusal(shop, "preview", str(shop / ELS_NAME)).remedy
    assert "“none”" in str(refusal(shop, "preview", str(shop / ELS_NAME), "--sink", "none"))
    assert run(shop, "preview", str(shop / ELS_NAME), "--sink", "other").exit_code == 0


def test_a_doubt_is_listed_and_ended(tmp_path: Path):
    with visited(tmp_path, "lost-answer:1") as library:
        keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in library.settings.items())
        (tmp_path / "syncd.toml").write_text(f'{CONFIG.format(folder=tmp_path)}[sink.libra]\ntype = "alma"\n{keys}\n')
        sink, batch = open_sink("alma", library.settings), answers_of(tmp_path, size=2)
        with pytest.raises(SinkError):
            asyncio.run(sink.deliver(batch))
        open_state(tmp_path / "state").close()
        listed = run(tmp_path, "doubts")
        found = re.fullmatch(r"([0-9a-f]{12})  libra: reference 4233, isbn 9780000000001, mark R_.*\n", listed.stdout)
        assert found, listed.output
        assert json.loads(run(tmp_path, "doubts", "--json").stdout)["key"].startswith(found[1])
        assert "0 records in doubt have" in str(refusal(tmp_path, "settle", "ffff", "--taken", "--reason", "seen"))
        assert run(tmp_path, "settle", found[1], "--reason", "seen").exit_code == 2
        settled = run(tmp_path, "settle", found[1], "--taken", "--reason", "seen in Libra")
        assert settled.stdout == f"{found[1]}: in Libra\n"
        (said,) = app.status(load(tmp_path / "syncd.toml")).said
        assert (said.verb, said.account, said.why) == ("alma settle --taken", "sink libra", "seen in Libra")
        assert run(tmp_path, "doubts").stdout == ""
        asyncio.run(sink.deliver(batch))
        assert len(library.house.posts) == 2


def test_config_check_warns(shop: Path):
    checked = CliRunner().invoke(syncd, ["config", "check", "--config", str(shop / "syncd.toml")])
    assert 'warning  sink libra: request = "query" is unverified: the form of a request is not public' in checked.stdout


def test_config_check_looks_for_the_files_it_names(shop: Path):
    with (shop / "syncd.toml").open("a") as config:
        config.write(f'titles = "{shop}/titles.csv"\n')
    asked = ["config", "check", "--paths", "--config", str(shop / "syncd.toml")]
    said = CliRunner().invoke(syncd, asked).exception
    assert "sink.libra.titles: " in str(said)
    assert "titles.csv is no file that this user can read" in str(said)
    (shop / "titles.csv").write_text("isbn,title\n")
    assert "sink.libra" not in str(CliRunner().invoke(syncd, asked).exception)


def test_a_library_in_one_terminal_and_its_sink_in_another(tmp_path: Path):
    with opened("alma", tmp_path, "--fault", "busy:2") as house:
        said = house.read_until("request = ")
        assert "password" not in said
        found = re.search(r"^\[sink\.libra\]\n(?:.+\n)+", said, re.MULTILINE)
        assert found, said
        table: dict[str, Any] = tomllib.loads(found[0])["sink"]["libra"]
        sink, batch = open_sink(table.pop("type"), table), answers_of(tmp_path, size=2)
        with pytest.raises(SinkError, match="503"):
            asyncio.run(sink.deliver(batch))
        asyncio.run(sink.deliver(batch))
        status, said = house.close()
    assert status == 0, said
    assert "did not take post 2 for 01234567" in said
    assert "Closed. posts: 3, taken: 2 (0 of them the same again), violations: 0" in said
    kept = [path.read_bytes().split(b" ")[0] for path in sorted((tmp_path / "posts").iterdir())]
    assert kept == [b"POST"] * 3


def test_what_means_nothing_to_the_library_is_refused(tmp_path: Path):
    with opened("alma", tmp_path, "--login-interval", "3s") as house:
        house.read_until("--login-interval means nothing to it")
    with opened("alma", tmp_path, "--user", "1234567") as house:
        house.read_until("an account at BTJ has 8 digits")
