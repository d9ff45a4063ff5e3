"""From blocks of bytes to whole lines: line ends, control bytes, byte order marks, and what bytes say of the charset.

Rules for all formats. A line ends at LF; CRs right before it are dropped. Blank lines are skipped, where blank means
0x20 and nothing else. No other control byte may occur, except one 0x1A (DOS end of file) as the very last byte.
`str.splitlines` and `str.strip` know more line ends and blanks than these files do, so bytes are cut here by hand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from syncd.formats.base import Source
from syncd.formats.findings import Findings
from syncd.model import Severity

BLOCK = 1 << 18
"""Bytes of whole lines that are handed on at once; larger blocks gain nothing and cost memory."""

SHORT = 1 << 11
"""Bytes; a block that is not plain is halved until the line that is odd stands in so short a piece."""

LONGEST_LINE = 1 << 16
"""Bytes of a line with its end; a longer one is no record of any format here, and is not gathered in memory."""

BOM = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
DOS_EOF = b"\x1a"
UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
"""What cp1252 does not define."""

_CONTROL = re.compile(rb"[\x00-\x1f]")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


Line = tuple[int, bytes]
"""Number and bytes of a line, without its end."""


class Charset(StrEnum):
    """The encodings that suppliers name."""

    ANSI = "cp1252"
    LATIN_1 = "iso-8859-1"


@dataclass(slots=True)
class Block:
    """Whole lines with their terminators; `first` is the number of the first."""

    first: int
    data: bytes
    _ends: int | None = None

    @property
    def ends(self) -> int:
        """How many line ends there are: counted once, or told by who found out anyhow."""
        if self._ends is None:
            self._ends = self.data.count(b"\n")
        return self._ends

    @ends.setter
    def ends(self, number: int) -> None:
        self._ends = number

    def halves(self) -> "tuple[Block, Block] | None":
        """Return the block as two, cut at a line end; None where it is too short to be worth it."""
        cut = self.data.find(b"\n", len(self.data) // 2) + 1
        if len(self.data) < SHORT or cut in {0, len(self.data)}:
            return None
        return Block(self.first, self.data[:cut]), Block(self.first + self.data.count(b"\n", 0, cut), self.data[cut:])


class Framing:
    """Cuts one file into blocks of whole lines and remembers what its bytes say about the file as a whole.

    `outgoing` files are judged more strictly, because they can still be mended.
    """

    def __init__(self, findings: Findings, charset: Charset, *, outgoing: bool = False) -> None:
        self.findings = findings
        self._charset = charset
        self._outgoing = outgoing
        self._bom = False
        self.ending = b"\r\n"
        """How the first line ends."""
        self._first = b""
        """The first line, or its beginning."""
        self.high_line: Line | None = None
        """The first line with a byte above 0x7F."""
        self._undefined_line: Line | None = None
        self._utf_8 = True
        self._content = False

    def blocks(self, source: Source) -> Iterator[Block]:
        """Yield the file as blocks of whole lines, without byte order mark and DOS end-of-file byte.

        A line that is too long is an error, and the end: what follows is not read.
        """
        rest, first = b"", 1
        for chunk in _chunks(source):
            data = rest + chunk if rest else chunk
            if first == 1:
                data = self._begin(data)
            too_long = _too_long(data)
            cut = data.rfind(b"\n") + 1 if too_long is None else too_long
            rest = data[cut:]
            if cut:
                if first == 1:
                    self.ending = b"\r\n" if data[: data.index(b"\n")].endswith(b"\r") else b"\n"
                block = self._looked_at(Block(first, data[:cut]))
                yield block
                first += block.ends
            if too_long is not None:
                self._content = True
                self.findings.error("line-too-long", first, f"a line of more than {LONGEST_LINE} bytes", rest)
                return
        yield from self._last(first, rest)

    def finish(self) -> Charset:
        """Note what can only be said of the whole file, and return the encoding to read it with."""
        if not self._content:
            self.findings.error("empty", None, "the file is empty; that never means “nothing today”")
        if self._bom:
            self._judge_bom()
        if self.high_line is not None:
            self._judge_charset(self.high_line)
        if self._outgoing and self.ending == b"\n":
            self.findings.warning("eol-lf", 1, "lines end with LF; they are sent with CR LF", self._first)
        return Charset.LATIN_1 if self._undefined_line else self._charset

    def lines(self, block: Block) -> Iterator[tuple[int, bytes]]:
        """Yield number and bytes of each line that is not blank, without its end; control bytes are an error."""
        for number, whole in enumerate(_LINE.findall(block.data), block.first):
            line = whole.removesuffix(b"\n").rstrip(b"\r")
            self.findings.here = number, line
            if whole[len(line) :] != self.ending:
                self._note_ending(number, whole[len(line) :])
            if not line.strip(b" "):
                continue
            self._content = True
            if control := _CONTROL.search(line):
                position = control.start()
                message = f"control byte 0x{line[position]:02X} at byte {position + 1}"
                self.findings.error("control-byte", number, message, line)
            yield number, line

    def _note_ending(self, number: int, ending: bytes) -> None:
        """Note a line end that is not like the first one; a missing one is noted elsewhere."""
        if len(ending) > len(b"\r\n"):
            message = "a line ends with CR CR LF; the CRs were dropped"
            self.findings.once(Severity.WARNING, "eol-mixed", "CR", number, message, None)
        elif ending.endswith(b"\n"):
            message = "some lines end with CR LF, some with LF"
            self.findings.once(Severity.WARNING, "eol-mixed", "LF", number, message, None)

    def note_content(self) -> None:
        """Remember that the file holds lines, where they were not asked for one by one."""
        self._content = True

    def _begin(self, data: bytes) -> bytes:
        """Look at the beginning of the file, and return it without byte order mark."""
        self._first = _line_at(Block(1, data), 0)[1]
        if data.startswith(UTF_16):
            self.findings.error("charset", 1, "UTF-16: nobody here writes that", data[:16])
        if not data.startswith(BOM):
            return data
        self._bom = True
        return data[len(BOM) :]

    def _last(self, first: int, rest: bytes) -> Iterator[Block]:
        if rest.endswith(DOS_EOF):
            self.findings.warning("dos-eof", first, "a DOS end-of-file byte (0x1A) at the end was dropped", rest)
            rest = rest[:-1]
        if rest:
            self.findings.warning("eol-missing", first, "the last line has no line end", rest)
            yield self._looked_at(Block(first, rest))

    def _looked_at(self, block: Block) -> Block:
        if not block.data.isascii():
            self._look_at_high_bytes(block)
        return block

    def _look_at_high_bytes(self, block: Block) -> None:
        if self.high_line is None:
            self.high_line = next(_line_at(block, i) for i, byte in enumerate(block.data) if byte > 0x7F)
        if self._charset is Charset.ANSI and self._undefined_line is None:
            where = [block.data.index(byte) for byte in UNDEFINED if byte in block.data]
            self._undefined_line = _line_at(block, min(where)) if where else None
        if self._utf_8:
            try:
                block.data.decode("utf-8")
            except UnicodeDecodeError:
                self._utf_8 = False

    def _judge_bom(self) -> None:
        if self._outgoing or self.high_line is not None:
            message = "the file begins with a UTF-8 byte order mark; it must be ANSI"
            self.findings.error("bom", 1, message, self._first)
        else:
            message = "a UTF-8 byte order mark was dropped; the rest is plain ASCII"
            self.findings.warning("bom", 1, message, self._first)

    def _judge_charset(self, high: Line) -> None:
        note = self.findings.error if self._outgoing else self.findings.warning
        if self._utf_8:
            number, line = high
            note(
                "charset-suspect", number, f"looks like UTF-8, and is to be {self._charset}: letters may be wrong", line
            )
        elif self._undefined_line:
            number, line = self._undefined_line
            note("charset", number, "bytes that cp1252 does not define; ISO 8859-1 was used instead", line)


def _line_at(block: Block, position: int) -> Line:
    """Return the line in which a byte stands, or its beginning."""
    begin, end = block.data.rfind(b"\n", 0, position) + 1, block.data.find(b"\n", position)
    line = block.data[begin : end if end >= 0 else None]
    return block.first + block.data.count(b"\n", 0, position), line[:LONGEST_LINE].rstrip(b"\r")


def _too_long(data: bytes) -> int | None:
    """Return where the first line begins that is too long; None where there is none."""
    begin = 0
    while len(data) - begin > LONGEST_LINE:
        end = data.rfind(b"\n", begin, begin + LONGEST_LINE)
        if end < 0:
            return begin
        begin = end + 1
    return None


def _chunks(source: Source) -> Iterator[bytes]:
    """Gather small blocks and cut large ones, so that every pass works on about `BLOCK` bytes."""
    gathered: list[bytes] = []
    size = 0
    for chunk in source():
        for start in range(0, len(chunk), BLOCK):
            piece = chunk[start : start + BLOCK]
            gathered.append(piece)
            size += len(piece)
            if size >= BLOCK:
                yield b"".join(gathered)
                gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
