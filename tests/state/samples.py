"""Values that the state's tests are made of. All invented."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from syncd.model import ClockSample, Direction, GoodsKey, Interchange, RemoteFile, State, Step, Verdict
from syncd.state import Store

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def clock(seconds: float, *, boot: str = "boot-a", wall: float | None = None) -> ClockSample:
    """The clocks so many seconds after noon; `wall` sets the wall clock to another time."""
    return ClockSample(later(seconds if wall is None else wall), boot, 5000.0 + seconds)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def order(
    store: Store,
    name: str = "S_123456_20261122120000",
    data: bytes = b"B101 order\r\n",
    *,
    references: Iterable[str] = ("4711",),
    hold: str | None = None,
    account: str = "shop",
) -> Interchange:
    return store.journal.queue(
        account,
        "orders",
        name,
        len(data),
        sha256(data),
        list(references),
        f"/outbox/{name}",
        hold,
        NOON,
        spool=lambda number: store.spool.write(Direction.OUT, number, data),
    )


STEPS = {
    Step.QUEUED: (),
    Step.STORING: (Step.STORING,),
    Step.STORED: (Step.STORING, Step.STORED),
    Step.PUBLISHING: (Step.STORING, Step.STORED, Step.PUBLISHING),
    Step.SENT: (Step.STORING, Step.STORED, Step.PUBLISHING, Step.SENT),
    Step.UNCONFIRMED: (Step.STORING, Step.UNCONFIRMED),
    Step.HELD: (Step.STORING, Step.UNCONFIRMED, Step.HELD),
}


def bring(store: Store, item: Interchange, to: Step) -> Interchange:
    """Bring a queued order to a step, by the usual way."""
    for step in STEPS[to]:
        item = store.journal.advance(item.id, item.state, step, NOON)
    return item


def fetched(
    store: Store,
    name: str = "R_0905500007000123456",
    data: bytes = b"L101\r\n",
    channel: str = "answers",
    account: str = "shop",
) -> Interchange:
    """A file that was announced, spooled and proven."""
    item = store.journal.announce(account, channel, RemoteFile(name, len(data), NOON), NOON)
    spool = store.spool.write(Direction.IN, item.id, data)
    store.journal.advance(
        item.id, State.ANNOUNCED, State.SPOOLED, NOON, spool=spool, sha256=sha256(data), size=len(data)
    )
    return store.journal.prove(item.id, NOON)


def verdict(
    *references: str,
    goods: Iterable[tuple[int, int]] = (),
    stamp: str | None = None,
    kind: str = "ELS",
    counts: Mapping[str, int] | None = None,
) -> Verdict:
    """An accepted file; `goods` are lines with their position on delivery note 900."""
    keys = tuple((line, GoodsKey("umbreit", "123456", "900", position)) for line, position in goods)
    return Verdict(
        "bwa-response", kind, accepted=True, references=references, goods=keys, stamp=stamp, counts=counts or {}
    )
