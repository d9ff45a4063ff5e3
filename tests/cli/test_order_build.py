"""`syncd order build`, from a spreadsheet to the outbox."""

import json

import pytest

from tests.cli.test_parse import syncd
from tests.formats.canonical import read


@pytest.fixture
def shop(tmp_path):
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)
    config = tmp_path / "syncd.toml"
    config.write_text(f"""
state_dir = "{tmp_path}/state"
[account.umbreit]
supplier = "umbreit"
host = "ftp.umbreit.example"
tls = "none"
user = "shop"
password = {{ file = "{password}" }}
customers = ["900900", "900901"]
outbox = "{tmp_path}/outbox"
[account.cb]
supplier = "cb"
user = "1234567"
password = {{ file = "{password}" }}
relation_id = "1234567"
outbox = "{tmp_path}/cb"
""")
    return tmp_path


def build(shop, sheet, account="umbreit"):
    return syncd("order", "build", sheet, "--account", account, "--config", shop / "syncd.toml")


def test_a_german_spreadsheet_becomes_an_order_in_the_outbox(shop):
    sheet = shop / "bestellung.csv"
    sheet.write_bytes(
        "EAN;Menge;Referenz;Bestellzeichen;Vormerken\r\n9783442756841;3;4711;Müller;N\r\n".encode("cp1252")
    )
    done = build(shop, sheet)
    assert done.returncode == 0, done.stderr
    (order,) = (shop / "outbox").glob("S_*")
    verdict, (line,) = read("bwa-order", order.read_bytes(), order.name)
    assert not verdict.findings
    assert (line.sender, line.article, line.quantity, line.reference) == ("900900", "9783442756841", 3, "4711")
    assert (line.mark, line.back_order) == ("Müller", False)


def test_what_is_odd_but_can_be_ordered_is_said_at_its_line(shop):
    sheet = shop / "orders.csv"
    sheet.write_text("article;reference\n9783442756841;1\n9783442756842;2\n9783442756841;\n")
    done = build(shop, sheet)
    assert done.returncode == 0
    assert f"{sheet}:3: warning check-digit: the article's check digit is wrong" in done.stderr
    assert f"{sheet}:4: warning no-reference: without a reference (1041)" in done.stderr
    assert len(list((shop / "outbox").glob("S_900900_*"))) == 1


def test_two_orders_in_one_second_have_two_names(shop):
    sheet = shop / "one.jsonl"
    sheet.write_text(json.dumps({"article": "9783442756841", "reference": "1"}))
    for _ in range(3):
        assert build(shop, sheet).returncode == 0
    assert len(list((shop / "outbox").glob("S_900900_*"))) == 3


def test_a_wrong_sheet_orders_nothing_and_names_every_cell(shop):
    sheet = shop / "orders.csv"
    sheet.write_text("article;quantity\n9783442756841;0\n97834427568411;1\n9,78344E+12;1\n")
    done = build(shop, sheet)
    assert done.returncode == 5
    assert f"{sheet}:2: error bad-cell: quantity: wanted 1 to 9999; it is “0”" in done.stderr
    assert f"{sheet}:4: error bad-cell: article: the spreadsheet has rounded this number" in done.stderr
    assert f"{sheet}:3: error bad-cell: article: “97834427568411” has 14 digits; an EAN has 13" in done.stderr
    assert not (shop / "outbox").exists()


@pytest.mark.parametrize("header", ['"article;quantity', "x" * 200_000])
def test_a_damaged_header_is_named_like_any_other_line(shop, header):
    sheet = shop / "orders.csv"
    sheet.write_text(f"{header}\n9783442756841;1\n")
    done = build(shop, sheet)
    assert done.returncode == 5
    assert f"{sheet}:1: error bad-row: this is no CSV" in done.stderr


def test_what_the_record_cannot_hold_is_found_at_its_line(shop):
    sheet = shop / "orders.csv"
    sheet.write_text("article;mark\n9783442756841;ok\n9783442756841;Ω\n")
    done = build(shop, sheet)
    assert done.returncode == 5
    assert f"{sheet}:3: error charset: “Ω” cannot be written in cp1252" in done.stderr


@pytest.mark.parametrize(
    ("account", "words"), [("cb", "describes no order format"), ("umbriet", "there is no account “umbriet”")]
)
def test_an_account_that_cannot_take_it_says_so(shop, account, words):
    sheet = shop / "one.jsonl"
    sheet.write_text('{"article": "9783442756841"}')
    done = build(shop, sheet, account)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_sheet_that_is_not_there_is_a_usage_error(shop):
    assert build(shop, shop / "absent.csv").returncode == 2


def test_parse_compares_with_the_account(shop):
    from tests.formats.canonical import STOCK_BYTES

    path = shop / "x.bhd"
    path.write_bytes(STOCK_BYTES)
    done = syncd("parse", "--json", path, "--account", "cb", "--config", shop / "syncd.toml")
    assert done.returncode == 5
    assert json.loads(done.stdout)["codes"] == {"wrong-receiver": 1}
