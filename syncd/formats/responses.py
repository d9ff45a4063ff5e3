"""`bwa-response`: files `R_…` of L101 and M101 records, and what of them may be booked.

Source: Umbreit, Technische Dokumentation 12/2021, 4. The file name says whether this is a delivery note (ELS) or an
order response (ERM). Only an L101 of an ELS that carries the number of its delivery note is a goods receipt: an ERM
names the same copies before, and booking both would double the stock. There is neither trailer nor count.
"""

from collections.abc import Iterator
from enum import StrEnum

from syncd.formats.answers import read_record
from syncd.formats.base import Context, Source
from syncd.formats.findings import VALUES, Findings, Silence
from syncd.formats.framing import Block, Charset, Framing
from syncd.formats.goods import Goods
from syncd.formats.names import AnswerName
from syncd.formats.plain import eans_are_valid, parts
from syncd.formats.plain_answers import Cut, Run, answer_pattern, read_cuts, record_pattern
from syncd.formats.records import DespatchLine, Record, ReportLine
from syncd.formats.references import References
from syncd.model import Severity, Verdict


class Kind(StrEnum):
    """What a file is, by its name alone."""

    ELS = "ELS"
    """Delivery note (elektronischer Lieferschein)."""
    ERM = "ERM"
    """Order response (elektronische Rückmeldung)."""
    UNKNOWN = "UNKNOWN"
    """Read, and nothing of it booked."""


class ResponseFormat:
    """Delivery notes and order responses in the BWA format. `exact`: never take the fast way."""

    name = "bwa-response"

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact

    def judge(self, source: Source, context: Context) -> Verdict:
        """Read every record, and find out which positions may be booked."""
        judge = ResponseJudge(Framing(Findings(), Charset.ANSI), context)
        take = judge.take_lines if self._exact or judge.kind is not Kind.ELS else judge.take_block
        for block in judge.framing.blocks(source):
            take(block)
        return judge.verdict(judge.framing.finish())

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Yield a DespatchLine or ReportLine for each record; a repeated goods line is left out."""
        reader = ResponseReader(Framing(Silence(), Charset.ANSI), verdict)
        fast = not self._exact and verdict.kind == Kind.ELS and reader.goods is None
        for block in reader.framing.blocks(source):
            yield from reader.read_block(block) if fast else reader.read_lines(block)


class ResponseReader:
    """Reads the records of a file that was judged."""

    def __init__(self, framing: Framing, verdict: Verdict) -> None:
        self.framing = framing
        self.goods = {line for line, _ in verdict.goods} if "duplicate-key" in verdict.codes else None
        """The lines that are handed on, where some are not."""
        self._charset = str(verdict.header["encoding"])
        self._customer = str(verdict.header["customer"])
        self._els = verdict.kind == Kind.ELS

    def read_block(self, block: Block) -> Iterator[Record]:
        """Read a block of an ELS: runs of plain records at once, all other lines one by one."""
        text = block.data.decode(self._charset)
        cuts: list[Cut] = record_pattern(self._customer, self.framing.ending).findall(text)
        for begin, end in parts([index for index, cut in enumerate(cuts) if cut[-1]], len(cuts)):
            if odd := cuts[begin][-1]:
                yield from self.read_lines(Block(block.first + begin, odd.encode(self._charset)))
            else:
                yield from read_cuts(cuts[begin:end], block.first + begin, self._customer)

    def read_lines(self, block: Block) -> Iterator[Record]:
        """Read every line of a block by itself."""
        for number, raw in self.framing.lines(block):
            numbered = self._els and raw.startswith(b"L101") and raw[36:46].strip(b" ") != b""
            if numbered and self.goods is not None and number not in self.goods:
                continue
            record = read_record(raw.decode(self._charset), number, self.framing.findings, bookable=numbered)
            if record is not None:
                yield record


class ResponseJudge:
    """What is remembered of a file while it is judged: never its records."""

    def __init__(self, framing: Framing, context: Context) -> None:
        self.framing = framing
        self.findings = framing.findings
        self.kind = Kind.UNKNOWN
        self._name = AnswerName.read(context.name)
        self._counts = {"DespatchLine": 0, "ReportLine": 0}
        self._references = References()
        self._goods = Goods()
        self._notes = {b" " * 10}
        """Delivery notes that need no more words: none, the one of the name, and those that were noted."""
        self._judge_name(context)

    def _judge_name(self, context: Context) -> None:
        if self._name is None:
            message = "the name is not R_<customer>[M]<number>000<6 digits>: nothing of it is booked"
            self.findings.warning("bad-name", None, message, context.name.encode("utf-8", "replace"))
            return
        self.kind = Kind.ERM if self._name.order_response else Kind.ELS
        self._notes |= {self._name.document.ljust(10).encode("ascii")}
        if context.customers is not None and self._name.customer not in context.customers:
            message = "the customer number of the name is none of the account's"
            self.findings.warning("unknown-customer", None, message, self._name.customer)

    # -- the fast way ------------------------------------------------------------------------------------------

    def take_block(self, block: Block) -> None:
        """Judge a block of an ELS: runs of plain records at once, all other lines one by one."""
        assert self._name is not None
        rows: list[bytes] = answer_pattern(self._name.customer, self.framing.ending).findall(block.data)
        block.ends = len(rows)
        data, place, end_size = block.data, 0, len(self.framing.ending)
        for begin, end in parts([index for index, row in enumerate(rows) if not row], len(rows)):
            run, first, start = rows[begin:end], block.first + begin, place
            if run[0]:
                place += sum(map(len, run)) + len(run) * end_size
            else:
                place = data.find(b"\n", place) + 1 or len(data)
            if not run[0] or not self._take_run(Run(run, first)):
                self.take_lines(Block(first, data[start:place]))

    def _take_run(self, run: Run) -> bool:
        """Take records about which there is nothing to say; take none and say so if there is."""
        if not run.bundles_add_up() or not (eans_are_valid(run.articles()) or eans_are_valid(run.eans())):
            return False
        if not self._goods.extend(run.sides(), run.numbers(), run.lines, map(hash, run.despatches)):
            return False
        notes = run.notes()
        if len(self._notes) < VALUES and (others := set(notes) - self._notes):
            self._take_other_notes(run.first, notes, others)
        self._references.take(run.references())
        self._counts["DespatchLine"] += len(run.despatches)
        self._counts["ReportLine"] += len(run.reports)
        self.framing.note_content()
        return True

    def _take_other_notes(self, first: int, notes: list[bytes], others: set[bytes]) -> None:
        index = 0
        for note in filter(others.__contains__, dict.fromkeys(notes)):
            index = notes.index(note, index)
            self._note_other(first + index, note)

    # -- the exact way -----------------------------------------------------------------------------------------

    def take_lines(self, block: Block) -> None:
        """Judge every line of a block by itself."""
        for number, raw in self.framing.lines(block):
            record = read_record(raw.decode("iso-8859-1"), number, self.findings)
            if record is None:
                continue
            self._compare_with_name(record, raw)
            self._references.take((raw[50:60] if isinstance(record, DespatchLine) else raw[38:48],))
            if isinstance(record, ReportLine) or self._is_new(record, raw):
                self._counts[type(record).__name__] += 1

    def _is_new(self, record: DespatchLine, raw: bytes) -> bool:
        """Tell whether a despatch line is to be handed on, and remember its key if it is a goods receipt."""
        if self.kind is not Kind.ELS:
            if record.note is not None:
                message = f"an L101 with a delivery note number in a file of kind {self.kind} is not booked"
                self.findings.warning("not-bookable", record.line, message)
            return True
        if record.note is None:
            message = "an L101 without a delivery note number is informative: it is not booked"
            self.findings.warning("not-bookable", record.line, message)
            return True
        place = self._goods.add(raw[4:14] + raw[16:26] + raw[36:50], record.line, hash(raw))
        if place is None:
            return True
        first = self._goods.lines[place]
        if self._goods.hashes[place] == hash(raw):
            self.findings.warning("duplicate-key", record.line, f"the same record as in line {first}; handed on once")
        else:
            message = f"the same delivery note and position as in line {first}, and not the same record"
            self.findings.error("duplicate-key", record.line, message, raw)
        return False

    def _compare_with_name(self, record: DespatchLine | ReportLine, raw: bytes) -> None:
        """Compare receiver and delivery note with the name, once for each value."""
        if self._name is None:
            return
        if record.receiver != self._name.customer:
            message = f"receiver (1115) is not the customer {self._name.customer} of the file name"
            about = f"receiver {record.receiver}"
            self.findings.once(Severity.WARNING, "name-mismatch", about, record.line, message, record.receiver)
        if self.kind is Kind.ELS:
            note = raw[36:46] if isinstance(record, DespatchLine) else raw[28:38]
            if note not in self._notes:
                self._note_other(record.line, note)

    def _note_other(self, line: int, note: bytes) -> None:
        if len(self._notes) >= VALUES:
            return
        self._notes.add(note)
        message = "the delivery note is not the one of the file name; the record's number counts"
        self.findings.warning("name-mismatch", line, message, note.rstrip(b" "))

    def verdict(self, charset: Charset) -> Verdict:
        """Return what is to be said of the whole file."""
        if not sum(self._counts.values()) and not self.findings.rejected:
            self.findings.error("no-records", None, "there is neither an L101 nor an M101 in the file")
        customer, document = (self._name.customer, self._name.document) if self._name else (None, None)
        self._goods.charset = self._references.charset = charset
        return Verdict(
            format=ResponseFormat.name,
            kind=str(self.kind),
            accepted=not self.findings.rejected,
            findings=self.findings.in_file_order(),
            codes=dict(self.findings.codes),
            header={"customer": customer, "document": document, "encoding": str(charset)},
            counts=self._counts,
            references=self._references,
            goods=self._goods,
        )
