"""The story of a file: where it stands, its lines, history and findings, who has it, and what people said of it."""

from dataclasses import dataclass, field
from datetime import datetime

from syncd.deliveries import told
from syncd.errors import UsageError
from syncd.model import Direction, Finding, Hold, Interchange, State, Step, Verdict
from syncd.orders import LineTold, line_told, stranger
from syncd.state import Store
from syncd.state.journal_problems import RESTORED
from syncd.status import FileStatus, Said, file_status, said


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one interchange."""

    file: FileStatus
    references: tuple[str, ...]
    history: list[tuple[datetime, str, str]]
    """When, where it stood then, and why."""
    findings: list[str]
    deliveries: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    lines: list[LineTold] = field(default_factory=list)
    """Of an order: its lines; of an answer: the lines of which it speaks."""
    strangers: list[str] = field(default_factory=list)
    """What an answer says of lines that were not ordered through syncd."""


def stories(store: Store, text: str) -> list[Story]:
    """Tell all that is known of the interchanges with this name, reference, number or content.

    Asked by a reference (1041), a file tells of the lines that have it, and of no others.
    """
    return [_story(store, row, text) for row in store.journal.find(text)]


def _story(store: Store, row: Interchange, asked: str) -> Story:
    journal, verdict = store.journal, _verdict(store, row)
    lines, strangers = journal.line_stories(row.id), journal.strangers(row.id)
    references = tuple(verdict.references) if verdict else ()
    if asked not in (row.name, str(row.id)) and asked in (*references, *(line.known.reference for line in lines)):
        references = (asked,)
        lines = [line for line in lines if line.known.reference == asked]
        strangers = [answer for answer in strangers if answer.reference == asked]
    return Story(
        file=file_status(row),
        references=references,
        history=[(event.at, str(event.after), event.note or "") for event in journal.history(row.id)],
        findings=[_finding(row, each) for each in verdict.findings] if verdict else [],
        deliveries=told(store, row.id),
        said=[said(word) for word in journal.audits(number=row.id)],
        lines=[line_told(line) for line in lines],
        strangers=[stranger(answer, forgotten=_forgetful(store, row.account)) for answer in strangers],
    )


def _forgetful(store: Store, account: str) -> bool:
    """Tell whether orders of an account are forgotten: an older copy was put back, or a doubt has no bytes left."""
    doubts = any(row.account == account and row.spool is None for row in store.journal.awaiting_answer())
    return doubts or any(each.account == account and each.code == RESTORED for each in store.journal.problems())


def _verdict(store: Store, row: Interchange) -> Verdict | None:
    try:
        return store.journal.verdict(row.id)
    except UsageError:
        return None


def _finding(row: Interchange, finding: Finding) -> str:
    place = f"{row.name}:{finding.line}" if finding.line else row.name
    return f"{finding.severity}: {place}: {finding.code}: {finding.message}"


def meaning(row: FileStatus) -> str:
    """Say in a sentence where an interchange stands."""
    if row.state == Step.CONFIRMED and row.reason:
        return "Somebody asked the supplier and has settled it: it was ordered, once."
    return MEANINGS.get((Direction(row.direction), row.state), "")


MEANINGS = {
    (Direction.OUT, str(Step.QUEUED)): "It waits for the next visit; nothing of it was sent.",
    (Direction.OUT, str(Step.STORING)): "Its upload was begun under a name that does not count; it was not ordered.",
    (Direction.OUT, str(Step.STORED)): "It was uploaded and verified, and is not published yet; it was not ordered.",
    (
        Direction.OUT,
        str(Step.PUBLISHING),
    ): "Its publication was begun; the next visit finds out whether it was ordered.",
    (Direction.OUT, str(Step.SENT)): "The supplier has it; its answer has not come yet.",
    (Direction.OUT, str(Step.UNCONFIRMED)): "Its upload was cut; it may have been ordered. It is not sent again.",
    (Direction.OUT, str(Step.CONFIRMED)): "The supplier answered it: it was ordered, once.",
    (Direction.OUT, f"{Step.HELD} ({Hold.DOUBT})"): "It may have been ordered or not; ask the supplier.",
    (Direction.OUT, f"{Step.HELD} ({Hold.GUARD})"): "It was not sent, and waits for a person's word.",
    (Direction.OUT, str(State.QUARANTINED)): "It was refused or withdrawn, and is not ordered.",
    (Direction.OUT, str(State.DISCARDED)): "It was not ordered under this number; somebody has put it away.",
    (Direction.OUT, str(State.ABANDONED)): "It was not ordered.",
    (Direction.IN, str(State.ANNOUNCED)): "It is being fetched.",
    (Direction.IN, str(State.SPOOLED)): "We have its bytes; they are not judged yet.",
    (Direction.IN, str(State.PARSED)): "It is whole and accepted; not every sink has it yet.",
    (Direction.IN, str(State.DONE)): "It is whole and accepted, and no sink waits for it.",
    (Direction.IN, str(State.QUARANTINED)): "It is kept, and nothing of it was handed on.",
    (Direction.IN, str(State.ABANDONED)): "It was listed, and gone before we had a byte of it.",
    (Direction.IN, f"{State.PARSED} ({Hold.GUARD})"): "It is whole, and handed to nobody until a person approves it.",
    (Direction.IN, str(State.DISCARDED)): "It is kept, nothing of it was handed on, and somebody has put it away.",
}
"""Direction and state, in words for someone who sells books."""
