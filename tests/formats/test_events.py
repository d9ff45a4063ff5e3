"""Files that tell of order lines: what is written is what is read."""

from dataclasses import replace
from datetime import UTC, datetime

from syncd.formats import FORMATS, Context, OrderLineEvent, guess, write_events

EVENT = OrderLineEvent(
    1, 7, "S_900900_20261121101112", 3, 1, datetime(2026, 11, 22, 4, 5, 6, 7, tzinfo=UTC), "900900", "4233",
    "9783442756841", "EN", "Müller", 2, "waiting", "sent", 0, 0, None, None, None, None, "S_900900_20261121101112",
)  # fmt: skip


def test_what_is_written_is_read_again():
    written = write_events([EVENT, replace(EVENT, change=2)])
    format_, context = FORMATS["order-events"], Context("LINES_20261122040506000007")
    verdict = format_.judge(lambda: [written], context)
    assert (verdict.accepted, verdict.kind, verdict.counts) == (True, "EVENTS", {"OrderLineEvent": 2})
    assert list(format_.records(lambda: [written], context, verdict)) == [EVENT, replace(EVENT, line=2, change=2)]


def test_json_without_end_is_no_event():
    assert not FORMATS["order-events"].judge(lambda: [b"[" * 60_000], Context()).accepted


def test_it_is_known_by_its_name():
    assert guess("LINES_20261122040506000007", b"{") == "order-events"
