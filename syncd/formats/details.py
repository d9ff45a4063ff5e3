"""The details of two BHDARTs, side by side: which of them differ, in little memory, whatever their order.

Details are compared as they stand, and only those that differ are read as records: nearly all lines of a stock list are
those of the list before. To be comparable every line begins with its EAN; one that is written otherwise (its attributes
in another order) is put behind such a beginning. Lists that ascend by EAN, as CB's do, are walked through together.
Others are first sorted into ranges of EANs, which are kept compressed.
"""

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import itemgetter

from syncd.formats.base import Listing, Source
from syncd.formats.digicom import DETAIL, DigicomFormat, read_detail, record_type
from syncd.formats.findings import Silence
from syncd.formats.framing import Block, Charset, Framing
from syncd.formats.records import StockLine

Lines = list[bytes]

PLAIN = b"#00012#0200"
"""How nearly every detail begins; the EAN follows."""
KEY = len(PLAIN) + 13
APART = b"\0"
"""Between such a beginning and a line that has none; in no line of an accepted file."""

RUN = 40_000
"""Lines that are sorted at once."""
RANGE = 8
"""Blocks of both lists, about 5,000 lines each, that go into one range of EANs."""
READ = 4_096
"""Lines that are read at once."""

_by_ean = itemgetter(slice(KEY))


def differing(old: Listing, new: Listing) -> Iterator[tuple[Iterator[StockLine], Iterator[StockLine]]]:
    """Yield what may differ, before and now, in pairs; all details of an EAN that differs stand in one pair."""
    repeated = any("duplicate-ean" in listing.verdict.codes for listing in (old, new))
    for before, now in _pairs(old.source, new.source):
        if repeated:  # which of two counts is told by their order, which a set forgets
            yield _read(before), _read(now)
        else:
            was, is_ = set(before), set(now)
            yield _read(sorted(was - is_)), _read(sorted(is_ - was))


def _pairs(old: Source, new: Source) -> Iterable[tuple[Lines, Lines]]:
    if _ascends(old) and _ascends(new):
        return _together(_Walk(old), _Walk(new))
    sample = sorted(lines[0][:KEY] for source in (old, new) for lines in _lines(source))
    bounds = sample[RANGE::RANGE]
    return zip(_ranges(old, bounds), _ranges(new, bounds), strict=True)


# -- lines ------------------------------------------------------------------------------------------------------


def _lines(source: Source) -> Iterator[Lines]:
    """Yield the details of a message, block by block, each beginning with its EAN; none of the blocks is empty."""
    for block in Framing(Silence(), Charset.LATIN_1).blocks(source):
        if lines := _comparable(block):
            yield lines


def _comparable(block: Block) -> Lines:
    lines = block.data.splitlines()
    ordered = sorted(lines)
    if ordered[0].startswith(PLAIN) and ordered[-1].startswith(PLAIN):  # so does all that lies between
        return lines
    return [made for line in lines if (made := line if line.startswith(PLAIN) else _put_behind_ean(line))]


def _put_behind_ean(line: bytes) -> bytes | None:
    """Make a detail that is written otherwise comparable; None for a bad one, and for what is none."""
    text = line.decode("iso-8859-1")
    detail = read_detail(text, 0, Silence()) if record_type(text) == DETAIL else None
    return None if detail is None else PLAIN + detail.ean.encode("ascii") + APART + line


def _read(lines: Lines) -> Iterator[StockLine]:
    """Read lines as records; bad ones are left out, as everywhere."""
    framing = Framing(Silence(), Charset.LATIN_1)
    framing.ending = b"\n"
    for start in range(0, len(lines), READ):
        some = (line.rpartition(APART)[2] + b"\n" for line in lines[start : start + READ])
        yield from DigicomFormat().read_block(Block(1, b"".join(some)), framing)


# -- ascending lists --------------------------------------------------------------------------------------------


def _ascends(source: Source) -> bool:
    last = b""
    for lines in _lines(source):
        if lines[0] < last or lines != sorted(lines):
            return False
        last = lines[-1]
    return True


class _Walk:
    """One of two ascending lists on the way through them."""

    def __init__(self, source: Source) -> None:
        self._blocks = _lines(source)
        self._lines: Lines = []
        self.goes_on = True
        self._go_on()

    def last(self) -> bytes:
        """Return the beginning of the last line that was read."""
        return self._lines[-1][:KEY]

    def before(self, bound: bytes | None) -> Lines:
        """Take the lines before a beginning, None for all that were read; read on when that is where they end."""
        cut = len(self._lines) if bound is None else bisect_left(self._lines, bound)
        taken, self._lines = self._lines[:cut], self._lines[cut:]
        if self.goes_on and self.last() == bound:
            self._go_on()
        return taken

    def _go_on(self) -> None:
        more = next(self._blocks, None)
        self.goes_on = more is not None
        self._lines += more or []


def _together(old: _Walk, new: _Walk) -> Iterator[tuple[Lines, Lines]]:
    """Yield the lines of both lists, one range of EANs after the other."""
    bound: bytes | None = b""
    while bound is not None:
        bound = min((walk.last() for walk in (old, new) if walk.goes_on), default=None)
        yield old.before(bound), new.before(bound)


# -- lists in no order ------------------------------------------------------------------------------------------


def _ranges(source: Source, bounds: Lines) -> Iterator[Lines]:
    """Yield the lines of a list between each two bounds; those of an EAN in the order of the list."""
    packed: list[Lines] = [[] for _ in range(len(bounds) + 1)]
    for run in _runs(source):
        run.sort(key=_by_ean)
        cuts = (0, *(bisect_left(run, bound) for bound in bounds), len(run))
        for pieces, (start, end) in zip(packed, pairwise(cuts), strict=True):
            if start < end:
                pieces.append(zlib.compress(b"\n".join(run[start:end]), 1))
    packed.reverse()
    while packed:
        yield [line for piece in packed.pop() for line in zlib.decompress(piece).split(b"\n")]


def _runs(source: Source) -> Iterator[Lines]:
    run: Lines = []
    for lines in _lines(source):
        run += lines
        if len(run) >= RUN:
            yield run
            run = []
    yield run
