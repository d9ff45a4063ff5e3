"""The audit trail: who had what done that syncd does not do by itself, when and why. It is only ever added to."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select

from syncd.model import Audit, Word
from syncd.state.tables import audit

_COLUMNS = tuple(audit.c[field.name] for field in fields(Audit))


def record(
    connection: Connection, word: Word, at: datetime, account: str, what: str, number: int | None = None
) -> None:
    """Write a word down, in the transaction that does what it says."""
    said = {"at": at, "who": word.who, "verb": word.verb, "why": word.why}
    about = {"account": account, "interchange_id": number, "what": what}
    connection.execute(insert(audit).values(said | about))


def spoken(word: Word) -> str:
    """Say a word in an interchange's history."""
    return f"{word.verb} by {word.who}" + (f": {word.why}" if word.why else "")


def read(connection: Connection, where: Sequence[ColumnElement[bool]], limit: int) -> list[Audit]:
    """Return the latest words, newest first."""
    query = select(*_COLUMNS).where(*where).order_by(audit.c.id.desc()).limit(limit)
    return [Audit(*row) for row in connection.execute(query)]
