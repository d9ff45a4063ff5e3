"""What may be forgotten: the bytes of files that nobody needs any more. Their rows stay and say so."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select, update

from syncd.model import Direction, Kept, State, Step
from syncd.state import rows
from syncd.state.engine import Database
from syncd.state.tables import base, interchange, snapshot

_SETTLED = (State.DONE, State.DISCARDED, State.ABANDONED, Step.CONFIRMED)
"""Nothing can come of these any more. SENT waits for its answer: its bytes go by their age alone."""


class Keeping:
    """The part of the journal that knows whose bytes may go."""

    _database: Database
    host: str

    def expendable(self) -> list[Kept]:
        """Return the files in this host's spool whose bytes nobody needs, oldest first.

        Needed are those of every file that waits for something or somebody, of the stock list in use, of the one that
        each sink took last, and the newest of all: an empty spool would mean that there never was anything.
        """
        with self._database.reading() as connection:
            found = connection.execute(_EXPENDABLE, {"host": self.host})
            return [Kept(row.id, row.spool, row.updated_at, row.state != Step.SENT) for row in found]

    def forget(self, files: Collection[Kept], why: str, at: datetime, *, remove: Callable[[str], None]) -> None:
        """Have the bytes of these files removed, but of those that have moved meanwhile; their histories say why.

        `remove` is given the name in the spool. It is called before the transaction ends: a crash in between leaves a
        row that names a file which is not there, and the next time it goes.
        """
        with self._database.writing() as connection:
            for each in files:
                file = rows.load(connection, each.number, lock=True)
                if file.spool == each.spool and file.updated_at == each.since:
                    remove(each.spool)
                    gone = update(interchange).where(interchange.c.id == file.id).values(spool=None)
                    connection.execute(gone)
                    rows.note(connection, file, at, f"its bytes are kept no longer: {why}")

    def bring_back(self, number: int, spool: str, at: datetime, note: str) -> None:
        """Remember that the bytes of a file are in the spool again."""
        with self._database.writing() as connection:
            file = rows.load(connection, number, lock=True)
            here = update(interchange).where(interchange.c.id == number)
            connection.execute(here.values(spool=spool, host=self.host))
            rows.note(connection, file, at, note)


def _made_good() -> ColumnElement[bool]:
    """What came of a broken transfer, once the whole file has come, or the same bytes of it again."""
    later = interchange.alias("later")
    same = [later.c[name] == interchange.c[name] for name in ("account", "channel", "direction", "name")]
    whole = later.c.state.in_((State.PARSED, State.DONE))
    again = (later.c.sha256 == interchange.c.sha256) & later.c.spool.is_not(None)
    came = exists().where(*same, later.c.id > interchange.c.id, whole | again)
    partial = (interchange.c.state == State.QUARANTINED) & (interchange.c.direction == Direction.IN)
    return partial & ~interchange.c.proven & came


def _expendable() -> Select[Any]:
    i = interchange.c
    over = i.state.in_((*_SETTLED, Step.SENT)) | _made_good()
    in_use, taken_last = select(snapshot.c.interchange_id), select(base.c.interchange_id)
    here = (i.host == bindparam("host"), i.spool.is_not(None))
    newest = select(func.max(i.id)).where(*here)
    needed = [i.id.not_in(each) for each in (in_use, taken_last, newest)]
    columns = [i[name] for name in ("id", "spool", "updated_at", "state")]
    return select(*columns).where(*here, over, *needed).order_by(i.id)


_EXPENDABLE = _expendable()
