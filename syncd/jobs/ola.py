"""The availability query of an account: questions, and reservations, which are orders. The law is that of uploads.

A reservation is written down as HELD(doubt), its line in the spool, before a byte of it is sent; its answer ends the
doubt. So there is no crash after which the journal says less than is true, and nothing that sends it a second time.
OLA is another server than FTP, with a login of its own, so it has a gate of its own: one session for an account.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from syncd.errors import LaterError, SyncdError, UsageError
from syncd.formats.ola import Answer, Outcome, Question
from syncd.jobs.base import OLA_CHANNEL, Workplace, uncut
from syncd.life import Ordered
from syncd.model import Direction, Interchange, Lease, State, Step
from syncd.transport.ola import OlaEndpoint, OlaLine
from syncd.transport.ola_client import OlaClient

log = structlog.get_logger()

LEASE = timedelta(minutes=15)
SIGN_OF_LIFE = timedelta(minutes=1)
"""How often the lease is renewed while answers come."""
MARGIN = timedelta(minutes=1)
"""So long before the house would hang up in silence, we leave."""
DOUBT = "it was sent, and no answer is known"


@dataclass(frozen=True, slots=True)
class OlaAccount:
    """An account's availability query."""

    name: str
    customer: str
    endpoint: Callable[[], OlaEndpoint]
    """Make the endpoint; reads the password now."""
    silence: timedelta
    """After so long without a question the house hangs up."""
    connect: Callable[[OlaEndpoint], Awaitable[OlaLine]]

    @property
    def gate(self) -> str:
        """The name of its gate, and of its lines in the ledger of logins."""
        return f"{self.name}/{OLA_CHANNEL}"


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation as the journal has it, and its answer."""

    row: Interchange
    answer: Answer


class OlaDesk:
    """Where an account asks and reserves; holds at most one session, opened on demand. `async with`: it is left."""

    def __init__(self, place: Workplace, account: OlaAccount) -> None:
        self.place = place
        self.account = account
        self._lease: Lease | None = None
        self._seen = place.clock()
        self._client = OlaClient(self._visit, (account.silence - MARGIN).total_seconds())

    async def ask(self, questions: Iterable[Question]) -> AsyncGenerator[Answer, None]:
        """Ask queries and yield their answers in order. Raises TooEarlyError, LoginRefusedError, LaterError."""
        async for answer in self._client.ask(questions):
            if self.place.clock() - self._seen >= SIGN_OF_LIFE:
                await self._alive()
            yield answer

    async def reserve(self, question: Question) -> Reservation:
        """Order, once, whatever happens. Cancelled, it still waits for the answer.

        Raises DoubtError (it may have been ordered, and is held), LaterError (nothing was sent), UsageError (the very
        same reservation is still in doubt).
        """
        await self._refuse_a_doubtful_twin(question)
        return await uncut(self._reserve(question))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    # -- reservations -----------------------------------------------------------------------------------------

    async def _refuse_a_doubtful_twin(self, question: Question) -> None:
        doubts = await self.place.do(self.place.store.journal.awaiting_answer)
        sha256 = hashlib.sha256(bytes(question)).hexdigest()
        for row in doubts:
            if (row.account, row.channel, row.sha256) == (self.account.name, OLA_CHANNEL, sha256):
                raise UsageError(
                    f"the same reservation of {row.created_at:%Y-%m-%d %H:%M} UTC (no. {row.id}) is still in doubt",
                    remedy=f"Ask the supplier, then: syncd settle {row.id} --taken|--not-taken --reason WHY. "
                    "To order more, give it another reference.",
                )

    async def _reserve(self, question: Question) -> Reservation:
        rows: list[Interchange] = []

        async def intend() -> None:
            await self._alive()
            rows.append(await self.place.do(self._write_down, question))

        try:
            answer = await self._client.reserve(question, intend)
        except LaterError as error:
            if rows:
                await self._abandon(rows[0], f"nothing was sent: {error}")
            raise
        return Reservation(await self._judge(rows[0], answer), answer)

    def _write_down(self, question: Question) -> Interchange:
        data, at = bytes(question), self.place.clock()
        return self.place.store.journal.intend(
            self.account.name,
            OLA_CHANNEL,
            f"OLA_{question.customer}_{at:%Y%m%d%H%M%S%f}",
            len(data),
            hashlib.sha256(data).hexdigest(),
            [question.reference] if question.reference else [],
            DOUBT,
            at,
            spool=lambda number: self.place.store.spool.write(Direction.OUT, number, data),
            ordered=[_ordered(question)],
        )

    async def _judge(self, row: Interchange, answer: Answer) -> Interchange:
        if answer.outcome is Outcome.TAKEN:
            row = await self._end(row, Step.CONFIRMED, said(answer))
            log.info("ola.reserved", account=row.account, interchange=row.id, file=row.name, note=said(answer))
            return row
        if answer.outcome is Outcome.REFUSED:
            return await self._abandon(row, f"the house refused it: {answer.text}")
        log.warning("ola.unclear", account=row.account, interchange=row.id, file=row.name)
        return row

    async def _abandon(self, row: Interchange, reason: str) -> Interchange:
        log.info("ola.not-reserved", account=row.account, interchange=row.id, file=row.name, reason=reason)
        return await self._end(row, State.ABANDONED, reason, reason)

    async def _end(self, row: Interchange, to: State | Step, note: str, reason: str | None = None) -> Interchange:
        return await self.place.do(
            self.place.store.journal.advance,
            row.id, row.state, to, self.place.clock(), note=note, hold=None, reason=reason, kind="OLA",
        )  # fmt: skip

    # -- sessions ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _visit(self) -> AsyncIterator[OlaLine]:
        place, gate = self.place, self.place.store.gate
        endpoint = self.account.endpoint()
        lease = await place.do(gate.acquire, self.account.gate, place.holder, timedelta(0), LEASE, place.sample())
        outcome, detail = "cut", None
        try:
            line = await self.account.connect(endpoint)
            self._lease = lease
            log.info("login", account=self.account.gate, tls=None)
            yield line
            outcome = "done" if line.usable else "lost"
            await line.leave()
        except SyncdError as error:
            outcome, detail = error.code, str(error)
            raise
        finally:
            self._lease = None
            await place.do(gate.release, lease, place.sample(), outcome, detail)

    async def _alive(self) -> None:
        self._seen = self.place.clock()
        lease = self._lease
        if lease is None or not await self.place.do(self.place.store.gate.renew, lease, LEASE, self.place.sample()):
            raise LaterError(
                f"{self.account.gate}: another syncd took the account over", remedy="Run one syncd for an account."
            )


def said(answer: Answer) -> str:
    """Say what an answer means, without the order mark, which may be a customer's name."""
    number = f", order {answer.order[0]} position {answer.order[1]}" if answer.order else ""
    code = f", {answer.code} {answer.meaning}".rstrip() if answer.code is not None else ""
    quantity = "an unknown quantity" if answer.quantity is None else str(answer.quantity)
    return f"result {answer.result.value}, {quantity} of {answer.question.quantity}{code}{number}"


def _ordered(question: Question) -> Ordered:
    """Return a reservation as a line of an order: its reference and its mark come back on the delivery note (5.4)."""
    reference, mark = question.reference, question.mark or None
    return Ordered(1, question.customer, reference, question.article, "", mark, question.quantity)
