"""Giving up a file whose bytes are gone: what nobody has taken of it may come again."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from syncd.model import Interchange, State
from syncd.state import lines, rows
from syncd.state.tables import delivery, goods


def give_up(connection: Connection, number: int, reason: str, at: datetime) -> Interchange:
    """Do it all in the caller's transaction: see `Inbound.lost`."""
    file = rows.load(connection, number, lock=True)
    if file.state is State.QUARANTINED:
        return file
    mine = delivery.c.interchange_id == number
    connection.execute(delete(delivery).where(mine, delivery.c.delivered_at.is_(None)))
    if connection.scalar(select(delivery.c.id).where(mine).limit(1)) is None:
        connection.execute(delete(goods).where(goods.c.interchange_id == number))
        lines.forget(connection, number, at)
    unproven: rows.Columns = {"proven": False, "hold": None, "reason": reason}
    return rows.move(connection, number, file.state, State.QUARANTINED, at, f"spool-lost: {reason}", unproven)
