"""`syncd ola` as a person and a script use it, against the house, with a configuration on disk."""

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syncd.cli import syncd
from syncd.errors import DoubtError, SyncdError, UsageError
from syncd.simulate.ola import Fault, OlaHouse, Stock
from tests.ola.houses import HALF, NONE, THERE, a_house

CONFIG = """
state_dir = "{folder}/state"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
tls = "none"
user = "shop"
password = "ftp"
customers = ["900900"]
[account.umbreit.ola]
host = "127.0.0.1"
port = {port}
user = "900900"
password = "olatest"
[account.cb]
supplier = "cb"
user = "1234567"
password = "cb"
"""


@contextmanager
def open_house(house: OlaHouse) -> Iterator[OlaHouse]:
    """Run a house in a thread of its own: the verbs bring their own event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(house.start(), loop).result(5)
        yield house
        asyncio.run_coroutine_threadsafe(house.stop(), loop).result(5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Shop:
    def __init__(self, folder: Path, house: OlaHouse) -> None:
        self.house = house
        self.config = folder / "syncd.toml"
        self.config.write_text(CONFIG.format(folder=folder, port=house.port), encoding="utf-8")
        self.config.chmod(0o600)

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(syncd, [*arguments, "--config", str(self.config)], input=typed)
        if isinstance(result.exception, SyncdError):
            raise result.exception
        return result

    def lines(self, *arguments: str, typed: str | None = None) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.run(*arguments, "--json", typed=typed).stdout.splitlines()]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_house(a_house(stock=Stock(standard={NONE: "9783406618000"}))) as house:
        yield Shop(tmp_path, house)
        assert house.violations == []


def test_a_question_on_the_command_line(shop: Shop):
    shown = shop.run("ola", "query", f"{THERE}:2", f"{HALF}:4")
    assert shown.exit_code == 0
    assert "available" in shown.output
    assert "short" in shown.output


def test_questions_as_json(shop: Shop):
    there, none = shop.lines("ola", "query", f"{THERE}:2", NONE, "--price")
    assert there | {"price": None} == {
        "article": THERE, "wanted": 2, "type": 12, "result": 1, "outcome": "informed", "quantity": 2, "code": None,
        "meaning": None, "text": None, "price": None, "standard_ean": None, "warnings": [],
    }  # fmt: skip
    assert there["price"] == "29.90"
    assert (none["code"], none["standard_ean"]) == (15, "9783406618000")
    assert none["meaning"] == "Fehlt kurzfristig am Lager. Bestellung ist vorgemerkt"
    assert shop.house.orders == []


def test_articles_from_a_file_and_from_standard_input(shop: Shop, tmp_path: Path):
    listed = tmp_path / "watch.txt"
    listed.write_text(f"# the window\n{THERE}:3\n\n{HALF}  # twice?\n", encoding="utf-8")
    assert [line["wanted"] for line in shop.lines("ola", "query", "--file", str(listed))] == [3, 1]
    assert [line["article"] for line in shop.lines("ola", "query", "--file", "-", typed=f"{NONE}\n")] == [NONE]


def test_an_article_that_the_house_does_not_know_is_an_exit_status(shop: Shop):
    shown = shop.run("ola", "query", "9783842344548")
    assert shown.exit_code == 1
    assert "check digit" in shown.stderr
    assert "Titelnummer" in shown.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no articles"),
        (("978-3842344549",), "without hyphens"),
        ((f"{THERE}:x",), "no quantity"),
        ((f"{THERE}:0",), "1 to 9999"),
        ((THERE, "--account", "cb"), "no availability query"),
        ((THERE, "--account", "umbriet"), "there is no account"),
    ],
)
def test_what_cannot_be_asked(shop: Shop, arguments: tuple[str, ...], says: str):
    with pytest.raises(UsageError, match=says):
        shop.run("ola", "query", *arguments)
    assert shop.house.logins == []


def test_without_its_table_nothing_is_asked(shop: Shop):
    text = shop.config.read_text(encoding="utf-8")
    shop.config.write_text(text[: text.index("[account.umbreit.ola]")], encoding="utf-8")
    with pytest.raises(UsageError, match="no account has an availability query"):
        shop.run("ola", "query", THERE)


def test_where_several_may_ask_one_is_named(shop: Shop):
    text = shop.config.read_text(encoding="utf-8")
    other = text[text.index("[account.umbreit]") : text.index("[account.cb]")]
    other = other.replace("account.umbreit", "account.branch").replace('"shop"', '"branch"')
    shop.config.write_text(text + other, encoding="utf-8")
    with pytest.raises(UsageError, match="which account shall ask") as error:
        shop.run("ola", "query", THERE)
    assert "umbreit|branch" in error.value.remedy
    assert shop.run("ola", "query", THERE, "--account", "branch").exit_code == 0


def test_a_wrong_line_of_a_file_is_named(shop: Shop, tmp_path: Path):
    listed = tmp_path / "watch.txt"
    listed.write_text(f"{THERE}\nabc\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"watch\.txt:2: "):
        shop.run("ola", "query", "--file", str(listed))


def test_a_reservation_is_made_and_explained(shop: Shop):
    query, reserved = shop.lines(
        "ola", "reserve", f"{THERE}:2", "--account", "umbreit", "--yes", "--mark", "Mueller", "--reference", "12345",
        "--back-order", "no",
    )  # fmt: skip
    assert (query["type"], reserved["type"]) == (2, 6)
    assert (reserved["outcome"], reserved["state"], reserved["text"]) == ("taken", "confirmed", "Mueller")
    assert [order.content for order in shop.house.orders] == [b"900900^9783842344549^2^6^Mueller^^^12345"]
    assert len(shop.house.logins) == 1
    told = shop.run("explain", "12345").output
    assert "it was ordered, once" in told
    assert "2 copies of 9783842344549 (Mueller)" in told


def test_a_rehearsal_never_reserves(shop: Shop):
    assert shop.run("ola", "reserve", THERE, HALF, "--account", "umbreit", "--dry-run").exit_code == 0
    assert [command.argument.rpartition("^")[2] for command in shop.house.commands] == ["2", "2"]
    assert shop.house.orders == []


def test_without_a_terminal_nothing_is_ordered_without_a_yes(shop: Shop):
    shown = shop.run("ola", "reserve", THERE, "--account", "umbreit")
    assert shown.exit_code == 2
    assert "--yes" in shown.output
    assert shop.house.logins == []


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "status", "orders"), [("y\n", 0, 1), ("n\n", 1, 0), ("", 1, 0)])
def test_on_a_terminal_it_asks_first(shop: Shop, typed: str, status: int, orders: int):
    arguments = ["ola", "reserve", THERE, "--account", "umbreit", "--config", str(shop.config)]
    shown = CliRunner().invoke(syncd, arguments, input=Terminal(typed.encode()))
    assert shown.exit_code == status
    assert "Order 1 of these now?" in shown.output
    assert len(shop.house.orders) == orders


def test_what_the_house_refuses_is_an_exit_status(shop: Shop):
    assert shop.run("ola", "reserve", "9783842344548", "--account", "umbreit", "--yes").exit_code == 1


def test_a_lost_answer_is_said_held_and_shown(tmp_path: Path):
    with open_house(a_house(Fault("cut-after", 2))) as house:
        shop = Shop(tmp_path, house)
        with pytest.raises(DoubtError) as doubt:
            shop.run("ola", "reserve", THERE, "--account", "umbreit", "--yes")
        assert doubt.value.exit_status == 3
        assert len(house.orders) == 1
        (problem,) = json.loads(shop.run("status", "--json").stdout)["problems"]
        assert problem["code"] == "order-in-doubt"
        with pytest.raises(UsageError, match="still in doubt"):
            shop.run("ola", "reserve", THERE, "--account", "umbreit", "--yes")
    assert len(house.orders) == 1


def test_an_internal_error_of_the_house_is_a_doubt_too(tmp_path: Path):
    with open_house(a_house(Fault("internal-error", 2))) as house:
        shop = Shop(tmp_path, house)
        assert shop.run("ola", "reserve", THERE, "--account", "umbreit", "--yes").exit_code == 3
        assert "may have been ordered or not" in shop.run("status").output
