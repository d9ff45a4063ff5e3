"""The life of an order line: what the supplier's answers say of it. Pure: lines and answers in, where they stand out.

Answers (4.3 and 4.4 of Umbreit's document) carry the reference (1041), the article and the order mark (1003) of the
order, and nothing that names the line itself. So what belongs together is looked at together: all lines and answers of
an account with one reference and one article. The rules, in docs/lines.md for the shop:

1. An answer is about orders that were taken before its file was seen. Among their lines it means those with its order
   mark (capitals do not count, they come back changed); if there are none, all of them.
2. Delivered copies fill those lines, oldest first, each up to what was ordered; lines that a report has closed come
   last. What is more than was ordered goes to the last of them.
3. Reports go in turn to the lines that are still short; the last one goes to all that are left.
4. Files count in the order in which the supplier wrote them, and in each of them goods before announcements before
   reports. So the end is the same in whatever order they arrive.

Only a goods receipt is goods: what an order response says of quantities is an announcement (2.5, and docs/formats.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby

from syncd.formats import DespatchLine, OrderLine, Record, ReportLine
from syncd.formats.articles import ean_of

CANCELLED = 99
"""The report code of a position that was cancelled (Position storniert)."""


class LineState(StrEnum):
    """Where an order line stands."""

    WAITING = "waiting"
    """Its order does not count as sent."""
    SENT = "sent"
    UNANSWERED = "unanswered"
    """Sent, and nothing was heard for as long as the account allows."""
    REPORTED = "reported"
    """The supplier has spoken of it, and nothing came yet."""
    PARTLY = "partly delivered"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Says(StrEnum):
    """What an answer says, in the order in which the answers of one file count."""

    GOODS = "goods"
    ANNOUNCED = "announced"
    REPORT = "report"


_RANK = {says: rank for rank, says in enumerate(Says)}


@dataclass(frozen=True, slots=True)
class Ordered:
    """One line of an order as it was sent."""

    line: int
    """In its file, from 1."""
    customer: str
    reference: str
    """Empty: no answer can be matched."""
    article: str
    qualifier: str
    mark: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One record of an answer: copies that came, copies that are announced, or why some do not come."""

    line: int
    """In its file, from 1."""
    says: Says
    reference: str
    article: str
    mark: str | None
    quantity: int = 0
    note: str | None = None
    """Number of the delivery note."""
    position: int | None = None
    day: date | None = None
    """Of the delivery note."""
    code: int | None = None
    back_ordered: bool | None = None
    expected: date | None = None
    sender: str = ""
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An order line as the state keeps it; `id` is its number there, `order` that of its interchange."""

    id: int
    order: int
    ordered: Ordered


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with the file that brought it: its number, its name, and when the supplier wrote it."""

    file: int
    name: str
    at: datetime
    answer: Answer


@dataclass(frozen=True, slots=True)
class Part:
    """Copies of one line that one answer is about."""

    told: Told
    quantity: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a line stands by all answers to it."""

    line: Line
    goods: tuple[Part, ...] = ()
    announced: int = 0
    """Copies that an order response announced; they are no goods."""
    announcements: tuple[Part, ...] = ()
    report: Told | None = None
    """The latest."""

    @property
    def delivered(self) -> int:
        """Count the copies that came."""
        return sum(part.quantity for part in self.goods)

    @property
    def lacking(self) -> int:
        """Count the copies that did not come."""
        return max(self.line.ordered.quantity - self.delivered, 0)

    @property
    def closed(self) -> bool:
        """Tell whether the supplier said that the rest does not come: it keeps no back-order."""
        return self.report is not None and self.report.answer.back_ordered is False

    @property
    def open(self) -> bool:
        """Tell whether copies may still come."""
        return self.lacking > 0 and not self.closed

    @property
    def state(self) -> LineState:
        """Say where the line stands; that too much time has passed is for others to see."""
        if not self.lacking:
            return LineState.DELIVERED
        if self.goods:
            return LineState.PARTLY
        if self.closed and self.report is not None and self.report.answer.code == CANCELLED:
            return LineState.CANCELLED
        return LineState.REPORTED if self.report or self.announcements else LineState.SENT

    @property
    def files(self) -> frozenset[int]:
        """Name the files that speak of this line."""
        heard = [part.told.file for part in (*self.goods, *self.announcements)]
        return frozenset([*heard, self.report.file] if self.report else heard)


def ordered(line: OrderLine) -> Ordered:
    """Return what is remembered of a line of an order."""
    return Ordered(line.line, line.sender, line.reference or "", line.article, line.qualifier, line.mark, line.quantity)


ANSWERS = (DespatchLine, ReportLine)
"""The records that say something of order lines."""


def answer(record: Record) -> Answer | None:
    """Return what a record says of an order; None where it is no answer."""
    match record:
        case DespatchLine():
            return Answer(
                record.line, Says.GOODS if record.bookable else Says.ANNOUNCED, record.reference or "",
                record.article, record.mark, record.quantity, record.note, record.position, record.date,
                sender=record.sender, receiver=record.receiver,
            )  # fmt: skip
        case ReportLine():
            return Answer(
                record.line, Says.REPORT, record.reference or "", record.article, record.mark, 0, record.note, None,
                record.note_date, record.code, record.back_ordered, record.expected, record.sender, record.receiver,
            )  # fmt: skip
    return None


def article_key(article: str) -> str:
    """Return what an article is matched by: an ISBN of ten characters is the EAN of the same book."""
    return ean_of(article) or article


def follow(lines: Iterable[Line], told: Iterable[Told]) -> list[Standing]:
    """Say where lines stand that share account, reference and article, by all answers that share them too."""
    now = [Standing(line) for line in sorted(lines, key=lambda line: (line.order, line.ordered.line))]
    heard = sorted(told, key=lambda each: (each.at, each.name, each.file, _RANK[each.answer.says], each.answer.line))
    for file, answers in groupby(heard, key=lambda each: each.file):
        mine = _File([place for place, standing in enumerate(now) if standing.line.order < file])
        if mine.candidates:
            mine.read(now, list(answers))
    return now


@dataclass(slots=True)
class _File:
    """One file of answers; lines are places in the list of standings."""

    candidates: list[int]
    announced: dict[int, int] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)

    def read(self, now: list[Standing], answers: Sequence[Told]) -> None:
        for each in answers:
            meant = self._meant(now, each.answer)
            match each.answer.says:
                case Says.GOODS:
                    _share(now, meant, each)
                case Says.ANNOUNCED:
                    self._announce(now, meant, each)
                case _:
                    self._report(now, meant, each)

    def _meant(self, now: Sequence[Standing], said: Answer) -> list[int]:
        """Return the lines that an answer means: open ones first, oldest first."""
        mark = _mark(said.mark)
        marked = [place for place in self.candidates if _mark(now[place].line.ordered.mark) == mark]
        return sorted(marked or self.candidates, key=lambda place: now[place].closed)

    def _announce(self, now: list[Standing], meant: Sequence[int], told: Told) -> None:
        room = [now[place].line.ordered.quantity - self.announced.get(place, 0) for place in meant]
        for place, copies in zip(meant, _fill(told.answer.quantity, room), strict=True):
            if copies:
                here = self.announced[place] = self.announced.get(place, 0) + copies
                parts = (*now[place].announcements, Part(told, copies))
                now[place] = replace(now[place], announced=max(now[place].announced, here), announcements=parts)

    def _report(self, now: list[Standing], meant: Sequence[int], told: Told) -> None:
        """Give a report to the lines that are short; the next one of this file begins one line later."""
        short = [place for place in meant if now[place].lacking > self.announced.get(place, 0)] or list(meant)
        fresh = [place for place in short if place not in self.reported] or short[-1:]
        self.reported.add(fresh[0])
        for place in fresh:
            now[place] = replace(now[place], report=told)


def _share(now: list[Standing], meant: Sequence[int], told: Told) -> None:
    room = [now[place].lacking for place in meant]
    for place, copies in zip(meant, _fill(told.answer.quantity, room), strict=True):
        if copies:
            now[place] = replace(now[place], goods=(*now[place].goods, Part(told, copies)))


def _fill(quantity: int, room: Sequence[int]) -> list[int]:
    """Share a quantity out, each place up to its room; what is left over goes to the last."""
    shares = []
    for free in room:
        shares.append(min(quantity, max(free, 0)))
        quantity -= shares[-1]
    shares[-1] += quantity
    return shares


def _mark(mark: str | None) -> str:
    return (mark or "").casefold()
