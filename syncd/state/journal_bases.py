"""Bases: for each sink the list it has taken last, of those that are a state, as changes are told against it."""

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from syncd.model import Base, Interchange
from syncd.state.engine import Database
from syncd.state.tables import base

UNCERTAIN = 0
"""In place of an interchange: the sink may hold parts of anything. No interchange has this number."""


class Bases:
    """The part of the journal that knows which list each sink has."""

    _database: Database

    def base(self, sink: str, file: Interchange) -> Base | None:
        """Return the list of this file's account, channel and kind that a sink has taken last; None for none."""
        query = select(base.c.interchange_id, base.c.stamp, base.c.key, base.c.trying).where(*_which(sink, file))
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Base(*row)

    def try_changes(self, sink: str, file: Interchange, *, whole: bool) -> None:
        """Write down that a file is about to be handed to a sink that has a base: the sink may hold a part of it."""
        trying = UNCERTAIN if whole else file.id
        with self._database.writing() as connection:
            connection.execute(update(base).where(*_which(sink, file)).values(trying=trying))


def take(connection: Connection, database: Database, sink: str, file: Interchange, stamp: str, key: str) -> None:
    """Remember, in the caller's transaction, that a sink has taken a list; one that is older changes nothing."""
    which = {"sink": sink, "account": file.account, "channel": file.channel, "kind": file.kind}
    this = {"interchange_id": file.id, "stamp": stamp, "key": key, "trying": None}
    older = or_(base.c.stamp < stamp, and_(base.c.stamp == stamp, base.c.interchange_id <= file.id))
    taken = database.insert(base).values(which | this)
    connection.execute(taken.on_conflict_do_update(index_elements=list(which), set_=this, where=older))


def _which(sink: str, file: Interchange) -> list[ColumnElement[bool]]:
    kind = file.kind
    return [base.c.sink == sink, base.c.account == file.account, base.c.channel == file.channel, base.c.kind == kind]
