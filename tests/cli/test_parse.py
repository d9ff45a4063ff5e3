"""`syncd parse` and `syncd schema records`, as a shop calls them."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from syncd.cli.parse import LEFT_OUT
from syncd.formats import FORMATS
from tests.formats.canonical import BUNDLE, DESPATCH, ELS_NAME, ORDER_NAME, ORDERS, REPORT, STOCK_BYTES, wire


def syncd(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syncd", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def stock(tmp_path):
    path = tmp_path / "8894126u000120161219.bhd"
    path.write_bytes(STOCK_BYTES)
    return path


@pytest.fixture
def note(tmp_path):
    path = tmp_path / ELS_NAME
    path.write_bytes(wire(DESPATCH, REPORT))
    return path


def test_one_json_object_a_file_in_the_order_given(stock, note):
    done = syncd("parse", "--json", note, stock)
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["file"] == str(note)
    assert (first["kind"], first["outcome"], first["counts"]) == ("ELS", "accept", {"DespatchLine": 1, "ReportLine": 1})
    assert first["findings"][0] == {
        "code": "name-mismatch",
        "severity": "warning",
        "line": 2,
        "message": "receiver (1115) is not the customer 900900 of the file name",
        "raw": "123450",
    }
    assert first["left_out"] == ["--customer"]
    assert (second["kind"], second["header"]["detail_count"], second["left_out"]) == ("BHDART", 15, ["--relation-id"])


def test_a_rejected_file_is_status_5_and_shows_where(tmp_path):
    path = tmp_path / "short.bhd"
    path.write_bytes(STOCK_BYTES.replace(b"#001515#", b"#001516#"))
    done = syncd("parse", path)
    assert done.returncode == 5
    assert f"{path}:19: error count-mismatch: the footer counts 16 details (0015), the message has 15" in done.stdout
    assert f"{path}: rejected: BHDART" in done.stdout


@pytest.fixture
def letter(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Sehr geehrte Damen und Herren")
    return path


def test_files_that_cannot_be_judged_have_their_object_and_are_status_2(tmp_path, stock, letter):
    done = syncd("parse", "--json", tmp_path / "absent.bhd", tmp_path, stock, letter)
    assert (done.returncode, done.stderr) == (2, "")
    absent, folder, known, unknown = map(json.loads, done.stdout.splitlines())
    assert absent == {
        "file": f"{tmp_path}/absent.bhd", "format": None, "kind": None, "outcome": "reject",
        "findings": [{"code": "unreadable", "severity": "error", "line": None, "raw": None,
                      "message": f"{tmp_path}/absent.bhd cannot be read: No such file or directory"}],
        "codes": {"unreadable": 1}, "header": {}, "counts": {}, "left_out": [],
    }  # fmt: skip
    assert "Is a directory" in folder["findings"][0]["message"]
    assert known["outcome"] == "accept"
    assert (unknown["outcome"], unknown["codes"]) == ("reject", {"unknown-format": 1})


def test_an_empty_file_of_any_name_is_rejected_as_empty(tmp_path):
    path = tmp_path / "letter.txt"
    path.touch()
    done = syncd("parse", "--json", path)
    assert (done.returncode, json.loads(done.stdout)["codes"]) == (5, {"empty": 1})


def test_a_pipe_is_refused_because_it_cannot_be_read_twice():
    done = syncd("parse", "--records", "--json", "/dev/stdin", input=STOCK_BYTES.decode())
    assert (done.returncode, json.loads(done.stdout)["codes"]) == (2, {"unreadable": 1})
    assert "write it to a disk" in done.stdout


def test_a_rejected_file_is_not_hidden_by_one_that_cannot_be_read(tmp_path, stock):
    cut = tmp_path / "cut.bhd"
    cut.write_bytes(STOCK_BYTES[:-10])
    for files in ((tmp_path / "absent.bhd", cut, stock), (cut, tmp_path / "absent.bhd")):
        assert syncd("parse", *files).returncode == 5


def test_a_file_of_no_known_format_asks_for_one(letter):
    done = syncd("parse", letter)
    assert done.returncode == 2
    assert "--format" in done.stdout
    assert done.stdout.endswith(f"{letter}: rejected\n")
    assert syncd("parse", "--format", "raw", letter).returncode == 0


@pytest.mark.parametrize(
    ("option", "number", "wanted"),
    [
        ("--customer", "abc", "6 digits"),
        ("--customer", "90090\u00b2", "6 digits"),
        ("--relation-id", "12", "7 to 13 digits"),
    ],
)
def test_numbers_have_the_shape_that_a_configuration_wants(stock, option, number, wanted):
    done = syncd("parse", option, number, stock)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"“{number}” is not {wanted}" in done.stderr


def test_the_account_is_compared_when_it_is_given(stock, note):
    assert syncd("parse", "--relation-id", "1234567", stock).returncode == 5
    assert syncd("parse", "--relation-id", "9999999", stock).returncode == 0
    verdict = json.loads(syncd("parse", "--json", "--customer", "111111", note).stdout)
    assert "unknown-customer" in verdict["codes"]
    assert verdict["left_out"] == []


def test_records_come_as_json_lines_that_fit_the_schema(tmp_path, stock, note):
    order = tmp_path / ORDER_NAME
    order.write_bytes(wire(*ORDERS))
    bundle = tmp_path / "R_90090024123457000123456"
    bundle.write_bytes(wire(BUNDLE))
    schema = json.loads(syncd("schema", "records").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    done = syncd("parse", "--records", stock, note, order, bundle)
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout.splitlines()]
    for record in records:
        jsonschema.validate(record, schema)
    assert [record["line"] for record in records] == [*range(4, 19), 1, 2, 1, 2, 1]
    assert records[15]["price"] == "12.9500"
    assert records[15]["date"] == "2017-05-15"
    assert records[-1]["bundle"][1]["net"] == "3.1400"
    assert schema["$defs"]["DespatchLine"]["properties"]["price"]["x-id"] == "1029"


def test_no_record_of_a_rejected_file_is_shown(tmp_path):
    path = tmp_path / "cut.bhd"
    path.write_bytes(STOCK_BYTES[:-10])
    done = syncd("parse", "--records", path)
    assert (done.returncode, done.stdout) == (5, "")


def test_what_each_format_compares_with_an_account_is_known():
    assert set(LEFT_OUT) == set(FORMATS)


def test_answers_of_a_watch_list_are_judged(tmp_path):
    path = tmp_path / "OLA_900900_20261122080000000000"
    path.write_bytes(b"no answer\r\n")
    done = syncd("parse", "--json", path)
    assert (done.returncode, json.loads(done.stdout)["codes"]) == (5, {"ola-line": 1})


def test_a_name_that_is_no_text_is_shown_as_well_as_it_can_be(tmp_path):
    path = tmp_path / os.fsdecode(b"R_\xff")
    path.write_bytes(wire(DESPATCH))
    done = syncd("parse", "--json", "--records", path)
    assert done.returncode == 0, done.stderr
    verdict, record = map(json.loads, done.stdout.splitlines())
    assert verdict["file"] == record["file"] == f"{tmp_path}/R_\ufffd"
    assert verdict["findings"][0]["code"] == "bad-name"
