"""`bwa-order`: files `S_…` of B101 records. Judging one is the lint that every outgoing order passes.

Source: Umbreit, Technische Dokumentation 12/2021, 3.1 and 3.2. A file has neither header nor trailer nor count; any
broken rule that is not a mere oddity rejects it, because it can still be mended here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from syncd.errors import RejectedError
from syncd.formats.articles import check_digit_is_wrong, shape_objection
from syncd.formats.base import Context, Source
from syncd.formats.fields import FieldError
from syncd.formats.findings import Findings, Silence
from syncd.formats.framing import Charset, Framing
from syncd.formats.layout import Layout, Token, split_options
from syncd.formats.names import OrderName
from syncd.formats.records import UMBREIT, OrderLine, Record
from syncd.model import Finding, Severity, Verdict

B101 = Layout(OrderLine, "B101", last="quantity_qualifier", strict=True)


class OrderFormat:
    """Orders in the BWA format."""

    name = "bwa-order"

    def judge(self, source: Source, context: Context) -> Verdict:
        """Apply every rule for outgoing orders."""
        findings = Findings()
        framing = Framing(findings, Charset.ANSI, outgoing=True)
        name = _judged_name(context, findings)
        references: dict[str, None] = {}
        count = 0
        for block in framing.blocks(source):
            for number, raw in framing.lines(block):
                line = read_order_line(raw.decode("iso-8859-1"), number, findings)
                if line is not None:
                    count += 1
                    references.setdefault(line.reference or "")
                    _judge_sender(line, name, context, findings)
        charset = framing.finish()
        references.pop("", None)
        return Verdict(
            format=self.name,
            kind="ORDER",
            accepted=not findings.rejected,
            findings=findings.in_file_order(),
            codes=dict(findings.codes),
            header=_header(name, charset),
            counts={"OrderLine": count},
            references=tuple(reference.encode("iso-8859-1").decode(charset, "replace") for reference in references),
        )

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Yield an OrderLine for each position."""
        charset = str(verdict.header["encoding"])
        framing = Framing(Silence(), Charset.ANSI)
        for block in framing.blocks(source):
            lines = (
                read_order_line(raw.decode(charset), number, framing.findings) for number, raw in framing.lines(block)
            )
            yield from filter(None, lines)


def read_order_line(text: str, number: int, findings: Findings) -> OrderLine | None:
    """Read one B101 record; None where it cannot be used, which `findings` then says."""
    if not text.startswith("B101"):
        findings.error("unknown-record", number, "an order holds B101 records only", text)
        return None
    values = B101.read_fixed(text, number, findings)
    tokens = split_options(text[B101.length :], number, findings) if values is not None else None
    if values is None or tokens is None:
        return None
    line = OrderLine(number, *values, **B101.read_options(tokens, number, findings))
    _judge_options(tokens, number, findings)
    _judge_position(line, number, findings)
    return line


def _judge_options(tokens: Sequence[Token], number: int, findings: Findings) -> None:
    known = [option for option, _ in tokens if option in B101.options]
    if known != sorted(known):  # the ids of the table ascend
        message = f"options stand in the order of the table: {', '.join(B101.options)}"
        findings.error("option-order", number, message, " ".join(known))


def _judge_position(line: OrderLine, number: int, findings: Findings) -> None:
    if line.reference is None:
        message = "without a reference (1041) no answer can be matched to this order"
        findings.warning("no-reference", number, message)
    if objection := shape_objection(line.article, line.qualifier):
        findings.error("bad-article", number, f"article (1101): {objection}", line.article)
    elif check_digit_is_wrong(line.article, line.qualifier):
        findings.warning("check-digit", number, "the article's check digit is wrong", line.article)
    if line.quantity == 0:
        findings.error("bad-number", number, "quantity (1107): 1 to 9999")
    if line.mark is not None and line.text is not None:
        findings.warning("mark-and-text", number, "1003 and 9010: the document says one instead of the other")


def _judged_name(context: Context, findings: Findings) -> OrderName | None:
    if not context.name:
        return None
    name = OrderName.read(context.name)
    if name is None:
        message = "an order is named S_<customer number>_<YYYYMMDDHHMMSS>"
        findings.error("bad-name", None, message, context.name.encode("utf-8", "replace"))
    return name


def _header(name: OrderName | None, charset: Charset) -> dict[str, str | int | None]:
    customer, stamp = (name.customer, name.stamp) if name else (None, None)
    return {"customer": customer, "stamp": stamp, "encoding": str(charset)}


def _judge_sender(line: OrderLine, name: OrderName | None, context: Context, findings: Findings) -> None:
    if name is not None and line.sender != name.customer:
        message = f"sender (1115) is not the customer {name.customer} of the file name"
        findings.warning("name-mismatch", line.line, message, line.sender)
    if context.customers is not None and line.sender not in context.customers:
        findings.warning("unknown-customer", line.line, "sender (1115) is none of the account's numbers", line.sender)


def write_orders(lines: Sequence[OrderLine], *, sender: str | None = None) -> bytes:
    """Return an order file as it goes over the wire: ANSI, each record ended by CR LF.

    `sender`, the customer number, replaces the one of the lines. Raises RejectedError if anything in it is not as the
    document wants it; each finding has the `line` of the order line it is about.
    """
    findings: list[Finding] = []
    records: list[bytes] = []
    for line in lines:
        record = _written(line if sender is None else replace(line, sender=sender))
        if isinstance(record, Finding):
            findings.append(record)
        else:
            records.append(record)
    content = b"".join(records)
    if not findings:
        findings = lint_written(content, lines)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise rejected(findings)
    return content


def lint_written(content: bytes, lines: Sequence[OrderLine]) -> list[Finding]:
    """Return what there is to say about an order that was written from these lines, at the place each came from."""
    verdict = OrderFormat().judge(lambda: [content], Context())
    return [_at_source(finding, lines) for finding in verdict.findings]


def rejected(findings: Sequence[Finding]) -> RejectedError:
    """Return the error that says why an order cannot be sent."""
    first = next(finding for finding in findings if finding.severity is Severity.ERROR)
    where = "the order" if first.line is None else f"line {first.line}"
    remedy = "Correct the order; nothing was sent."
    return RejectedError(f"{where} cannot be ordered: {first.message}", findings=findings, remedy=remedy)


def _at_source(finding: Finding, lines: Sequence[OrderLine]) -> Finding:
    return finding if finding.line is None else replace(finding, line=lines[finding.line - 1].line)


def _written(line: OrderLine) -> bytes | Finding:
    """Return one record, or what is wrong with it."""
    values: dict[str, Any] = asdict(line)
    try:
        if line.mark is not None and line.text is not None:
            raise FieldError("mark-and-text", "mark and text: only one of both is written")
        return B101.write(values).encode("cp1252") + b"\r\n"
    except FieldError as error:
        return Finding(error.code, Severity.ERROR, line.line, str(error))
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        return Finding("charset", Severity.ERROR, line.line, f"“{letter}” cannot be written in cp1252", letter)


def normalise_order(content: bytes) -> bytes:
    """Return an accepted order with every record ended by CR LF, without blank lines and DOS end-of-file byte."""
    framing = Framing(Silence(), Charset.ANSI, outgoing=True)
    lines = [line for block in framing.blocks(lambda: [content]) for _, line in framing.lines(block)]
    return b"".join(line + b"\r\n" for line in lines)


def new_order_line(sender: str, *, line: int = 1, **values: Any) -> OrderLine:
    """Return an order line whose constant fields are filled in; `line` is where it came from."""
    constants: dict[str, Any] = {"sender_qualifier": "VD", "receiver": UMBREIT, "receiver_qualifier": "VD"}
    return OrderLine(line=line, sender=sender, **constants, **values)
