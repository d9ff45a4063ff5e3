"""Accounts between two visits: when the next one is due, whether a person paused them, how the last ones went."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from syncd.errors import UsageError
from syncd.model import AccountState, Word
from syncd.state.engine import Database
from syncd.state.tables import account
from syncd.state.trail import record

_COLUMNS = tuple(account.c[field.name] for field in fields(AccountState))
_ONE = select(*_COLUMNS).where(account.c.name == bindparam("account"))
_CHANGE = update(account).where(account.c.name == bindparam("account")).returning(account.c.failures)
_FAIL = _CHANGE.values(failures=account.c.failures + 1)


class Accounts:
    """The part of the journal that knows accounts; every other part needs the account to be registered."""

    def __init__(self, database: Database, host: str = "") -> None:
        self._database = database
        self.host = host
        """Who we are among those that share the database: its rows have their bytes in our spool."""

    def register(self, accounts: Mapping[str, str]) -> None:
        """Make accounts known: name to supplier. What is remembered of a known account stays."""
        with self._database.writing() as connection:
            for name, supplier in sorted(accounts.items()):  # in one order, so that two hosts cannot lock each other
                new = self._database.insert(account).values(name=name, supplier=supplier)
                known = new.on_conflict_do_update(index_elements=["name"], set_={"supplier": supplier})
                connection.execute(known)

    def account(self, name: str) -> AccountState:
        """Return one account. Raises UsageError when it was never registered."""
        with self._database.reading() as connection:
            row = connection.execute(_ONE, {"account": name}).one_or_none()
        if row is None:
            raise _unknown(name)
        return _account(row)

    def accounts(self) -> list[AccountState]:
        """Return every account that was ever registered, by name."""
        with self._database.reading() as connection:
            return [_account(row) for row in connection.execute(select(*_COLUMNS).order_by(account.c.name))]

    def set_due(self, name: str, when: datetime | None) -> None:
        """Remember when the next visit is due; None is not planned."""
        self._change(name, None, next_due=when)

    def pause(self, name: str, reason: str, by: str, at: datetime) -> None:
        """Make no visits until somebody resumes; survives every restart."""
        word = Word(by, "pause", reason)
        self._change(name, (word, at), paused=True, pause_reason=reason, paused_by=by, paused_at=at)

    def resume(self, name: str, by: str, at: datetime) -> None:
        """Make visits again; who paused or resumed it last, and when, is kept."""
        word = Word(by, "resume", "")
        self._change(name, (word, at), paused=False, pause_reason=None, paused_by=by, paused_at=at)

    def succeeded(self, name: str, at: datetime) -> None:
        """Remember a visit that went well."""
        self._change(name, None, last_success=at, failures=0, last_error_code=None, last_error=None)

    def failed(self, name: str, error_code: str, message: str, at: datetime) -> int:
        """Remember a visit that failed; return how many did in a row."""
        values = {"account": name, "last_failure": at, "last_error_code": error_code, "last_error": message}
        with self._database.writing() as connection:
            failures: int | None = connection.scalar(_FAIL, values)
        if failures is None:
            raise _unknown(name)
        return failures

    def _change(self, name: str, said: tuple[Word, datetime] | None, **values: Any) -> int:
        with self._database.writing() as connection:
            failures: int | None = connection.scalar(_CHANGE, values | {"account": name})
            if failures is None:
                raise _unknown(name)
            if said is not None:
                record(connection, *said, name, "visits end" if values["paused"] else "visits go on")
        return failures


def _account(row: Sequence[Any]) -> AccountState:
    return AccountState(*row)


def _unknown(name: str) -> UsageError:
    return UsageError(f"there is no account “{name}”", remedy="`syncd status` lists the accounts.")
