"""Whether an EAN came before: exact, and in about 14 MB for the longest message there can be.

CB's lists ascend by EAN, so the greatest one so far usually answers. The EANs of an ascending list are kept packed, two
digits a byte; only when one does not ascend are they sorted into small tables in which every later one is looked up.
"""

from array import array
from binascii import hexlify, unhexlify
from bisect import bisect_left
from operator import ge

_TABLES = 1024
_PAD = b"0"


class Duplicates:
    """Remembers EANs of 13 digits; the check digit follows from the others and is left out of the tables."""

    def __init__(self) -> None:
        self._greatest = b""
        self._packed: list[tuple[int, bytes]] = []
        self._few: list[bytes] = []
        self._tables: list[array[int]] | None = None

    def extend(self, eans: list[bytes]) -> bool:
        """Take EANs if none of them came before and no two are alike; else take none."""
        if self._tables is not None or eans[0] <= self._greatest or any(map(ge, eans, eans[1:])):
            return self._extend_tables(eans)
        self._greatest = eans[-1]
        self._pack(self._few)
        self._few = []
        self._pack(eans)
        return True

    def seen(self, ean: str) -> bool:
        """Remember one EAN and tell whether it came before."""
        number = ean.encode("ascii")
        if self._tables is None and number > self._greatest:
            self._greatest = number
            self._few.append(number)
            if len(self._few) >= _TABLES:
                self._pack(self._few)
                self._few = []
            return False
        return self._look_up(int(number[:12]))

    def _extend_tables(self, eans: list[bytes]) -> bool:
        numbers = [int(ean[:12]) for ean in eans]
        if len(set(numbers)) < len(numbers) or any(map(self._has, numbers)):
            return False
        for number in numbers:
            self._look_up(number)
        return True

    def _has(self, number: int) -> bool:
        table, rest = self._table(number), number // _TABLES
        place = bisect_left(table, rest)
        return place < len(table) and table[place] == rest

    def _table(self, number: int) -> "array[int]":
        if self._tables is None:
            self._unpack()
        assert self._tables is not None
        return self._tables[number % _TABLES]

    def _pack(self, eans: list[bytes]) -> None:
        digits = b"".join(eans)
        self._packed.append((len(digits), unhexlify(digits + _PAD * (len(digits) % 2))))

    def _look_up(self, number: int) -> bool:
        if self._has(number):
            return True
        table, rest = self._table(number), number // _TABLES
        table.insert(bisect_left(table, rest), rest)
        return False

    def _unpack(self) -> None:
        """Move what was kept, ascending, into the tables; so each table ascends as well."""
        self._tables = tables = [array("I") for _ in range(_TABLES)]
        self._packed.reverse()
        while self._packed:
            length, packed = self._packed.pop()
            digits = hexlify(packed)[:length]
            for start in range(0, length, 13):
                number = int(digits[start : start + 12])
                tables[number % _TABLES].append(number // _TABLES)
        for ean in self._few:
            number = int(ean[:12])
            tables[number % _TABLES].append(number // _TABLES)
        self._few = []
