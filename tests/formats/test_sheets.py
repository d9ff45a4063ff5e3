"""Orders from spreadsheets and JSON Lines."""

import datetime as dt
from decimal import Decimal

import pytest

from syncd.errors import RejectedError
from syncd.formats.sheets import COLUMNS, read_sheet

TODAY = dt.date(2026, 11, 22)


def sheet(content: str | bytes, name: str = "orders.csv"):
    data = content.encode() if isinstance(content, str) else content
    return read_sheet(data, name, sender="900900", today=TODAY)


def refused(content: str | bytes, name: str = "orders.csv") -> list[tuple[str, int | None, str]]:
    with pytest.raises(RejectedError) as error:
        sheet(content, name)
    return [(finding.code, finding.line, finding.message) for finding in error.value.findings]


def test_every_column_in_english():
    (line,) = sheet(
        "article,qualifier,quantity,reference,mark,back_order,shelf_code,label_price,date\n"
        "9783442756841,EN,2,4711,Meier,J,123,12.99,2026-11-20\n"
    )
    assert (line.line, line.sender, line.receiver, line.article, line.quantity) == (
        2,
        "900900",
        "24000",
        "9783442756841",
        2,
    )
    assert (line.reference, line.mark, line.back_order, line.shelf_code) == ("4711", "Meier", True, "123")
    assert (line.label_price, line.date) == (Decimal("12.99"), dt.date(2026, 11, 20))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_german_excel(encoding, separator):
    rows = [
        ["EAN", "Menge", "Bestellzeichen", "Etikettpreis", "Datum"],
        ["978-3-442-75684-1", "3", "Müller", "9.90", "1.2.2026"],
    ]
    content = "\r\n".join(separator.join(row) for row in rows).encode(encoding)
    (line,) = sheet(content)
    assert (line.article, line.qualifier, line.quantity, line.mark) == ("9783442756841", "EN", 3, "Müller")
    assert (line.label_price, line.date) == (Decimal("9.90"), dt.date(2026, 2, 1))


def test_what_is_empty_has_a_default():
    (line,) = sheet("article;quantity;date\n9783442756841;;\n;;\n")
    assert (line.quantity, line.date, line.reference, line.back_order) == (1, TODAY, None, None)


@pytest.mark.parametrize(
    ("article", "qualifier", "expected"),
    [
        ("9783442756841", "", "EN"),
        ("080442957X", "", "IB"),
        ("0488468", "um", "UM"),
        ("DTV", "RK", "RK"),
        ("12-34", "RK", "RK"),
        ("12 34-5", "RK", "RK"),
        ("1E5", "RK", "RK"),
        ("978-3-442-7568", "RK", "RK"),
        ("0488-468", "UM", "UM"),
        ("97834427568-", "EN", "EN"),
    ],
)
def test_what_an_article_is(article, qualifier, expected):
    (line,) = sheet(f"article;qualifier\n{article};{qualifier}\n")
    assert (line.article, line.qualifier) == (article, expected)


@pytest.mark.parametrize(
    ("article", "qualifier", "bare", "expected"),
    [
        ("978-3-442-75684-1", "", "9783442756841", "EN"),
        ("978 3 442 75684 1", "IB", "9783442756841", "IB"),
        ("0-8044-2957-X", "", "080442957X", "IB"),
        ("978-3-442-75684-2", "EN", "9783442756842", "EN"),
    ],
)
def test_an_isbn_loses_the_hyphens_it_is_printed_with(article, qualifier, bare, expected):
    (line,) = sheet(f"article;qualifier\n{article};{qualifier}\n")
    assert (line.article, line.qualifier) == (bare, expected)


@pytest.mark.parametrize(
    "header", ["EAN;Menge;;", "sep=;\nEAN;Menge", "sep=;;\r\nEAN;Menge; ", "\ufeffsep=;\nEAN;Menge"]
)
def test_what_excel_adds_to_a_header_is_no_column(header):
    (line,) = sheet(f"{header}\n9783442756841;3;;\n;;;\n")
    assert (line.article, line.quantity) == ("9783442756841", 3)
    assert line.line == header.count("\n") + 2


def test_the_separator_that_the_sheet_names_counts():
    (line,) = sheet('sep=,\nEAN,Menge,"Bestellzeichen"\n9783442756841,3,a;b;c\n')
    assert (line.quantity, line.mark) == (3, "a;b;c")


@pytest.mark.parametrize("written", ["2026-11-20", "20.11.2026", "1.1.2026", "22.11.2027"])
def test_a_date_is_written_in_two_ways(written):
    (line,) = sheet(f"article;date\n9783442756841;{written}\n")
    assert line.date.year in {2026, 2027}


def test_a_number_stays_as_it_is_written():
    text = '{"article": 9783442756841, "reference": 12345678901234567890, "label_price": 9.90}'
    (line,) = sheet(text, "orders.jsonl")
    assert (line.reference, line.label_price) == ("12345678901234567890", Decimal("9.90"))


def test_json_lines():
    lines = sheet(
        '{"article": 9783442756841, "quantity": 2, "back_order": false}\n\n{"ean": "9783442756841", "mark": null}\n',
        "x.jsonl",
    )
    assert [(line.line, line.quantity, line.back_order, line.mark) for line in lines] == [
        (1, 2, False, None),
        (3, 1, None, None),
    ]


def test_quoted_cells_may_hold_the_separator():
    (line,) = sheet('article;text\n9783442756841;"a; b"\n')
    assert line.text == "a; b"


@pytest.mark.parametrize(
    ("content", "code", "line", "words"),
    [
        ("article;quantity\n9783442756841;0\n", "bad-cell", 2, "quantity: wanted 1 to 9999; it is “0”"),
        ("article;quantity\n9783442756841;1,5\n", "bad-cell", 2, "quantity"),
        ("article\n9,78344E+12\n", "bad-cell", 2, "format the column as text"),
        ("article\n0488468\n", "bad-cell", 2, "qualifier: say what “0488468” is"),
        ("article\n97834427568411\n", "bad-cell", 2, "“97834427568411” has 14 digits; an EAN has 13"),
        ("quantity;article\n3;\n", "bad-cell", 2, "article: it is empty"),
        ("article;back_order\n9783442756841;vielleicht\n", "bad-cell", 2, "back_order: wanted J or N"),
        ("article;label_price\n9783442756841;129,90\n", "bad-cell", 2, "label_price"),
        ("article;date\n9783442756841;31.02.2026\n", "bad-cell", 2, "date"),
        ("article;date\n9783442756841;1-0-1-0-1-0-1-0\n", "bad-cell", 2, "date: wanted a date such as"),
        ("article;date\n9783442756841;20261122\n", "bad-cell", 2, "date: wanted a date such as"),
        ("article;date\n9783442756841;2026-1-1\n", "bad-cell", 2, "date: wanted a date such as"),
        ("article;date\n9783442756841;01.02.1900\n", "bad-cell", 2, "date: 1900-02-01 is more than a year from today"),
        ("article;date\n9783442756841;2027-11-24\n", "bad-cell", 2, "more than a year from today"),
        ("article\n97834-4275\n", "bad-cell", 2, "qualifier: say what “97834-4275” is"),
        ("article\n12-345-67890\n", "bad-cell", 2, "qualifier: say what “12-345-67890” is: as EN or IB its check"),
        ("article\n978-3-442-75684-2\n", "bad-cell", 2, "its check digit is wrong"),
        ("EAN;;Menge\n9783442756841;;3\n", "bad-column", 1, "a column without a name"),
        ("article\n978-3-442-75684\n", "bad-cell", 2, "“978-3-442-75684” has 12 digits"),
        ("EAN;Menge;;\n9783442756841;3;x;\n", "bad-row", 2, "4 cells under 2 columns"),
        ('"article;quantity\n9783442756841;1\n', "bad-row", 1, "this is no CSV"),
        ('article;quantity\n"978344"x;1\n', "bad-row", 2, "this is no CSV"),
        ('article;mark\n9783442756841;"a\n1;b\n2;c\n', "bad-row", 2, "this is no CSV"),
        ("x" * 200_000, "bad-row", 1, "field limit"),
        ("x" * 100_000, "bad-column", 1, f"unknown column “{'x' * 60}…”"),
        ("artikle\n9783442756841\n", "bad-column", 1, "did you mean “artikel”?"),
        ("zzzz;article\n1;2\n", "bad-column", 1, "unknown column “zzzz”"),
        ("article;ean\n1;2\n", "bad-column", 1, "“article” stands there twice"),
        ("menge\n1\n", "bad-column", 1, "no column “article”"),
        ("article;mark\n9783442756841;a;b\n", "bad-row", 2, "3 cells under 2 columns"),
        ('article;mark\n9783442756841;"a\n', "bad-row", 2, "this is no CSV"),
        ("article\n", "empty", None, "no order"),
        ("", "bad-column", 1, "no column “article”"),
        ("\ufeffarticle".encode("utf-16"), "charset", 1, "UTF-16"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(content, code, line, words):
    first, *_ = refused(content)
    assert first[:2] == (code, line)
    assert words in first[2]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (
            '{"article": "9783442756841", "reference": ["1"]}',
            "bad-cell",
            "reference: wanted text or a number; it is a list",
        ),
        (
            '{"article": "9783442756841", "mark": {"a": 1}}',
            "bad-cell",
            "mark: wanted text or a number; it is an object",
        ),
        ('{"article": "9783442756841", "mark": []}', "bad-cell", "mark: wanted text or a number; it is a list"),
        (
            '{"article": "9783442756841", "mark": true}',
            "bad-cell",
            "mark: wanted text or a number; it is true or false",
        ),
        ('{"article": "9783442756841", "reference": NaN}', "bad-cell", "reference: wanted text or a number"),
        ('{"article": "9783442756841", "reference": -Infinity}', "bad-cell", "it is no finite number"),
        ('{"article": "9783442756841", "reference": 1e999}', "bad-cell", "it is no finite number"),
        ('{"article": false}', "bad-cell", "article: wanted text or a number; it is true or false"),
        (
            '{"article": "9783442756841", "qualifier": []}',
            "bad-cell",
            "qualifier: wanted text or a number; it is a list",
        ),
        ('{"article": "9783442756841", "quantitty": 1}', "bad-column", "did you mean “quantity”?"),
        ('{"article": ', "bad-row", "no JSON"),
        ("[1]", "bad-row", "one JSON object a line"),
        ("[" * 100_000, "bad-row", "one JSON object a line"),
        ('{"article": "9783442756841", "quantity": 1, "quantity": 2}', "bad-column", "“quantity” stands there twice"),
        ('{"article": "9783442756841", "quantity": 1, "menge": 2}', "bad-column", "“quantity” stands there twice"),
    ],
)
def test_json_lines_that_cannot_be_used(content, code, words):
    first, *others = refused(content, "orders.jsonl")
    assert not others or code == "bad-column"
    assert first[:2] == (code, 1)
    assert words in first[2]


def test_every_wrong_cell_is_named_at_once():
    assert len(refused("article;quantity;date\n9783442756841;x;y\n9783442756841;x;2026-01-01\n")) == 3


def test_every_column_has_a_meaning():
    assert all(column.meaning for column in COLUMNS)


def test_a_number_kept_as_a_formula_is_read_as_what_it_shows():
    (line,) = sheet('EAN;Referenz\n="9783442756841";="0815"\n')
    assert (line.article, line.reference) == ("9783442756841", "0815")
