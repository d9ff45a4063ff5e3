"""Orders as a shop writes them: CSV and JSON Lines into order lines.

CSV comes as spreadsheets save it: separated by semicolon, comma or tab, in UTF-8 (with or without byte order mark) or
in cp1252. The first line names the columns, in English or German, in any order; docs/orders.md lists them. Every value
that cannot be used is a finding with line and column; if there is one, nothing is ordered.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from syncd.formats.fields import calendar_day
from syncd.formats.findings import Findings
from syncd.formats.orders import new_order_line, rejected
from syncd.formats.records import OrderLine


class CellError(Exception):
    """A cell that cannot be used; the message says what is wanted."""


def _text(raw: str) -> str:
    return raw


def _article(raw: str) -> str:
    if re.fullmatch(r"[0-9]+[.,]?[0-9]*[eE]\+?[0-9]+", raw):
        raise CellError("the spreadsheet has rounded this number; format the column as text and enter it again")
    return raw.replace("-", "").replace(" ", "") if re.fullmatch(r"[0-9Xx -]+", raw) else raw


def _quantity(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or int(raw) == 0:
        raise CellError("wanted 1 to 9999")
    return int(raw)


def _yes_or_no(raw: str) -> bool:
    answers = {"j": True, "ja": True, "y": True, "yes": True, "true": True, "1": True} | {
        "n": False, "nein": False, "no": False, "false": False, "0": False
    }  # fmt: skip
    if raw.casefold() not in answers:
        raise CellError("wanted J or N")
    return answers[raw.casefold()]


def _price(raw: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,2}([.,][0-9]{1,2})?", raw):
        raise CellError("wanted euro and cent up to 99,99, such as 12,99")
    return Decimal(raw.replace(",", "."))


def _date(raw: str) -> date:
    german = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", raw)
    digits = f"{german[3]}{int(german[2]):02d}{int(german[1]):02d}" if german else raw.replace("-", "")
    day = calendar_day(digits)
    if day is None:
        raise CellError("wanted a date such as 2026-11-22 or 22.11.2026")
    return day


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column: its name, the German names it may also have, how a cell is read, and what it is for."""

    name: str
    also: tuple[str, ...]
    read: Callable[[str], Any]
    meaning: str


COLUMNS = (
    SheetColumn("article", ("artikel", "artikelnummer", "ean", "isbn"), _article, "EAN, ISBN or Umbreit number"),
    SheetColumn("qualifier", ("qualifier", "nummernart"), str.upper, "EN, IB, UM or RK; an EAN or ISBN is recognised"),
    SheetColumn("quantity", ("menge", "anzahl"), _quantity, "copies, 1 to 9999; 1 if empty"),
    SheetColumn("reference", ("referenz", "bestellreferenz"), _text, "up to 10 characters; comes back in the answers"),
    SheetColumn("mark", ("bestellzeichen", "zeichen"), _text, "order mark, up to 15 characters"),
    SheetColumn(
        "back_order", ("vormerken", "vormerkung"), _yes_or_no, "J: keep the order until the title comes; N: do not"
    ),
    SheetColumn("text", ("positionstext",), _text, "up to 35 characters, instead of an order mark"),
    SheetColumn("shelf_code", ("abholfach", "barcode"), _text, "bar code of the pick-up shelf, up to 13 digits"),
    SheetColumn("label_price", ("etikettpreis", "preis"), _price, "printed on the label, up to 99,99 euro"),
    SheetColumn("date", ("datum", "bestelldatum"), _date, "day of the order; today if empty"),
)
"""The columns of an order sheet. Only `article` must be there."""

_BY_NAME = {name: column for column in COLUMNS for name in (column.name, *column.also)}

Cells = tuple[int, Mapping[str, str]]
"""Line number, and the cells that are not empty by the name of their column."""


def read_sheet(content: bytes, filename: str, *, sender: str, today: date) -> list[OrderLine]:
    """Return the order lines of a CSV or (by `.jsonl`) JSON Lines file.

    Raises RejectedError whose findings name line and column.
    """
    findings = Findings()
    rows = _json_lines if filename.lower().endswith((".jsonl", ".ndjson")) else _csv
    lines = []
    for number, cells in rows(_decoded(content, findings), findings):
        if (line := _order_line(number, cells, sender, today, findings)) is not None:
            lines.append(line)
    if not lines and not findings.rejected:
        findings.error("empty", None, "there is no order in it")
    if findings.rejected:
        raise rejected(findings.in_file_order())
    return lines


def _decoded(content: bytes, findings: Findings) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        findings.error("charset", 1, "this is UTF-16; save it as “CSV UTF-8” or as plain CSV")
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _csv(text: str, findings: Findings) -> Iterator[Cells]:
    header = text.partition("\n")[0]
    delimiter = max(";,\t", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = _column_names([cell.strip() for cell in next(rows, [])], findings)
    try:
        for cells in rows:
            if findings.rejected and not names:
                return
            filled = {name: text for name, cell in zip(names, cells, strict=False) if (text := _unquoted(cell))}
            if len(cells) > len(names) and any(cells[len(names) :]):
                message = f"{len(cells)} cells under {len(names)} columns; quote cells that hold “{delimiter}”"
                findings.error("bad-row", rows.line_num, message)
            elif filled:
                yield rows.line_num, filled
    except csv.Error as error:
        findings.error("bad-row", rows.line_num, f"this is no CSV: {error}")


def _unquoted(cell: str) -> str:
    """Return what a cell shows: `="978…"` is how some programs keep a spreadsheet from rounding a number."""
    formula = re.fullmatch(r'="(.*)"', cell.strip())
    return (formula[1] if formula else cell).strip()


def _column_names(header: list[str], findings: Findings) -> list[str]:
    names = [_column_name(cell, 1, findings) for cell in header]
    if "article" not in names and not findings.rejected:
        message = f"no column “article”: the first line names the columns ({', '.join(c.name for c in COLUMNS)})"
        findings.error("bad-column", 1, message)
    for name in {name for name in names if name and names.count(name) > 1}:
        findings.error("bad-column", 1, f"column “{name}” stands there twice")
    return [] if findings.rejected else names


def _column_name(cell: str, line: int, findings: Findings) -> str:
    column = _BY_NAME.get(cell.casefold())
    if column is None:
        close = get_close_matches(cell.casefold(), _BY_NAME, 1)
        hint = f"; did you mean “{close[0]}”?" if close else ""
        findings.error("bad-column", line, f"unknown column “{cell}”{hint}")
    return column.name if column else ""


def _json_lines(text: str, findings: Findings) -> Iterator[Cells]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_float=str, parse_int=str, object_pairs_hook=tuple)
        except RecursionError:
            findings.error("bad-row", number, "wanted one JSON object a line")
            continue
        except json.JSONDecodeError as error:
            findings.error("bad-row", number, f"column {error.colno}: this is no JSON: {error.msg}")
            continue
        if not isinstance(value, tuple):
            findings.error("bad-row", number, "wanted one JSON object a line")
            continue
        cells: dict[str, str] = {}
        for given, cell in value:
            name = _column_name(given, number, findings)
            if name and name in cells:
                findings.error("bad-column", number, f"“{name}” stands there twice")
            cells[name] = _cell(cell)
        yield number, {name: cell for name, cell in cells.items() if cell}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "J" if value else "N"
    return "" if value is None else str(value).strip()


def _order_line(
    number: int, cells: Mapping[str, str], sender: str, today: date, findings: Findings
) -> OrderLine | None:
    values: dict[str, Any] = {"date": today, "quantity": 1, "reference": None, "article": ""}
    good = True
    for name, cell in cells.items():
        try:
            values[name] = _BY_NAME[name].read(cell) if name else None
        except CellError as error:
            findings.error("bad-cell", number, f"{name}: {error}; it is “{cell}”")
            good = False
    values.pop("", None)
    if not values["article"]:
        findings.error("bad-cell", number, "article: it is empty")
        return None
    if "qualifier" not in values:
        values["qualifier"] = _qualifier(values["article"])
    if not values["qualifier"]:
        findings.error("bad-cell", number, _unrecognised(values["article"]))
        return None
    return new_order_line(sender, line=number, **values) if good else None


def _unrecognised(article: str) -> str:
    if re.fullmatch(r"[0-9]{11,}", article):
        return f"article: “{article}” has {len(article)} digits; an EAN has 13, an ISBN 10 or 13"
    return f"qualifier: say what “{article}” is: UM (Umbreit), RK (series)"


def _qualifier(article: str) -> str:
    """Recognise an EAN or an ISBN; any other number must say what it is."""
    if re.fullmatch(r"[0-9]{13}", article):
        return "EN"
    return "IB" if re.fullmatch(r"[0-9]{9}[0-9X]", article) else ""
