"""Deliveries: which interchange goes to which sink, how often that was tried, and when to try again."""

from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from syncd.model import Delivery, State
from syncd.state import rows
from syncd.state.engine import Database
from syncd.state.tables import delivery

_COLUMNS = tuple(
    delivery.c[name] for name in ("id", "interchange_id", "sink", "key", "attempts", "next_attempt", "last_error")
)
_OPEN = delivery.c.delivered_at.is_(None)


class Deliveries:
    """The part of the journal that knows deliveries."""

    _database: Database

    def due(self, now: datetime) -> list[Delivery]:
        """Return the deliveries whose time has come, oldest interchange first."""
        return self._deliveries(delivery.c.next_attempt <= now)

    def pending(self) -> list[Delivery]:
        """Return every delivery that is not made yet, given up or not."""
        return self._deliveries()

    def delivered(self, number: int, at: datetime) -> None:
        """Remember that a sink has it; with the last one its interchange is DONE. May be said twice."""
        made = update(delivery).where(delivery.c.id == number, _OPEN).values(delivered_at=at, last_error=None)
        with self._database.writing() as connection:
            owner = connection.scalar(made.returning(delivery.c.interchange_id))
            if owner is None:
                return
            file = rows.load(connection, owner, lock=True)
            rest = select(delivery.c.id).where(delivery.c.interchange_id == owner, _OPEN).limit(1)
            if file.state is State.PARSED and connection.scalar(rest) is None:
                rows.move(connection, owner, State.PARSED, State.DONE, at, None, {})

    def delivery_failed(self, number: int, error: str, next_attempt: datetime | None, at: datetime) -> None:
        """Remember a failed attempt; without a next one a person has to ask for it."""
        values = {"attempts": delivery.c.attempts + 1, "last_error": error, "next_attempt": next_attempt}
        values["last_attempt"] = at
        with self._database.writing() as connection:
            failed = update(delivery).where(delivery.c.id == number, _OPEN).values(values)
            connection.execute(failed)

    def _deliveries(self, *where: ColumnElement[bool]) -> list[Delivery]:
        query = select(*_COLUMNS).where(_OPEN, *where).order_by(delivery.c.interchange_id, delivery.c.id)
        with self._database.reading() as connection:
            return [Delivery(*row) for row in connection.execute(query)]
