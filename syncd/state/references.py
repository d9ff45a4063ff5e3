"""Order references (1041): which interchange carries which, and which orders an answer confirms."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from syncd.model import Direction, Hold, Interchange, State, Step
from syncd.state import rows
from syncd.state.tables import interchange, reference

CHUNK = 500
"""Values in one IN list: far below every database's limit, and large enough to make round trips rare."""

_NONE, _REFER = delete(reference).where(reference.c.interchange_id == bindparam("number")), insert(reference)
_CARRIERS = (
    select(*rows.COLUMNS, reference.c.reference)
    .join_from(interchange, reference)
    .where(interchange.c.account == bindparam("account"), interchange.c.direction == Direction.OUT)
    .where(reference.c.reference.in_(bindparam("references", expanding=True)))
    .order_by(interchange.c.id)
)


def refer(connection: Connection, number: int, references: Iterable[str]) -> None:
    """Remember the references that an interchange carries, in place of older ones."""
    lines = [{"interchange_id": number, "reference": value} for value in dict.fromkeys(references) if value]
    connection.execute(_NONE, {"number": number})
    if lines:
        connection.execute(_REFER, lines)


def confirm(
    connection: Connection, answer: Interchange, references: Collection[str], channels: Collection[str], at: datetime
) -> tuple[Interchange, ...]:
    """Confirm the account's orders in these channels that an answer with these references speaks of.

    An order in doubt is confirmed only by a reference that no other order of the account carries, or ever carried; so
    is one that a person has settled as not taken: the supplier's answer is the better evidence.
    """
    orders, carriers = _carriers(connection, answer.account, list(references))
    alone = {min(numbers) for numbers in carriers.values() if len(numbers) == 1}
    spoken_of = [order for order in orders.values() if order.channel in channels]
    sure = [order for order in spoken_of if _waits(order, certain=order.id in alone)]
    note = f"answered by {answer.name} (interchange {answer.id})"
    done: rows.Columns = {"hold": None, "reason": None}
    return tuple(rows.move(connection, o.id, o.state, Step.CONFIRMED, at, note, done) for o in sure)


def _waits(order: Interchange, *, certain: bool) -> bool:
    """Tell whether an answer to this order ends its waiting; `certain` means that it can be to no other order."""
    if order.state in (Step.HELD, State.QUARANTINED):
        return certain
    return order.state in (Step.SENT, Step.UNCONFIRMED)


def _never_sent(order: Interchange) -> bool:
    put_away = order.state in (State.QUARANTINED, State.DISCARDED) and order.attempt == 0
    return put_away or order.state is State.ABANDONED or order.hold is Hold.GUARD


def _carriers(
    connection: Connection, account: str, references: list[str]
) -> tuple[dict[int, Interchange], dict[str, set[int]]]:
    """Return the orders that may have been sent with these references, and who carries each."""
    orders: dict[int, Interchange] = {}
    carriers: dict[str, set[int]] = defaultdict(set)
    for start in range(0, len(references), CHUNK):
        chunk = references[start : start + CHUNK]
        for row in connection.execute(_CARRIERS, {"account": account, "references": chunk}):
            order = rows.to_interchange(row)
            if not _never_sent(order):
                orders[order.id] = order
                carriers[row.reference].add(order.id)
    return orders, carriers
