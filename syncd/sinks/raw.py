"""The unchanged bytes of an interchange, in blocks."""

from collections.abc import Iterator
from pathlib import Path

BLOCK = 1 << 20


def blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks of a megabyte."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
