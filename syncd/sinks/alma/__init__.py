"""The sink for LIBRA.SE "Bokhandel Online": an order-confirm record for each order line whose copies will come.

A library's system shows the record to its staff some minutes later. Axiell's page tells the address, the suppliers and
the accounts; method, fields and answers of the web service are not public, so the form of a request is a setting, and
**unverified**. Nor is it known whether the service knows a record again: so one whose answer was lost is never posted
again by itself. It is a doubt, which a person ends (`syncd alma settle`).
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from syncd.errors import SinkError, SinkRefusedError
from syncd.sinks.alma.confirm import OrderConfirm
from syncd.sinks.alma.plan import Planned, plan
from syncd.sinks.alma.posted import Posted
from syncd.sinks.alma.request import Request
from syncd.sinks.alma.settings import AlmaSettings
from syncd.sinks.alma.titles import read_titles
from syncd.sinks.base import Batch
from syncd.sinks.extras import require
from syncd.sinks.http import Answer, LostAnswerError, client, host_of, judge, reach, send

if TYPE_CHECKING:
    from httpx2 import AsyncClient

KINDS = frozenset({"ELS", "ERM", "UNKNOWN"})
"""Files that answer orders."""
GATEWAY = frozenset({502, 504})
"""Said by somebody between the library and us, who does not know what the library did (RFC 9110, 15.6.3, 15.6.5)."""
OWN_FAULT = 500
"""What a web service of this make says to a record that it cannot digest: it concerns that record alone."""
ENOUGH = 10
"""Records of one file that are refused until no more are posted: it is not their fault then."""


class AlmaSink:
    """Post order-confirm records to a library."""

    Settings: ClassVar[type[BaseModel]] = AlmaSettings

    def __init__(self, settings: AlmaSettings) -> None:
        require("httpx2", extra="alma")
        self._settings = settings
        self._posted = Posted(settings.path)

    async def deliver(self, batch: Batch) -> None:
        """Post the records of one file that were not posted before; raise SinkError, SinkRefusedError."""
        if batch.kind not in KINDS:
            return
        planned = await asyncio.to_thread(self._planned, batch)
        todo, failures = await asyncio.to_thread(self._todo, planned)
        if todo:
            failures += await self._post_all(todo)
        if failures:
            raise _summary(failures)

    async def check(self) -> str:
        """Read template and title file, open the folder, connect; nothing is said to the library. Raise SinkError."""
        settings = self._settings
        await asyncio.to_thread(plan, settings, (), ())
        if settings.titles is not None:
            await asyncio.to_thread(read_titles, settings.titles, ())
        _, doubts = await asyncio.to_thread(self._posted.open)
        await reach(settings.endpoint, settings.ca_file)
        return f"{host_of(settings.endpoint)} can be reached, and was told nothing; records in doubt: {len(doubts)}"

    async def close(self) -> None:
        """Do nothing: no connection outlives its batch."""

    def _planned(self, batch: Batch) -> list[Planned]:
        return [each for each in plan(self._settings, batch.records(), batch.orders) if isinstance(each, Planned)]

    def _todo(self, planned: list[Planned]) -> tuple[list[Planned], list[SinkError]]:
        """Return what is to be posted, and why some of it cannot be."""
        taken, doubts = self._posted.open()
        waiting = [each for each in planned if each.record.key not in taken]
        failures: list[SinkError] = [_doubt(each.record) for each in waiting if each.record.key in doubts]
        waiting = [each for each in waiting if each.record.key not in doubts]
        failures += [_lacking(each) for each in waiting if each.missing]
        return [each for each in waiting if not each.missing], failures

    async def _post_all(self, todo: list[Planned]) -> list[SinkError]:
        """Post one record after the other and return what concerns single ones; raise what concerns them all."""
        failures: list[SinkError] = []
        async with client(self._settings.endpoint, self._settings.ca_file) as to:
            for each in todo:
                failure = await _finished(self._post(to, each))
                failures += [failure] if failure else []
                if len(failures) == ENOUGH:
                    break
        return failures

    async def _post(self, to: "AsyncClient", planned: Planned) -> SinkError | None:
        """Post one record; return a failure that is its own, raise any other."""
        record = planned.record
        await asyncio.to_thread(self._posted.begin, record)
        try:
            answer = await self._send(to, planned.request)
            failure = self._judged(answer)
        except LostAnswerError as error:
            raise SinkError(f"{record.said()}: {error}", remedy=f"It is in doubt: {_settle(record)}") from error
        except SinkError:
            await asyncio.to_thread(self._posted.was_not_taken, record.key)
            raise
        if failure is None:
            await asyncio.to_thread(self._posted.was_taken, record.key)
            return None
        await asyncio.to_thread(self._posted.was_not_taken, record.key)
        if answer.status != OWN_FAULT and not isinstance(failure, SinkRefusedError):
            raise failure
        return type(failure)(f"{record.said()}: {failure}", remedy=failure.remedy)

    async def _send(self, to: "AsyncClient", request: Request) -> Answer:
        """Send a request over a connection of its own: one that is kept may be closed just as it is used again."""
        settings = self._settings
        return await send(
            to, settings.endpoint, target=request.target.encode(), timeout=settings.timeout,
            method=request.method, headers={**request.headers, "Connection": "close"}, content=request.body,
        )  # fmt: skip

    def _judged(self, answer: Answer) -> SinkError | None:
        """Return why a record was not taken, if so; raise LostAnswerError where the answer does not tell."""
        endpoint, wanted = self._settings.endpoint, self._settings.answer
        if answer.status in GATEWAY:
            raise LostAnswerError(f"{host_of(endpoint)} answered {answer.status}: a gateway does not know")
        try:
            judge(endpoint, answer)
        except SinkError as error:
            return error
        if wanted is not None and wanted.encode() not in answer.body:
            raise LostAnswerError(f"{host_of(endpoint)} answered {answer.status}, without {wanted!r}")
        return None


def _doubt(record: OrderConfirm) -> SinkRefusedError:
    return SinkRefusedError(f"{record.said()}: its answer was lost; it may be in Libra", remedy=_settle(record))


def _settle(record: OrderConfirm) -> str:
    return (
        f"Look whether Libra has it and say so: syncd alma settle {record.key[:12]} --taken (or --not-taken) "
        "--reason WHY; then syncd sinks retry --dead."
    )


def _lacking(planned: Planned) -> SinkError:
    return SinkError(
        f"{planned.record.said()}: not known: {', '.join(planned.missing)}",
        remedy="Put it into the title file, which is read again; or take it out of `required`.",
    )


def _summary(failures: Sequence[SinkError]) -> SinkError:
    """Make one error of many: it is for ever when each of them is."""
    first, more = failures[0], len(failures) - 1
    kind = SinkRefusedError if all(isinstance(each, SinkRefusedError) for each in failures) else SinkError
    return kind(f"{first}; and {more} more" if more else str(first), remedy=first.remedy)


async def _finished(step: Coroutine[Any, Any, SinkError | None]) -> SinkError | None:
    """Finish a post even when we are cancelled meanwhile: nobody could tell whether half of one was heard."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the folder has it
        raise
