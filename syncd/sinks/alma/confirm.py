"""What is told to the library: one order-confirm record for each order line whose copies will come.

Pure. The records are made of the supplier's answers (M101, L101) and of our own order lines (B101), matched by
reference (1041), article and order mark (1003). Axiell's page names no fields; these are what such a record holds in a
library system, with the search key and the account that the page demands.

A line of which copies come or are kept on order is confirmed once, with the copies that were ordered; with those that
come, where the supplier will not send the rest. Where our order is not known, only goods are confirmed, by delivery
note and position: how many copies a back-ordered line means stands in the order alone.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Literal

from syncd.formats.articles import isbn_10_is_valid
from syncd.formats.records import DespatchLine, ReportLine
from syncd.model import OrderedLine

Field = Literal[
    "account", "supplier", "reference", "mark", "isbn", "title_number", "record_supplier",
    "author", "title", "class_mark", "copies", "price", "currency", "delivery_date",
]  # fmt: skip
"""What a record can hold."""

Line = tuple[str | None, str, str | None]
"""Reference, article, order mark: what says which order line an answer is to."""


@dataclass(frozen=True, slots=True)
class OrderConfirm:
    """One order-confirm record; None is not known."""

    key: str
    """Of the order line: the same whenever it is made again."""
    line: int
    """Of the answer that it was made from."""
    account: str
    """Internetkonto."""
    supplier: str
    """Search key (sökkod)."""
    reference: str | None = None
    mark: str | None = None
    isbn: str | None = None
    """As it was ordered: an EAN, or an ISBN."""
    title_number: str | None = None
    """The number of the catalogue record: BURK or LIBRIS."""
    record_supplier: str | None = None
    """BURK or LIBRIS."""
    author: str | None = None
    title: str | None = None
    class_mark: str | None = None
    copies: int | None = None
    price: Decimal | None = None
    """Gross retail price of one copy."""
    currency: str | None = None
    delivery_date: dt.date | None = None
    """Expected; of goods on their way, that of the delivery note."""

    def values(self) -> dict[str, str]:
        """Return what is known, as text: dates as YYYY-MM-DD, prices with a point and two decimals or more."""
        known = ((each.name, getattr(self, each.name)) for each in fields(self) if each.name not in ("key", "line"))
        return {name: str(value) for name, value in known if value is not None}

    def missing(self, required: Iterable[Field]) -> list[str]:
        """Name the required fields that are not known."""
        return [name for name in required if getattr(self, name) is None]

    def said(self) -> str:
        """Say in a few words which line it is."""
        words = {"reference": self.reference, "article": self.isbn, "mark": self.mark, "copies": self.copies}
        return ", ".join(f"{name} {value}" for name, value in words.items() if value is not None)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An answer that makes no record, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Title:
    """What a title file says of an ISBN."""

    author: str | None = None
    title: str | None = None
    class_mark: str | None = None
    title_number: str | None = None


Answer = DespatchLine | ReportLine


def confirms(
    answers: Iterable[Any], orders: Iterable[OrderedLine], *, account: str, supplier: str
) -> Iterator[OrderConfirm | PassedOver]:
    """Make the records of one file of answers.

    answers: its records; those of other classes are left alone. orders: the lines of ours, the latest order first.
    """
    known = _known(orders)
    groups: dict[Line, list[Answer]] = {}
    for answer in answers:
        if isinstance(answer, DespatchLine | ReportLine):
            groups.setdefault((answer.reference, answer.article, answer.mark), []).append(answer)
    blank = OrderConfirm("", 0, account, supplier)
    for line, group in groups.items():
        if line in known:
            yield _of_order(blank, group, *known[line])
        else:
            yield from (_of_goods(blank, answer) for answer in group)


def normal_isbn(number: str) -> str:
    """Return the 13 digits of an ISBN, with or without hyphens; any other number as it is."""
    plain = re.sub("[ -]", "", number).upper()
    if not isbn_10_is_valid(plain):
        return plain
    body = f"978{plain[:9]}"
    digits = [int(digit) for digit in body]
    return f"{body}{-(sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10}"


def titled(record: OrderConfirm, titles: Mapping[str, Title], record_supplier: str | None) -> OrderConfirm:
    """Add what a title file knows; who supplies the catalogue record is known where its number is."""
    found = titles.get(normal_isbn(record.isbn)) if record.isbn else None
    if found is None:
        return record
    given = {each.name: getattr(found, each.name) for each in fields(found)}
    return replace(record, **given, record_supplier=record_supplier if found.title_number else None)


def _known(orders: Iterable[OrderedLine]) -> dict[Line, tuple[str, int]]:
    """Return by order line the latest order that has it, and the copies ordered there."""
    known: dict[Line, tuple[str, int]] = {}
    for ordered in orders:
        line = (ordered.reference, ordered.article, ordered.mark)
        latest, copies = known.get(line, (ordered.order, 0))
        if ordered.reference and latest == ordered.order:
            known[line] = latest, copies + ordered.quantity
    return known


def _of_order(blank: OrderConfirm, group: list[Answer], order: str, ordered: int) -> OrderConfirm | PassedOver:
    """Make the record of an order line from everything that one file says of it."""
    first = group[0]
    reports = [answer for answer in group if isinstance(answer, ReportLine)]
    coming = [answer for answer in group if isinstance(answer, DespatchLine) and answer.quantity]
    kept = [report for report in reports if report.back_ordered]
    if not coming and not kept:
        return PassedOver(first.line, "no copies come: " + (reports[0].meaning or "" if reports else "quantity 0"))
    cut = bool(reports) and not kept
    copies = sum(answer.quantity for answer in coming) if cut else ordered
    made = _filled(blank, coming[0] if coming else kept[0], "order", order, *_line(first))
    expected = next((report.expected for report in kept if report.expected), None)
    return replace(made, copies=copies, delivery_date=expected or made.delivery_date)


def _of_goods(blank: OrderConfirm, answer: Answer) -> OrderConfirm | PassedOver:
    """Make the record of a delivered position whose order is not known."""
    if isinstance(answer, ReportLine):
        return PassedOver(answer.line, "a report on an order that is not known here")
    if not answer.bookable or not answer.quantity:
        return PassedOver(answer.line, "no goods, and its order is not known here")
    made = _filled(blank, answer, "goods", answer.receiver, answer.note, str(answer.position))
    return replace(made, copies=answer.quantity)


def _filled(blank: OrderConfirm, answer: Answer, *identity: str | None) -> OrderConfirm:
    parts = "\0".join(part or "" for part in (blank.supplier, blank.account, *identity))
    key = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
    isbn = answer.article if answer.qualifier in {"EN", "IB"} else None
    made = replace(blank, key=key, line=answer.line, reference=answer.reference, mark=answer.mark, isbn=isbn)
    if isinstance(answer, ReportLine):
        return made
    return replace(made, price=answer.price, currency=answer.currency, delivery_date=answer.date)


def _line(answer: Answer) -> Line:
    return answer.reference, answer.article, answer.mark
