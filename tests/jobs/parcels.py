"""A state with accepted files and sinks that do as they are told, for tests of deliveries; no house, no waiting."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from syncd.jobs.base import Account, Workplace
from syncd.jobs.deliver import Served, deliver, serve
from syncd.jobs.judge import judge
from syncd.model import ClockSample, Delivery, Direction, Interchange
from syncd.sinks.base import Batch, Terms
from syncd.state import open_state
from syncd.suppliers import SUPPLIERS
from syncd.transport.base import Endpoint, Permit, Session, granted

Behaviour = Callable[[Batch], Awaitable[object] | None]


class Told:
    """A sink that takes everything, unless it is told to behave otherwise."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, behave: Behaviour | None = None) -> None:
        self.behave = behave
        self.names: list[str] = []
        """What it took, in order."""
        self.keys: list[str] = []
        """What it was asked to take."""

    async def deliver(self, batch: Batch) -> None:
        self.keys.append(batch.key)
        answer = self.behave(batch) if self.behave else None
        if answer is not None:
            await answer
        self.names.append(batch.name)

    async def close(self) -> None:
        """Stay."""


@dataclass
class Parcels:
    """The state, a clock that only tests move, and the deliveries."""

    place: Workplace
    accounts: dict[str, Account]
    when: list[datetime] = field(default_factory=lambda: [datetime(2026, 11, 22, 12, tzinfo=UTC)])

    def later(self, minutes: float = 61) -> None:
        self.when[0] += timedelta(minutes=minutes)

    async def arrive(self, *names: str, account: str = "cb", channel: str = "raw") -> list[Interchange]:
        """Have files come in and be accepted."""
        return [await self._arrive(name, account, channel) for name in names]

    async def _arrive(self, name: str, account: str, channel: str) -> Interchange:
        journal, spool, data = self.place.store.journal, self.place.store.spool, f"content of {name}\r\n".encode()

        def keep(number: int) -> str:
            return spool.write(Direction.IN, number, data)

        row = journal.receive(account, channel, name, len(data), sha256(data).hexdigest(), self.when[0], spool=keep)
        return await judge(self.place, self.accounts[account], row)

    async def deliver(self) -> int:
        return await deliver(self.place, self.accounts)

    async def serve(self, sink: str) -> Served:
        return await serve(self.place, self.accounts, sink)

    def dead(self) -> list[Delivery]:
        return [each for each in self.place.store.journal.pending() if each.next_attempt is None]


async def nowhere(endpoint: Endpoint, permit: Permit = granted) -> Session:
    raise AssertionError("a delivery needs no login")


def never(_: frozenset[str]) -> Endpoint:
    raise AssertionError("a delivery needs no login")


@contextmanager
def parcels(folder: Path, *, terms: Terms | None = None, **sinks: Told) -> Iterator[Parcels]:
    """Open a state with two accounts at CB and these sinks, which all have these terms."""
    with open_state(folder / "state") as store:
        cb = SUPPLIERS["cb"]
        when = [datetime(2026, 11, 22, 12, tzinfo=UTC)]
        accounts = {
            name: Account(name, cb, never, cb.inbound, cb.outbound, 0.0, None, None, None, tuple(sinks))
            for name in ("cb", "second")
        }
        store.journal.register(dict.fromkeys(accounts, "cb"))
        place = Workplace(
            store=store, executor=None, clock=lambda: when[0], sample=lambda: ClockSample(when[0], "", 0.0),
            connect=nowhere, holder="test/1", sinks=sinks, terms={name: terms or Terms() for name in sinks},
        )  # fmt: skip
        yield Parcels(place, accounts, when)
