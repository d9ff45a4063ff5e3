"""Invented batches for the tests of sinks: three kinds of records with every type of field that a record may have."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

from syncd.formats.records import DespatchLine, ReportLine
from syncd.model import OrderedLine
from syncd.sinks import Batch


class Medium(StrEnum):
    PAPER = "PHY"
    FILE = "DIG"


@dataclass(frozen=True, slots=True)
class Part:
    article: str
    gross: Decimal
    medium: Medium


@dataclass(frozen=True, slots=True)
class Goods:
    """Like a despatch line: unique across files when it has a note."""

    key: ClassVar[tuple[str, ...]] = ("note", "position")

    line: int
    note: str | None
    position: Annotated[int, "four digits"]
    article: str
    quantity: int
    price: Decimal
    day: date | None = None
    medium: Medium = Medium.PAPER
    bookable: bool = True
    parts: tuple[Part, ...] = ()
    extras: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Like a report line, but without a key."""

    line: int
    reference: str | None
    code: int
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """Like a line of an inventory report."""

    key: ClassVar[tuple[str, ...]] = ("ean",)

    line: int
    ean: str
    quantity: int
    changed: date | None = None


def goods(line: int, *, note: str | None = "24123456", price: str = "12.9500", quantity: int = 2) -> Goods:
    return Goods(
        line=line,
        note=note,
        position=line,
        article=f"{9780000000000 + line}",
        quantity=quantity,
        price=Decimal(price),
        day=date(2026, 11, 20),
        parts=(Part("9783131464712-1", Decimal("18.0000"), Medium.FILE),) if line % 5 == 0 else (),
        extras=(("9040", "Grüße\n{\t\\"),) if line % 7 == 0 else (),
    )


def answer(line: int) -> Answer:
    return Answer(line=line, reference=f"20{line}" if line % 2 else None, code=10, due=date(2026, 12, 24))


def stock(line: int, quantity: int = 5) -> Stock:
    return Stock(line=line, ean=f"{9789000000000 + line}", quantity=quantity, changed=date(2026, 1, 1 + line % 28))


def records_of(kind: str, size: int, note: str = "24123456") -> Iterator[Any]:
    """Make the records of a file with `size` lines: a BHDART of stock, or goods of one note and answers, mixed."""
    if kind == "BHDART":
        return (stock(line) for line in range(1, size + 1))
    return (answer(line) if line % 4 == 0 else goods(line, note=note) for line in range(1, size + 1))


def batch_of(
    folder: Path, *, name: str = "R_90090024123456000000123", kind: str = "ELS", size: int = 10, **changes: Any
) -> Batch:
    """Make a batch whose raw file has one line per record."""
    raw = b"".join(b"%d\r\n" % line for line in range(1, size + 1))
    sha256 = hashlib.sha256(raw).hexdigest()
    path = folder / f"{sha256[:16]}.spooled"
    path.write_bytes(raw)
    fields: dict[str, Any] = {
        "key": hashlib.sha256(f"umbreit\0{name}\0{sha256}".encode("utf-8", "surrogatepass")).hexdigest(),
        "account": "umbreit",
        "supplier": "umbreit",
        "channel": "answers",
        "kind": kind,
        "name": name,
        "sha256": sha256,
        "raw": path,
        "header": {"receiver": "900900", "version": None, "test": 0},
        "counts": {"Stock": size} if kind == "BHDART" else {"Goods": size - size // 4, "Answer": size // 4},
        "snapshot": kind == "BHDART",
        "records": lambda: records_of(kind, size, note=name),
        "stamp": "202611220500" if kind == "BHDART" else None,
    }
    return Batch(**fields | changes)


def despatched(line: int, *, mark: str, note: str, **changes: Any) -> DespatchLine:
    fields: dict[str, Any] = {
        "line": line, "sender": "24000", "sender_qualifier": "VD", "receiver": "900900", "receiver_qualifier": "VD",
        "date": date(2026, 11, 20), "note": note, "position": line, "reference": "4233",
        "article": f"{9780000000000 + line}", "qualifier": "EN", "quantity": 2, "price": Decimal("12.9500"),
        "price_qualifier": "LP", "currency": "EUR", "discount": Decimal("30.0000"), "vat": "1", "mark": mark,
        "bookable": True,
    }  # fmt: skip
    return DespatchLine(**fields | changes)


def reported(line: int, *, mark: str, **changes: Any) -> ReportLine:
    fields: dict[str, Any] = {
        "line": line, "sender": "24000", "sender_qualifier": "VD", "receiver": "900900", "receiver_qualifier": "VD",
        "note": None, "reference": "4233", "article": f"{9780000000000 + line}", "qualifier": "EN", "code": 15,
        "back_ordered": True, "expected": date(2026, 12, 24), "quantity": 0, "mark": mark,
        "meaning": "Fehlt kurzfristig am Lager. Bestellung ist vorgemerkt",
    }  # fmt: skip
    return ReportLine(**fields | changes)


def ordered(line: int, *, mark: str, **changes: Any) -> OrderedLine:
    order = OrderedLine("S_900900_20261119100000", "4233", f"{9780000000000 + line}", mark, 3)
    return replace(order, **changes)


def answers_of(folder: Path, **changes: Any) -> Batch:
    """Make a batch of a supplier's answers, in which every line is a book that will come."""
    plain = batch_of(folder, **changes)
    if plain.snapshot:
        return plain
    size, mark = sum(plain.counts.values()), ascii(plain.name)[1:-1]
    late = [line for line in range(1, size + 1) if line % 4 == 0]
    given: dict[str, Any] = {
        "counts": {"DespatchLine": size - len(late), "ReportLine": len(late)},
        "records": lambda: (
            reported(line, mark=mark) if line in late else despatched(line, mark=mark, note=plain.key[:10])
            for line in range(1, size + 1)
        ),
        "orders": [ordered(line, mark=mark) for line in late],
    }
    return replace(plain, **{name: value for name, value in given.items() if name not in changes})
