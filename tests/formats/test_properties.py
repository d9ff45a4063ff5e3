"""What is written reads back as it was; whatever is read is judged and never breaks."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bench.peers.gen import ean13
from syncd.formats import FORMATS, Context, OrderLine, new_order_line, normalise_order, write_orders
from syncd.model import Verdict
from tests.formats.canonical import (
    BUNDLE,
    DESPATCH,
    ELS_NAME,
    ERM_NAME,
    ORDER_NAME,
    ORDERS,
    STOCK_BYTES,
    judge,
    read,
    wire,
)

LETTERS = st.characters(codec="cp1252", exclude_categories=["Cc"], exclude_characters="*")


def text(most: int) -> st.SearchStrategy[str | None]:
    return st.none() | st.text(LETTERS, min_size=1, max_size=most).map(str.strip).filter(bool)


@st.composite
def order_lines(draw) -> OrderLine:
    mark, words = draw(text(15)), draw(text(35))
    return new_order_line(
        draw(st.from_regex(r"[0-9]{1,10}", fullmatch=True)),
        date=draw(st.dates(dt.date(1900, 1, 1))),
        reference=draw(text(10)),
        article=ean13(draw(st.integers(0, 10**12 - 1))),
        qualifier="EN",
        quantity=draw(st.integers(1, 9999)),
        mark=mark,
        back_order=draw(st.none() | st.booleans()),
        text=None if mark else words,
        shelf_code=draw(st.none() | st.from_regex(r"[0-9]{1,13}", fullmatch=True)),
        label_price=draw(st.none() | st.integers(0, 9999).map(lambda cents: Decimal(cents).scaleb(-2))),
    )


@given(st.lists(order_lines(), min_size=1, max_size=5))
@settings(deadline=None, max_examples=150)
def test_orders_read_back_as_they_were_written(lines):
    assume(not any(looks_like_utf_8(line) for line in lines))
    content = write_orders(lines)
    verdict, records = read("bwa-order", content)
    assert set(verdict.codes) <= {"no-reference"}
    assert [(record.line, changed(record, line)) for record, line in zip(records, lines, strict=True)] == [
        (number, set()) for number in range(1, len(lines) + 1)
    ]
    assert normalise_order(content) == content
    assert write_orders(records) == content


def looks_like_utf_8(line: OrderLine) -> bool:
    """Tell whether letters of a line are valid UTF-8 when written in cp1252: such an order is refused."""
    letters = "".join(filter(None, (line.reference, line.mark, line.text))).encode("cp1252")
    return not letters.isascii() and any(
        byte >= 0xC0 and 0x80 <= following < 0xC0 for byte, following in pairwise(letters)
    )


def changed(one: OrderLine, other: OrderLine) -> set[str]:
    return {name for name in OrderLine.__slots__ if name != "line" and getattr(one, name) != getattr(other, name)}


@pytest.mark.parametrize(("line_end", "extra"), [("\n", ""), ("\r\r\n", ""), ("\r\n", "  \r\n\r\n"), ("\r\n", "\x1a")])
def test_what_goes_over_the_wire_ends_with_cr_lf(line_end, extra):
    content = b"".join(wire(record)[:-2] + line_end.encode() for record in ORDERS) + extra.encode()
    assert judge("bwa-order", content).accepted
    assert normalise_order(content) == wire(*ORDERS)


CORPUS, EVENTS = Path(__file__).parent / "corpus", "LINES_20261124051300000001"
SAMPLES = {
    "bwa-order": (wire(*ORDERS), ORDER_NAME),
    "bwa-response": (wire(DESPATCH, BUNDLE.replace("0001202020", "0002202020")), ELS_NAME),
    "digicom": (STOCK_BYTES, "x.bhd"),
    "ola": (
        b"900900^9783842344549^2^12^1^2^^^9,95^9783842344549\r\n900900^3842344543^5^2^0^3^15^\r\n",
        "OLA_900900_20261122090000000001",
    ),
    "order-events": ((CORPUS / "events" / EVENTS).read_bytes(), EVENTS),
    "raw": (b"receipt", "x.dat"),
}


@st.composite
def spoilt(draw, content: bytes) -> bytes:
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        content = content[:place] + draw(st.binary(max_size=3)) + content[place + draw(st.integers(0, 20)) :]
    return content


def fuzz(kind: str, content: bytes, name: str) -> None:
    """Judge and read anything: no exception; what is refused has an error, what is accepted has none."""
    verdict, records = read(kind, content, name)
    assert verdict.accepted == all(finding.severity == "warning" for finding in verdict.findings)
    assert sum(verdict.counts.values()) == len(records) or not verdict.accepted
    assert [line for line, _ in verdict.goods] == [
        r.line for r in records if getattr(r, "bookable", False)
    ] or not records
    assert len(verdict.findings) <= 100
    assert sum(verdict.codes.values()) >= len(verdict.findings)


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_breaks_a_parser(kind):
    content, name = SAMPLES[kind]

    @given(spoilt(content) | st.binary(max_size=300), st.sampled_from([name, ERM_NAME, ""]))
    @settings(deadline=None, max_examples=150)
    def anything(changed_content, any_name):
        fuzz(kind, changed_content, any_name)

    anything()


def judged(kind: str, pieces: list[bytes], context: Context) -> Verdict:
    return FORMATS[kind].judge(lambda: pieces, context)


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_the_size_of_the_blocks_does_not_matter(size):
    for kind, (content, name) in SAMPLES.items():
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        context = Context(name)
        cut, whole = (judged(kind, parts, context) for parts in (pieces, [content]))
        assert cut == whole
