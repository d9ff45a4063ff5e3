"""`bwa-response`: files `R_…` of L101 and M101 records, and what of them may be booked.

Source: Umbreit, Technische Dokumentation 12/2021, 4. The file name says whether this is a delivery note (ELS) or an
order response (ERM). Only an L101 of an ELS that carries the number of its delivery note is a goods receipt: an ERM
names the same copies before, and booking both would double the stock. There is neither trailer nor count.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from syncd.formats.articles import check_digit_is_wrong
from syncd.formats.base import Context, Source
from syncd.formats.bundles import judge_bundle, split_bundle
from syncd.formats.codes import REPORT_CODES
from syncd.formats.findings import Findings
from syncd.formats.framing import Charset, Framing
from syncd.formats.layout import Layout, split_options
from syncd.formats.names import AnswerName
from syncd.formats.records import DespatchLine, Record, ReportLine
from syncd.model import GoodsKey, Severity, Verdict

L101 = Layout(DespatchLine, "L101", last="vat")
M101 = Layout(ReportLine, "M101", last="quantity")

WITHOUT_FUNCTION = {"L101": frozenset({"9040", "9043", "9090"}), "M101": frozenset({"9090"})}
"""Options that carry nothing; `*90901` begins the optional part and reads as 9090 with value 1."""


class Kind(StrEnum):
    """What a file is, by its name alone."""

    ELS = "ELS"
    """Delivery note (elektronischer Lieferschein)."""
    ERM = "ERM"
    """Order response (elektronische Rückmeldung)."""
    UNKNOWN = "UNKNOWN"
    """Read, and nothing of it booked."""


class ResponseFormat:
    """Delivery notes and order responses in the BWA format."""

    name = "bwa-response"

    def judge(self, source: Source, context: Context) -> Verdict:
        """Read every record, and find out which positions may be booked."""
        judge = ResponseJudge(Findings(), context)
        framing = Framing(judge.findings, Charset.ANSI)
        for block in framing.blocks(source):
            for number, raw in framing.lines(block):
                judge.take(number, raw.decode("iso-8859-1"))
        return judge.verdict(framing.finish())

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Yield a DespatchLine or ReportLine for each record; a repeated goods line is left out."""
        charset = str(verdict.header["encoding"])
        els = verdict.kind == Kind.ELS
        goods = {line for line, _ in verdict.goods}
        framing = Framing(Findings(), Charset.ANSI)
        for block in framing.blocks(source):
            for number, raw in framing.lines(block):
                record = read_record(raw.decode(charset), number, Findings())
                if isinstance(record, DespatchLine) and els and record.note is not None:
                    if number not in goods:
                        continue
                    record = replace(record, bookable=True)
                if record is not None:
                    yield record


def read_record(text: str, number: int, findings: Findings) -> DespatchLine | ReportLine | None:
    """Read one record; None where there is none to hand on, which `findings` then says."""
    match text[:4]:
        case "L101":
            return _read_despatch(text, number, findings)
        case "M101":
            return _read_report(text, number, findings)
    known_shape = (
        len(text) > 4 and text[0].isascii() and text[0].isupper() and text[1:4].isascii() and text[1:4].isdigit()
    )
    if known_shape and text.rstrip(" ").endswith("*9999"):
        findings.warning("unknown-record", number, f"a record of type {text[:4]} was skipped", text)
    else:
        findings.error("unknown-record", number, "neither L101 nor M101, nor any whole record", text)
    return None


def _read_despatch(text: str, number: int, findings: Findings) -> DespatchLine | None:
    values = L101.read_fixed(text, number, findings)
    tokens = split_options(text[L101.length :], number, findings) if values is not None else None
    if values is None or tokens is None:
        return None
    own, bundle = split_bundle(tokens, number, findings)
    own = [token for token in own if token[0] not in WITHOUT_FUNCTION["L101"]]
    record = DespatchLine(line=number, **values, **L101.read_options(own, number, findings), bundle=bundle)
    for name, code in (
        ("date", "bad-date"),
        ("position", "bad-number"),
        ("price", "bad-number"),
        ("discount", "bad-number"),
    ):
        if record.note is not None and values[name] is None:
            findings.error(code, number, f"{name} is blank, in a position of a delivery note", text)
            return None
    _judge_despatch(record, findings)
    return record


def _judge_despatch(record: DespatchLine, findings: Findings) -> None:
    if record.quantity == 0:
        findings.warning("bad-number", record.line, "delivered quantity (1107) is 0000")
    if record.discount is not None and record.discount > 100:
        findings.warning("bad-number", record.line, "discount (1025) is more than 100 %", str(record.discount))
    _judge_article(record, findings)
    judge_bundle(record, findings)


def _read_report(text: str, number: int, findings: Findings) -> ReportLine | None:
    nothing = text[67:75] == "00000000"
    values = M101.read_fixed(text[:67] + " " * 8 + text[75:] if nothing else text, number, findings)
    tokens = split_options(text[M101.length :], number, findings) if values is not None else None
    if values is None or tokens is None:
        return None
    own = [token for token in tokens if token[0] not in WITHOUT_FUNCTION["M101"]]
    code = REPORT_CODES.get(values["code"])
    meaning = code.text if code else None
    record = ReportLine(line=number, **values, **M101.read_options(own, number, findings), meaning=meaning)
    if nothing:
        findings.warning("bad-date", number, "expected day of delivery (1201) is 00000000: none")
    if code is None:
        findings.warning("unknown-meldenummer", number, "report code (1023) is not in the list", text[63:66])
    if record.quantity:
        findings.warning("bad-number", number, "quantity (1107) of an M101 is always 0000; ignored", text[75:79])
    _judge_article(record, findings)
    return replace(record, quantity=0)


def _judge_article(record: DespatchLine | ReportLine, findings: Findings) -> None:
    if not record.article:
        findings.warning("bad-article", record.line, "article (1101) is blank")
    elif check_digit_is_wrong(record.article, record.qualifier):
        findings.warning("check-digit", record.line, "the article's check digit is wrong", record.article)


@dataclass(slots=True)
class ResponseJudge:
    """What is remembered of a file while it is judged: never its records."""

    findings: Findings
    context: Context
    name: AnswerName | None = None
    kind: Kind = Kind.UNKNOWN
    counts: dict[str, int] = field(default_factory=lambda: {"DespatchLine": 0, "ReportLine": 0})
    references: dict[str, None] = field(default_factory=dict)
    goods: dict[GoodsKey, tuple[int, int]] = field(default_factory=dict)
    """Key of each bookable position: its line, and the hash of its bytes."""

    def __post_init__(self) -> None:
        """Judge the name."""
        self.name = AnswerName.read(self.context.name)
        if self.name is None:
            message = "the name is not R_<customer>[M]<number>000<6 digits>: nothing of it is booked"
            self.findings.warning("bad-name", None, message, self.context.name.encode("utf-8", "replace"))
            return
        self.kind = Kind.ERM if self.name.order_response else Kind.ELS
        if self.context.customers is not None and self.name.customer not in self.context.customers:
            message = "the customer number of the name is none of the account's"
            self.findings.warning("unknown-customer", None, message, self.name.customer)

    def take(self, number: int, text: str) -> None:
        """Judge one line."""
        record = read_record(text, number, self.findings)
        if record is None:
            return
        self._compare_with_name(record)
        if record.reference is not None:
            self.references.setdefault(record.reference)
        if isinstance(record, ReportLine) or self._is_new(record, text):
            self.counts[type(record).__name__] += 1

    def _is_new(self, record: DespatchLine, text: str) -> bool:
        """Tell whether a despatch line is to be handed on, and remember its key if it is a goods receipt."""
        if self.kind is not Kind.ELS:
            if record.note is not None:
                message = f"an L101 with a delivery note number in a file of kind {self.kind} is not booked"
                self.findings.warning("not-bookable", record.line, message)
            return True
        if record.note is None or record.position is None:
            message = "an L101 without a delivery note number is informative: it is not booked"
            self.findings.warning("not-bookable", record.line, message)
            return True
        key = GoodsKey(record.sender, record.receiver, record.note, record.position)
        first, same = self.goods.setdefault(key, (record.line, hash(text)))
        if first == record.line:
            return True
        if same == hash(text):
            self.findings.warning("duplicate-key", record.line, f"the same record as in line {first}; handed on once")
        else:
            message = f"the same delivery note and position as in line {first}, and not the same record"
            self.findings.error("duplicate-key", record.line, message, text)
        return False

    def _compare_with_name(self, record: DespatchLine | ReportLine) -> None:
        """Compare receiver and delivery note with the name, once for each value."""
        if self.name is None:
            return
        odd = Severity.WARNING
        if record.receiver != self.name.customer:
            message = f"receiver (1115) is not the customer {self.name.customer} of the file name"
            self.findings.once(
                odd, "name-mismatch", f"receiver {record.receiver}", record.line, message, record.receiver
            )
        if self.kind is Kind.ELS and record.note is not None and record.note != self.name.document:
            message = f"the delivery note is not {self.name.document} of the file name; the record's number counts"
            self.findings.once(odd, "name-mismatch", f"note {record.note}", record.line, message, record.note)

    def verdict(self, charset: Charset) -> Verdict:
        """Return what is to be said of the whole file."""
        if not sum(self.counts.values()) and not self.findings.rejected:
            self.findings.error("no-records", None, "there is neither an L101 nor an M101 in the file")
        return Verdict(
            format=ResponseFormat.name,
            kind=str(self.kind),
            accepted=not self.findings.rejected,
            findings=self.findings.in_file_order(),
            codes=dict(self.findings.codes),
            header=self._header(charset),
            counts=self.counts,
            references=tuple(_recoded(reference, charset) for reference in self.references),
            goods=tuple((line, _recoded_key(key, charset)) for key, (line, _) in self.goods.items()),
        )

    def _header(self, charset: Charset) -> dict[str, str | int | None]:
        customer, document = (self.name.customer, self.name.document) if self.name else (None, None)
        return {"customer": customer, "document": document, "encoding": str(charset)}


def _recoded(text: str, charset: Charset) -> str:
    """Give text that was judged byte by byte its true letters."""
    return text.encode("iso-8859-1").decode(charset)


def _recoded_key(key: GoodsKey, charset: Charset) -> GoodsKey:
    if (key.supplier + key.receiver + key.note).isascii():
        return key
    supplier, receiver, note = (_recoded(text, charset) for text in (key.supplier, key.receiver, key.note))
    return GoodsKey(supplier, receiver, note, key.position)
