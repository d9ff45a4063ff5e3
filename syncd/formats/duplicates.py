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

    def ascend(self, eans: list[bytes]) -> bool:
        """Take EANs that ascend from the greatest so far, each above the one before it; else take none."""
        if self._tables is not None or not eans or eans[0] <= self._greatest:
            return False
        if any(map(ge, eans, eans[1:])):
            return False
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

    def _pack(self, eans: list[bytes]) -> None:
        digits = b"".join(eans)
        self._packed.append((len(digits), unhexlify(digits + _PAD * (len(digits) % 2))))

    def _look_up(self, number: int) -> bool:
        if self._tables is None:
            self._unpack()
        assert self._tables is not None
        table, rest = self._tables[number % _TABLES], number // _TABLES
        place = bisect_left(table, rest)
        if place < len(table) and table[place] == rest:
            return True
        table.insert(place, rest)
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
