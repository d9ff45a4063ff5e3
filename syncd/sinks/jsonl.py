"""A batch as JSON Lines: what it is in the first line, then one record per line, in file order.

Each line is an object whose first member, `record`, says what it is: "Interchange" for the first, else the name of the
record's class. Money is a string with all its decimals, dates are YYYY-MM-DD, what is not given is null.
Lines are made in chunks, so a batch of any size takes the memory of one chunk.
"""

from collections.abc import Iterator
from itertools import groupby, islice

import msgspec

from syncd.sinks.base import Batch

CHUNK = 5_000


def json_lines(batch: Batch) -> Iterator[bytes]:
    """Yield the lines of a batch in blocks of whole lines, in UTF-8, each line ending in LF."""
    yield msgspec.json.encode(interchange(batch)) + b"\n"
    encoder = msgspec.json.Encoder(decimal_format="string")
    records = batch.records()
    while chunk := list(islice(records, CHUNK)):
        for cls, run in groupby(chunk, key=type):
            yield _tagged(encoder.encode_lines(list(run)), cls.__name__)


def interchange(batch: Batch) -> dict[str, object]:
    """Say in JSON's terms what a batch is, without its records."""
    words = ("key", "account", "supplier", "channel", "kind", "name", "sha256", "snapshot", "stamp")
    said = {word: getattr(batch, word) for word in words}
    return {"record": "Interchange", **said, "header": dict(batch.header), "counts": dict(batch.counts)}


def _tagged(lines: bytes, record: str) -> bytes:
    """Put the record's name into every line: a line feed inside a string is escaped, so LF { begins a line."""
    tag = b'{"record":' + msgspec.json.encode(record) + b","
    return tag + lines[1:].replace(b"\n{", b"\n" + tag)
