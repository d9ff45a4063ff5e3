"""The life of order lines: what waits to be told to sinks, and what people ask."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, or_, select, update

from syncd.formats import OrderLineEvent
from syncd.formats.codes import REPORT_CODES
from syncd.life import Answer, LineState, Standing
from syncd.model import Direction, Hold, Interchange, State, Step
from syncd.state import lines, rows
from syncd.state.engine import Database
from syncd.state.line_tables import UNTOLD, answer, order_line
from syncd.state.tables import interchange

MOST = 10_000
"""Events of one batch."""

PUT_AWAY = (State.QUARANTINED, State.DISCARDED, State.ABANDONED)
"""Orders that were not taken: nobody waits for their lines."""

DOUBTFUL = (Step.PUBLISHING, Step.UNCONFIRMED)

_UNTOLD = (order_line.c.account == bindparam("owner"), UNTOLD)
_ANY_UNTOLD = select(exists().where(*_UNTOLD))
_ANY_LATE = select(lines.LATE.exists())
_TOLD = update(order_line).where(*_UNTOLD).values(told=order_line.c.changes, told_state=order_line.c.state)


@dataclass(frozen=True, slots=True)
class KnownLine:
    """One order line as the state has it."""

    order: int
    order_file: str
    account: str
    in_doubt: bool
    """Whether the order was sent is not known."""
    sent_at: datetime | None
    """None: it does not count as sent."""
    line: int
    customer: str
    reference: str
    article: str
    mark: str | None
    quantity: int
    state: LineState
    open: bool
    """Copies may still come."""
    delivered: int
    announced: int
    code: int | None
    back_ordered: bool | None
    expected: date | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class LineStory:
    """One order line with all that was said of it."""

    known: KnownLine
    standing: Standing | None
    """None: its order does not count as sent."""


class Lines:
    """The part of the journal that knows order lines."""

    _database: Database
    host: str

    def mark_unanswered(self, account: str, before: datetime, at: datetime) -> int:
        """Mark the lines that were sent before then and of which nothing was heard; return how many."""
        with self._database.writing() as connection:
            return lines.unanswered(connection, account, before, at)

    def anything_unanswered(self, account: str, before: datetime) -> bool:
        """Tell whether `mark_unanswered` would mark anything."""
        with self._database.reading() as connection:
            return connection.scalar(_ANY_LATE, {"owner": account, "before": before}) is True

    def untold(self, account: str) -> bool:
        """Tell whether lines have changed since sinks were told of them."""
        with self._database.reading() as connection:
            return connection.scalar(_ANY_UNTOLD, {"owner": account}) is True

    def hush(self, account: str) -> None:
        """Let go of what nobody asked to be told."""
        with self._database.writing() as connection:
            connection.execute(_TOLD, {"owner": account})

    def tell(
        self,
        account: str,
        channel: str,
        name: str,
        at: datetime,
        *,
        write: Callable[[Sequence[OrderLineEvent]], bytes],
        spool: Callable[[int, bytes], str],
    ) -> Interchange | None:
        """Put the changes of which no sink was told, or the first of them, into a file that is SPOOLED and proven.

        None: another host was quicker.

        `write` makes the file of the events; `spool` is given the new number and the bytes, writes them durably and
        returns their name in the spool. Afterwards the file is there and its lines are told, or neither is.
        """
        with self._database.writing() as connection:
            found = connection.execute(_untold(account)).all()
            if not found:
                return None
            data = write([_event(row, number) for number, row in enumerate(found, 1)])
            made = rows.create(
                connection, at, account=account, channel=channel, direction=Direction.IN, name=name,
                state=State.SPOOLED, size=len(data), sha256=hashlib.sha256(data).hexdigest(), proven=True,
                host=self.host,
            )  # fmt: skip
            connection.execute(_TOLD.where(order_line.c.id <= found[-1].id), {"owner": account})
            return rows.change(connection, made.id, {"spool": spool(made.id, data)})

    def order_lines(self, *which: str, account: str | None = None) -> list[KnownLine]:
        """Return order lines, the newest order first: all of them, or those that are open, short or unanswered."""
        where = [WHICH[name] for name in which]
        if account is not None:
            where.append(order_line.c.account == account)
        with self._database.reading() as connection:
            return [_known(row) for row in connection.execute(_known_lines(*where))]

    def line_stories(self, number: int) -> list[LineStory]:
        """Return the lines that an order holds, or that an answer speaks of, with all that was said of them."""
        with self._database.reading() as connection:
            of_order = lines.standings(connection, lines.OF_ORDER, number)
            found = {row.id: standing for row, standing in of_order if row.interchange_id == number}
            of_file = lines.standings(connection, lines.OF_FILE, number)
            found |= {row.id: standing for row, standing in of_file if number in standing.files}
            mine = or_(order_line.c.interchange_id == number, order_line.c.id.in_(found))
            known = connection.execute(_known_lines(mine)).all()
        return [LineStory(_known(row), found.get(row.id)) for row in known]

    def strangers(self, number: int) -> list[Answer]:
        """Return what a file says of lines that were not ordered through syncd."""
        ours = exists().where(
            *(order_line.c[name] == answer.c[name] for name in lines.KEY),
            order_line.c.reference != "",
            order_line.c.state != LineState.WAITING,
            order_line.c.interchange_id < answer.c.interchange_id,
        )
        columns = [answer.c[name] for name in lines.ANSWER]
        query = select(*columns).where(answer.c.interchange_id == number, ~ours).order_by(answer.c.line)
        with self._database.reading() as connection:
            return [lines.to_answer(row) for row in connection.execute(query)]


# -- what people ask --------------------------------------------------------------------------------------------

_SAID = order_line.c.code.is_not(None) | (order_line.c.delivered > 0)

WHICH: dict[str, ColumnElement[bool]] = {
    "open": order_line.c.open,
    "short": (order_line.c.delivered < order_line.c.quantity) & _SAID,
    "unanswered": order_line.c.state == LineState.UNANSWERED,
}
"""Open: copies may still come. Short: the supplier has said that it does not deliver all, or not now."""


def _known_lines(*where: ColumnElement[bool]) -> Select[Any]:
    columns = [interchange.c[name] for name in ("name", "hold")]
    query = select(order_line, *columns, interchange.c.state.label("step"), lines.sent_at.label("sent_at"))
    query = query.join(interchange, interchange.c.id == order_line.c.interchange_id)
    query = query.where(*where, interchange.c.state.not_in(PUT_AWAY))
    return query.order_by(order_line.c.interchange_id.desc(), order_line.c.line)


def _known(row: Row[Any]) -> KnownLine:
    counts = row.state != LineState.WAITING
    return KnownLine(
        order=row.interchange_id,
        order_file=row.name,
        account=row.account,
        in_doubt=not counts and (row.step in DOUBTFUL or row.hold == Hold.DOUBT),
        sent_at=row.sent_at if counts else None,
        line=row.line,
        customer=row.customer,
        reference=row.reference,
        article=row.article,
        mark=row.mark,
        quantity=row.quantity,
        state=LineState(row.state),
        open=row.open,
        delivered=row.delivered,
        announced=row.announced,
        code=row.code,
        back_ordered=row.back_ordered,
        expected=row.expected,
        changed_at=row.changed_at,
    )


# -- what sinks are told ----------------------------------------------------------------------------------------


def _untold(account: str) -> Select[Any]:
    order, cause = interchange.alias("ordering"), interchange.alias("cause")
    query = select(order_line, order.c.name.label("order_file"), cause.c.name.label("source"))
    query = query.join(order, order.c.id == order_line.c.interchange_id)
    query = query.join(cause, cause.c.id == order_line.c.changed_by)
    return (
        query.where(order_line.c.account == account, UNTOLD)
        .order_by(order_line.c.id)
        .limit(MOST)
        .with_for_update(of=order_line)
    )


def _event(row: Row[Any], number: int) -> OrderLineEvent:
    known = REPORT_CODES.get(row.code)
    return OrderLineEvent(
        line=number,
        order_number=row.interchange_id,
        order_file=row.order_file,
        order_line=row.line,
        change=row.changes,
        at=row.changed_at,
        customer=row.customer,
        reference=row.reference or None,
        article=row.article,
        qualifier=row.qualifier,
        mark=row.mark,
        quantity=row.quantity,
        before=row.told_state,
        after=row.state,
        delivered=row.delivered,
        announced=row.announced,
        code=row.code,
        meaning=known.text if known else None,
        back_ordered=row.back_ordered,
        expected=row.expected,
        source=row.source,
    )
