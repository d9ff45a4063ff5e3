"""What the bytes mean. Pure: bytes in, values out; no file, clock or server is known here.

`FORMATS` holds every format by the name that a supplier's channel gives it. `judge` says of a whole file whether it may
be used and what is odd about it; `records` hands out the records of an accepted file. Every rule has a stable code,
listed with its meaning in docs/formats.md.
"""

from collections.abc import Mapping
from types import MappingProxyType

from syncd.formats.base import Context, Format, Listing, Source
from syncd.formats.changes import changes
from syncd.formats.digicom import DigicomFormat
from syncd.formats.events import EventFormat, write_events
from syncd.formats.names import next_order_name, order_stamp
from syncd.formats.ola_answers import OlaFormat
from syncd.formats.orders import OrderFormat, lint_written, new_order_line, normalise_order, write_orders
from syncd.formats.raw import RawFormat
from syncd.formats.records import (
    RECORDS,
    AvailabilityChange,
    AvailabilityLine,
    BundlePart,
    Change,
    DespatchLine,
    ListChange,
    OrderLine,
    OrderLineEvent,
    Record,
    ReportLine,
    StockChange,
    StockLine,
)
from syncd.formats.responses import ResponseFormat

__all__ = [
    "FORMATS",
    "RECORDS",
    "AvailabilityChange",
    "AvailabilityLine",
    "BundlePart",
    "Change",
    "Context",
    "DespatchLine",
    "Format",
    "ListChange",
    "Listing",
    "OrderLine",
    "OrderLineEvent",
    "Record",
    "ReportLine",
    "Source",
    "StockChange",
    "StockLine",
    "changes",
    "guess",
    "lint_written",
    "new_order_line",
    "next_order_name",
    "normalise_order",
    "order_stamp",
    "wire",
    "write_events",
    "write_orders",
]

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        known.name: known
        for known in (OrderFormat(), ResponseFormat(), DigicomFormat(), OlaFormat(), EventFormat(), RawFormat())
    }
)

_WIRE = {"bwa-order": normalise_order}


def wire(format_name: str, content: bytes) -> bytes:
    """Return the bytes that go out for an accepted file: orders with CR LF after each record, others as they are."""
    return _WIRE[format_name](content) if format_name in _WIRE else content


_BEGINNINGS = {b"B101": "bwa-order", b"L101": "bwa-response", b"M101": "bwa-response", b"#000": "digicom"}


def guess(name: str, beginning: bytes) -> str | None:
    """Guess the format of a file from its name, else from its first bytes; None where neither tells."""
    if name.startswith("S_"):
        return "bwa-order"
    if name.startswith("R_"):
        return "bwa-response"
    if name.endswith(".bhd"):
        return "digicom"
    if name.startswith("OLA_"):
        return "ola"
    if name.startswith("LINES_"):
        return "order-events"
    return _BEGINNINGS.get(beginning.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n")[:4])
