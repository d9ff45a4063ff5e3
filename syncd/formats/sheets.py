"""Orders as a shop writes them: CSV and JSON Lines into order lines.

CSV comes as spreadsheets save it: separated by semicolon, comma or tab, in UTF-8 (with or without byte order mark) or
in cp1252. The first line names the columns, in English or German, in any order; docs/orders.md lists them. Every value
that cannot be used is a finding with line and column; if there is one, nothing is ordered.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from syncd.formats.articles import EAN, ISBN_10, check_digit_is_wrong
from syncd.formats.fields import calendar_day
from syncd.formats.findings import Findings
from syncd.formats.orders import new_order_line, rejected
from syncd.formats.records import OrderLine


class CellError(Exception):
    """A cell that cannot be used; the message says what is wanted."""


def _text(raw: str) -> str:
    return raw


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
    written = f"{german[3]}-{int(german[2]):02d}-{int(german[1]):02d}" if german else raw
    day = calendar_day(written.replace("-", "")) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written) else None
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
    SheetColumn("article", ("artikel", "artikelnummer", "ean", "isbn"), _text, "EAN, ISBN or Umbreit number"),
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
    SheetColumn(
        "date",
        ("datum", "bestelldatum"),
        _date,
        "day of the order, 2026-11-22 or 22.11.2026, at most a year from today; today if empty",
    ),
)
"""The columns of an order sheet. Only `article` must be there."""

_BY_NAME = {name: column for column in COLUMNS for name in (column.name, *column.also)}

YEAR = timedelta(days=366)
"""How far from today the day of an order may be: whoever writes another one has mistyped it."""

SHOWN = 60
"""How many characters of a cell a finding shows."""

Cells = tuple[int, Mapping[str, Any]]
"""Line number, and the cells by the name of their column: text, or what else JSON may hold."""


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
    rows = _rows(text, findings)
    names = _column_names(*next(rows, (1, [])), findings)
    for number, cells in rows if names else ():
        texts = [_unquoted(cell) for cell in cells]
        if any(texts[len(names) :]):
            message = f"{len(cells)} cells under {len(names)} columns; quote cells that hold a separator"
            findings.error("bad-row", number, message)
        elif any(texts):
            yield number, dict(zip(names, texts, strict=False))


def _rows(text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line where it begins: an open quote swallows all that follows."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    told = re.fullmatch(r"sep=([;,\t])[;,\t]*", first)
    delimiter = told[1] if told else max(";,\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in rows:
            if line > 1 or not told:
                yield line, cells
            line = rows.line_num + 1
    except csv.Error as error:
        findings.error("bad-row", line, f"this is no CSV: {error}")


def _unquoted(cell: str) -> str:
    """Return what a cell shows: `="978…"` is how some programs keep a spreadsheet from rounding a number."""
    formula = re.fullmatch(r'="(.*)"', cell.strip())
    return (formula[1] if formula else cell).strip()


def _column_names(line: int, header: list[str], findings: Findings) -> list[str]:
    """Return the columns' names; none where they cannot be used. Excel saves empty ones behind the last."""
    width = max((index for index, cell in enumerate(header, 1) if cell.strip()), default=0)
    names = [_column_name(cell.strip(), line, findings) for cell in header[:width]]
    if "article" not in names and not findings.rejected:
        message = f"no column “article”: the first line names the columns ({', '.join(c.name for c in COLUMNS)})"
        findings.error("bad-column", line, message)
    for name in {name for name in names if name and names.count(name) > 1}:
        findings.error("bad-column", line, f"column “{name}” stands there twice")
    return [] if findings.rejected else names


def _column_name(cell: str, line: int, findings: Findings) -> str:
    column = _BY_NAME.get(cell.casefold())
    if column is None:
        close = get_close_matches(cell.casefold(), _BY_NAME, 1)
        hint = f"; did you mean “{close[0]}”?" if close else ""
        message = f"unknown column {_shown(cell)}{hint}" if cell else "a column without a name: name it, or delete it"
        findings.error("bad-column", line, message)
    return column.name if column else ""


def _json_lines(text: str, findings: Findings) -> Iterator[Cells]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_float=_finite, parse_int=str, object_pairs_hook=tuple)
        except RecursionError:
            findings.error("bad-row", number, "wanted one JSON object a line")
            continue
        except json.JSONDecodeError as error:
            findings.error("bad-row", number, f"column {error.colno}: this is no JSON: {error.msg}")
            continue
        if not isinstance(value, tuple):
            findings.error("bad-row", number, "wanted one JSON object a line")
            continue
        cells: dict[str, Any] = {}
        for given, cell in value:
            name = _column_name(given, number, findings)
            if name and name in cells:
                findings.error("bad-column", number, f"“{name}” stands there twice")
            cells[name] = cell
        cells.pop("", None)
        yield number, cells


def _finite(number: str) -> str | float:
    """Keep a number as it is written; NaN and what is beyond all bounds stay numbers, which no cell is."""
    return number if math.isfinite(float(number)) else float(number)


_KINDS = {list: "a list", tuple: "an object", bool: "true or false", float: "no finite number"}


def _cell(value: Any, column: SheetColumn) -> str:
    if isinstance(value, bool) and column.read is _yes_or_no:
        return "J" if value else "N"
    if value is not None and not isinstance(value, str):
        raise CellError("wanted text or a number")
    return (value or "").strip()


def _shown(value: Any) -> str:
    return _KINDS.get(type(value)) or f"“{value[:SHOWN]}{'…' if len(value) > SHOWN else ''}”"


def _order_line(
    number: int, cells: Mapping[str, Any], sender: str, today: date, findings: Findings
) -> OrderLine | None:
    values: dict[str, Any] = {"date": today, "quantity": 1, "reference": None, "article": "", "qualifier": ""}
    wrong = set()
    for name, value in cells.items():
        try:
            if cell := _cell(value, _BY_NAME[name]):
                values[name] = _BY_NAME[name].read(cell)
        except CellError as error:
            findings.error("bad-cell", number, f"{name}: {error}; it is {_shown(value)}")
            wrong.add(name)
    if abs(values["date"] - today) > YEAR:
        findings.error("bad-cell", number, f"date: {values['date']} is more than a year from today")
        wrong.add("date")
    try:
        if wrong.isdisjoint({"article", "qualifier"}):
            values |= _identified(values["article"], values["qualifier"])
    except CellError as error:
        findings.error("bad-cell", number, str(error))
        return None
    return None if wrong else new_order_line(sender, line=number, **values)


def _identified(article: str, qualifier: str) -> dict[str, str]:
    """Return article and qualifier; only an EAN or ISBN loses the hyphens and blanks it is printed with.

    What has hyphens, does not say what it is and has a wrong check digit may be any number.
    """
    bare = re.sub("[ -]", "", article)
    recognised = _recognised(bare)
    doubtful = not qualifier and bare != article and check_digit_is_wrong(bare, recognised)
    if recognised and qualifier in {"", "EN", "IB"} and not doubtful:
        return {"article": bare, "qualifier": qualifier or recognised}
    if not article:
        raise CellError("article: it is empty")
    if qualifier != "RK" and re.fullmatch(r"[0-9]+[.,]?[0-9]*[eE]\+?[0-9]+", article):
        rounded = "the spreadsheet has rounded this number; format the column as text and enter it again"
        raise CellError(f"article: {rounded}; it is {_shown(article)}")
    if not qualifier:
        raise CellError(_unrecognised(article, bare))
    return {"article": article, "qualifier": qualifier}


def _unrecognised(article: str, bare: str) -> str:
    if _recognised(bare):
        return f"qualifier: say what {_shown(article)} is: as EN or IB its check digit is wrong"
    if re.fullmatch(r"[0-9]{11,}", bare):
        return f"article: {_shown(article)} has {len(bare)} digits; an EAN has 13, an ISBN 10 or 13"
    return f"qualifier: say what {_shown(article)} is: UM (Umbreit), RK (series)"


def _recognised(article: str) -> str:
    """Recognise an EAN or an ISBN; any other number must say what it is."""
    if EAN.fullmatch(article):
        return "EN"
    return "IB" if ISBN_10.fullmatch(article) else ""
