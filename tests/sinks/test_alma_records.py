"""What becomes an order-confirm record, what it holds, and what it looks like in a request; nothing is sent."""

import dataclasses
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import ConfigError, SinkError
from syncd.sinks import open_sink
from syncd.sinks.alma.confirm import OrderConfirm, PassedOver, confirms, normal_isbn
from syncd.sinks.alma.plan import Planned, plan
from syncd.sinks.alma.settings import AlmaSettings
from tests.sinks.batches import despatched, ordered, reported, stock

ENDPOINT = "http://www.kommunbibliotek.se/ALMA/Alma.svc/OrderConfirm?"
ISBN = "9780000000001"
OURS = ordered(1, mark="Ek")


def made(*answers: Any, orders: Any = (OURS,)) -> list[OrderConfirm | PassedOver]:
    return list(confirms(answers, orders, account="01234567", supplier="BTJ-PR"))


def settings(**changes: Any) -> AlmaSettings:
    given = {"endpoint": ENDPOINT, "supplier": "bokus", "account": "Stad 7", "path": "/srv/libra", "request": "query"}
    return AlmaSettings.model_validate(given | changes)


def planned(*answers: Any, **changes: Any) -> Planned:
    (found,) = plan(settings(**changes), answers, [OURS])
    assert isinstance(found, Planned)
    return found


goods = despatched(1, mark="Ek", note="24123456")
kept = reported(1, mark="Ek")
dropped = reported(1, mark="Ek", code=10, back_ordered=False, expected=None, meaning="Bestellung ist nicht vorgemerkt")


@pytest.mark.parametrize(
    ("answers", "copies", "day"),
    [
        ([goods], 3, date(2026, 11, 20)),
        ([kept], 3, date(2026, 12, 24)),
        ([goods, kept], 3, date(2026, 12, 24)),
        ([dropped, goods], 2, date(2026, 11, 20)),
        ([dataclasses.replace(goods, bookable=False, note=None, date=None), dropped], 2, None),
        ([dataclasses.replace(kept, expected=None)], 3, None),
        ([goods, goods], 3, date(2026, 11, 20)),
    ],
    ids=["delivered", "kept", "part now, rest kept", "rest dropped", "the same in an ERM", "no date", "two parcels"],
)
def test_an_order_line_is_one_record_with_the_copies_that_come(answers: list[Any], copies: int, day: date | None):
    (record,) = made(*answers)
    assert isinstance(record, OrderConfirm)
    assert (record.copies, record.delivery_date, record.line) == (copies, day, 1)
    assert (record.account, record.supplier, record.isbn) == ("01234567", "BTJ-PR", ISBN)
    assert (record.reference, record.mark) == ("4233", "Ek")


def test_every_answer_to_a_line_makes_the_same_key():
    keys = {record.key for answer in (goods, kept) for record in made(answer) if isinstance(record, OrderConfirm)}
    assert len(keys) == 1
    later = ordered(1, mark="Ek", order="S_900900_20261121100000")
    (again,) = made(goods, orders=[later, OURS])
    assert isinstance(again, OrderConfirm)
    assert again.key not in keys
    assert again.copies == 3


def test_two_lines_of_one_order_that_are_alike_are_one_record():
    (record,) = made(goods, orders=[OURS, ordered(2, mark="Ek", article=ISBN)])
    assert isinstance(record, OrderConfirm)
    assert record.copies == 6


def test_without_our_order_goods_count_by_note_and_position():
    first, second = made(goods, dataclasses.replace(goods, position=2), orders=[])
    assert isinstance(first, OrderConfirm)
    assert isinstance(second, OrderConfirm)
    assert first.key != second.key
    assert (first.copies, first.price) == (2, Decimal("12.9500"))


@pytest.mark.parametrize(
    ("answer", "orders", "why"),
    [
        (dropped, [OURS], "no copies come: Bestellung ist nicht vorgemerkt"),
        (kept, [], "not known here"),
        (dataclasses.replace(goods, bookable=False), [], "not known here"),
        (dataclasses.replace(goods, quantity=0), [OURS], "no copies come: quantity 0"),
        (dataclasses.replace(goods, quantity=0), [], "not known here"),
        (dataclasses.replace(kept, back_ordered=None), [OURS], "no copies come"),
    ],
)
def test_what_makes_no_record_is_passed_over_with_a_reason(answer: Any, orders: Any, why: str):
    (found,) = made(answer, orders=orders)
    assert isinstance(found, PassedOver)
    assert why in found.why


def test_an_order_without_a_reference_is_nobodys():
    nameless = dataclasses.replace(goods, reference=None)
    (record,) = made(nameless, orders=[ordered(1, mark="Ek", reference="")])
    assert isinstance(record, OrderConfirm)
    assert record.copies == 2


def test_records_of_other_classes_make_none():
    assert made(stock(1)) == []


@pytest.mark.parametrize(
    ("number", "normal"),
    [
        ("978-3-442-75684-1", "9783442756841"),
        ("3442756847", "9783442756841"),
        ("3 442 75684 7", "9783442756841"),
        ("080442957x", "9780804429573"),
        ("3442756840", "3442756840"),
        ("0488468", "0488468"),
    ],
)
def test_an_isbn_is_looked_up_by_its_thirteen_digits(number: str, normal: str):
    assert normal_isbn(number) == normal


class TestTitles:
    HEADER = "Title;ISBN;author;shelf;class_mark;title_number\r\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_they_supply_what_our_files_do_not_carry(self, tmp_path: Path, encoding: str):
        row = "Bär; 978-0-00-000000-1 ;Åsa Öst;3;Hc.01;91-7\r\n;;;;;\r\n"
        (tmp_path / "titles.csv").write_bytes((self.HEADER + row).encode(encoding))
        found = planned(goods, titles=str(tmp_path / "titles.csv"), record_supplier="LIBRIS")
        assert found.record.values() == {
            "account": "Stad 7",
            "supplier": "bokus",
            "reference": "4233",
            "mark": "Ek",
            "isbn": ISBN,
            "title_number": "91-7",
            "record_supplier": "LIBRIS",
            "author": "Åsa Öst",
            "title": "Bär",
            "class_mark": "Hc.01",
            "copies": "3",
            "price": "12.9500",
            "currency": "EUR",
            "delivery_date": "2026-11-20",
        }

    def test_a_cell_may_hold_a_line_end_and_the_later_row_counts(self, tmp_path: Path):
        (tmp_path / "titles.csv").write_text(f'isbn,title\n{ISBN},Old\n{ISBN},"New,\n""second"""\n9999,Other\n')
        assert planned(goods, titles=str(tmp_path / "titles.csv")).record.title == 'New,\n"second"'

    def test_without_one_it_is_said_what_is_missing(self):
        assert planned(goods, required=["isbn", "title", "author"]).missing == ["title", "author"]
        assert planned(dataclasses.replace(goods, qualifier="UM"), required=["isbn"]).missing == ["isbn"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "must name isbn"),
            (b"isbn\n1\n", "must name isbn"),
            (b"title,author\na,b\n", "must name isbn"),
            ("isbn,title\n1,ä\n".encode("utf-16"), "must name isbn"),
            (b'isbn,title\n1,"a"b\n', "expected after"),
        ],
    )
    def test_a_file_that_is_none_is_told_and_read_again(self, tmp_path: Path, content: bytes, said: str):
        (tmp_path / "titles.csv").write_bytes(content)
        with pytest.raises(SinkError, match=said) as caught:
            planned(goods, titles=str(tmp_path / "titles.csv"))
        assert "class_mark" in caught.value.remedy

    def test_a_file_that_is_missing_is_named(self, tmp_path: Path):
        with pytest.raises(SinkError, match="nowhere"):
            planned(goods, titles=str(tmp_path / "nowhere.csv"))


class TestRequest:
    @pytest.mark.parametrize(
        ("endpoint", "target"),
        [
            (ENDPOINT, "/ALMA/Alma.svc/OrderConfirm?n=3"),
            ("https://h:8443/alma%c5/X?id=7", "/alma%c5/X?id=7&n=3"),
            ("https://h/X?id=7&", "/X?id=7&n=3"),
            ("https://h/", "/?n=3"),
        ],
    )
    def test_query(self, endpoint: str, target: str):
        request = planned(goods, endpoint=endpoint, fields={"n": "copies", "t": "title"}).request
        assert (request.method, request.target, request.body) == ("GET", target, b"")

    def test_form(self):
        named = {"Titel & år": "mark", "Konto": "account"}
        request = planned(goods, request="form", fields=named, headers={"X-Library": "7"}).request
        assert request.target == "/ALMA/Alma.svc/OrderConfirm?"
        assert request.body == b"Titel+%26+%C3%A5r=Ek&Konto=Stad+7"
        assert request.headers == {"Content-Type": "application/x-www-form-urlencoded", "X-Library": "7"}

    @pytest.mark.parametrize(
        ("content_type", "template", "body"),
        [
            ("text/xml; charset=utf-8", '<o m="$mark">${copies} $$</o>\n', '<o m="Ö&lt;&quot;&amp;&apos;">3 $</o>\n'),
            ("application/json", '{"m": "$mark", "t": "$title"}', '{"m": "Ö<\\"&\'", "t": ""}'),
            ("text/plain", "$mark", "Ö<\"&'"),
        ],
    )
    def test_template(self, tmp_path: Path, content_type: str, template: str, body: str):
        (tmp_path / "form").write_text(template, "utf-8")
        given = dataclasses.replace(goods, mark="Ö<\"&'")
        ours = ordered(1, mark="Ö<\"&'")
        chosen = settings(request="template", template=str(tmp_path / "form"), content_type=content_type)
        (found,) = plan(chosen, [given], [ours])
        assert isinstance(found, Planned)
        assert found.request.body.decode() == body
        assert found.request.headers == {"Content-Type": content_type}

    @pytest.mark.parametrize(
        ("content", "said"), [("$isbnn", "isbnn"), ("10 $ each", "Invalid placeholder"), ("\xe4", "decode")]
    )
    def test_a_template_that_is_none_is_told_before_anything_is_posted(self, tmp_path: Path, content: str, said: str):
        (tmp_path / "form").write_bytes(content.encode("latin-1"))
        with pytest.raises(SinkError, match=said) as caught:
            plan(settings(request="template", template=str(tmp_path / "form")), [], [])
        assert "${NAME}" in caught.value.remedy


class TestSettings:
    @pytest.mark.parametrize(
        ("supplier", "account", "kept_as"),
        [
            ("BTJ-PR", "1234567", "01234567"),
            ("btj-pr", "12345000", "12345000"),
            ("AdLibris", "7", "7"),
            ("Forlagett", "Stad Ö", "Stad Ö"),
        ],
    )
    def test_an_account_at_btj_has_eight_digits(self, supplier: str, account: str, kept_as: str):
        assert settings(supplier=supplier, account=account).account == kept_as

    @pytest.mark.parametrize("account", ["123456", "123456789", "1234567a", "1234567\n", "", "¹2345678"])
    def test_any_other_is_refused(self, account: str):
        with pytest.raises(ConfigError, match="account"):
            open_sink("alma", settings().model_dump(mode="json") | {"supplier": "BTJ-PR", "account": account})

    def test_what_cannot_be_checked_is_said(self):
        (only,) = settings().warnings()
        assert 'request = "query" is unverified' in only
        elsewhere, unknown = settings(endpoint="https://h/alma/", supplier="Umbreit").warnings()[1:]
        assert "OrderConfirm?" in elsewhere
        assert "AdLibris, forlagett, bokus, BTJ-PR" in unknown

    @pytest.mark.parametrize("key", ["adlibris", "Forlagett", "BOKUS", "btj-pr"])
    def test_search_keys_are_compared_without_case_and_kept_as_they_are(self, key: str):
        chosen = settings(supplier=key, account="01234567")
        assert len(chosen.warnings()) == 1
        assert chosen.supplier == key
