"""Stock lists that arrive and sinks that take them, or not: a real state, and a clock that only tests move."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from bench.peers import gen
from syncd.formats import StockChange
from syncd.jobs.base import Account, Workplace
from syncd.jobs.deliver import deliver
from syncd.jobs.judge import judge
from syncd.model import ClockSample, Direction, Interchange
from syncd.plan.guards import Guard
from syncd.sinks.base import Batch, Sink, Terms
from syncd.state import open_state
from syncd.suppliers.cb import CB
from tests.jobs.parcels import never, nowhere

Rows = Mapping[str, int]
"""EAN to copies."""
EANS = [gen.ean13(978900000000 + number * 7) for number in range(40)]


class Shelf:
    """A sink that keeps the stock as it is told it, and does before that whatever a test says."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.batches: list[Batch] = []
        self.before: Callable[[Batch], None] = lambda _: None
        """May raise: then the batch is not taken."""
        self.after: Callable[[Batch], None] = lambda _: None

    async def deliver(self, batch: Batch) -> None:
        self.before(batch)
        if batch.snapshot:
            self.rows.clear()
        for record in batch.records():
            self.take(record)
        self.batches.append(batch)
        self.after(batch)

    def take(self, record: Any) -> None:
        """Put one article down, or away."""
        if isinstance(record, StockChange) and record.change == "gone":
            self.rows.pop(record.ean, None)
        else:
            self.rows[record.ean] = record.available

    async def close(self) -> None:
        """Stay."""


@dataclass
class Post:
    """The state, what arrives, and who gets it."""

    place: Workplace
    account: Account
    when: list[datetime]

    def later(self, **time: float) -> None:
        self.when[0] += timedelta(**time)

    async def arrive(self, rows: Rows, stamp: str = "", *, orderly: bool = True) -> Interchange:
        """Have a stock list come in and be judged."""
        made = stamp or f"{self.when[0]:%Y%m%d%H%M}"
        lines = [gen.bhd_line((ean, None, None, "N", copies)) for ean, copies in rows.items()]
        lines = sorted(lines) if orderly else lines
        frame = gen.bhd_header(day=made[:8], time=made[8:]), f"#00019#0015{len(lines)}#0006160030\r\n"
        return await self.receive(f"{made}-{len(self.when)}.bhd", "".join((frame[0], *lines, frame[1])).encode())

    async def receive(self, name: str, data: bytes) -> Interchange:
        journal, spool, now = self.place.store.journal, self.place.store.spool, self.when[0]

        def keep(number: int) -> str:
            return spool.write(Direction.IN, number, data)

        row = journal.receive("cb", "stock", name, len(data), sha256(data).hexdigest(), now, spool=keep)
        return await judge(self.place, self.account, row)

    def lose(self, row: Interchange) -> None:
        """Take the bytes of a file away from the spool."""
        assert row.spool is not None
        self.place.store.spool.path(row.spool).unlink()

    async def deliver(self) -> int:
        return await deliver(self.place, {"cb": self.account})

    def visit(self, outcome: str = "done") -> None:
        """Log in and out, as the ledger and the account remember it."""
        store, sample = self.place.store, self.place.sample()
        lease = store.gate.acquire("cb", "test/1", timedelta(0), timedelta(minutes=1), sample)
        store.gate.release(lease, sample, outcome, None, None)
        if outcome == "done":
            store.journal.succeeded("cb", self.when[0])

    def problems(self) -> dict[str, Any]:
        return {problem.code: problem for problem in self.place.store.journal.problems()}


@contextmanager
def post(folder: Path, terms: Terms | None = None, **sinks: Sink) -> Iterator[Post]:
    """Open a state with one account at CB and these sinks, which all have these terms."""
    with open_state(folder / "state") as store:
        when = [datetime(2026, 11, 22, 12, tzinfo=UTC)]
        account = Account("cb", CB, never, CB.inbound[:1], CB.outbound, 0.0, None, None, None, tuple(sinks))
        account = replace(account, guard=Guard(allow_empty_snapshot=True, least_stock=0))
        store.journal.register({"cb": "cb"})
        place = Workplace(
            store=store, executor=None, clock=lambda: when[0], sample=lambda: ClockSample(when[0], "", 0.0),
            connect=nowhere, holder="test/1", sinks=sinks, terms={name: terms or Terms() for name in sinks},
        )  # fmt: skip
        yield Post(place, account, when)
