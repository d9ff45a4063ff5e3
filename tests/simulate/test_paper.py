"""What the houses write and read, held against the documents' own examples, byte for byte."""

from datetime import UTC, date, datetime

import pytest

from syncd.simulate import slips
from syncd.simulate.slips import Line
from syncd.simulate.stocklist import Row, ean, invented_rows, stock_list

ORDER = (
    b"B101900900    VD24000     VD201705154233      9783442756841EN0001ST*1003testBZ*1045J*9999\r\n"
    b"B101900900    VD24000     VD201705154233      0488468      UM0001ST*1003testBZ*1045N*9999\r\n"
)


def test_an_order_is_read_by_position():
    lines, wrong = slips.read_order(ORDER)
    assert wrong == []
    assert lines == [
        Line("900900", "20170515", "4233", "9783442756841", "EN", 1, "testBZ", "J"),
        Line("900900", "20170515", "4233", "0488468", "UM", 1, "testBZ", "N"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"B101900900 ", b"B102900900 ", "line 1: the record does not begin with B101"),
        (b"9783442756841EN", b"97834427568411EN", "line 1: the mandatory part is not 67 characters long"),
        (b"J*9999", b"J", "line 1: the record does not end with *9999"),
        (
            b"VD24000     VD201705154233      0488468",
            b"VD24001     VD201705154233      0488468",
            "line 2: the receiver",
        ),
        (b"20170515", b"20170230", "line 1: the order date is not a date"),
        (b"EN0001", b"KN0001", "line 1: the article qualifier is unknown"),
        (b"EN0001", b"EN0000", "line 1: the quantity is not a number from 0001"),
        (b"*1045N*9999\r\n", b"*1045N*9999", "the file does not end with a line end"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(old, new, sentence):
    _, wrong = slips.read_order(ORDER.replace(old, new))
    assert wrong[0].startswith(sentence)


def test_an_empty_order_is_wrong():
    assert slips.read_order(b"")[1]


def test_a_delivery_slip_is_written_as_in_chapter_4_3():
    line = Line("900900", "", "202020", "9783451337772", "EN", 10, "TESTBZ")
    assert slips.delivered(line, quantity=10, price=129500, on=date(2017, 5, 15), slip="24123456", position=1) == (
        "L10124000     VD900900    VD2017051524123456  0001202020    9783451337772EN0010000000000129500LPEUR003000001"
        "*1003TESTBZ*90901*904000000000*90430000000000000000*9999\r\n"
    )


def test_a_report_is_written_as_in_chapter_4_4():
    line = Line("123450", "", "212121", "9783869170657", "EN", 1, "TESTBZ ")
    assert slips.reported(line, code=10, backorder="N", slip="24123456", on=date(2014, 12, 24)) == (
        "M10124000     VD123450    VD24123456  212121    9783869170657EN010N        0000"
        "*1003TESTBZ *90901*904220141224*9999\r\n"
    )


def test_a_stock_list_is_written_as_in_the_example():
    rows = [Row("9789881892331", 19, date(2015, 4, 20)), Row("9789995790004", 177, date(2016, 11, 29))]
    text = stock_list(rows, receiver="9999999", at=datetime(2016, 12, 19, 4, 58, tzinfo=UTC), reference="160030")
    assert text.decode().split("\r\n") == [
        "#00010#0002BHDART#00030608#000420161219#00050458#0006160030#00070#00080",
        "#00011#0009AFZ#00108894126#0011CB",
        "#00011#0009ONTV#00109999999#0011CB",
        "#00012#02009789881892331#028120150420#0521N#052219",
        "#00012#02009789995790004#028120161129#0521N#0522177",
        "#00019#00152#0006160030",
        "",
    ]


def test_more_than_698_is_told_as_698():
    text = stock_list([Row("9789881892331", 5000)], receiver="1", at=datetime(2026, 1, 1, tzinfo=UTC), reference="1")
    assert b"#0522698\r\n" in text


def test_invented_articles_have_right_check_digits():
    assert ean("978988189233") == "9789881892331"
    rows = invented_rows(1000)
    assert len({row.ean for row in rows}) == 1000
    assert {row.quantity for row in rows} == set(range(699))
