"""The fast way through a delivery note: runs of records about which there is nothing to say, for verdict and records.

Both patterns are made from the tables of the exact way and match the same lines; they differ in what they cut out. An
option that may be absent is `(?:…|)`, which the engine tries in half the time of `(?:…)?`.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import compress, repeat
from operator import not_

from syncd.formats.answers import L101, M101
from syncd.formats.bundles import MIXED_VAT
from syncd.formats.codes import REPORT_CODES
from syncd.formats.fields import DAY, FREE
from syncd.formats.layout import Layout
from syncd.formats.plain import Memo, only_groups
from syncd.formats.records import UMBREIT, DespatchLine, ReportLine, column_maker

Reader = Callable[[Iterable[str]], Iterable[object]]
"""From the texts of a column to its values."""

_TEXT = rf"[^* \x00-\x1f]{FREE}"
_MARK = rf"(?:\*1003(?P<mark>{_TEXT}{{0,14}}+)|)"
_USUAL = rf"\*90901\*9040{'0' * 8}\*9043{'0' * 15}0*"  # what Umbreit writes, tried as one
_NOTHING = rf"(?:{_USUAL}|(?:\*90901|)(?:\*90400*|)(?:\*90430*|))"
_UMBREIT_NUMBER = "(?=[0-9 ]{13}UM)[0-9]++ *+"
_ARTICLE = {"article": rf"(?:[0-9]{{13}}(?=EN)|{_UMBREIT_NUMBER}|{_TEXT}{{12}}+(?=RK|KN))"}
_ANY_ARTICLE = {"article": "", "qualifier": rf"(?:.{{13}}+EN|{_UMBREIT_NUMBER}UM|{_TEXT}{{12}}+(?:RK|KN))"}
"""Number and qualifier as one, tried faster: whether an EAN has digits is seen where its check digit is looked at."""


_PART_PRICE = r"\*1029[0-9]{1,15}+\*1030"
_PART = (
    rf"\*1019[0-9]{_PART_PRICE}NO\*1032EUR{_PART_PRICE}LP\*1032EUR"
    rf"\*1101{_TEXT}{{0,34}}+\*1102[A-Z]{{2}}\*1151(?:PHY|DIG)"
)
"""Of a bundle. Whether the parts add up is seen where the record is at hand."""
_GROSS = re.compile(rb"\*1029([0-9]+)\*1030LP")


def _despatch(customer: str, article: Mapping[str, str], vat: str = "[012]", parts: str = "") -> str:
    fixed = L101.plain(
        receiver=customer.ljust(10),
        note=f"{_TEXT}{{9}}+",
        **article,
        quantity="(?!0000)[0-9]{4}",
        price="0{7}[0-9]{8}",  # literals are tried faster than digits, and no book costs 10,000 euro
        currency="[A-Z]{3}",
        discount="00[0-9]{6}",
        vat=vat,
    )
    return rf"{fixed}{_MARK}{_NOTHING}(?:\*9045(?P<parcel>{_TEXT}{{0,9}}+)|){parts}\*9999"


def _report(customer: str, article: Mapping[str, str]) -> str:
    fixed = M101.plain(
        receiver=customer.ljust(10),
        **article,
        code=_any_of(REPORT_CODES),
        expected=f"(?: {{8}}|{DAY})",
        quantity="0000",
    )
    return rf"{fixed}{_MARK}(?:\*90901|)(?:\*9042(?P<note_date>{DAY})|)\*9999"


def _any_of(codes: Iterable[int]) -> str:
    """Return a pattern of codes of three digits: one try for all that differ in the last digit alone."""
    last: dict[str, str] = {}
    for code in codes:
        begin, digit = divmod(code, 10)
        last[f"{begin:02d}"] = last.get(f"{begin:02d}", "") + str(digit)
    return f"(?:{'|'.join(f'{begin}[{digits}]' for begin, digits in last.items())})"


@lru_cache(16)
def answer_pattern(customer: str, ending: bytes) -> "re.Pattern[bytes]":
    """Return the pattern for the verdict on an ELS of one customer: its only group is a record, or empty if odd."""
    records = (
        _despatch(customer, _ANY_ARTICLE),
        _report(customer, _ANY_ARTICLE),
        _despatch(customer, _ANY_ARTICLE, MIXED_VAT, f"(?:{_PART})+"),
    )
    plain = only_groups(f"(?P<record>{'|'.join(records)})", "record")
    return re.compile(rf"{plain}{ending.decode('ascii')}|[^\n]*\n|[^\n]+".encode("ascii"))


class Run:
    """Plain records of one file, L101 and M101, one after the other; `first` is the line of the first."""

    def __init__(self, records: list[bytes], first: int) -> None:
        self.records = records
        self.first = first
        is_despatch = [record[0] == _L for record in records]
        self.despatches = list(compress(records, is_despatch))
        self.lines: Sequence[int] = range(first, first + len(records))
        """Of the despatches."""
        self.reports: list[bytes] = []
        if len(self.despatches) < len(records):
            self.reports = list(compress(records, map(not_, is_despatch)))
            self.lines = array("I", compress(self.lines, is_despatch))

    def articles(self) -> bytes:
        """Return all article numbers, one after the other."""
        numbers = [record[_L_ARTICLE] for record in self.despatches]
        return b"".join(numbers + [record[_M_ARTICLE] for record in self.reports])

    def eans(self) -> bytes:
        """Return all EANs, one after the other; articles with other numbers are left out."""
        eans = [record[_L_ARTICLE] for record in self.despatches if record[_L_QUALIFIER] == b"EN"]
        return b"".join(eans + [record[_M_ARTICLE] for record in self.reports if record[_M_QUALIFIER] == b"EN"])

    def sides(self) -> bytes:
        """Return sender and receiver, which the pattern allows to differ nowhere."""
        return self.despatches[0][_SENDER] + self.despatches[0][_RECEIVER] if self.despatches else b""

    def numbers(self) -> list[bytes]:
        """Return delivery note and position of each despatch."""
        return [record[_L_NUMBER] for record in self.despatches]

    def notes(self) -> list[bytes]:
        """Return the delivery note of each record."""
        return [record[_L_NOTE if record[0] == _L else _M_NOTE] for record in self.records]

    def references(self) -> list[bytes]:
        """Return the order reference of each record."""
        return [record[_L_REFERENCE if record[0] == _L else _M_REFERENCE] for record in self.records]

    def bundles_add_up(self) -> bool:
        """Tell whether the parts of each bundle cost what the bundle costs."""
        bundles = (record for record in self.despatches if record[_VAT] == _MIXED)
        return all(sum(map(int, _GROSS.findall(bundle))) == int(bundle[_PRICE]) for bundle in bundles)


_L = ord("L")
_SENDER, _RECEIVER, _L_NUMBER = L101.place("sender"), L101.place("receiver"), L101.place("note", "position")
_L_NOTE, _M_NOTE = L101.place("note"), M101.place("note")
_L_REFERENCE, _M_REFERENCE = L101.place("reference"), M101.place("reference")
_L_ARTICLE, _M_ARTICLE = L101.place("article"), M101.place("article")
_L_QUALIFIER, _M_QUALIFIER = L101.place("qualifier"), M101.place("qualifier")
_PRICE, _VAT = L101.place("price"), L101.place("vat").start
_MIXED = ord(MIXED_VAT)

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
    despatch, report = (
        only_groups(_despatch(customer, _ARTICLE), *_DESPATCH),
        only_groups(_report(customer, _ARTICLE), *_REPORT),
    )
    end = ending.decode("ascii")
    return re.compile(rf"{despatch}{end}|{report}{end}|([^\n]*\n|[^\n]+)")


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
