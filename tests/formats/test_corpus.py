"""Small files and what is to be said of each.

A case is a folder in `corpus/`: the file under the name it came with, and `expected.json` with `why` (the rule, in a
sentence), `format`, `context` and the expected outcome, codes, findings, verdict and records. `SYNCD_REWRITE_CORPUS=1`
writes the expectations anew; read the difference before you keep it.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncd.cli.parse import verdict_object
from syncd.formats import FORMATS, Context
from syncd.formats.digicom import DigicomFormat
from syncd.formats.responses import ResponseFormat

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(path.parent for path in CORPUS.glob("*/expected.json"))
EXACT = {"digicom": DigicomFormat(exact=True), "bwa-response": ResponseFormat(exact=True)}


def found(case: Path, expected: dict[str, Any], formats) -> Any:
    """Return what a case's file says, in the form of its expectation."""
    (path,) = (path for path in case.iterdir() if path.name != "expected.json")
    known = expected["context"]
    customers = frozenset(known["customers"]) if "customers" in known else None
    context = Context(path.name, customers, known.get("relation_id"))
    chosen = formats.get(expected["format"]) or FORMATS[expected["format"]]
    verdict = chosen.judge(lambda: [path.read_bytes()], context)
    records = list(chosen.records(lambda: [path.read_bytes()], context, verdict)) if verdict.accepted else []
    result = {key: expected[key] for key in ("why", "format", "context")}
    result |= verdict_object(Path(path.name), verdict, ())
    del result["left_out"]
    result["references"] = list(verdict.references)
    result["goods"] = list(verdict.goods)
    result["stamp"] = verdict.stamp
    result["records"] = [{"record": type(record).__name__, **msgspec.to_builtins(record)} for record in records]
    return json.loads(msgspec.json.encode(result))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_judged_and_read_as_expected(case):
    path = case / "expected.json"
    expected = json.loads(path.read_text())
    if os.environ.get("SYNCD_REWRITE_CORPUS"):
        path.write_text(json.dumps(found(case, expected, {}), ensure_ascii=False, indent=1) + "\n")
        expected = json.loads(path.read_text())
    assert found(case, expected, {}) == expected
    assert found(case, expected, EXACT) == expected


def test_there_are_cases_enough():
    assert len(CASES) >= 150
