"""Lines that are too long, and the line that a finding shows: the same whatever the blocks, on both ways."""

import pytest

from syncd.formats import FORMATS, Context
from syncd.formats.digicom import DigicomFormat
from syncd.formats.findings import RAW_LENGTH, VALUES
from syncd.formats.framing import LONGEST_LINE
from syncd.formats.responses import ResponseFormat
from tests.formats.canonical import BUNDLE, DESPATCH, ELS_NAME, ORDER_NAME, ORDERS, STOCK_BYTES, judge, wire
from tests.formats.test_two_ways import both_ways

RECORD, DETAIL = wire(DESPATCH)[:-2], STOCK_BYTES.split(b"\r\n")[3]
SIZES = (1 << 20, 1 << 18, 5000)


def long(size: int, end: bytes = b"\r\n") -> bytes:
    """Return an L101 with an option that makes it so many bytes long, its line end included."""
    return RECORD[:-5] + b"*8888" + b"x" * (size - len(RECORD) - len(end) - 5) + b"*9999" + end


def note(line: bytes) -> bytes:
    """Return a delivery note in which a line stands among others."""
    other = wire(*(DESPATCH.replace("0001202020", f"{number:04d}202020") for number in range(2, 1500)))
    return other + line + (other.replace(b"24123456", b"24123457") if line.endswith(b"\n") else b"")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b""])
@pytest.mark.parametrize("length", [LONGEST_LINE + 1, 70_000, 100_000, 200_000, 300_000, 600_000])
def test_a_line_of_more_than_64_kib_rejects_the_file_wherever_it_stands(length, end, size):
    line = long(length, end)
    for content, number in ((line, 1), (note(line), 1499)):
        for verdict, records in both_ways(ResponseFormat, content, Context(name=ELS_NAME), size):
            (error,) = (finding for finding in verdict.findings if finding.severity == "error")
            assert (error.code, error.line, error.raw) == ("line-too-long", number, line[:RAW_LENGTH].decode())
            assert not records


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b""])
def test_a_line_of_64_kib_is_read(end):
    for verdict, _ in both_ways(ResponseFormat, long(LONGEST_LINE, end), Context(name=ELS_NAME), 1 << 18):
        assert verdict.accepted
        assert verdict.codes["unknown-id"] == 1


def test_a_long_line_rejects_an_order_and_a_stock_list():
    order = wire(ORDERS[0]).replace(b"*9999", b"*8888" + b"x" * 70_000 + b"*9999")
    assert set(judge("bwa-order", order, ORDER_NAME).codes) == {"line-too-long"}
    detail = DETAIL + b"#0777" + b"y" * 70_000
    for verdict, _ in both_ways(DigicomFormat, STOCK_BYTES.replace(DETAIL, detail), Context(), 1 << 18):
        assert dict(verdict.codes) == {"line-too-long": 1}


def test_a_finding_shows_the_line_that_it_is_about():
    odd = BUNDLE.replace("*1029180000", "*1029180001")
    for verdict, _ in both_ways(ResponseFormat, note(wire(odd)), Context(name=ELS_NAME), 1 << 18):
        (finding,) = (finding for finding in verdict.findings if finding.code == "bundle-sum")
        assert finding.raw == odd.replace("·", " ")


def test_every_finding_with_a_line_shows_a_text():
    letters = wire(BUNDLE.replace("MEIER", "M\u00fcLLER")).replace(b"\xfc", b"\x81").replace(b"\r\n", b"\n")
    reports = [
        judge("bwa-response", wire(DESPATCH) + letters, ELS_NAME),
        judge("bwa-order", b"\xef\xbb\xbf" + wire(*ORDERS).replace(b"\r\n", b"\n").replace(b"4233", b"    "), ""),
        judge("bwa-order", wire(ORDERS[0].replace("testBZ", "\u00c3\u00bc")), ORDER_NAME),
        judge("digicom", STOCK_BYTES.replace(b"#0521N", b"#0521\xe4") + b"\x1a"),
    ]
    findings = [finding for verdict in reports for finding in verdict.findings]
    assert {"charset", "charset-suspect", "eol-mixed", "eol-lf", "bom", "no-reference", "dos-eof"} <= {
        finding.code for finding in findings
    }
    assert [finding for finding in findings if finding.line is not None and not finding.raw] == []


def test_values_without_end_are_said_up_to_a_bound():
    receivers = (RECORD.replace(b"900900    ", b"%-10d" % number) for number in range(VALUES + 10))
    verdict = FORMATS["bwa-response"].judge(lambda: [b"\r\n".join(receivers) + b"\r\n"], Context(name=ELS_NAME))
    assert verdict.codes == {"name-mismatch": VALUES}
