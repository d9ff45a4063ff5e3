"""Problems: what only a person can mend, opened once however often it is seen, and closed when it is over."""

from datetime import datetime

from sqlalchemy import bindparam, or_, select, update

from syncd.model import Problem
from syncd.state.engine import Database
from syncd.state.tables import problem

_OPEN = problem.c.closed_at.is_(None)
_NAMES = ("id", "account", "code", "message", "remedy", "opened_at", "last_seen_at", "count", "host")
_UNSOLVED = select(*(problem.c[name] for name in _NAMES)).where(_OPEN).order_by(problem.c.id)
_THIS = (
    problem.c.account == bindparam("owner"),
    problem.c.code == bindparam("what"),
    problem.c.host.in_(("", bindparam("here"))),
    _OPEN,
)
_FIND = select(problem.c.id).where(*_THIS).limit(1)
_CLOSE = update(problem).where(*_THIS)
_NOBODY = ""
"""The account of a problem that is no account's."""
RESTORED = "state-restored"
"""An account's state is an older copy; a person's `resume` closes it."""
_HERE = ("outbox", "disk-full", "sink-")
"""How the codes begin that tell of one host: each host opens and closes its own. The others tell of the account."""
OF_ONE_HOST = or_(*(problem.c.code.startswith(code, autoescape=True) for code in _HERE))
"""The same, as a condition."""


class Problems:
    """The part of the journal that knows problems."""

    _database: Database
    host: str

    def open_problem(self, account: str | None, code: str, message: str, remedy: str, at: datetime) -> Problem:
        """Open a problem, or count one that is open and take its latest words. One is new when its `count` is 1."""
        said = {"message": message, "remedy": remedy, "last_seen_at": at}
        new = {"account": account or _NOBODY, "code": code, "host": self._whose(code), "opened_at": at, "count": 1}
        again = (
            self._database.insert(problem)
            .values(new | said)
            .on_conflict_do_update(
                index_elements=["account", "code", "host"],
                index_where=_OPEN,
                set_=said | {"count": problem.c.count + 1},
            )
        )
        with self._database.writing() as connection:
            row = connection.execute(again.returning(*(problem.c[name] for name in _NAMES))).one()
        return _problem(*row)

    def close_problem(self, account: str | None, code: str, at: datetime) -> bool:
        """Close a problem; False when none was open."""
        this = {"owner": account or _NOBODY, "what": code, "here": self._whose(code)}
        with self._database.reading() as connection:
            if connection.scalar(_FIND, this) is None:  # nearly always: nobody waits for the right to write
                return False
        with self._database.writing() as connection:
            return connection.execute(_CLOSE, this | {"closed_at": at}).rowcount > 0

    def _whose(self, code: str) -> str:
        return self.host if code.startswith(_HERE) else ""

    def problems(self) -> list[Problem]:
        """Return the open problems, oldest first."""
        with self._database.reading() as connection:
            return [_problem(*row) for row in connection.execute(_UNSOLVED)]


def _problem(number: int, account: str, *rest: object) -> Problem:
    return Problem(number, account or None, *rest)  # type: ignore[arg-type]  # the columns are the fields
