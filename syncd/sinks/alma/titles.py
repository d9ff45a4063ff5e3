"""The title file: what the shop knows of its titles and the supplier's files do not carry.

CSV as spreadsheets save it: separated by semicolon, comma or tab, in UTF-8 (with or without byte order mark) or in
cp1252. The first line names the columns. The file may be large: it is read line by line, for the titles wanted.
"""

import csv
from collections.abc import Collection, Iterator
from dataclasses import fields
from pathlib import Path

from syncd.errors import SinkError
from syncd.sinks.alma.confirm import Title, normal_isbn

ISBN = "isbn"
COLUMNS = (ISBN, *(each.name for each in fields(Title)))
BOM = b"\xef\xbb\xbf"


def read_titles(path: Path, wanted: Collection[str]) -> dict[str, Title]:
    """Return what the file says of these ISBNs (13 digits); of two lines of one ISBN the later. Raises SinkError."""
    found = {}
    try:
        for cells in _rows(path):
            isbn = normal_isbn(cells.pop(ISBN, ""))
            if isbn in wanted:
                found[isbn] = Title(**cells)
    except (OSError, csv.Error, ValueError) as error:
        raise SinkError(
            f"title file {path}: {error}",
            remedy=f"It is CSV whose first line names the columns: {', '.join(COLUMNS)}. It is read again.",
        ) from error
    return found


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open("rb") as file:
        lines = (_text(line) for line in file)
        header = next(lines, "")
        delimiter = max(";,\t", key=header.count)
        names = _names(next(csv.reader([header], delimiter=delimiter), []))
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            yield {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name and cell.strip()}


def _text(line: bytes) -> str:
    """Decode a line: one that is no UTF-8 is cp1252."""
    try:
        return line.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _names(header: list[str]) -> list[str]:
    """Return the names of the columns, blank for those that mean nothing here."""
    names = [cell.strip().casefold() for cell in header]
    if names.count(ISBN) != 1 or len(set(names) & set(COLUMNS)) < 2:
        raise ValueError(f"the first line must name {ISBN} and at least one column more")
    return [name if name in COLUMNS else "" for name in names]
