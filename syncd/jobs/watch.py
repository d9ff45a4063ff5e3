"""A watch list: articles whose availability is asked on a schedule. Its answers are an interchange like any other.

It only ever asks, never reserves. It has a login, a gate, a schedule and failures of its own, so the journal keeps it
as an account of its own, `NAME/ola`; what it brings belongs to the account NAME.
"""

import hashlib
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import structlog

from syncd.errors import RejectedError, UsageError
from syncd.formats.ola import ENCODING, Question
from syncd.formats.ola_lists import read_list
from syncd.jobs.base import OLA_CHANNEL, Account, Workplace
from syncd.jobs.judge import judge, recover
from syncd.jobs.ola import OlaAccount, OlaDesk
from syncd.jobs.tour import Tour, attempt, attend
from syncd.jobs.visit import Visit
from syncd.model import Direction, Interchange
from syncd.suppliers.rules import Daily, Every, Supplier

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Watch:
    """What an account asks again and again."""

    account: Account
    ola: OlaAccount
    articles: Path
    """Lines `ARTICLE[:QUANTITY]`; read at each turn."""
    schedule: Every | Daily | str
    """When it is asked, as `syncd.schedule` understands it."""
    price: bool

    @property
    def name(self) -> str:
        """Return the name under which the journal keeps its schedule and its failures: that of its gate."""
        return self.ola.gate

    @property
    def supplier(self) -> Supplier:
        """Return who is asked."""
        return self.account.supplier


async def look(place: Workplace, watch: Watch, *, due: bool) -> Tour:
    """Ask for the list when it is `due` and nobody paused it. Raises StopError and nothing else."""
    result = Tour(watch.name)
    await attempt(result, recover(place, watch.account, watched=True))
    state = await place.do(place.store.journal.account, watch.name)
    if state.paused:
        result.paused = state.pause_reason
    elif due:
        await attend(place, result, _ask(place, watch))
    return result


async def _ask(place: Workplace, watch: Watch) -> Visit:
    questions = await place.do(_questions, watch)
    lines = bytearray()
    async with OlaDesk(place, watch.ola) as desk, aclosing(desk.ask(questions)) as coming:
        async for answer in coming:
            lines += f"{answer.raw}\r\n".encode(ENCODING)
    row = await place.do(_keep, place, watch, bytes(lines))
    log.info("file.spooled", account=row.account, channel=row.channel, interchange=row.id, file=row.name,
             bytes=len(lines))  # fmt: skip
    return Visit(listed=len(questions), fetched=[await judge(place, watch.account, row)])


def _questions(watch: Watch) -> list[Question]:
    """Read the list; what stands there twice is asked once. A wrong line asks nothing: it is for a person to mend."""
    try:
        with watch.articles.open(encoding="utf-8") as lines:
            questions = [_question(watch, *wanted) for wanted in read_list(lines, str(watch.articles))]
    except (OSError, UnicodeError, UsageError) as error:
        raise _unusable(watch, str(error)) from error
    if not questions:
        raise _unusable(watch, f"{watch.articles} names no article")
    return list(dict.fromkeys(questions))


def _question(watch: Watch, article: str, quantity: int, where: str) -> Question:
    try:
        return Question(watch.ola.customer, article, quantity, price=watch.price)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _unusable(watch: Watch, what: str) -> RejectedError:
    return RejectedError(
        f"the watch list was not asked: {what}", remedy=f"Correct it; `syncd resume {watch.name}` asks at once."
    )


def _keep(place: Workplace, watch: Watch, data: bytes) -> Interchange:
    at = place.clock()
    return place.store.journal.receive(
        watch.account.name,
        OLA_CHANNEL,
        f"OLA_{watch.ola.customer}_{at:%Y%m%d%H%M%S%f}",
        len(data),
        hashlib.sha256(data).hexdigest(),
        at,
        spool=lambda number: place.store.spool.write(Direction.IN, number, data),
    )
