"""Order lines and answers in their tables: written down, and worked out again, in the caller's transaction.

What a line's row says of its standing is never counted on from what it said before: `syncd.life.follow` works it out
from all answers there are. So neither the order in which files arrive nor one that comes twice makes a difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from syncd.life import Answer, Line, LineState, Ordered, Says, Standing, Told, article_key, follow
from syncd.model import Direction, Interchange
from syncd.state.line_tables import answer, order_line
from syncd.state.tables import account, interchange

CHUNK = 5000
"""Rows of one insert."""

KEY = ("account", "reference", "article_key")
"""Account, reference (1041) and article: what is looked at together."""

_ORDERED = tuple(field.name for field in fields(Ordered))
ANSWER = tuple(field.name for field in fields(Answer))
_STANDING = ("state", "open", "delivered", "announced", "code", "back_ordered", "expected")


# -- written down -----------------------------------------------------------------------------------------------


def take(connection: Connection, order: Interchange, lines: Iterable[Ordered], at: datetime) -> None:
    """Write down the lines of an order that was taken; they wait until it counts as sent."""
    same = {"interchange_id": order.id, "account": order.account, "changed_at": at, "changed_by": order.id}
    waiting = {"state": LineState.WAITING, "told_state": LineState.WAITING}
    for chunk in _chunks({**_columns(_ORDERED, line), **same, **waiting} for line in lines):
        connection.execute(insert(order_line), chunk)


def take_again(connection: Connection, old: int, new: Interchange, at: datetime) -> None:
    """Write down the lines of an order that is sent again as a new one."""
    lines = select(*(order_line.c[name] for name in _ORDERED)).where(order_line.c.interchange_id == old)
    take(connection, new, [Ordered(*row) for row in connection.execute(lines)], at)


def went_out(connection: Connection, order: int, at: datetime) -> None:
    """Have the lines of an order count as sent; answers may have come before that was certain."""
    mine = (order_line.c.interchange_id == order, order_line.c.state == LineState.WAITING)
    sent = {"state": LineState.SENT, "changes": order_line.c.changes + 1, "changed_at": at, "changed_by": order}
    if connection.execute(update(order_line).where(*mine).values(sent)).rowcount:
        # on PostgreSQL, a file of the account may be in the middle of being accepted
        owner = select(interchange.c.account).where(interchange.c.id == order).scalar_subquery()
        connection.execute(select(account.c.name).where(account.c.name == owner).with_for_update())
        _settle(connection, keys_of_order(order), order, at)


def heard(
    connection: Connection, file: Interchange, answers: Iterable[Answer], suppressed: frozenset[int], at: datetime
) -> None:
    """Write down what an accepted file says, but for goods that another file brought, and what follows from it.

    A file that came before, under the same name and with the same bytes, says nothing new.
    """
    if _came_before(connection, file):
        return
    same = {"interchange_id": file.id, "account": file.account}
    fresh = (each for each in answers if each.line not in suppressed)
    for chunk in _chunks({**_columns(ANSWER, each), **same} for each in fresh):
        connection.execute(insert(answer), chunk)
    _settle(connection, keys_of_answers(file.id), file.id, at)


def forget(connection: Connection, file: int, at: datetime) -> None:
    """Take back what a file said that is given up: it may come again."""
    _settle(connection, keys_of_answers(file), file, at, without=file)
    connection.execute(delete(answer).where(answer.c.interchange_id == file))


def unanswered(connection: Connection, owner: str, before: datetime, at: datetime) -> int:
    """Mark the lines of orders that were sent before then and of which nothing was heard; return how many."""
    values = {"state": LineState.UNANSWERED, "changes": order_line.c.changes + 1, "changed_at": at}
    marked = update(order_line).where(order_line.c.id.in_(late(owner, before)))
    return connection.execute(marked.values({**values, "changed_by": order_line.c.interchange_id})).rowcount


def late(owner: str, before: datetime) -> Select[Any]:
    """Return the lines that were sent before then and of which nothing was heard."""
    mine = (order_line.c.account == owner, order_line.c.open, order_line.c.state == LineState.SENT)
    query = select(order_line.c.id).join(interchange, interchange.c.id == order_line.c.interchange_id)
    return query.where(*mine, sent_at < before)


sent_at = func.coalesce(interchange.c.intent_at, interchange.c.created_at)
"""When the step was begun by which an order counts."""


# -- worked out -------------------------------------------------------------------------------------------------


def keys_of_order(order: int) -> Select[Any]:
    """Return what the lines of an order are looked at by."""
    return _keys(order_line).where(order_line.c.interchange_id == order)


def keys_of_answers(file: int) -> Select[Any]:
    """Return what the answers of a file are looked at by."""
    return _keys(answer).where(answer.c.interchange_id == file)


def standings(
    connection: Connection, keys: Select[Any], without: int | None = None
) -> Iterator[tuple[Row[Any], Standing]]:
    """Yield every line that counts and has one of these keys: its row, and where it stands by the answers."""
    wanted = keys.subquery("keys")
    lines = _grouped(connection, _lines(wanted))
    told = _grouped(connection, _told(wanted, without)) if lines else {}
    for key, rows in lines.items():
        said = [Told(row.interchange_id, row.name, row.written, to_answer(row[_SAID_BY:])) for row in told.get(key, ())]
        of_lines = {row.id: row for row in rows}
        for standing in follow([_line(row) for row in rows], said):
            yield of_lines[standing.line.id], standing


def _settle(connection: Connection, keys: Select[Any], cause: int, at: datetime, without: int | None = None) -> None:
    """Bring the rows of lines up to what the answers say now."""
    changed = []
    for row, standing in standings(connection, keys, without):
        stands = _stands(standing)
        late = standing.state is LineState.SENT and row.state == LineState.UNANSWERED
        if not late and stands != row[_OF_KEY : _OF_KEY + len(_STANDING)]:
            more = {"number": row.id, "changes": row.changes + 1, "changed_at": at, "changed_by": cause}
            changed.append(dict(zip(_STANDING, stands, strict=True)) | more)
    if changed:
        connection.execute(update(order_line).where(order_line.c.id == bindparam("number")), changed)


def _stands(standing: Standing) -> tuple[object, ...]:
    """Return where a line stands as the columns `_STANDING` say it."""
    said = standing.report.answer if standing.report else None
    report = (said.code, said.back_ordered, said.expected) if said else (None, None, None)
    return (str(standing.state), standing.open, standing.delivered, standing.announced, *report)


_OF_KEY = len(KEY)
_SAID_BY = _OF_KEY + 3
"""Where in a row what comes after the key begins, and where the answer does."""


def _lines(keys: FromClause) -> Select[Any]:
    columns = [order_line.c[name] for name in (*KEY, *_STANDING, "changes", "id", "interchange_id", *_ORDERED)]
    counts = order_line.c.state != LineState.WAITING
    return select(*columns).join(keys, _same(order_line, keys)).where(counts)


def _told(keys: FromClause, without: int | None) -> Select[Any]:
    written = func.coalesce(interchange.c.modified, interchange.c.created_at).label("written")
    columns = [answer.c[name] for name in (*KEY, "interchange_id")]
    query = select(*columns, interchange.c.name, written, *(answer.c[name] for name in ANSWER))
    query = query.join(keys, _same(answer, keys)).join(interchange, interchange.c.id == answer.c.interchange_id)
    return query if without is None else query.where(answer.c.interchange_id != without)


def _keys(table: FromClause) -> Select[Any]:
    return select(*(table.c[name] for name in KEY)).where(table.c.reference != "").distinct()


def _same(table: FromClause, keys: FromClause) -> ColumnElement[bool]:
    return and_(*(table.c[name] == keys.c[name] for name in KEY))


def _grouped(connection: Connection, query: Select[Any]) -> dict[tuple[Any, ...], list[Row[Any]]]:
    found: dict[tuple[Any, ...], list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query).all():
        found[row[:_OF_KEY]].append(row)
    return found


def _line(row: Row[Any]) -> Line:
    return Line(row.id, row.interchange_id, Ordered(*row[-len(_ORDERED) :]))


def to_answer(values: Sequence[Any]) -> Answer:
    """Make a value of the columns `ANSWER`."""
    line, says, *rest = values
    return Answer(line, Says(says), *rest)


def _columns(names: tuple[str, ...], value: Ordered | Answer) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names} | {"article_key": article_key(value.article)}


def _came_before(connection: Connection, file: Interchange) -> bool:
    same = [interchange.c[name] == getattr(file, name) for name in ("account", "channel", "name", "sha256")]
    other = (interchange.c.direction == Direction.IN, interchange.c.id != file.id)
    said = select(answer.c.line).where(answer.c.interchange_id == interchange.c.id).exists()
    return connection.scalar(select(interchange.c.id).where(*same, *other, said).limit(1)) is not None


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
