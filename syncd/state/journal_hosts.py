"""Hosts: each has a state directory with a spool of its own; several may share one PostgreSQL database.

A row belongs to the host that has its bytes. Only that host recovers, judges, sends and delivers it; what is the
account's (login gate, schedule, pause, the order of stock lists, goods that were booked) is shared by all. With SQLite
the database lies beside the spool: there is one host, its name is empty, and nothing of this is written down.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from syncd.errors import UsageError
from syncd.model import Host, State, Word
from syncd.state import trail
from syncd.state.engine import Database
from syncd.state.journal_outbound import OPEN
from syncd.state.journal_problems import OF_ONE_HOST
from syncd.state.tables import host, interchange, problem
from syncd.wording import counted

SILENT = timedelta(minutes=5)
"""A host that gave no sign of life for so long may be gone; one that runs gives two a minute."""

WAITING = (*OPEN, State.ANNOUNCED, State.SPOOLED, State.PARSED)
"""Where a file is on its way, and goes on without a person's word."""


class Hosts:
    """The part of the journal that knows hosts."""

    _database: Database
    host: str

    def arrive(self, at: datetime) -> None:
        """Give a sign of life. The first host of a database owns what was there before hosts had names."""
        if not self.host:
            return
        seen = self._database.insert(host).values(name=self.host, seen_at=at)
        with self._database.writing() as connection:
            if connection.scalar(select(host.c.name).limit(1)) is None:
                connection.execute(update(interchange).where(interchange.c.host == "").values(host=self.host))
                connection.execute(update(problem).where(problem.c.host == "", OF_ONE_HOST).values(host=self.host))
            connection.execute(seen.on_conflict_do_update(index_elements=["name"], set_={"seen_at": at}))

    def hosts(self) -> list[Host]:
        """Return every host that was ever here, by name, with what waits in its spool."""
        waiting = select(interchange.c.host, func.count().label("files")).where(
            interchange.c.state.in_(WAITING), interchange.c.hold.is_(None)
        )
        with self._database.reading() as connection:
            count = {row.host: row.files for row in connection.execute(waiting.group_by(interchange.c.host))}
            known = connection.execute(select(host.c.name, host.c.seen_at).order_by(host.c.name))
            return [Host(name, seen_at, count.get(name, 0)) for name, seen_at in known]

    def take(self, name: str, word: Word, at: datetime) -> int:
        """Make a host's files ours, once it is gone for good; return how many. Raises UsageError.

        What of their bytes is not in our spool is found missing by and by, and dealt with as any loss.
        """
        with self._database.writing() as connection:
            gone = select(host.c.seen_at).where(host.c.name == name)
            seen_at = connection.scalar(gone.with_for_update())
            if seen_at is None or name == self.host:
                raise UsageError(f"“{name}” is no other host", remedy="`syncd host list` names them.")
            if at - seen_at < SILENT:
                message = f"the host {name} is there: it gave a sign of life at {seen_at:%Y-%m-%d %H:%M:%S} UTC"
                raise UsageError(message, remedy=f"Stop it for good, wait {SILENT.seconds // 60} minutes, and repeat.")
            theirs = update(interchange).where(interchange.c.host == name)
            count = connection.execute(theirs.values(host=self.host)).rowcount
            connection.execute(delete(host).where(host.c.name == name))
            unsolved = update(problem).where(problem.c.host == name, problem.c.closed_at.is_(None))
            connection.execute(unsolved.values(closed_at=at))
            files = counted(count, f"file of the host {name} belongs", f"files of the host {name} belong")
            trail.record(connection, word, at, "", f"{files} to {self.host} now")
        return count
