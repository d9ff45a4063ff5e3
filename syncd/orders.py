"""Where is my book: order lines as values for programs, and in words for someone who sells books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from syncd.formats.codes import REPORT_CODES
from syncd.life import CANCELLED, Answer, LineState, Part, Says
from syncd.state import Store
from syncd.state.journal_lines import KnownLine, LineStory
from syncd.wording import counted

IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True)
class LineStatus:
    """One line of an order at a glance."""

    order: int
    """The order's number, as `syncd explain` takes it."""
    file: str
    account: str
    line: int
    """Of the position in its file, from 1."""
    reference: str
    article: str
    mark: str | None
    quantity: int
    sent: datetime | None
    """None: it does not count as sent."""
    state: str
    open: bool
    """Copies may still come."""
    delivered: int
    announced: int
    """Copies that an order response announced; they are no goods."""
    code: int | None
    text: str | None
    """Of the code; None where the list does not know it."""
    back_ordered: bool | None
    expected: date | None
    changed: datetime


@dataclass(frozen=True, slots=True)
class LineTold:
    """One line of an order, and its story in words."""

    status: LineStatus
    words: str


def order_lines(store: Store, which: Sequence[str], account: str | None) -> list[LineStatus]:
    """Return order lines, the newest order first; `which` names what they must be: open, short, unanswered."""
    return [line_status(line) for line in store.journal.order_lines(*which, account=account)]


def line_told(story: LineStory) -> LineTold:
    """Describe one order line, and tell its story."""
    return LineTold(line_status(story.known), sentence(story))


def line_status(line: KnownLine) -> LineStatus:
    """Describe one order line."""
    return LineStatus(
        order=line.order,
        file=line.order_file,
        account=line.account,
        line=line.line,
        reference=line.reference,
        article=line.article,
        mark=line.mark,
        quantity=line.quantity,
        sent=line.sent_at,
        state=IN_DOUBT if line.in_doubt else str(line.state),
        open=line.open,
        delivered=line.delivered,
        announced=line.announced,
        code=line.code,
        text=meaning_of(line.code),
        back_ordered=line.back_ordered,
        expected=line.expected,
        changed=line.changed_at,
    )


def meaning_of(code: int | None) -> str | None:
    """Return the text of a report code."""
    known = REPORT_CODES.get(-1 if code is None else code)
    return known.text if known else None


# -- in words ---------------------------------------------------------------------------------------------------


def sentence(story: LineStory) -> str:
    """Tell the story of a line: “8 of 10 copies of 978… came on 24 Nov 2026 with delivery note …; 2 are …”."""
    line = story.known
    told = [_came(story), *_rest(line)] if line.delivered else [_nothing_came(line), *_rest(line)]
    return f"{'; '.join(told)}.{_report(line)}"


def stranger(said: Answer, *, forgotten: bool) -> str:
    """Tell what a file says of a line that was not ordered through syncd, or that may be `forgotten`."""
    what = {
        Says.GOODS: f"{counted(said.quantity, 'copy')} of {said.article} came with delivery note {said.note}",
        Says.ANNOUNCED: f"{counted(said.quantity, 'copy')} of {said.article} announced",
        Says.REPORT: f"{said.article}: {_code(said.code)}",
    }
    where = f"reference {said.reference}" if said.reference else "no reference"
    marked = f", mark {said.mark}" if said.mark else ""
    unless = ", unless before an older copy of its state was put back" if forgotten else ""
    return f"not ordered through syncd{unless} ({where}{marked}): {what[said.says]}"


def day(when: date) -> str:
    """Write a day as people say it: 3 Dec 2026."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _came(story: LineStory) -> str:
    line = story.known
    parts = story.standing.goods if story.standing else ()
    many = len(parts) > 1
    came = ", ".join(f"{f'{part.quantity} ' if many else ''}{_parcel(part)}" for part in parts)
    if line.delivered > line.quantity:
        ordered = counted(line.quantity, "was", "were")
        return f"{counted(line.delivered, 'copy')} of {_title(line)} came, {ordered} ordered: {came}"
    copies = f"{line.delivered} of {counted(line.quantity, 'copy')}" if line.quantity > 1 else "1 copy"
    return f"{copies} of {_title(line)} came {came}"


def _parcel(part: Part) -> str:
    said = part.told.answer
    when = f"on {day(said.day)} " if said.day else ""
    return f"{when}with delivery note {said.note}, position {said.position}"


def _nothing_came(line: KnownLine) -> str:
    if line.state is LineState.WAITING:
        why = "it is not certain that this was ordered" if line.in_doubt else "not sent yet"
    elif line.state is LineState.UNANSWERED and line.sent_at:
        why = f"nothing was heard since it was ordered on {day(line.sent_at.date())}"
    else:
        why = "none came" if line.state in HEARD else "ordered, no answer yet"
    return f"{counted(line.quantity, 'copy')} of {_title(line)}: {why}"


HEARD = (LineState.REPORTED, LineState.PARTLY, LineState.CANCELLED)


def _rest(line: KnownLine) -> list[str]:
    """Tell what becomes of the copies that did not come."""
    lacking = line.quantity - line.delivered
    if lacking <= 0 or line.state not in HEARD:
        return []
    announced = min(max(line.announced - line.delivered, 0), lacking)
    told = [f"{_are(announced)} announced"] if announced else []
    return [*told, _what_of(line, lacking - announced)] if lacking > announced else told


def _what_of(line: KnownLine, rest: int) -> str:
    due = f", expected {day(line.expected)}" if line.expected else ""
    if line.back_ordered:
        return f"{_are(rest)} back-ordered{due}"
    if line.code == CANCELLED:
        return f"{_are(rest)} cancelled"
    if line.back_ordered is False:
        return f"{rest} will not come: not back-ordered"
    return f"{_are(rest)} open{due}"


def _report(line: KnownLine) -> str:
    """Quote the supplier's own words, as long as something lacks."""
    return f" The supplier says: {_code(line.code)}." if line.code is not None and line.state in HEARD else ""


def _code(code: int | None) -> str:
    return f"{code:02d} {meaning_of(code) or '(not in the list of codes)'}" if code is not None else ""


def _title(line: KnownLine) -> str:
    return f"{line.article} ({line.mark})" if line.mark else line.article


def _are(quantity: int) -> str:
    return counted(quantity, "is", "are")
