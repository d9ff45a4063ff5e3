"""Lists of articles to ask for: `ARTICLE[:QUANTITY]` a line, `#` begins a comment."""

from collections.abc import Iterable, Iterator

from syncd.errors import UsageError

Wanted = tuple[str, int, str]
"""Article, quantity, and where that was said."""


def read_wanted(text: str, where: str = "") -> Wanted:
    """Read one `ARTICLE[:QUANTITY]`. Raises UsageError."""
    article, colon, quantity = text.partition(":")
    if colon and not (quantity.isascii() and quantity.isdigit()):
        raise UsageError(f"{where or text}: {quantity!r} is no quantity", remedy="Write ARTICLE:QUANTITY.")
    return article, int(quantity[:5]) if colon else 1, where or text


def read_list(lines: Iterable[str], name: str) -> Iterator[Wanted]:
    """Read a list; `name` is that of the file, for messages. Raises UsageError."""
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            yield read_wanted(text, f"{name}:{number}")
