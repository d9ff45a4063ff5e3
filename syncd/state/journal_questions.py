"""Questions of people: where is my order, what happened lately, what still waits for an answer."""

import re
from collections import defaultdict

from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select

from syncd.life import LineState
from syncd.model import Direction, Hold, Interchange, OrderedLine, State, Step
from syncd.state import rows
from syncd.state.engine import Database
from syncd.state.line_tables import order_line
from syncd.state.tables import interchange, reference

MOST = 100
"""Answers to one question."""

_IN_DOUBT = (interchange.c.state == Step.HELD) & (interchange.c.hold == Hold.DOUBT)
_SENT = interchange.c.state.in_((Step.SENT, Step.UNCONFIRMED))
_AWAITING = select(*rows.COLUMNS).where(interchange.c.direction == Direction.OUT, _SENT | _IN_DOUBT)
_AWAITING_ANSWER = _AWAITING.order_by(interchange.c.id)
_NAMED = select(reference.c.reference).where(reference.c.interchange_id == bindparam("number"))
_LINES_NAMED = (
    select(interchange.c.name, *(order_line.c[name] for name in ("reference", "article", "mark", "quantity")))
    .join(interchange, interchange.c.id == order_line.c.interchange_id)
    .where(order_line.c.account == bindparam("account"), order_line.c.state != LineState.WAITING)
    .where(order_line.c.reference.in_(_NAMED))
    .order_by(order_line.c.interchange_id.desc(), order_line.c.line)
)
_NUMBER = re.compile(r"[0-9]{1,18}")
_SHA256 = re.compile(r"[0-9a-f]{8,64}")


class Questions:
    """The part of the journal that answers people."""

    _database: Database

    def find(self, text: str, account: str | None = None) -> list[Interchange]:
        """Return the interchanges of this name, reference (1041), number or start of a SHA-256, newest first."""
        if not _can_be_asked(text):
            return []
        carriers = select(reference.c.interchange_id).where(reference.c.reference == text)
        meant = [interchange.c.name == text, interchange.c.id.in_(carriers)]
        if _NUMBER.fullmatch(text):
            meant.append(interchange.c.id == int(text))
        if _SHA256.fullmatch(text.lower()):
            meant.append(interchange.c.sha256.between(text.lower(), text.lower() + "g"))
        mine = [interchange.c.account == account] if account else []
        return self._newest(or_(*meant), *mine, limit=MOST)

    def counts(self) -> dict[str, dict[State | Step, int]]:
        """Count interchanges by account and state."""
        columns = (interchange.c.account, interchange.c.state)
        found: dict[str, dict[State | Step, int]] = defaultdict(dict)
        with self._database.reading() as connection:
            for owner, state, count in connection.execute(select(*columns, func.count()).group_by(*columns)):
                found[owner][rows.state_of(state)] = count
        return dict(found)

    def recent(self, limit: int = 20, account: str | None = None) -> list[Interchange]:
        """Return the newest interchanges, newest first."""
        return self._newest(*([interchange.c.account == account] if account else []), limit=limit)

    def quarantined(self) -> list[Interchange]:
        """Return what lies in quarantine, oldest first."""
        query = select(*rows.COLUMNS).where(interchange.c.state == State.QUARANTINED).order_by(interchange.c.id)
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(query)]

    def awaiting_answer(self) -> list[Interchange]:
        """Return the orders that were sent, or may have been, and are not answered yet; oldest first."""
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(_AWAITING_ANSWER)]

    def attention(self) -> list[Interchange]:
        """Return what wants a person, oldest first: held, in doubt, or in quarantine with no good one after it."""
        later = interchange.alias("later")
        same = [later.c[name] == interchange.c[name] for name in ("account", "channel", "direction", "name")]
        good = later.c.state.in_((State.PARSED, State.DONE))
        made_good = exists().where(*same, later.c.id > interchange.c.id, good)
        broken = (interchange.c.state == State.QUARANTINED) & ~(~interchange.c.proven & made_good)
        waits = (interchange.c.state == State.PARSED) & (interchange.c.hold == Hold.GUARD)
        held = interchange.c.state.in_((Step.HELD, Step.UNCONFIRMED))
        query = select(*rows.COLUMNS).where(or_(held, waits, broken))
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(query.order_by(interchange.c.id))]

    def lines_named_by(self, answer: Interchange) -> list[OrderedLine]:
        """Return the lines of the account's orders that carry a reference (1041) of an answer, the latest order first.

        Lines of orders that do not count as sent are left out.
        """
        with self._database.reading() as connection:
            found = connection.execute(_LINES_NAMED, {"account": answer.account, "number": answer.id})
            return [OrderedLine(*row) for row in found]

    def _newest(self, *where: ColumnElement[bool], limit: int) -> list[Interchange]:
        query = select(*rows.COLUMNS).where(*where).order_by(interchange.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(query)]


def _can_be_asked(text: str) -> bool:
    """Tell whether a database knows such text at all; what is typed may be bytes that are no characters."""
    return "\0" not in text and text.encode("utf-8", "ignore").decode() == text
