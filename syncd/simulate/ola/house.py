"""The house behind the line: who may come in, what is on the shelf, and the books."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, timedelta
from random import Random
from types import TracebackType
from typing import Self

from syncd.simulate.books import Keeper, Login, Struck, Violation
from syncd.simulate.ola.manners import Fault, Manners, Stock
from syncd.simulate.ola.visit import Visit
from syncd.simulate.tree import Clock
from syncd.simulate.wire import Wire, shut


class OlaHouse(Keeper):
    """OLA on loopback; `async with`, or `start` and `stop`. An account's name is the customer number.

    clock: aware times. rng: its dice. port: 0 takes a free one. first_order: the number of the first session's order.
    idle: after so long without a line the house hangs up, "ohne weitere Warnung" (5.3).
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        clock: Clock,
        rng: Random,
        host: str = "127.0.0.1",
        port: int = 0,
        stock: Stock | None = None,
        first_order: int | None = None,
        idle: timedelta = timedelta(minutes=5),
        manners: Manners | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__()
        self.accounts = dict(accounts)
        self.clock: Clock = lambda: clock().astimezone(UTC)
        self.host = host
        self.port = port
        self.stock = stock or Stock()
        self.idle = idle
        self.manners = manners or Manners()
        self.faults = list(faults)
        self.questions = 0
        self._order = 11000000 + rng.randrange(900000) if first_order is None else first_order - 1
        self._visitors: dict[asyncio.Task[None], Visit] = {}
        self._failures: list[BaseException] = []
        self._server: asyncio.AbstractServer | None = None

    # -- opening and closing --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the door; raises OSError when the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(lambda: Wire(self._came), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Send everybody away; the books stay. Raises what went wrong inside the house."""
        if self._server is not None:
            await shut(self._server)
        visits = dict(self._visitors)
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        if self._failures:
            raise self._failures[0]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _came(self, wire: Wire) -> None:
        visit = Visit(self, wire, len(self.logins) + 1)
        task = asyncio.get_running_loop().create_task(visit.run())
        self._visitors[task] = visit
        task.add_done_callback(self._went)

    def _went(self, task: asyncio.Task[None]) -> None:
        del self._visitors[task]
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    # -- the books ------------------------------------------------------------------------------------------

    def violate(self, account: str, rule: str, sentence: str, command: str) -> None:
        """Write down that a rule was broken."""
        self.ledger.write(Violation(self.clock(), account, rule, sentence, command))

    def admit(self, user: str, password: str, visit: Visit) -> bool:
        """Try a login and write it down; a second session of one login is let in, and noted."""
        good = self.accounts.get(user) == password
        present = any(other.user == user and other is not visit for other in self._visitors.values())
        outcome = "refused" if not good else "parallel" if present else "accepted"
        self.ledger.write(Login(self.clock(), user, visit.number, outcome, ""))
        if good and present:
            self.violate(user, "parallel-session", "a second session while the first one is there", "")
        return good

    def strike(self, account: str, command: str) -> str:
        """Count a question and return the fault that strikes at it, or nothing; a fault is written down."""
        self.questions += 1
        for fault in self.faults:
            if fault.question == self.questions:
                self.ledger.write(Struck(self.clock(), account, fault.kind, command))
                return fault.kind
        return ""

    def next_order(self) -> int:
        """Return the number of a session's order."""
        self._order += 1
        return self._order
