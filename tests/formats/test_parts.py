"""The small parts: names, numbers, codes, columns, duplicates, guesses."""

import datetime as dt
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bench.peers.gen import ean13
from syncd.errors import RejectedError
from syncd.formats import FORMATS, Context, guess, new_order_line, next_order_name, order_stamp, write_orders
from syncd.formats import wire as outgoing
from syncd.formats.articles import ean_is_valid, isbn_10_is_valid
from syncd.formats.codes import REPORT_CODES
from syncd.formats.duplicates import Duplicates
from syncd.formats.fields import Day, FieldError, Fixed, Number, Text, YesNo
from syncd.formats.findings import Findings, readable
from syncd.formats.names import AnswerName, OrderName
from syncd.formats.plain import eans_are_valid
from syncd.formats.records import DespatchLine, StockLine, maker
from syncd.model import Severity
from tests.formats.canonical import DESPATCH, ELS_NAME, ORDERS, STOCK_BYTES, judge, read, wire

BERLIN = ZoneInfo("Europe/Berlin")
TEMPLATE = "S_{customer}_{stamp}"


def order_name(moment: dt.datetime, last: str | None = None) -> str:
    return next_order_name(TEMPLATE, "900900", moment, last, zone=BERLIN)


def test_an_order_is_named_by_the_wall_clock_of_the_supplier():
    assert order_name(dt.datetime(2026, 11, 22, 9, 5, 7, tzinfo=dt.UTC)) == "S_900900_20261122100507"


def test_two_orders_in_one_second_take_two_seconds():
    moment = dt.datetime(2026, 12, 31, 22, 59, 59, tzinfo=dt.UTC)
    first = order_name(moment)
    second = order_name(moment, order_stamp(first))
    assert (first, second) == ("S_900900_20261231235959", "S_900900_20270101000000")


def test_no_name_comes_twice_in_the_hour_that_october_repeats():
    begin = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    names, last = [], None
    for minute in range(0, 120, 7):
        names.append(order_name(begin + dt.timedelta(minutes=minute), last))
        last = order_stamp(names[-1])
    assert len(set(names)) == len(names)
    assert names == sorted(names)
    assert names[-1] == "S_900900_20261025032900"


@pytest.mark.parametrize("name", ["S_900900_20261301000000", "S_12345678901_20261122100507", "x", ""])
def test_what_is_no_name_of_an_order(name):
    assert OrderName.read(name) is None
    assert order_stamp(name) is None


def test_the_parts_of_an_answers_name():
    assert AnswerName.read("R_90090024123000000123456") == AnswerName("900900", False, "24123000", "123456")
    assert AnswerName.read("R_900900M24123000000123456") == AnswerName("900900", True, "24123000", "123456")
    assert AnswerName.read("R_9009001000000001") == AnswerName("900900", False, "1", "000001")
    assert AnswerName.read("R_900900000123456") is None


def test_check_digits_one_by_one_and_all_at_once():
    good = [ean13(number * 7919) for number in range(200)]
    assert all(map(ean_is_valid, good))
    assert eans_are_valid("".join(good).encode())
    for place in (0, 100, 199):
        for wrong in {str(digit) for digit in range(10)} - {good[place][12]}:
            spoilt = [*good[:place], good[place][:12] + wrong, *good[place + 1 :]]
            assert not ean_is_valid(spoilt[place])
            assert not eans_are_valid("".join(spoilt).encode())
    assert not ean_is_valid("978344275684")
    assert eans_are_valid(b"")
    assert isbn_10_is_valid("080442957X")
    assert not isbn_10_is_valid("0804429570")
    assert not isbn_10_is_valid("X804429570")


def test_the_report_codes_of_the_document():
    assert len(REPORT_CODES) == 41
    implied = {entry.code for entry in REPORT_CODES.values() if entry.back_order}
    assert implied == {1, 2, 3, 4, 15, 22, 25, 34, 62, 71, 90}
    for entry in REPORT_CODES.values():
        says_so = "vorgemerkt" in entry.text and "nicht vorgemerkt" not in entry.text
        assert says_so == entry.back_order or entry.code == 71
    assert REPORT_CODES[90].text.startswith("Schnellbesorgung")


@pytest.mark.parametrize(
    ("marker", "text", "value"),
    [
        (Text(5), "ab   ", "ab"),
        (Text(5, optional=True), "     ", None),
        (Number(4), "0012", 12),
        (Number(4, optional=True), "    ", None),
        (Number(6, variable=True), "12", 12),
        (Fixed(15, scale=4), "000000000129500", Decimal("12.9500")),
        (Fixed(4, scale=2, variable=True), "1299", Decimal("12.99")),
        (Fixed(8, optional=True), " " * 8, None),
        (Day(), "20161219", dt.date(2016, 12, 19)),
        (Day(optional=True), " " * 8, None),
        (Day(zeros=True), "0" * 8, None),
        (YesNo(), "J", True),
        (YesNo(), "N", False),
        (YesNo(), "x", None),
    ],
)
def test_what_a_column_means(marker, text, value):
    assert marker.read(text) == value
    if value is not None:
        assert marker.read(marker.write(value).ljust(len(text))) == value


@pytest.mark.parametrize(
    ("marker", "value", "code"),
    [
        (Text(3), "abcd", "too-long"),
        (Text(3), "a*b", "malformed-token"),
        (Text(3), "a\nb", "malformed-token"),
        (Number(4), 10000, "bad-number"),
        (Number(4), -1, "bad-number"),
        (Number(4), None, "bad-number"),
        (Fixed(4, scale=2), Decimal("100.00"), "bad-number"),
        (Fixed(4, scale=2), Decimal("1.999"), "bad-number"),
        (Fixed(4, scale=2), Decimal(-1), "bad-number"),
    ],
)
def test_what_a_column_cannot_hold(marker, value, code):
    with pytest.raises(FieldError) as error:
        marker.write(value)
    assert error.value.code == code


def test_padded_and_unpadded_numbers():
    assert (Number(4).write(7), Number(4, variable=True).write(7)) == ("0007", "7")
    assert (Fixed(4, scale=2).write(Decimal(1)), Fixed(4, scale=2, variable=True).write(Decimal(1))) == ("0100", "100")
    assert (Text(4).write(None), YesNo().write(False), Day().write(dt.date(1999, 1, 2))) == ("", "N", "19990102")


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled"])
def test_duplicates_are_found_whatever_the_order(order):
    eans = [ean13(978 * 10**9 + number * 31) for number in range(3000)]
    rng = random.Random(1)
    if order == "descending":
        eans.reverse()
    elif order == "shuffled":
        rng.shuffle(eans)
    known, repeated = Duplicates(), rng.sample(eans, 50)
    assert not any(map(known.seen, eans))
    assert all(map(known.seen, repeated))


def test_runs_without_a_repeated_ean_are_taken_whole_and_remembered():
    eans = [ean13(978 * 10**9 + number).encode() for number in range(5000)]
    known = Duplicates()
    assert not known.seen(eans[0].decode())
    assert known.extend(eans[1:2000])
    assert not known.seen(eans[2000].decode())
    assert known.extend(eans[2001:4001])
    assert not known.extend(eans[4000:])
    assert not known.extend([eans[4400], eans[4400]])
    assert known.extend([eans[4500], eans[4499]])
    assert all(known.seen(eans[number].decode()) for number in (1234, 4499, 4500))
    assert not known.seen(eans[4400].decode())
    assert not known.extend(eans[4400:])
    assert known.extend(eans[4600:])
    assert known.seen(eans[4999].decode())


def test_findings_keep_a_hundred_and_every_first_error():
    findings = Findings()
    for line in range(150):
        findings.warning("odd", line + 1, "odd")
    findings.error("wrong", 151, "wrong", b"\x81\xe4")
    assert len(findings.kept) == 100
    assert findings.kept[-1].code == "wrong"
    assert findings.kept[-1].raw == "\x81ä"
    assert findings.codes == {"odd": 150, "wrong": 1}
    for line in range(200):
        findings.error("wrong", 200 + line, "wrong")
    assert len(findings.kept) == 100
    assert {finding.severity for finding in findings.kept} == {Severity.ERROR}
    assert readable("€".encode("cp1252")) == "€"


def test_a_line_without_end_is_not_gathered():
    blocks = (b"x" * (1 << 16) for _ in range(40))
    verdict = FORMATS["bwa-response"].judge(lambda: blocks, Context())
    assert not verdict.accepted
    assert "line-too-long" in verdict.codes


@pytest.mark.parametrize(
    ("name", "beginning", "expected"),
    [
        ("S_900900_20261122100507", b"", "bwa-order"),
        ("R_90090024123456000123456", b"", "bwa-response"),
        ("x.bhd", b"", "digicom"),
        ("x", b"B101900900", "bwa-order"),
        ("x", b"\xef\xbb\xbf\r\nM101", "bwa-response"),
        ("x", b"#00010#0002", "digicom"),
        ("x", b"PK\x03\x04", None),
    ],
)
def test_guesses(name, beginning, expected):
    assert guess(name, beginning) == expected


def test_a_fast_maker_makes_the_same_frozen_record():
    values = (1, "9783442756841", None, None, "N", 3, False, ())
    made = maker(StockLine)(*values)
    assert made == StockLine(*values)
    assert hash(made) == hash(StockLine(*values))
    with pytest.raises(AttributeError):
        made.line = 2  # type: ignore[misc] # it is frozen: that is the point


def test_a_letter_in_a_delivery_note_is_read_as_the_file_is():
    _, (line,) = read("bwa-response", wire(DESPATCH.replace("24123456··", "2412345Ä··")), ELS_NAME)
    assert line.note == "2412345Ä"


def test_an_order_that_cannot_be_written_names_its_line():
    good = {
        "date": dt.date(2026, 11, 22),
        "article": "9783442756841",
        "qualifier": "EN",
        "quantity": 1,
        "reference": "1",
    }
    lines = [
        new_order_line("900900", line=7, **good),
        new_order_line("900900", line=8, **good | {"mark": "x", "text": "y"}),
        new_order_line("900900", line=9, **good | {"reference": "12345678901"}),
        new_order_line("900900", line=10, **good | {"mark": "Ω"}),
    ]
    with pytest.raises(RejectedError) as error:
        write_orders(lines)
    assert [(finding.code, finding.line) for finding in error.value.findings] == [
        ("mark-and-text", 8),
        ("too-long", 9),
        ("charset", 10),
    ]
    with pytest.raises(RejectedError) as error:
        write_orders([new_order_line("900900", line=11, **good | {"quantity": 0})], sender="900901")
    assert [(finding.code, finding.line) for finding in error.value.findings] == [("bad-number", 11)]
    with pytest.raises(RejectedError, match="the order cannot be ordered"):
        write_orders([])


def test_the_sender_of_an_order_can_be_replaced():
    line = new_order_line(
        "1", date=dt.date(2026, 11, 22), article="DTV", qualifier="RK", quantity=1, reference="1", mark=""
    )
    assert write_orders([line], sender="900900").startswith(b"B101900900    VD24000     VD20261122")
    assert b"*1003" not in write_orders([line])


def test_orders_go_out_with_cr_lf_and_other_files_as_they_are():
    assert outgoing("bwa-order", wire(*ORDERS).replace(b"\r\n", b"\n")) == wire(*ORDERS)
    assert outgoing("raw", b"a\nb") == b"a\nb"


def test_records_name_what_makes_them_unique():
    assert "bookable" in DespatchLine.key
    assert StockLine.key == ("ean",)


def test_an_empty_source_is_an_empty_file():
    for name in FORMATS:
        assert judge(name, b"").codes.keys() >= {"empty"}
    assert judge("digicom", STOCK_BYTES).accepted
