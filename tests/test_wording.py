"""One file, two files: in every sentence that counts; and what others wrote cannot steer a terminal."""

import ast
import itertools
import re
from pathlib import Path

import pytest

from syncd.wording import counted, shown

ROOT = Path(__file__).parent.parent / "syncd"
MANY = re.compile(
    " (deliveries|orders|files|lines|records|copies|attempts|dead letters|rows|hosts|positions|findings|errors|"
    r"articles|titles|times|days|hours|seconds|failures|problems|accounts|sinks)\b"
)
"""What stands behind a number that was not asked whether it is one."""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("delivery",), ["0 deliveries", "1 delivery", "2 deliveries"]),
        (("day",), ["0 days", "1 day", "2 days"]),
        (("dead letter",), ["0 dead letters", "1 dead letter", "2 dead letters"]),
        (("file lies", "files lie"), ["0 files lie", "1 file lies", "2 files lie"]),
    ],
)
def test_a_number_and_its_noun_agree(words, said):
    assert [counted(number, *words) for number in (0, 1, 2)] == said


def counts(path):
    """Yield the lines in which a plural stands behind a number, constants apart."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for number, words in itertools.pairwise(node.values if isinstance(node, ast.JoinedStr) else []):
            follows = str(words.value) if isinstance(words, ast.Constant) else ""
            if MANY.match(follows) and isinstance(number, ast.FormattedValue) and not is_constant(number.value):
                yield f"{path.relative_to(ROOT)}: {ast.unparse(number)}{follows}"


def is_constant(number):
    return ast.unparse(number).isupper()


@pytest.mark.parametrize("room", ["cli", "config", "demo", "jobs", "sinks", "state", "."])
def test_no_sentence_counts_by_itself(room):
    files = (ROOT / room).glob("*.py" if room == "." else "**/*.py")
    assert [line for path in files for line in counts(path)] == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Tilman Röhrig: 12,95\N{NO-BREAK SPACE}€ “neu”", "Tilman Röhrig: 12,95\N{NO-BREAK SPACE}€ “neu”"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\nb\rc\td\x7f\x9b", "a\\nb\\rc\\td\\x7f\\x9b"),
        ("R_\N{RIGHT-TO-LEFT OVERRIDE}fdp\N{LINE SEPARATOR}", "R_\\u202efdp\\u2028"),
        ("\udcff", "\\udcff"),
    ],
    ids=ascii,
)
def test_what_others_wrote_is_shown_on_one_line_and_steers_nothing(text, line):
    assert shown(text) == line
    assert shown(line) == line
