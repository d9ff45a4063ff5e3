"""The records: each class is the supplier's table, line by line, with the ids of its data fields.

`line` is the number of the record's line in its file, from 1. Text fields come without the blanks that fill them. Money
and percent are `Decimal`, dates are `date`. `extras` keeps, as (id, value), what the document does not know. `key`
names the fields that make a record unique across files; a record in which one of them is None has no key.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, make_dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar, cast

from syncd.formats.fields import Day, Fixed, Number, Text, YesNo
from syncd.model import Severity

UMBREIT = "24000"
"""Umbreit's number in the book trade (Verkehrsnummer)."""

Extras = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """B101, one position of an order. Umbreit, Technische Dokumentation 12/2021, 3.2."""

    line: int
    sender: Annotated[str, Text(10, id=1115, pattern="[0-9]{1,10}", otherwise=Severity.ERROR, code="bad-number")]
    sender_qualifier: Annotated[str, Text(2, id=1116, only=("VD",), otherwise=Severity.ERROR)]
    receiver: Annotated[str, Text(10, id=1115, only=(UMBREIT,), otherwise=Severity.ERROR, code="wrong-receiver")]
    receiver_qualifier: Annotated[str, Text(2, id=1116, only=("VD",), otherwise=Severity.ERROR)]
    date: Annotated[dt.date, Day(id=1201)]
    reference: Annotated[str | None, Text(10, id=1041, optional=True)]
    """Comes back in the despatch advice and in the order response."""
    article: Annotated[str, Text(13, id=1101)]
    qualifier: Annotated[str, Text(2, id=1102, only=("EN", "IB", "UM", "RK"), otherwise=Severity.ERROR)]
    """EN: EAN. IB: ISBN. UM: Umbreit's number. RK: series (Reihenkürzel)."""
    quantity: Annotated[int, Number(4, id=1107)]
    quantity_qualifier: Annotated[str, Text(2, id=1108, only=("ST",), otherwise=Severity.ERROR)] = "ST"
    mark: Annotated[str | None, Text(15, id=1003)] = None
    """Order mark (Bestellzeichen)."""
    back_order: Annotated[bool | None, YesNo(id=1045)] = None
    """Keep the order if the title cannot be delivered; None: as stored at Umbreit."""
    text: Annotated[str | None, Text(35, id=9010)] = None
    """Text of the position, instead of `mark`."""
    shelf_code: Annotated[str | None, Text(13, id=9011, pattern="[0-9]{1,13}", code="bad-number")] = None
    """Bar code of the pick-up shelf, digits."""
    label_price: Annotated[Decimal | None, Fixed(4, id=9016, scale=2, variable=True)] = None
    """Printed on the label, only for articles without a fixed price; euro."""
    extras: Extras = ()


@dataclass(frozen=True, slots=True)
class BundlePart:
    """One part of a bundle. Umbreit, Technische Dokumentation 12/2021, 4.3.2. Prices are not padded."""

    vat: Annotated[str, Text(1, id=1019)]
    net: Annotated[Decimal | None, Fixed(15, id=1029, variable=True)] = None
    gross: Annotated[Decimal | None, Fixed(15, id=1029, variable=True)] = None
    gross_qualifier: Annotated[str | None, Text(2, id=1030)] = None
    currency: Annotated[str | None, Text(3, id=1032)] = None
    article: Annotated[str | None, Text(35, id=1101)] = None
    qualifier: Annotated[str | None, Text(2, id=1102)] = None
    """As in a despatch line; VB: the maker's number."""
    form: Annotated[str | None, Text(3, id=1151, only=("PHY", "DIG"))] = None
    """PHY: goods. DIG: digital."""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class DespatchLine:
    """L101, one position that is delivered. Umbreit, Technische Dokumentation 12/2021, 4.3.1.

    Without `note` it is informative; then `date`, `position`, `price` and `discount` may be None.
    """

    key: ClassVar[tuple[str, ...]] = ("sender", "receiver", "note", "position", "bookable")
    line: int
    sender: Annotated[str, Text(10, id=1115, only=(UMBREIT,), code="wrong-sender")]
    sender_qualifier: Annotated[str, Text(2, id=1116, only=("VD",))]
    receiver: Annotated[str, Text(10, id=1115)]
    receiver_qualifier: Annotated[str, Text(2, id=1116, only=("VD",))]
    date: Annotated[dt.date | None, Day(id=1201, optional=True)]
    """Date of the delivery note."""
    note: Annotated[str | None, Text(10, optional=True)]
    """Number of the delivery note (Lieferscheinnummer)."""
    position: Annotated[int | None, Number(4, optional=True)]
    reference: Annotated[str | None, Text(10, id=1041, optional=True)]
    """Of our order."""
    article: Annotated[str, Text(13, id=1101)]
    qualifier: Annotated[str, Text(2, id=1102, only=("EN", "IB", "UM", "RK", "KN"))]
    quantity: Annotated[int, Number(4, id=1107)]
    """Copies delivered."""
    price: Annotated[Decimal | None, Fixed(15, id=1029, scale=4, optional=True)]
    """Gross retail price."""
    price_qualifier: Annotated[str, Text(2, id=1030, only=("LP", "FP"))]
    """LP: fixed price. FP: free price."""
    currency: Annotated[str, Text(3, id=1032, pattern="[A-Z]{3}")]
    discount: Annotated[Decimal | None, Fixed(8, id=1025, scale=4, optional=True)]
    """Per cent."""
    vat: Annotated[str, Text(1, id=1019, only=("0", "1", "2", "6"))]
    """0: none. 1: reduced. 2: full. 6: mixed (bundle)."""
    mark: Annotated[str | None, Text(15, id=1003)] = None
    parcel: Annotated[str | None, Text(10, id=9045)] = None
    """Number of the parcel, with leading zeros."""
    bundle: tuple[BundlePart, ...] = ()
    extras: Extras = ()
    bookable: bool = False
    """Whether this is a goods receipt: only a position of a delivery note (ELS) that carries its number is."""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """M101, one position that is not delivered, and why. Umbreit, Technische Dokumentation 12/2021, 4.4."""

    key: ClassVar[tuple[str, ...]] = ("sender", "receiver", "reference", "article", "code", "mark")
    """With the mark: two customers' lines of one order may be alike in everything else."""

    line: int
    sender: Annotated[str, Text(10, id=1115, only=(UMBREIT,), code="wrong-sender")]
    sender_qualifier: Annotated[str, Text(2, id=1116, only=("VD",))]
    receiver: Annotated[str, Text(10, id=1115)]
    receiver_qualifier: Annotated[str, Text(2, id=1116, only=("VD",))]
    note: Annotated[str | None, Text(10, optional=True)]  # the table prints the id 1041 here: a typing error
    """Number of the delivery note; None in an order response."""
    reference: Annotated[str | None, Text(10, id=1041, optional=True)]
    article: Annotated[str, Text(13, id=1101)]
    qualifier: Annotated[str, Text(2, id=1102, only=("EN", "IB", "UM", "RK", "KN"))]
    code: Annotated[int, Number(3, id=1023)]
    """Report code (Meldenummer)."""
    back_ordered: Annotated[bool | None, YesNo(id=1045)]
    """Whether the order is kept; this, not the text of the code, says so. None: neither J nor N."""
    expected: Annotated[dt.date | None, Day(id=1201, optional=True, zeros=True)]
    """Expected day of delivery."""
    quantity: Annotated[int, Number(4, id=1107)]
    """Always 0: what was delivered of this position stands in a despatch line of the same file."""
    mark: Annotated[str | None, Text(15, id=1003)] = None
    note_date: Annotated[dt.date | None, Day(id=9042)] = None
    extras: Extras = ()
    meaning: str | None = None
    """The text of the code; None where the list does not know it."""


@dataclass(frozen=True, slots=True)
class StockLine:
    """BHDART record type 2: how many copies CB delivers within 24 hours.

    CB, Beschikbaarheid artikelen voor 24-uurslevering t.b.v. boekverkopers: Informatie artikelbeschikbaarheid.
    """

    key: ClassVar[tuple[str, ...]] = ("ean",)
    line: int
    ean: Annotated[str, Text(13, id=200)]
    counted: Annotated[dt.date | None, Day(id=500)]
    """When the stock was taken (Peil_dat)."""
    changed: Annotated[dt.date | None, Day(id=281)]
    """Last change (Mutatie_dat)."""
    top_title: Annotated[str, Text(1, id=521)]
    """A place in CB's warehouse; declared numeric, and a letter in CB's own example."""
    available: Annotated[int, Number(6, id=522, variable=True)]
    """Copies; at most 698."""
    at_least: bool = False
    """698 means “698 or more”."""
    extras: Extras = ()


@dataclass(frozen=True, slots=True)
class AvailabilityLine:
    """One answer of the availability query (OLA). Umbreit, Technische Dokumentation 12/2021, 5.4."""

    key: ClassVar[tuple[str, ...]] = ("article",)
    line: int
    article: str
    """As it was asked for: EAN, 10-digit ISBN, or Umbreit's number."""
    wanted: int
    """Copies asked for."""
    result: int
    """0: none, or a part. 1: the wanted quantity. 2: error, see `text`."""
    quantity: int | None
    """Copies that can be delivered, or Umbreit's stock: a setting at Umbreit; None is unknown, not 0."""
    code: int | None
    """Report code (Meldenummer)."""
    meaning: str | None
    """The text of the code; None where the list does not know it."""
    text: str | None
    """The error in words."""
    price: Annotated[Decimal | None, Fixed(12, scale=2, variable=True)] = None
    """Retail price for Germany, in euro."""
    standard_ean: str | None = None
    """Another edition of the title."""


class Change(StrEnum):
    """What became of an article between two lists."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class StockChange(StockLine):
    """A stock line that differs from the list before; `line` counts the changes. One that is gone has no copies."""

    of: ClassVar[type] = StockLine
    gone: ClassVar[Mapping[str, object]] = {"available": 0, "at_least": False}
    change: Change = Change.NEW


@dataclass(frozen=True, slots=True)
class AvailabilityChange(AvailabilityLine):
    """An answer that differs from the watch list's last ones; one that is gone stands as it was, and is not asked."""

    of: ClassVar[type] = AvailabilityLine
    gone: ClassVar[Mapping[str, object]] = {}
    change: Change = Change.NEW


ListChange = StockChange | AvailabilityChange
"""What a sink is handed that wants changes only."""


@dataclass(frozen=True, slots=True)
class OrderLineEvent:
    """One change in the life of an order line, for sinks with `events = true`; docs/lines.md tells the states."""

    key: ClassVar[tuple[str, ...]] = ("order_number", "order_line", "change")
    line: int
    order_number: int
    """Of the order in syncd, as `syncd explain` takes it."""
    order_file: str
    """The order's file."""
    order_line: int
    """Of the position in that file, from 1."""
    change: int
    """Counts the changes of this line."""
    at: dt.datetime
    customer: str
    """Our customer number."""
    reference: str | None
    article: str
    qualifier: str
    mark: str | None
    quantity: int
    """Copies ordered."""
    before: str
    """Where the line stood when it was last told of: `waiting` the first time."""
    after: str
    """Where it stands now: sent, unanswered, reported, partly delivered, delivered, cancelled."""
    delivered: int
    """Copies that came, all in all."""
    announced: int
    """Copies that an order response announced; they are no goods."""
    code: int | None
    """Report code (Meldenummer), the latest."""
    meaning: str | None
    """The text of the code; None where the list does not know it."""
    back_ordered: bool | None
    """Whether the supplier keeps the order for the copies that lack."""
    expected: dt.date | None
    """Expected day of delivery."""
    source: str
    """The file that brought the change: an answer, or the order itself."""


Record = OrderLine | DespatchLine | ReportLine | StockLine | AvailabilityLine | OrderLineEvent
"""What a format hands out."""

T = TypeVar("T")

RECORDS: tuple[type[Record], ...] = (
    OrderLine,
    DespatchLine,
    ReportLine,
    StockLine,
    AvailabilityLine,
    OrderLineEvent,
)


def _twin(record: type) -> type:
    """Return a class with the slots of a record that is not frozen.

    A frozen dataclass sets each field through `object.__setattr__`. The twin is filled by plain assignment, in less
    than half the time, and then becomes the frozen class, which Python allows between equal layouts.
    """
    names = [(each.name, object) for each in fields(cast(Any, record))]
    return make_dataclass(record.__name__, names, slots=True, eq=False)


def maker(record: type[T]) -> Callable[..., T]:
    """Return a function that makes records as the class does, from positional values, and faster."""
    twin = _twin(record)

    def make(*values: object) -> T:
        made: Any = twin(*values)
        made.__class__ = record
        return cast(T, made)

    return make


def column_maker(record: type[T]) -> Callable[..., Iterator[T]]:
    """Return a function that makes many records from one iterable for each field, all of one length or longer."""
    twin = _twin(record)

    def make_all(*columns: Iterable[object]) -> Iterator[T]:
        for made in map(twin, *columns):
            made.__class__ = record
            yield cast(T, made)

    return make_all
