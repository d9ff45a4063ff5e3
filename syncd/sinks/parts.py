"""A batch as messages: JSON documents with so many records each, for targets that take messages and not files.

    {"interchange": {…}, "part": 1, "final": false, "records": [{"record": "StockLine", …}, …]}

`interchange` and the records are written as `jsonl` writes them. A part's id is the batch's key and which records it
holds, `KEY.1-500`: the same part has the same id however often it is made, and another size makes other ids. A batch
without records is one part.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import msgspec

from syncd.errors import SinkRefusedError
from syncd.sinks.base import Batch
from syncd.sinks.jsonl import chunks, interchange


@dataclass(frozen=True, slots=True)
class Part:
    """One message."""

    id: str
    """Stable over every repetition."""
    number: int
    """From 1."""
    body: bytes
    """JSON in UTF-8."""


async def parts(batch: Batch, size: int) -> AsyncIterator[Part]:
    """Yield a batch in parts of `size` records, in order, each made beside the event loop when it is asked for."""
    made = _made(batch, size)
    while part := await asyncio.to_thread(next, made, None):
        yield part


def _made(batch: Batch, size: int) -> Iterator[Part]:
    said, first, records = interchange(batch), 1, chunks(batch, size)
    for number, (now, later) in enumerate(pairwise(chain([next(records, [])], records, [None])), 1):
        last = first + len(now or ()) - 1
        content = {"interchange": said, "part": number, "final": later is None, "records": now}
        yield Part(f"{batch.key}.{first}-{last}", number, _json(content, batch))
        first = last + 1


def _json(content: object, batch: Batch) -> bytes:
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError as error:
        raise SinkRefusedError(
            f"{batch.name!r} cannot be written as JSON: {error}",
            remedy="Its name or its text is no Unicode; hand it over by hand from the spool.",
        ) from error
