"""The fast way through a file: whole blocks of records about which there is nothing to say, taken by one pattern.

Almost every line of a real file has one of few shapes. A pattern made from the same tables as the exact reader matches
only lines in which that reader would find nothing; any other line goes to the exact reader, one by one, in its place.
So both ways give the same verdict on every file, which tests hold together.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
_TENS = bytes(range(0, 226, 10))
"""9 × (7 × 1 + 6 × 3) = 225 is the greatest sum of digits with their weights: it fits into a byte."""


def eans_are_valid(digits: bytes) -> bool:
    """Tell whether all of this is EANs, 13 digits each without anything between, with right check digits.

    The n-th digits of all EANs become one long integer with a byte for each, so a weighted sum of the thirteen integers
    holds the sum of every EAN in its byte: nothing can carry.
    """
    if digits and not digits.isdigit():
        return False
    values = digits.translate(_VALUES)
    columns = [int.from_bytes(values[place::13], "big") for place in range(13)]
    sums = sum(columns[0::2]) + 3 * sum(columns[1::2])
    return not sums.to_bytes(len(digits) // 13, "big").translate(None, _TENS)


def only_groups(pattern: str, *wanted: str) -> str:
    """Return a pattern with named groups as one in which only the wanted are groups, and have no names.

    So one table makes a lean pattern for the verdict and one that cuts records, and both match the same lines.
    """
    return re.sub(r"\(\?P<(\w+)>", lambda group: "(" if group[1] in wanted else "(?:", pattern)


Key = TypeVar("Key")
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """What texts mean, remembered: a look-up that hits costs no Python call. Begins anew when it has grown large."""

    MOST = 8192

    def __init__(self, read: Callable[[Key], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, key: Key) -> Value:
        """Read a text that is not remembered."""
        if len(self) >= self.MOST:
            self.clear()
        value = self[key] = self._read(key)
        return value


def parts(odd: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Yield where runs of plain rows and single odd rows begin and end."""
    begin = 0
    for index in odd:
        if begin < index:
            yield begin, index
        yield index, index + 1
        begin = index + 1
    if begin < size:
        yield begin, size
