"""The fast way through a delivery note: runs of records about which there is nothing to say, for verdict and records.

Both patterns are made from the tables of the exact way and match the same lines; they differ in what they cut out. An
option that may be absent is `(?:…|)`, which the engine tries in half the time of `(?:…)?`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import compress, repeat

from syncd.formats.answers import L101, M101
from syncd.formats.codes import REPORT_CODES
from syncd.formats.fields import DAY, FREE
from syncd.formats.layout import Layout
from syncd.formats.plain import Memo, only_groups
from syncd.formats.records import UMBREIT, DespatchLine, ReportLine, column_maker

Reader = Callable[[Iterable[str]], Iterable[object]]
"""From the texts of a column to its values."""

_TEXT = rf"[^* \x00-\x1f]{FREE}"
_MARK = rf"(?:\*1003(?P<mark>{_TEXT}{{0,14}})|)(?:\*90901|)"
_ARTICLE = rf"(?:(?P<ean>[0-9]{{13}})(?=EN)|{_TEXT}{{12}}(?=UM|RK|KN))"


def _despatch(customer: str) -> str:
    fixed = L101.plain(
        receiver=customer.ljust(10),
        note=f"{_TEXT}{{9}}",
        article=_ARTICLE,
        quantity="(?!0000)[0-9]{4}",
        price="0{7}[0-9]{8}",  # literals are tried faster than digits, and no book costs 10,000 euro
        currency="[A-Z]{3}",
        discount="0(?:0[0-9]{6}|1000000)",
        vat="[012]",
    )
    rest = rf"{_MARK}(?:\*90400*|)(?:\*90430*|)(?:\*9045(?P<parcel>{_TEXT}{{0,9}})|)\*9999"
    return f"(?P<whole>{fixed}{rest})"


def _report(customer: str) -> str:
    fixed = M101.plain(
        receiver=customer.ljust(10),
        article=_ARTICLE,
        code=f"(?:{'|'.join(f'{code:03d}' for code in REPORT_CODES)})",
        expected=f"(?: {{8}}|{DAY})",
        quantity="0000",
    )
    return rf"(?P<whole>{fixed}{_MARK}(?:\*9042(?P<note_date>{DAY})|)\*9999)"


def _pattern(customer: str, ending: str, despatch: Sequence[str], report: Sequence[str]) -> str:
    first, second = only_groups(_despatch(customer), *despatch), only_groups(_report(customer), *report)
    return rf"{first}{ending}|{second}{ending}|([^\n]*\n|[^\n]+)"


Row = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
"""L101, its note, position, reference and EAN; M101, its note, reference and EAN; any other line."""


@lru_cache(16)
def answer_pattern(customer: str, ending: bytes) -> "re.Pattern[bytes]":
    """Return the pattern for the verdict on an ELS of one customer; its groups are a `Row`."""
    common = ("whole", "note", "reference", "ean")
    return re.compile(_pattern(customer, ending.decode("ascii"), (*common, "position"), common).encode("ascii"))


_SIDES = 4
"""The columns of sender and receiver come first; all records of a pattern have the same there."""

_DESPATCH = (*(column.name for column in L101.columns[_SIDES:]), "mark", "parcel")
_REPORT = (*(column.name for column in M101.columns[_SIDES:-1]), "mark", "note_date")
"""What is cut out of a record; the quantity of an M101 is always 0."""

_CODE = len(_DESPATCH) + _REPORT.index("code")

Cut = tuple[str, ...]
"""Of a record: the texts named by `_DESPATCH`, those named by `_REPORT`, and any other line."""


@lru_cache(16)
def record_pattern(customer: str, ending: bytes) -> "re.Pattern[str]":
    """Return the pattern that cuts the records of an ELS of one customer; its groups are a `Cut`."""
    return re.compile(_pattern(customer, ending.decode("ascii"), _DESPATCH, _REPORT))


def read_cuts(cuts: Sequence[Cut], first: int, customer: str) -> Iterator[DespatchLine | ReportLine]:
    """Yield the records of plain rows in order; `first` is the line of the first."""
    despatched = [cut[0] != "" for cut in cuts]
    reported = [not each for each in despatched]
    lines = range(first, first + len(cuts))
    sides = [repeat(side) for side in (UMBREIT, "VD", customer, "VD")]
    none = repeat(())
    values = _values(_READ_DESPATCH, list(compress(cuts, despatched)), 0)
    despatches = _make_despatches(compress(lines, despatched), *sides, *values, none, none, repeat(True))
    *values, mark, note_date = _values(_READ_REPORT, list(compress(cuts, reported)), len(_DESPATCH))
    meanings = (_MEANINGS[cut[_CODE]] for cut in compress(cuts, reported))
    reports = _make_reports(compress(lines, reported), *sides, *values, repeat(0), mark, note_date, none, meanings)
    return (next(despatches) if each else next(reports) for each in despatched)


def _values(readers: Sequence[Reader], cuts: Sequence[Cut], begin: int) -> list[Iterable[object]]:
    """Return the columns of some records, from the group `begin` on, read."""
    columns = list(zip(*cuts, strict=True))[begin:] if cuts else repeat(())
    return [read(column) for read, column in zip(readers, columns, strict=False)]


def _reader(layout: Layout, name: str) -> Reader:
    """Return what reads a column as the exact way does; an option that is absent is None."""
    markers = {column.name: column.marker for column in layout.columns} | dict(layout.options.values())
    if name == "article":  # hardly two are alike, so there is nothing to remember
        return lambda column: map(str.rstrip, column, repeat(" "))
    return partial(map, Memo[str, object](lambda raw: markers[name].read(raw) if raw else None).__getitem__)


_READ_DESPATCH = [_reader(L101, name) for name in _DESPATCH]
_READ_REPORT = [_reader(M101, name) for name in _REPORT]
_MEANINGS = {f"{number:03d}": code.text for number, code in REPORT_CODES.items()}
_make_despatches = column_maker(DespatchLine)
_make_reports = column_maker(ReportLine)
