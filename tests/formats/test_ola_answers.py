"""Answer lines as a file: judged whole, one record an answer."""

import pytest

from syncd.errors import UsageError
from syncd.formats import FORMATS, AvailabilityLine, Context, guess
from syncd.formats.ola_lists import read_list

OLA = FORMATS["ola"]
NAME = "OLA_900900_20261122090000000001"
GOOD = b"900900^9783842344549^2^2^1^2^^\r\n"


def judged(content: bytes, name: str = NAME):
    return OLA.judge(lambda: [content], Context(name=name))


def test_each_answer_is_a_record():
    lines = GOOD + b"900900^9783406501593^1^12^0^0^15^\r\n900900^1^1^2^2^^^Titelnummer nicht zu ermitteln\r\n"
    verdict = judged(lines)
    assert (verdict.kind, verdict.accepted, verdict.stamp) == ("OLA", True, "202611220900")
    assert verdict.header == {"available": 1, "short": 1, "error": 1}
    there, none, wrong = OLA.records(lambda: [lines], Context(name=NAME), verdict)
    assert there == AvailabilityLine(1, "9783842344549", 2, 1, 2, None, None, None)
    assert isinstance(none, AvailabilityLine)
    assert (none.line, none.result, none.quantity, none.code, bool(none.meaning)) == (2, 0, 0, 15, True)
    assert isinstance(wrong, AvailabilityLine)
    assert (wrong.result, wrong.quantity, wrong.text) == (2, None, "Titelnummer nicht zu ermitteln")


@pytest.mark.parametrize(
    "line",
    [
        b"900900^9783842344549^2^2^1^2^",
        b"900900^9783842344549^2^2^3^2^^",
        b"900900^9783842344549^2^3^1^2^^",
        b"900900^9783842344549^02^2^1^2^^",
        b"900900^9783842344549^2^2^1^" + b"9" * 5000 + b"^^",
        b"Login:",
    ],
)
def test_a_line_that_is_no_answer_rejects_all(line: bytes):
    verdict = judged(GOOD + line + b"\r\n")
    assert not verdict.accepted
    assert verdict.codes == {"ola-line": 1}
    assert verdict.findings[0].line == 2


def test_what_is_odd_is_passed_on():
    verdict = judged(b"900900^9783842344549^2^2^1^2^^^9783842344548\r\n900900^1^1^2^0^0^998^\r\n")
    assert verdict.accepted
    assert {(finding.code, finding.line) for finding in verdict.findings} == {
        ("check-digit", 1),
        ("unknown-meldenummer", 2),
    }


def test_another_name_has_no_stamp():
    assert judged(GOOD, "answers.txt").stamp is None
    assert guess(NAME, GOOD) == "ola"


def test_a_list_has_comments_blank_lines_and_quantities():
    lines = ["# what we watch\n", "\n", "9783842344549:2  # the first\n", "1\n"]
    assert list(read_list(lines, "w")) == [("9783842344549", 2, "w:3"), ("1", 1, "w:4")]


def test_a_quantity_that_is_none_is_named_with_its_line():
    with pytest.raises(UsageError, match="w:2: 'two' is no quantity"):
        list(read_list(["1\n", "9783842344549:two\n"], "w"))
