"""Where in a TOML document each key stands. `tomllib` judges and reads; this room only locates.

The document is well-formed here: `lines_of` lets tomllib refuse it first. Keys are paths as in the parsed document,
with indices for the elements of arrays: `("account", "umbreit", "customers", 0)`.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Mapping

Key = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(
    r'''"""(?:\\[\s\S]|[^\\])*?"{3,5}|\'\'\'[\s\S]*?\'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|[^,\]}\#\r\n]+'''
)


def lines_of(text: str) -> dict[Key, int]:
    """Map each key of a document to its line, counted from 1. Raises tomllib.TOMLDecodeError."""
    tomllib.loads(text)
    return _Scan(text).document()


def line_of(lines: Mapping[Key, int], key: Key) -> int | None:
    """Return the line of a key, or of the nearest table around it; None when none of it is in the document."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


class _Scan:
    """One pass over a well-formed document."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._lines: dict[Key, int] = {}
        self._elements: dict[Key, int] = {}

    def document(self) -> dict[Key, int]:
        table: Key = ()
        self._take(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._take(_BLANK)
        return self._lines

    def _header(self) -> Key:
        """Read `[a.b]` or `[[a.b]]`; a header below an array of tables speaks of its last element."""
        many = self._text.startswith("[[", self._at)
        start, self._at = self._at, self._at + (2 if many else 1)
        self._take(_BLANK)
        *above, last = self._dotted()
        key = (*self._resolved(above), last) if many else self._resolved([*above, last])
        self._at = self._text.index("]", self._at) + (2 if many else 1)
        if many:
            self._elements[key] = self._elements.get(key, -1) + 1
            key = (*key, self._elements[key])
        self._note(key, start)
        self._lines[key] = self._line(start)  # a sub-table may have named it before its own header
        return key

    def _resolved(self, parts: list[str]) -> Key:
        key: Key = ()
        for part in parts:
            key = (*key, part)
            if key in self._elements:
                key = (*key, self._elements[key])
        return key

    def _pair(self, table: Key) -> None:
        start = self._at
        key = (*table, *self._dotted())
        self._note(key, start)
        self._at = self._text.index("=", self._at) + 1
        self._value(key)

    def _value(self, key: Key) -> None:
        self._take(_BLANK)
        match self._text[self._at]:
            case "{":
                self._items("}", lambda _: self._pair(key))
            case "[":
                self._items("]", lambda index: self._element((*key, index)))
            case _:
                self._take(_SCALAR)

    def _element(self, key: Key) -> None:
        self._note(key, self._at)
        self._value(key)

    def _items(self, end: str, read: Callable[[int], None]) -> None:
        """Read what stands between a bracket and its `end`, separated by commas."""
        self._at += 1
        self._take(_BLANK)
        index = 0
        while self._text[self._at] != end:
            read(index)
            self._take(_BLANK)
            self._at += self._text[self._at] == ","
            self._take(_BLANK)
            index += 1
        self._at += 1

    def _dotted(self) -> list[str]:
        parts = [self._part()]
        while _DOT.match(self._text, self._at):
            self._take(_DOT)
            parts.append(self._part())
        return parts

    def _part(self) -> str:
        part = self._take(_PART)
        if part[0] == '"':
            return str(tomllib.loads(f"part = {part}")["part"])
        return part.strip("'")

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match, "the document was judged well-formed"
        self._at = match.end()
        return match.group()

    def _note(self, key: Key, start: int) -> None:
        for length in range(1, len(key) + 1):
            self._lines.setdefault(key[:length], self._line(start))

    def _line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)
