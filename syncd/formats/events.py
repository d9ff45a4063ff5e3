"""`order-events`: what became of order lines, written by syncd itself for the sinks that ask, as JSON Lines.

A file like any other from here on: in the spool, judged, delivered with a stable key, told by `syncd explain`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date, datetime

from syncd.formats.base import Context, Source
from syncd.formats.findings import Findings, Silence
from syncd.formats.framing import Charset, Framing
from syncd.formats.records import OrderLineEvent, Record
from syncd.model import Verdict

KIND = "EVENTS"
_NAMES = frozenset(each.name for each in fields(OrderLineEvent)) - {"line"}


class EventFormat:
    """Lines with one change each; one that is none rejects the file."""

    name = "order-events"

    def judge(self, source: Source, context: Context) -> Verdict:
        """Read every line."""
        findings = Findings()
        count = sum(1 for _ in _events(source, findings))
        return Verdict(
            format=self.name,
            kind=KIND,
            accepted=not findings.rejected,
            findings=findings.in_file_order(),
            codes=dict(findings.codes),
            counts={OrderLineEvent.__name__: count},
        )

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Yield an OrderLineEvent for each line."""
        return _events(source, Silence())


def write_events(events: Iterable[OrderLineEvent]) -> bytes:
    """Return the file that tells of these events, in their order; their `line` is not written."""
    return b"".join(_written(event) for event in events)


def _written(event: OrderLineEvent) -> bytes:
    values = {name.name: getattr(event, name.name) for name in fields(event) if name.name != "line"}
    return json.dumps(values, default=lambda moment: moment.isoformat()).encode("ascii") + b"\n"


def _events(source: Source, findings: Findings) -> Iterator[OrderLineEvent]:
    framing = Framing(findings, Charset.LATIN_1)
    for block in framing.blocks(source):
        for number, line in framing.lines(block):
            event = _read(number, line)
            if event is None:
                findings.error("event-line", number, "no event of an order line", line)
            else:
                yield event
    framing.finish()


def _read(number: int, line: bytes) -> OrderLineEvent | None:
    try:
        values = json.loads(line)
        if values.keys() != _NAMES:
            return None
        at, expected = datetime.fromisoformat(values.pop("at")), values.pop("expected")
        return OrderLineEvent(line=number, at=at, expected=expected and date.fromisoformat(expected), **values)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
