"""Which positions of a delivery note may be booked, each once: exact, and small for the longest file.

Positions of a delivery note ascend, so the greatest one so far usually tells that the next ones are new. They are kept
as they stand in the records, compressed; only when one does not ascend are hashes of all of them sorted into small
tables in which every later one is looked up, and what a table finds is compared with the position itself.
"""

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import ge
from typing import overload

from syncd.formats.framing import Charset
from syncd.model import GoodsKey

Place = int
"""Of a position among the others, in file order, from 0."""

_SIDES, _KEY = 20, 34
"""Bytes of sender and receiver, and with note and position, which together are a key."""

_PARTS = ((0, 10), (10, 20), (20, 30), (30, 34))
_TABLES = 1024
_RUN = 1 << 15
"""Bytes of keys that are compressed at once."""


class Goods(Sequence[tuple[int, GoodsKey]]):
    """Line and key of each bookable position, made when they are asked for."""

    def __init__(self) -> None:
        self.lines = array("I")
        self.hashes = array("q")
        """Of the whole records."""
        self.charset = Charset.ANSI
        self._starts: list[Place] = []
        """Of the first position of each run, the open one included."""
        self._runs: list[bytes] = []
        """Compressed: keys."""
        self._open = bytearray()
        """The last run, not compressed yet."""
        self._opened = (-1, b"")
        self._greatest = b""
        self._tables: list[tuple[array[int], array[int]]] | None = None

    def extend(self, sides: bytes, numbers: Sequence[bytes], lines: Iterable[int], hashes: Iterable[int]) -> bool:
        """Take positions with the same sides if all of them are new, else none."""
        if not numbers:
            return True
        if not self._are_new(sides, numbers):
            return False
        start = len(self.lines)
        self._keep(sides, numbers)
        self.lines.extend(lines)
        self.hashes.extend(hashes)
        self._greatest = max(self._greatest, sides + max(numbers))
        if self._tables is not None:
            for place, number in enumerate(numbers, start):
                self._insert(sides + number, place)
        return True

    def add(self, key: bytes, line: int, hashed: int) -> Place | None:
        """Take one position, or return the place of the same one that came before."""
        sides, number = key[:_SIDES], key[_SIDES:]
        return None if self.extend(sides, [number], [line], [hashed]) else self._find(key)

    def _are_new(self, sides: bytes, numbers: Sequence[bytes]) -> bool:
        ascend = sides + numbers[0] > self._greatest and not any(map(ge, numbers, numbers[1:]))
        if ascend:
            return True
        if len(set(numbers)) < len(numbers):
            return False
        if self._tables is None:
            self._tables = [(array("q"), array("I")) for _ in range(_TABLES)]
            for place, key in enumerate(self._keys()):
                self._insert(key, place)
        return all(self._find(sides + number) is None for number in numbers)

    # -- the tables --------------------------------------------------------------------------------------------

    def _insert(self, key: bytes, place: Place) -> None:
        hashed = hash(key)
        assert self._tables is not None
        hashes, places = self._tables[hashed % _TABLES]
        index = bisect_left(hashes, hashed)
        hashes.insert(index, hashed)
        places.insert(index, place)

    def _find(self, key: bytes) -> Place | None:
        hashed = hash(key)
        assert self._tables is not None
        hashes, places = self._tables[hashed % _TABLES]
        alike = places[bisect_left(hashes, hashed) : bisect_right(hashes, hashed)]
        return next((place for place in alike if self._key(place) == key), None)

    # -- what was kept -----------------------------------------------------------------------------------------

    def _keep(self, sides: bytes, numbers: Sequence[bytes]) -> None:
        if len(self._open) > _RUN:
            self._runs.append(zlib.compress(self._open, 1))
            self._open = bytearray()
        if not self._open:
            self._starts.append(len(self.lines))
        self._open += sides + sides.join(numbers)

    def _content(self, run: int) -> bytes:
        """Return the keys of a run; the one that was asked for last is remembered."""
        if run == len(self._runs):
            return bytes(self._open)
        if self._opened[0] != run:
            self._opened = run, zlib.decompress(self._runs[run])
        return self._opened[1]

    def _key(self, place: Place) -> bytes:
        run = bisect_right(self._starts, place) - 1
        content = self._content(run)
        begin = (place - self._starts[run]) * _KEY
        return content[begin : begin + _KEY]

    def _keys(self) -> Iterator[bytes]:
        for run in range(len(self._starts)):
            content = self._content(run)
            for begin in range(0, len(content), _KEY):
                yield content[begin : begin + _KEY]

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[tuple[int, GoodsKey]]:
        return map(self._made, self.lines, self._keys())

    @overload
    def __getitem__(self, index: int) -> tuple[int, GoodsKey]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[int, GoodsKey]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, GoodsKey] | Sequence[tuple[int, GoodsKey]]:
        """Return one position, or some, in file order."""
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        place = range(len(self))[index]
        return self._made(self.lines[place], self._key(place))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def _made(self, line: int, key: bytes) -> tuple[int, GoodsKey]:
        supplier, receiver, note, position = (key[a:b].decode(self.charset).rstrip(" ") for a, b in _PARTS)
        return line, GoodsKey(supplier, receiver, note, int(position))
