"""Every proper prefix of every good sample file: refused by its format, or shown to be short by its size.

A sample is sent in three ways: as it lies on the server's disk, as text that the server turned from LF to CR LF
(RFC 959, 3.1.1.1; its listing then tells a smaller size), and, for orders, up to a server that keeps LF alone. A stock
list needs no size: its footer counts.
"""

import json
from collections import Counter
from collections.abc import Iterator

from syncd.formats import FORMATS, Context
from syncd.model import Mode, Verdict
from syncd.plan.inbound import sizes_agree
from syncd.plan.outbound import stored_sizes
from tests.formats.test_corpus import CASES

LARGEST = 2000
"""Bytes; every prefix of a larger sample would take its square in time."""


def samples() -> Iterator[tuple[str, Context, bytes]]:
    """Yield each sample's format, what is known of its account, and its bytes."""
    for case in CASES:
        expected = json.loads((case / "expected.json").read_text())
        (path,) = (path for path in case.iterdir() if path.name != "expected.json")
        known = expected["context"]
        customers = frozenset(known["customers"]) if "customers" in known else None
        if expected["format"] in ("bwa-order", "bwa-response", "digicom") and path.stat().st_size <= LARGEST:
            yield expected["format"], Context(path.name, customers, known.get("relation_id")), path.read_bytes()


def size_agrees(format_: str, whole: bytes, on_disk: int, prefix: bytes) -> bool:
    """Tell whether the program would take the prefix for whole if it looked at sizes alone."""
    if format_ == "bwa-order":
        return len(prefix) in stored_sizes(whole, Mode.ASCII)
    return sizes_agree(on_disk, len(prefix), prefix.count(b"\n"), Mode.ASCII)


def test_no_prefix_of_a_sample_passes_for_the_whole():
    said = Counter[str]()
    passed = []
    for format_, context, sample in samples():
        for sent in {sample, sample.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")}:
            whole = judged(format_, context, sent)
            if not whole.accepted:
                continue
            on_disk = {len(sent), len(sent.replace(b"\r\n", b"\n"))}
            for length in range(len(sent)):
                prefix = sent[:length]
                verdict = judged(format_, context, prefix)
                agrees = any(size_agrees(format_, sent, size, prefix) for size in on_disk)
                same = verdict.accepted and verdict.counts == whole.counts
                said["prefixes"] += 1
                said["refused by the format"] += not verdict.accepted
                said["lack nothing but the end of the last line"] += same
                if verdict.accepted and not same:
                    said["shorter than listed"] += not agrees
                    passed += [(context.name, length)] * (agrees or format_ == "digicom")
    print(dict(said))
    assert passed == []
    assert said["prefixes"] > 25_000


def judged(format_: str, context: Context, content: bytes) -> Verdict:
    """Return what a format says of these bytes."""
    return FORMATS[format_].judge(lambda: [content], context)
