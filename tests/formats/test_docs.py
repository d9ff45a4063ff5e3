"""The documents name every code, every record and every column."""

import ast
import json
import re
from pathlib import Path

from tests.formats.tables import column_table, record_tables

ROOT = Path(__file__).parents[2]
FORMATS = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
CALLS = frozenset(
    {"error", "warning", "once", "add", "note", "Finding", "FieldError", "TokenError", "Rule", "Text", "_once"}
)
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+|empty|bom|charset|version|acknowledgment")


def codes_in_the_source() -> set[str]:
    """Return every literal in a call that makes a finding, if it looks like a code."""
    found = set()
    for path in (ROOT / "syncd/formats").glob("[a-z]*.py"):
        if path.stem.startswith("ola"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CALLS:
                arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
                found |= {a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return {text for text in found if CODE.fullmatch(text)}


def codes_in_the_corpus() -> set[str]:
    """Return every code of a case; those of the availability query stand in docs/ola.md."""
    return {
        code
        for path in ROOT.glob("tests/formats/corpus/*/expected.json")
        for code in json.loads(path.read_text())["codes"]
        if not code.startswith("ola-")
    }


def documented() -> set[str]:
    return set(re.findall(r"^\| `([a-z0-9-]+)` \| [EW/]+ \|", FORMATS, re.MULTILINE))


def test_every_code_is_in_the_table_and_every_row_is_a_code():
    assert codes_in_the_corpus() <= documented()
    assert codes_in_the_source() <= documented()
    assert documented() <= codes_in_the_source() | codes_in_the_corpus()


def test_the_tables_are_those_of_the_classes():
    assert record_tables() in FORMATS
    assert column_table() in (ROOT / "docs/orders.md").read_text(encoding="utf-8")


def test_every_code_of_a_file_has_a_case():
    sheets = {"bad-cell", "bad-column", "bad-row", "line-too-long"}
    assert documented() - sheets <= codes_in_the_corpus()
