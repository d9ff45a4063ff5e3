"""The tables of docs/formats.md and docs/orders.md, made from the classes they describe."""

import ast
import dataclasses
import inspect
from collections.abc import Iterator
from typing import get_type_hints

from syncd.formats import RECORDS
from syncd.formats.fields import markers
from syncd.formats.records import BundlePart
from syncd.formats.sheets import COLUMNS


def record_tables() -> str:
    """Return a table of fields for each record class."""
    return "\n".join("\n".join(_record_table(record)) for record in (*RECORDS, BundlePart))


def _record_table(record: type) -> Iterator[str]:
    yield f"### {record.__name__}\n"
    yield f"{(inspect.getdoc(record) or '').strip()}\n"
    yield "| field | id | type | meaning |"
    yield "|---|---|---|---|"
    marked, hints, words = markers(record), get_type_hints(record), _words(record)
    for field in dataclasses.fields(record):
        number = marked[field.name].id if field.name in marked else None
        kind = str(getattr(hints[field.name], "__name__", hints[field.name]))
        for before, after in (("datetime.", ""), ("decimal.", ""), ("syncd.formats.records.", ""), (" | ", " or ")):
            kind = kind.replace(before, after)
        yield f"| `{field.name}` | {f'{number:04d}' if number else ''} | {kind} | {words.get(field.name, '')} |"
    yield ""


def _words(record: type) -> dict[str, str]:
    """Return the docstring that stands below each field."""
    (body,) = ast.parse(inspect.getsource(record)).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, words in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(words, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(words.value)).split())
    return found


def column_table() -> str:
    """Return the table of the columns of an order sheet."""
    rows = [f"| `{column.name}` | {', '.join(column.also)} | {column.meaning} |" for column in COLUMNS]
    return "\n".join(["| column | also | meaning |", "|---|---|---|", *rows, ""])
