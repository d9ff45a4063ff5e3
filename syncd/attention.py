"""What an interchange wants from a person, and which command does it: never one that would refuse.

Read off the interchange's own state, so it can neither be missed nor linger.
"""

from syncd.jobs.words import doubtful_twin, is_gone, sent_as, way
from syncd.model import Direction, Hold, Interchange, State, Step
from syncd.state import Store


def attention(store: Store, row: Interchange) -> tuple[str, str, str]:
    """Return a problem's code, what it is, and what to do about it."""
    code, sentence, remedy = _WANTS[row.direction, row.state, row.hold, _sure(row)]
    if row.direction is Direction.OUT and row.hold is not Hold.DOUBT and row.state is not Step.UNCONFIRMED:
        remedy = _possible(store, row, remedy)
    reason = row.reason or "the reply to its upload was lost"
    return code, f"{row.name} {sentence}: {reason}", remedy.format(id=row.id, account=row.account)


def _possible(store: Store, row: Interchange, remedy: str) -> str:
    """Return what can be done about an order that was not sent; `remedy` where nothing stands against it."""
    if is_gone(store, row):
        return _DROP_AGAIN
    if row.hold is Hold.GUARD:
        twin = doubtful_twin(store, row)
        return f"First settle no. {twin.id}, which has the same bytes. {way(twin)}. Then: {remedy}" if twin else remedy
    if row.attempt > 0 and sent_as(store, row):
        return 'The same bytes came again since; put this away: syncd quarantine discard {id} --reason "came again"'
    return remedy


_DROP_AGAIN = "To order it, drop it again. In any case put this one away: syncd quarantine discard {id} --reason WHY"


def _sure(row: Interchange) -> bool | None:
    """Tell what the state of a row in quarantine does not: whether a file is whole, whether an order never left us."""
    if row.state is not State.QUARANTINED:
        return None
    return row.proven if row.direction is Direction.IN else row.attempt == 0


_IN_DOUBT = (
    "order-in-doubt",
    "may have been ordered or not",
    "Ask the supplier whether it has this order, then: syncd settle {id} --taken --reason WHY (or --not-taken). "
    "It is never sent again by itself.",
)
_WANTS = {
    (Direction.OUT, Step.UNCONFIRMED, None, None): _IN_DOUBT,
    (Direction.OUT, Step.HELD, Hold.DOUBT, None): _IN_DOUBT,
    (Direction.OUT, Step.HELD, Hold.GUARD, None): (
        "order-held",
        "is held and was not sent",
        "If it is meant: syncd approve {id}. If not: syncd quarantine discard {id} --reason WHY",
    ),
    (Direction.OUT, State.QUARANTINED, None, True): (
        "order-rejected",
        "was refused and not sent",
        "Correct it and drop it again; then put this one away: syncd quarantine discard {id} --reason WHY",
    ),
    (Direction.OUT, State.QUARANTINED, None, False): (
        "order-withdrawn",
        "was not taken, and is not ordered",
        "To order it: syncd resend {id} --reason WHY. If not: syncd quarantine discard {id} --reason WHY",
    ),
    (Direction.IN, State.PARSED, Hold.GUARD, None): (
        "stock-held",
        "is whole, and waits: the list of before stays in use",
        "If it is right: syncd approve {id}. If not: syncd quarantine discard {id} --reason WHY. "
        "A newer list ends the wait.",
    ),
    (Direction.IN, State.QUARANTINED, None, True): (
        "quarantine",
        "is in quarantine, nothing of it was handed on",
        "`syncd explain {id}` tells what is wrong; ask the supplier for a good file. To have it judged again: "
        "syncd quarantine release {id} --reason WHY. To put it away: syncd quarantine discard {id} --reason WHY",
    ),
    (Direction.IN, State.QUARANTINED, None, False): (
        "file-partial",
        "did not come whole",
        "What came is kept. It is fetched again while it is still there; if it is gone, ask the supplier for it, then: "
        "syncd ingest FILE --account {account} --deliver. To put it away: syncd quarantine discard {id} --reason WHY",
    ),
}
"""Direction, state, hold and what `_sure` says: the problem's code, what it is, and what to do."""
