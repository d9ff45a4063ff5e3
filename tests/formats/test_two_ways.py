"""The fast and the exact way through a file say the same, whatever is done to the file."""

import random

import pytest

from bench.peers import gen
from syncd.formats import Context
from syncd.formats.digicom import DigicomFormat
from syncd.formats.responses import ResponseFormat
from tests.formats.canonical import BUNDLE, ELS_NAME, wire

ALPHABET = b"0123456789#* \r\nNJAVLM\x00\t\x1a\xe4\x81\xb2"


def stock_list(lines: int, seed: int) -> bytes:
    rows = "".join(map(gen.bhd_line, gen.bhd_rows(lines, seed)))
    return f"{gen.bhd_header()}{rows}#00019#0015{lines}#0006160030\r\n".encode("latin-1")


def delivery_note(lines: int, seed: int) -> bytes:
    """Return records as they come, and among them more bundles than ever come."""
    rng = random.Random(seed)
    rows = (
        bundle(number) if rng.random() < 0.1 else gen.els_line(rng, number).encode("latin-1") for number in range(lines)
    )
    return b"".join(rows)


def bundle(number: int, price: int = 229900) -> bytes:
    return wire(BUNDLE.replace("0001202020", f"{1000 + number}202020").replace(f"{229900:015d}", f"{price:015d}"))


def spoil(content: bytes, rng: random.Random) -> bytes:
    """Change, insert, remove or repeat a few bytes or lines."""
    spoilt = bytearray(content)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        place = rng.randrange(len(spoilt))
        lines = bytes(spoilt).split(b"\n")
        match rng.randrange(6):
            case 0:
                spoilt[place] = rng.choice(ALPHABET)
            case 1:
                spoilt.insert(place, rng.choice(ALPHABET))
            case 2:
                del spoilt[place : place + rng.choice((1, 1, 13, 60))]
            case 3:
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                spoilt = bytearray(b"\n".join(lines))
            case 4:
                spoilt[place:place] = rng.choice((b"\r", b"\n", b"#0500", b"*9999", b"\r\n\r\n", b"9" * 5000))
            case 5:
                spoilt = bytearray(bytes(spoilt).replace(b"\r\n", b"\n", rng.choice((1, -1))))
        if not spoilt:
            return b""
    return bytes(spoilt)


def both_ways(kind, content: bytes, context: Context, size: int):
    """Return what each way says of a file that comes in blocks of `size` bytes."""

    def source():
        return (content[start : start + size] for start in range(0, len(content), size))

    for exact in (False, True):
        way = kind(exact=exact)
        verdict = way.judge(source, context)
        yield verdict, list(way.records(source, context, verdict)) if verdict.accepted else []


@pytest.mark.parametrize("seed", range(120))
@pytest.mark.parametrize(
    ("kind", "make", "name"), [(DigicomFormat, stock_list, "x.bhd"), (ResponseFormat, delivery_note, ELS_NAME)]
)
def test_both_ways_agree(kind, make, name, seed):
    rng = random.Random(seed)
    content = spoil(make(rng.choice((1, 40, 200)), seed), rng)
    fast, exact = both_ways(kind, content, Context(name=name), rng.choice((1 << 18, 4096, 100)))
    assert fast == exact


def test_a_plain_file_is_accepted_without_a_word():
    for verdict, records in both_ways(DigicomFormat, stock_list(6000, 1), Context(), 1 << 18):
        assert verdict.accepted
        assert not verdict.findings
        assert [record.line for record in records] == list(range(4, 6004))


def test_lines_that_are_odd_are_found_among_thousands():
    content = stock_list(6000, 1)
    lines = content.split(b"\r\n")
    lines[3000] = lines[3000].replace(b"#0521N", b"")
    lines[3001] = lines[2000]
    for verdict, records in both_ways(DigicomFormat, b"\r\n".join(lines), Context(), 1 << 18):
        assert [(finding.code, finding.line) for finding in verdict.findings] == [
            ("bad-line", 3001),
            ("duplicate-ean", 3002),
        ]
        assert len(records) == 5999


def test_a_bundle_that_does_not_add_up_is_found_among_those_that_do():
    content = b"".join(bundle(number, 229800 if number == 40 else 229900) for number in range(100))
    for verdict, records in both_ways(ResponseFormat, content, Context(name=ELS_NAME), 1 << 18):
        assert [(finding.code, finding.line) for finding in verdict.findings] == [("bundle-sum", 41)]
        assert [len(record.bundle) for record in records] == [2] * 100


def with_wrong_check_digit(line: bytes) -> bytes:
    ean = line[11:24]
    return line.replace(ean, ean[:-1] + str((ean[-1] - ord("0") + 1) % 10).encode())


def test_an_ean_with_a_wrong_check_digit_is_not_handed_on():
    lines = stock_list(6000, 1).split(b"\r\n")
    lines[3000] = with_wrong_check_digit(lines[3000])
    for verdict, records in both_ways(DigicomFormat, b"\r\n".join(lines), Context(), 1 << 18):
        assert dict(verdict.codes) == {"bad-line": 1}
        assert [record.line for record in records] == [*range(4, 3001), *range(3002, 6004)]


def test_a_list_in_no_order_says_the_same_and_a_repeated_ean_is_found():
    lines = stock_list(6000, 1).split(b"\r\n")
    details = lines[3:6003]
    random.Random(1).shuffle(details)
    details[4000] = details[10]
    content = b"\r\n".join([*lines[:3], *details, *lines[6003:]])
    for verdict, records in both_ways(DigicomFormat, content, Context(), 1 << 18):
        assert [(finding.code, finding.line) for finding in verdict.findings] == [("duplicate-ean", 4004)]
        assert len(records) == 6000


def test_details_behind_the_footer_are_refused_however_many_there_are():
    rows = "".join(map(gen.bhd_line, list(gen.bhd_rows(2000, 1))[1200:])).encode("ascii")
    whole = stock_list(500, 2)
    verdict = DigicomFormat().judge(lambda: iter([whole, rows]), Context())
    assert (verdict.accepted, verdict.counts) == (False, {"StockLine": 500})
    assert "after-footer" in verdict.codes
