"""The order references (1041) of an answer: each once, in ascending order, and small for the longest file."""

import zlib
from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from itertools import groupby

from syncd.formats.framing import Charset

_RUN = 1 << 13
"""References that are kept as they are; more are sorted and compressed."""

_LENGTH = 10
"""Bytes of a reference, with the blanks that fill it."""


class References(Collection[str]):
    """The references that are not blank, made when they are asked for; its ascending runs may have some in common."""

    def __init__(self) -> None:
        self.charset = Charset.ANSI
        self._open: set[bytes] = set()
        self._runs: list[bytes] = []

    def take(self, references: Iterable[bytes]) -> None:
        """Remember references, in full width."""
        self._open.update(references)
        if len(self._open) >= _RUN:
            self._runs.append(zlib.compress(b"".join(sorted(self._open)), 1))
            self._open = set()

    def __iter__(self) -> Iterator[str]:
        for raw, _ in groupby(merge(sorted(self._open), *map(_references, self._runs))):
            if reference := raw.decode(self.charset).rstrip(" "):
                yield reference

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, reference: object) -> bool:
        return any(each == reference for each in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def _references(run: bytes) -> Iterator[bytes]:
    content = zlib.decompress(run)
    return (content[begin : begin + _LENGTH] for begin in range(0, len(content), _LENGTH))
