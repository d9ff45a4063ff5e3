"""The records of delivery notes and order responses: L101, what is delivered, and M101, what is not.

Source: Umbreit, Technische Dokumentation 12/2021, 4.3 and 4.4. Numbers and dates of an L101 may only be blank
where it is informative, that is, without the number of a delivery note.
"""

import re

from syncd.formats.articles import check_digit_is_wrong, shape_objection
from syncd.formats.bundles import judge_bundle, split_bundle
from syncd.formats.codes import REPORT_CODES
from syncd.formats.findings import Findings
from syncd.formats.layout import Layout, Token, split_options
from syncd.formats.records import DespatchLine, ReportLine, maker

L101 = Layout(DespatchLine, "L101", last="vat")
M101 = Layout(ReportLine, "M101", last="quantity")

_WITHOUT_FUNCTION = {"L101": frozenset({"9040", "9043", "9090"}), "M101": frozenset({"9090"})}
"""Options that carry nothing; `*90901` begins the optional part and reads as 9090 with value 1."""

_NEVER_BLANK = (("date", "bad-date"), ("position", "bad-number"), ("price", "bad-number"), ("discount", "bad-number"))
_OTHER_RECORD = re.compile(r"[A-Z][0-9]{3}.*\*9999 *")

_make_despatch = maker(DespatchLine)
_make_report = maker(ReportLine)


def read_record(
    text: str, number: int, findings: Findings, *, bookable: bool = False
) -> DespatchLine | ReportLine | None:
    """Read one record; None where there is none to hand on, which `findings` then says."""
    if text.startswith("L101"):
        return _read_despatch(text, number, findings, bookable)
    if text.startswith("M101"):
        return _read_report(text, number, findings)
    if _OTHER_RECORD.fullmatch(text):
        findings.warning("unknown-record", number, f"a record of type {text[:4]} was skipped", text)
    else:
        findings.error("unknown-record", number, "neither L101 nor M101, nor any whole record", text)
    return None


def _read_despatch(text: str, number: int, findings: Findings, bookable: bool) -> DespatchLine | None:
    values = L101.read_fixed(text, number, findings)
    tokens = _options(L101, text, number, findings) if values is not None else None
    if values is None or tokens is None:
        return None
    own, bundle = split_bundle(tokens, number, findings)
    options = L101.read_options(own, number, findings)
    mark, parcel, extras = options.get("mark"), options.get("parcel"), options["extras"]
    record = _make_despatch(number, *values, mark, parcel, bundle, extras, bookable)
    if record.note is not None:
        for name, code in _NEVER_BLANK:
            if getattr(record, name) is None:
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
    if record.bundle or record.vat == "6":
        judge_bundle(record, findings)


def _read_report(text: str, number: int, findings: Findings) -> ReportLine | None:
    values = M101.read_fixed(text, number, findings)
    tokens = _options(M101, text, number, findings) if values is not None else None
    if values is None or tokens is None:
        return None
    options = M101.read_options(tokens, number, findings)
    *fixed, quantity = values
    rest = (options.get("mark"), options.get("note_date"), options["extras"])
    record = _make_report(number, *fixed, 0, *rest, None)
    code = REPORT_CODES.get(record.code)
    if code is None:
        findings.warning("unknown-meldenummer", number, "report code (1023) is not in the list", text[63:66])
    else:
        record = _make_report(number, *fixed, 0, *rest, code.text)
    if quantity:
        findings.warning("bad-number", number, "quantity (1107) of an M101 is always 0000; ignored", text[75:79])
    _judge_article(record, findings)
    return record


def _options(layout: Layout, text: str, number: int, findings: Findings) -> list[Token] | None:
    tokens = split_options(text[layout.length :], number, findings)
    without = _WITHOUT_FUNCTION[layout.type_id]
    return None if tokens is None else [token for token in tokens if token[0] not in without]


def _judge_article(record: DespatchLine | ReportLine, findings: Findings) -> None:
    if not record.article:
        findings.warning("bad-article", record.line, "article (1101) is blank")
    elif objection := shape_objection(record.article, record.qualifier):
        findings.warning("bad-article", record.line, f"article (1101): {objection}", record.article)
    elif check_digit_is_wrong(record.article, record.qualifier):
        findings.warning("check-digit", record.line, "the article's check digit is wrong", record.article)
