"""The seam to every format: bytes in, values out.

A format judges a whole file first (`judge`) and hands out its records only after an accepting verdict (`records`).
It gets the bytes as a *source*: a callable that opens them from the beginning, in blocks of any size, so a file is read
at most twice and never has to fit into memory.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from syncd.formats.records import Record
from syncd.model import Verdict

Source = Callable[[], Iterable[bytes]]
"""Opens the raw bytes from the beginning, in blocks of any size; may be called again."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a file besides its bytes. None: the check is left out."""

    name: str = ""
    """The supplier's file name."""
    customers: frozenset[str] | None = None
    """The account's customer numbers (Kundennummern)."""
    relation_id: str | None = None
    """The account's relation id at CB (relatie id)."""


class Format(Protocol):
    """How one kind of file is judged and read."""

    name: str

    def judge(self, source: Source, context: Context) -> Verdict:
        """Read the whole file once and say whether all of it may be used."""
        ...

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Read an accepted file once more and hand out its records in file order, in bounded memory."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that was judged and accepted, and may be read again."""

    source: Source
    context: Context
    verdict: Verdict

    def records(self, format_: Format) -> Iterator[Record]:
        """Read its records."""
        return format_.records(self.source, self.context, self.verdict)
