"""Every key of every document is found on its line: a generated document carries a mark at each value."""

import itertools
import tomllib
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.config.lines import Key, line_of, lines_of

BARE = st.text("abcXYZ019_-", min_size=1, max_size=4)
ODD = st.text("ab .#[]{}='\"\\\tü\u2028", max_size=4)
NOISE = st.sampled_from(["", "", "\n", "# [not.a.table]\n", "  # a = 1\n\n", "\r\n"])
MULTILINE = st.sampled_from(['a = "', "[x]\n", '""', "'", "# no\n", "\\\\", '\\"""', "\\\n  ", "}\n]"])


def quoted(key: str) -> str:
    """Write a key as TOML: bare where that is possible."""
    if key and set(key) <= set("abcXYZ019_-"):
        return key
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


@dataclass
class Writer:
    """Writes a document; each value holds a mark that stands on the line where its key stands."""

    draw: st.DrawFn
    text: str = ""
    marks: dict[Key, str] = field(default_factory=dict)
    count: "itertools.count[int]" = field(default_factory=itertools.count)

    def keys(self, most: int = 3) -> list[str]:
        return self.draw(st.lists(BARE | ODD, max_size=most, unique=True))

    def table(self, path: Key, header: str, depth: int) -> None:
        for key in self.keys():
            self.text += self.draw(NOISE)
            self.pair((*path, key), quoted(key))
        for key in self.keys(2) if depth else []:
            self.below(path, header, f"~{key}", depth)

    def below(self, path: Key, header: str, key: str, depth: int) -> None:
        """Write a table, or an array of tables; the tilde keeps its name apart from those of the values."""
        name = f"{header}{quoted(key)}"
        many = self.draw(st.booleans())
        for index in range(self.draw(st.integers(1, 2)) if many else 1):
            gap = self.draw(st.sampled_from(["", " "]))
            self.text += self.draw(NOISE) + f"[[{gap}{name}{gap}]]\n" * many + f"[{gap}{name}{gap}]\n" * (not many)
            self.table((*path, key, index) if many else (*path, key), f"{name} . ", depth - 1)

    def pair(self, path: Key, key: str) -> None:
        if self.draw(st.booleans()):
            key, path = f"{key} . dd", (*path, "dd")
        self.text += f"{key} = "
        self.value(path, inline=False)
        self.text += self.draw(st.sampled_from(["\n", ' # ] } "\n', "\r\n"]))

    def value(self, path: Key, *, inline: bool) -> None:
        kinds = [self.string, self.array, self.inline_table]
        self.draw(st.sampled_from(kinds if inline else [*kinds, self.multiline, self.bare]))(path)

    def mark(self, path: Key) -> str:
        self.marks[path] = f"M{next(self.count)}M"
        return self.marks[path]

    def bare(self, path: Key) -> None:
        self.text += self.draw(st.sampled_from(["1979-05-27 07:32:00", "-1_000.5e3", "true"])) + f" # {self.mark(path)}"

    def string(self, path: Key) -> None:
        forms = ["'{} \" # ]'", '"{} \\" # ] }}"', '"{}"', "''' {}'''"]
        self.text += self.draw(st.sampled_from(forms)).format(self.mark(path))

    def multiline(self, path: Key) -> None:
        body = "".join(self.draw(st.lists(MULTILINE, max_size=4)))
        literal = self.draw(st.booleans())
        body = (
            body.replace("'", "") + "''" * self.draw(st.integers(0, 1)) if literal else body.replace('""', "") + '\\"'
        )
        self.text += f"'''{self.mark(path)}{body}'''" if literal else f'"""{self.mark(path)}{body}"""'

    def array(self, path: Key) -> None:
        gap = self.draw(st.sampled_from(["", "\n", " # ,]\n"]))
        self.text += "[" + gap
        for index in range(self.draw(st.integers(0, 3))):
            self.value((*path, index), inline=True)
            self.text += gap + "," + gap
        self.text += "]"

    def inline_table(self, path: Key) -> None:
        self.text += "{"
        for index, key in enumerate(self.keys()):
            self.text += ", " * (index > 0) + f"{quoted(key)} = "
            self.value((*path, key), inline=True)
        self.text += "}"


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    writer = Writer(draw)
    writer.table((), "", 3)
    return writer


def leaves(value: object, path: Key = ()) -> list[Key]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    return [path] if items is None else [leaf for key, item in items for leaf in leaves(item, (*path, key))]


@settings(max_examples=40, deadline=None)
@given(documents())
def test_every_leaf_is_located(document):
    found = lines_of(document.text)
    lines = document.text.split("\n")
    assert set(document.marks) == set(leaves(tomllib.loads(document.text)))
    for path, mark in document.marks.items():
        assert mark in lines[found[path] - 1], (path, document.text)


def test_what_is_missing_is_looked_for_at_its_table():
    lines = lines_of('a = 1\n\n[account.x]\nhost = "h"\n[[b]]\n[[b]]\n[b.c]\nd = {e = 1}\n')
    assert line_of(lines, ("account", "x", "user")) == 3
    assert line_of(lines, ("account", "y")) == 3
    assert line_of(lines, ("b", 1, "c", "d", "e")) == 8
    assert line_of(lines, ("b", 0, "z")) == 5
    assert line_of(lines, ("nowhere",)) is None


def test_a_table_is_where_its_own_header_stands():
    assert lines_of("[a.b]\n[a]\n")[("a",)] == 2


@pytest.mark.parametrize("text", ["a = 1\na = 2", "[a", "a"])
def test_what_is_not_toml_is_for_tomllib_to_refuse(text):
    with pytest.raises(tomllib.TOMLDecodeError):
        lines_of(text)
