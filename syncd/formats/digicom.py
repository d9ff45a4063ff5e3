"""`digicom`: the messages of CB (Centraal Boekhuis). One grammar for all of them; BHDART is a schema on it.

Source: CB, Beschikbaarheid artikelen voor 24-uurslevering t.b.v. boekverkopers, Digicom. A line is a row of attributes,
each `#`, a 4-digit CB-id and a value; `#` occurs nowhere else. The first attribute is the record type (0001): 0 header,
1 party, 2 to 8 details, 9 footer. The footer repeats the reference of the header: that proves a message whole.

A message of another type than BHDART is kept raw: only its frame is judged, and a warning says so. Whatever claims to
be a BHDART must obey BHDART.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from syncd.formats import bhdart
from syncd.formats.base import Context, Source
from syncd.formats.duplicates import Duplicates
from syncd.formats.findings import Findings, Silence
from syncd.formats.framing import Block, Charset, Framing, Line
from syncd.formats.records import Record, StockLine
from syncd.model import Severity, Verdict

_LINE = re.compile(r"#0001([0-9]) *(?=#|\Z)")
_MESSAGE_TYPE = re.compile(r"[A-Z0-9]{1,6}")
_CB_ID = re.compile(r"[0-9]{4}")

HEADER, PARTY, DETAIL, FOOTER = "0", "1", "2", "9"
PARTIES = {"AFZ", "ONTV"}


class TokenError(Exception):
    """A line that is no row of attributes; the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def attributes(text: str) -> dict[str, str]:
    """Return CB-id and value of each attribute of a line; empty values count as absent. Raises TokenError."""
    values: dict[str, str] = {}
    for token in text.split("#")[1:]:
        cb_id, value = token[:4], token[4:].rstrip(" ")
        if not _CB_ID.fullmatch(cb_id):
            raise TokenError("malformed-token", f"“#{token[:4]}” is no attribute: # and four digits are wanted")
        if cb_id in values:
            raise TokenError("repeated-id", f"attribute {cb_id} comes twice")
        values[cb_id] = value
    return {cb_id: value for cb_id, value in values.items() if value}


def record_type(text: str) -> str:
    """Return the record type of a line; empty where it does not begin with one."""
    match = _LINE.match(text)
    return match[1] if match else ""


class DigicomFormat:
    """Any message of CB. `exact`: never take the fast way."""

    name = "digicom"

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact

    def judge(self, source: Source, context: Context) -> Verdict:
        """Judge the frame of any message, and every line of a BHDART."""
        framing = Framing(Findings(), Charset.LATIN_1)
        message = Message(framing.findings, context)
        for block in framing.blocks(source):
            self._judge_block(block, message, framing)
        framing.finish()
        message.finish(framing.high_line)
        return message.verdict()

    def _judge_block(self, block: Block, message: "Message", framing: Framing) -> None:
        if not self._exact and message.take_details(block, framing.ending):
            framing.note_content()
        elif not self._exact and (halves := block.halves()):
            for half in halves:
                self._judge_block(half, message, framing)
        else:
            for number, raw in framing.lines(block):
                message.take(number, raw.decode("iso-8859-1"))

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Yield a StockLine for each good detail of a BHDART; another message is kept raw and has no records."""
        if verdict.kind != bhdart.MESSAGE_TYPE:
            return
        framing = Framing(Silence(), Charset.LATIN_1)
        for block in framing.blocks(source):
            yield from self.read_block(block, framing)

    def read_block(self, block: Block, framing: Framing) -> Iterator[StockLine]:
        """Yield the good details among some lines of an accepted BHDART."""
        if not self._exact and (lines := bhdart.plain_lines(block, framing.ending)):
            yield from lines
        elif not self._exact and (halves := block.halves()):
            for half in halves:
                yield from self.read_block(half, framing)
        else:
            for number, raw in framing.lines(block):
                text = raw.decode("iso-8859-1")
                line = read_detail(text, number, framing.findings) if record_type(text) == DETAIL else None
                if line is not None:
                    yield line


def read_detail(text: str, number: int, findings: Findings) -> StockLine | None:
    """Read one detail of a BHDART; None where it is bad, which `findings` then says."""
    try:
        return bhdart.read_stock_line(attributes(text), number, findings)
    except (TokenError, bhdart.BadLineError) as error:
        findings.warning("bad-line", number, f"not handed on: {error}", text)
        return None


@dataclass(slots=True)
class Message:
    """What is remembered of a message while it is judged: its frame, never its details."""

    findings: Findings
    context: Context
    header: dict[str, str] | None = None
    parties: dict[str, dict[str, str]] = field(default_factory=dict)
    footer: dict[str, str] | None = None
    extras: list[tuple[str, str]] = field(default_factory=list)
    """CB-id and value of what header, parties and footer hold and no table knows."""
    details: int = 0
    """Lines of record type 2, bad ones included."""
    good: int = 0
    eans: Duplicates = field(default_factory=Duplicates)

    @property
    def type(self) -> str:
        """The message type (0002)."""
        return (self.header or {}).get("0002", "")

    @property
    def is_stock(self) -> bool:
        """Whether the rules of BHDART apply: they do until the header names another message."""
        return self.type in {bhdart.MESSAGE_TYPE, ""}

    def take_details(self, block: Block, ending: bytes) -> bool:
        """Take a block of details about which there is nothing to say; take none and say so if there is."""
        if self.header is None or self.type != bhdart.MESSAGE_TYPE or len(self.parties) < 2 or self.footer is not None:
            return False
        eans = bhdart.plain_eans(block, ending)
        if not eans or not self.eans.extend(eans):
            return False
        self.details += len(eans)
        self.good += len(eans)
        return True

    def take(self, number: int, text: str) -> None:
        """Judge one line."""
        kind = record_type(text)
        if self.footer is not None:
            self._once("after-footer", number, "a line behind the footer", text)
            return
        if self.header is None and kind != HEADER:
            self._once("no-header", number, "the message does not begin with a header (record type 0)", text)
        if not kind:
            self.findings.error("malformed-token", number, "the line does not begin with a record type (#0001)", text)
        elif kind in self._FRAME:
            self._take_frame(kind, number, text)
        elif kind == DETAIL:
            self._take_detail(number, text)
        elif self.is_stock:
            self.findings.warning("unknown-record-type", number, f"a line of record type {kind} was skipped", text)

    def _take_detail(self, number: int, text: str) -> None:
        self.details += 1
        if not self.is_stock:
            return
        if len(self.parties) < 2:
            self._once("bad-party", number, "a detail before both parties (AFZ, ONTV)", text)
        line = read_detail(text, number, self.findings)
        if line is not None:
            self.good += 1
            if self.eans.seen(line.ean):
                self.findings.warning(
                    "duplicate-ean", number, "this EAN stood before; both lines are handed on", line.ean
                )

    def _take_frame(self, kind: str, number: int, text: str) -> None:
        try:
            values = attributes(text)
        except TokenError as error:
            self.findings.error(error.code, number, str(error), text)
            values = {}
        self._FRAME[kind](self, number, values)

    def _take_header(self, number: int, values: dict[str, str]) -> None:
        if self.header is not None:
            self._once("second-header", number, "a second header", None)
            return
        self.header = values
        if self.is_stock:
            self._compare(bhdart.HEADER, values, number)
        elif _MESSAGE_TYPE.fullmatch(self.type):
            message = f"a message of type {self.type} is kept raw: only its frame was judged"
            self.findings.warning("wrong-type", number, message, self.type)
        else:
            self.findings.error("wrong-type", number, "the message type (0002) is no name in capitals", self.type)

    def _take_party(self, number: int, values: dict[str, str]) -> None:
        kind = values.get("0009", "")
        if self.is_stock and (kind in self.parties or self.details):
            self.findings.error("bad-party", number, f"party {kind} again, or behind a detail", kind)
        if self.is_stock:
            rules = bhdart.SENDER if kind == "AFZ" else bhdart.receiver(self.context.relation_id)
            self._compare(rules, values, number)
        self.parties[kind if kind in PARTIES else ""] = values

    def _take_footer(self, number: int, values: dict[str, str]) -> None:
        self.footer = values
        if self.is_stock:
            self._compare(bhdart.FOOTER, values, number)
            self._judge_whole(number, values.get("0015", ""))
        reference = (self.header or {}).get("0006")
        if self.header is not None and values.get("0006") != reference:
            message = f"the footer's reference (0006) is not the header's “{reference}”: this is not one whole message"
            self.findings.error("reference-mismatch", number, message, values.get("0006"))

    def _compare(self, rules: tuple[bhdart.Rule, ...], values: dict[str, str], number: int) -> None:
        extras = bhdart.judge(rules, values, number, self.findings)
        if not self.findings.rejected:
            self.extras += extras

    def _judge_whole(self, number: int, count: str) -> None:
        if self.parties.keys() != PARTIES:
            self._once("bad-party", number, "AFZ and ONTV must both be named, once each", None)
        if bhdart.COUNT.fullmatch(count) and int(count) != self.details:
            message = f"the footer counts {int(count)} details (0015), the message has {self.details}"
            self.findings.error("count-mismatch", number, message, count)
        if not self.details:
            message = "no article at all; a sink must not empty a shop on this without being told to"
            self.findings.warning("empty-snapshot", number, message)

    def _once(self, code: str, number: int, message: str, raw: str | None) -> None:
        self.findings.once(Severity.ERROR, code, "", number, message, raw)

    def finish(self, high_line: Line | None) -> None:
        """Note what can only be said at the end; `high_line` is the first with a letter beyond ASCII."""
        if self.footer is None and not self.findings.codes.keys() & {"empty", "line-too-long"}:
            self.findings.error("no-footer", None, "the message has no footer: it is cut")
        if self.is_stock and high_line is not None and not self.findings.codes["charset-suspect"]:
            message = "a byte above 0x7F, where no text field exists"
            self.findings.warning("charset", high_line[0], message, high_line[1])

    def verdict(self) -> Verdict:
        """Return what is to be said of the whole message."""
        header = self.header or {}
        count = (self.footer or {}).get("0015", "")
        return Verdict(
            format=DigicomFormat.name,
            kind=self.type if _MESSAGE_TYPE.fullmatch(self.type) else bhdart.MESSAGE_TYPE,
            accepted=not self.findings.rejected,
            findings=self.findings.in_file_order(),
            codes=dict(self.findings.codes),
            header={
                "message_type": self.type or None,
                "version": header.get("0003"),
                "sent_date": header.get("0004"),
                "sent_time": header.get("0005"),
                "reference": header.get("0006"),
                "sender_id": self.parties.get("AFZ", {}).get("0010"),
                "relation_id": self.parties.get("ONTV", {}).get("0010"),
                "detail_count": int(count) if bhdart.COUNT.fullmatch(count) else None,
                "extras": "".join(f"#{cb_id}{value}" for cb_id, value in self.extras) or None,
            },
            counts={"StockLine": self.good} if self.is_stock else {},
            stamp=header["0004"] + header["0005"] if self.is_stock and not self.findings.rejected else None,
        )

    _FRAME: ClassVar = {HEADER: _take_header, PARTY: _take_party, FOOTER: _take_footer}
