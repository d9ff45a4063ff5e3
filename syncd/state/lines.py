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
    exists,
    func,
    insert,
    not_,
    select,
    update,
)

from syncd.life import Answer, Line, LineState, Ordered, Says, Standing, Told, article_key, follow
from syncd.model import Direction, Interchange
from syncd.state.line_tables import answer, order_line
from syncd.state.tables import Instant, account, interchange

CHUNK = 5000
"""Rows of one insert."""

KEY = ("account", "reference", "article_key")
"""Account, reference (1041) and article: what is looked at together."""

_ORDERED = tuple(field.name for field in fields(Ordered))
ANSWER = tuple(field.name for field in fields(Answer))
_STANDING = ("state", "open", "delivered", "announced", "code", "back_ordered", "expected")


# -- written down -----------------------------------------------------------------------------------------------


_TAKE, _HEAR = insert(order_line), insert(answer)
_ORDERED_BY = select(*(order_line.c[name] for name in _ORDERED)).where(
    order_line.c.interchange_id == bindparam("number")
)
_GOES_OUT = (order_line.c.interchange_id == bindparam("number"), order_line.c.state == LineState.WAITING)
_WENT_OUT = update(order_line).where(*_GOES_OUT).values(state=LineState.SENT, changes=order_line.c.changes + 1)
_OWNER = select(interchange.c.account).where(interchange.c.id == bindparam("number")).scalar_subquery()
_ALONE = select(account.c.name).where(account.c.name == _OWNER).with_for_update()
_FORGET = delete(answer).where(answer.c.interchange_id == bindparam("number"))


def take(connection: Connection, order: Interchange, lines: Iterable[Ordered], at: datetime) -> None:
    """Write down the lines of an order that was taken; they wait until it counts as sent."""
    same = {"interchange_id": order.id, "account": order.account, "changed_at": at, "changed_by": order.id}
    waiting = {"state": LineState.WAITING, "told_state": LineState.WAITING}
    for chunk in _chunks({**_columns(_ORDERED, line), **same, **waiting} for line in lines):
        connection.execute(_TAKE, chunk)


def take_again(connection: Connection, old: int, new: Interchange, at: datetime) -> None:
    """Write down the lines of an order that is sent again as a new one."""
    take(connection, new, [Ordered(*row) for row in connection.execute(_ORDERED_BY, {"number": old})], at)


def went_out(connection: Connection, order: int, at: datetime) -> None:
    """Have the lines of an order count as sent; answers may have come before that was certain."""
    if connection.execute(_WENT_OUT, {"number": order, "changed_at": at, "changed_by": order}).rowcount:
        # on PostgreSQL, a file of the account may be in the middle of being accepted
        connection.execute(_ALONE, {"number": order})
        _settle(connection, OF_ORDER, order, at)


def hear(connection: Connection, file: Interchange, answers: Iterable[Answer], suppressed: frozenset[int]) -> bool:
    """Write down what an accepted file says, but for goods that another file brought; `conclude` says what follows.

    A file that came before, itself or another of the same name and the same bytes, says nothing new: False.
    """
    if _came_before(connection, file):
        return False
    same = {"interchange_id": file.id, "account": file.account}
    fresh = (each for each in answers if each.line not in suppressed)
    for chunk in _chunks({**_columns(ANSWER, each), **same} for each in fresh):
        connection.execute(_HEAR, chunk)
    return True


def conclude(connection: Connection, file: int, at: datetime) -> None:
    """Bring order lines up to what a file says that was heard."""
    _settle(connection, OF_FILE, file, at)


def repeated(connection: Connection, file: Interchange, kind: str) -> frozenset[int]:
    """Return the lines of a file's reports that were told before: one of an ERM and an ELS repeats the other.

    The two may come in either order. An ERM that says what an earlier ERM has said answers another order, so that is
    told again; and without a reference nothing is known to be the same.
    """
    if kind not in _REPEATS:
        return frozenset()
    return frozenset(connection.scalars(_REPEATS[kind], {"number": file.id}))


def forget(connection: Connection, file: int, at: datetime) -> None:
    """Take back what a file said that is given up: it may come again."""
    _settle(connection, OF_FILE, file, at, without=file)
    connection.execute(_FORGET, {"number": file})


def unanswered(connection: Connection, owner: str, before: datetime, at: datetime) -> int:
    """Mark the lines of orders that were sent before then and of which nothing was heard; return how many."""
    return connection.execute(_MARK, {"owner": owner, "before": before, "changed_at": at}).rowcount


sent_at = func.coalesce(interchange.c.intent_at, interchange.c.created_at)
"""When the step was begun by which an order counts."""

_REPORT = ("account", "reference", "article_key", "code", "sender", "receiver")


def _told_in(kind: str) -> ColumnElement[bool]:
    """Tell whether a report of this file stands in another one of this kind, too."""
    also = answer.alias()
    same = [also.c[name] == answer.c[name] for name in (*_REPORT, "says")]
    others = (also.c.interchange_id != answer.c.interchange_id, interchange.c.kind == kind)
    return exists().where(*same, *others, interchange.c.id == also.c.interchange_id)


_REPORTS = select(answer.c.line).where(
    answer.c.interchange_id == bindparam("number"), answer.c.says == Says.REPORT, answer.c.reference != ""
)
_REPEATS = {
    "ELS": _REPORTS.where(_told_in("ERM")),
    "ERM": _REPORTS.where(_told_in("ELS"), not_(_told_in("ERM"))),
}
"""Kind of a file to the question which of its reports it repeats."""

LATE = (
    select(order_line.c.id)
    .join(interchange, interchange.c.id == order_line.c.interchange_id)
    .where(order_line.c.account == bindparam("owner"), order_line.c.open, order_line.c.state == LineState.SENT)
    .where(sent_at < bindparam("before", type_=Instant))
)
"""The lines of an account that were sent before a moment and of which nothing was heard."""

_MARK = (
    update(order_line)
    .where(order_line.c.id.in_(LATE))
    .values(state=LineState.UNANSWERED, changes=order_line.c.changes + 1, changed_by=order_line.c.interchange_id)
)


# -- worked out -------------------------------------------------------------------------------------------------


Look = tuple[Select[Any], Select[Any]]
"""What finds lines, and what was told of them, by all keys of one interchange."""


def standings(connection: Connection, look: Look, number: int, without: int = 0) -> Iterator[tuple[Row[Any], Standing]]:
    """Yield every line that counts and has a key of this interchange: its row, and where it stands by the answers.

    What the file `without` says is left out.
    """
    find_lines, find_told = look
    lines = _grouped(connection, find_lines, number=number)
    told = _grouped(connection, find_told, number=number, without=without) if lines else {}
    for key, rows in lines.items():
        said = [Told(row.interchange_id, row.name, row.written, to_answer(row[_SAID_BY:])) for row in told.get(key, ())]
        of_lines = {row.id: row for row in rows}
        for standing in follow([_line(row) for row in rows], said):
            yield of_lines[standing.line.id], standing


def _settle(connection: Connection, look: Look, cause: int, at: datetime, without: int = 0) -> None:
    """Bring the rows of lines up to what the answers say now."""
    changed = []
    for row, standing in standings(connection, look, cause, without):
        stands = _stands(standing)
        late = standing.state is LineState.SENT and row.state == LineState.UNANSWERED
        if not late and stands != row[_OF_KEY : _OF_KEY + len(_STANDING)]:
            more = {"number": row.id, "changes": row.changes + 1, "changed_at": at, "changed_by": cause}
            changed.append(dict(zip(_STANDING, stands, strict=True)) | more)
    if changed:
        connection.execute(_CHANGE, changed)


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


def _told(keys: FromClause) -> Select[Any]:
    written = func.coalesce(interchange.c.modified, interchange.c.created_at).label("written")
    columns = [answer.c[name] for name in (*KEY, "interchange_id")]
    query = select(*columns, interchange.c.name, written, *(answer.c[name] for name in ANSWER))
    query = query.join(keys, _same(answer, keys)).join(interchange, interchange.c.id == answer.c.interchange_id)
    return query.where(answer.c.interchange_id != bindparam("without"))


def _look(table: FromClause) -> Look:
    of_this = (table.c.interchange_id == bindparam("number"), table.c.reference != "")
    keys = select(*(table.c[name] for name in KEY)).where(*of_this).distinct().subquery("keys")
    return _lines(keys), _told(keys)


def _same(table: FromClause, keys: FromClause) -> ColumnElement[bool]:
    return and_(*(table.c[name] == keys.c[name] for name in KEY))


OF_ORDER, OF_FILE = _look(order_line), _look(answer)
"""By what an order ordered; by what a file says."""

_CHANGE = update(order_line).where(order_line.c.id == bindparam("number"))


def _grouped(connection: Connection, query: Select[Any], **values: int) -> dict[tuple[Any, ...], list[Row[Any]]]:
    found: dict[tuple[Any, ...], list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query, values).all():
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
    this = {name: getattr(file, name) for name in _SAME_FILE}
    return connection.scalar(_BEFORE, this) is not None


_SAME_FILE = ("account", "channel", "name", "sha256")
_BEFORE = (
    select(interchange.c.id)
    .where(*(interchange.c[name] == bindparam(name) for name in _SAME_FILE))
    .where(interchange.c.direction == Direction.IN)
    .where(select(answer.c.line).where(answer.c.interchange_id == interchange.c.id).exists())
    .limit(1)
)


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
