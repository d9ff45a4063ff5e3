"""The suppliers' own examples, to the letter."""

import datetime as dt
from decimal import Decimal

import pytest

from syncd.formats import write_orders
from syncd.formats.answers import L101, M101
from syncd.formats.orders import B101
from syncd.model import GoodsKey
from tests.formats.canonical import (
    BUNDLE,
    DESPATCH,
    ELS_NAME,
    ERM_NAME,
    ORDER_NAME,
    ORDERS,
    REPORT,
    STOCK_BYTES,
    judge,
    read,
    wire,
)


@pytest.mark.parametrize(("layout", "length"), [(B101, 67), (L101, 108), (M101, 79)])
def test_the_fixed_parts_have_the_length_the_documents_say(layout, length):
    assert layout.length == length


def test_an_order_is_read_and_written_back_byte_for_byte():
    verdict, (first, second) = read("bwa-order", wire(*ORDERS), ORDER_NAME, customers=frozenset({"900900"}))
    assert verdict.accepted
    assert not verdict.findings
    assert verdict.references == ("4233",)
    assert (first.reference, first.date, first.quantity, first.back_order) == ("4233", dt.date(2017, 5, 15), 1, True)
    assert (second.article, second.qualifier, second.back_order) == ("0488468", "UM", False)
    assert write_orders([first, second]) == wire(*ORDERS)


def test_a_position_of_a_delivery_note_is_a_goods_receipt():
    verdict, (line,) = read("bwa-response", wire(DESPATCH), ELS_NAME)
    assert (verdict.kind, verdict.codes) == ("ELS", {})
    assert line.bookable
    assert (line.price, line.discount, line.vat, line.quantity) == (Decimal("12.9500"), Decimal("30.0000"), "1", 10)
    assert verdict.goods == ((1, GoodsKey("24000", "900900", "24123456", 1)),)


def test_the_same_position_in_an_order_response_is_none():
    verdict, (line,) = read("bwa-response", wire(DESPATCH), ERM_NAME)
    assert verdict.kind == "ERM"
    assert not line.bookable
    assert not verdict.goods
    assert verdict.codes == {"not-bookable": 1}


def test_a_bundle_keeps_its_parts_in_order():
    verdict, (line,) = read("bwa-response", wire(BUNDLE), ELS_NAME)
    assert not verdict.findings  # gross adds up to the record's price; net is not computed
    physical, digital = line.bundle
    assert (physical.net, physical.gross, physical.form) == (Decimal("12.6200"), Decimal("18.0000"), "PHY")
    assert (digital.net, digital.gross, digital.article) == (Decimal("3.1400"), Decimal("4.9900"), "9783131464712-2")


def test_a_report_says_why_and_books_nothing():
    verdict, (line,) = read("bwa-response", wire(REPORT), ELS_NAME)
    assert verdict.codes == {"name-mismatch": 1}  # the example's receiver is another customer
    assert (line.code, line.back_ordered, line.expected, line.mark) == (10, False, None, "TESTBZ")
    assert line.meaning == "Fehlt kurzfristig am Lager. Bestellung ist nicht vorgemerkt"
    assert line.note_date == dt.date(2014, 12, 24)
    assert not verdict.goods


def test_a_stock_list_is_read_whole():
    verdict, lines = read("digicom", STOCK_BYTES, "8894126.bhd", relation_id="9999999")
    assert not verdict.findings
    assert verdict.stamp == "201612190458"
    assert verdict.counts == {"StockLine": 15}
    assert (lines[0].ean, lines[0].available, lines[0].changed) == ("9789881892331", 19, dt.date(2015, 4, 20))
    assert [line.line for line in lines] == list(range(4, 19))


def test_a_stock_list_for_somebody_else_is_refused():
    verdict = judge("digicom", STOCK_BYTES, relation_id="1234567")
    assert not verdict.accepted
    assert verdict.codes == {"wrong-receiver": 1}


@pytest.mark.parametrize("end", range(1, len(STOCK_BYTES) - 2))
def test_no_beginning_of_a_stock_list_is_a_stock_list(end):
    assert not judge("digicom", STOCK_BYTES[:end]).accepted


def test_a_stock_list_without_its_last_line_end_is_whole():
    assert judge("digicom", STOCK_BYTES[:-2]).codes == {"eol-missing": 1}
