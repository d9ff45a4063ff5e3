"""Accepting a file: everything that must become true at once when a spooled file is judged whole."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, or_, select, tuple_

from syncd.life import Answer
from syncd.model import GoodsKey, Hold, Interchange, Parsed, State, Verdict, Word
from syncd.state import lines, rows, trail
from syncd.state.references import CHUNK, confirm, refer
from syncd.state.tables import account, delivery, goods, interchange, snapshot
from syncd.state.tables import verdict as verdicts
from syncd.wording import counted

Note = tuple[str, str, str]
"""A delivery note: supplier, receiver, number. A file has few of them and many positions."""


def _which(table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(f"its_{name}") for name in ("account", "channel", "kind")]


_ALONE = select(account.c.name).where(account.c.name == bindparam("account")).with_for_update()
_VERDICT = select(verdicts).where(verdicts.c.interchange_id == bindparam("number"))
_NO_VERDICT, _KEEP = delete(verdicts).where(verdicts.c.interchange_id == bindparam("number")), insert(verdicts)
_IN_USE = select(snapshot.c.stamp).where(*_which(snapshot))
_ALIKE = (
    select(interchange.c.id)
    .join_from(snapshot, interchange)
    .where(*_which(snapshot), snapshot.c.stamp == bindparam("stamp"), interchange.c.sha256 != bindparam("sha256"))
)
_NOT_IN_USE, _USE = delete(snapshot).where(*_which(snapshot)), insert(snapshot)
_UNDELIVERED = (delivery.c.interchange_id == bindparam("number"), delivery.c.delivered_at.is_(None))
_ANY_UNDELIVERED = select(delivery.c.id).where(*_UNDELIVERED).limit(1)
_NOT_DUE = delete(delivery).where(*_UNDELIVERED)
_OTHERS = (
    select(interchange.c.id, verdicts.c.document)
    .join_from(interchange, verdicts)
    .where(*_which(interchange), interchange.c.state == State.PARSED, interchange.c.id != bindparam("number"))
    # a file of another host would overtake this one, whenever that host came back
    .where(or_(interchange.c.hold == Hold.GUARD, interchange.c.host != bindparam("here")))
    .with_for_update(of=interchange)
)
_CLAIM, _DUE = insert(goods), insert(delivery)
_SAME_FILE = ("account", "channel", "direction", "name", "sha256")
_SAME = select(interchange.c.id).where(*(interchange.c[name] == bindparam(name) for name in _SAME_FILE))
_GIVEN_UP = _SAME.where(interchange.c.state.in_((State.QUARANTINED, State.DISCARDED)))
_RECORDED = (
    _SAME.where(interchange.c.for_sinks.is_(False), interchange.c.id != bindparam("id"))
    .where(interchange.c.state == State.DONE)
    .limit(1)
)


def accept(
    connection: Connection,
    number: int,
    verdict: Verdict,
    deliveries: Sequence[tuple[str, str]],
    at: datetime,
    confirms: Collection[str],
    hold: str | None,
    answers: Iterable[Answer],
) -> Parsed:
    """Do it all in the caller's transaction: see `Inbound.parsed`."""
    file = _alone(connection, number)
    in_use, alike = _newer_snapshot(connection, file, verdict), _alike(connection, file, verdict)
    goods = _claim(connection, file, verdict)
    told = lines.hear(connection, file, answers, goods)
    reports = lines.repeated(connection, file, verdict.kind)
    suppressed = goods | reports
    keep(connection, number, verdict, suppressed)
    refer(connection, number, verdict.references)
    kind: rows.Columns = {"kind": verdict.kind}
    if hold is not None and in_use is None:
        kind |= {"hold": Hold.GUARD, "reason": hold}
        moved = rows.move(connection, number, State.SPOOLED, State.PARSED, at, hold, kind)
    else:
        note = _joined(_settle(connection, file, verdict, in_use, deliveries, at), *_left_out(goods, reports))
        moved = rows.move(connection, number, State.SPOOLED, _state(connection, number), at, note, kind)
    confirmed = confirm(connection, moved, verdict.references, confirms, at)
    if told:
        lines.conclude(connection, number, at)
    return Parsed(moved, suppressed, confirmed, outdated=in_use is not None, alike=alike)


def hand_over(
    connection: Connection, seen: Interchange, deliveries: Sequence[tuple[str, str]], at: datetime, word: Word
) -> Interchange:
    """Do it all in the caller's transaction: see `People.hand_over`."""
    file = _alone(connection, seen.id)
    document = connection.execute(_VERDICT, {"number": file.id}).one()
    verdict = msgspec.json.decode(document.document, type=Verdict)
    in_use = _newer_snapshot(connection, file, verdict)
    note = _settle(connection, file, verdict, in_use, deliveries, at)
    to, released = _state(connection, file.id), rows.Columns(hold=None, reason=None, for_sinks=True)
    if to is file.state is State.DONE:
        return file
    more = f"; {note}" if note else ""
    trail.record(connection, word, at, file.account, f"{file.name}: {file.state} to {to}{more}", file.id)
    return rows.move(connection, file.id, file.state, to, at, trail.spoken(word) + more, released)


def _alone(connection: Connection, number: int) -> Interchange:
    """Return a file once nobody else accepts one of its account."""
    file = rows.load(connection, number, lock=True)
    connection.execute(_ALONE, {"account": file.account})
    return file


def _settle(
    connection: Connection,
    file: Interchange,
    verdict: Verdict,
    in_use: str | None,
    deliveries: Sequence[tuple[str, str]],
    at: datetime,
) -> str | None:
    """Put a snapshot in use and make deliveries due; say what is odd about it, and what is not delivered."""
    if in_use is not None:
        return f"a newer snapshot is in use ({in_use})"
    alike = _alike(connection, file, verdict)
    _use(connection, file, verdict, at)
    recorded = _recorded(connection, file)
    if recorded is not None:
        return f"the shop has it already: it was ingested as no. {recorded}"
    known = _make_due(connection, file.id, deliveries, at) < len(deliveries)
    return _joined(_same_stamp(alike), "a file of the same name and content is delivered already" if known else None)


def _state(connection: Connection, number: int) -> State:
    """Return where an accepted file stands: deliveries are due, or there are none."""
    return State.DONE if connection.scalar(_ANY_UNDELIVERED, {"number": number}) is None else State.PARSED


def _recorded(connection: Connection, file: Interchange) -> int | None:
    """Return another interchange of this very file that was recorded as known to the shop."""
    return connection.scalar(_RECORDED, {name: getattr(file, name) for name in ("id", *_SAME_FILE)})


def keep(connection: Connection, number: int, verdict: Verdict, suppressed: Collection[int]) -> None:
    """Write a verdict down as it is, in place of an older one."""
    connection.execute(_NO_VERDICT, {"number": number})
    document = msgspec.json.encode(verdict, enc_hook=list).decode()  # a format's goods may be any sequence
    values = {"interchange_id": number, "document": document, "suppressed": json.dumps(sorted(suppressed))}
    connection.execute(_KEEP, values)


def _joined(*said: str | None) -> str | None:
    return "; ".join(filter(None, said)) or None


def _same_stamp(alike: int | None) -> str | None:
    if alike is None:
        return None
    return f"warning: its stamp is that of no. {alike}, and its content is another; the later arrival counts"


def _left_out(goods: Collection[int], reports: Collection[int]) -> Iterator[str]:
    """Say what was handed over before; the supplier's file is not changed for it."""
    if goods:
        yield f"{counted(len(goods), 'position was', 'positions were')} handed over before"
    if reports:
        yield f"{counted(len(reports), 'report was', 'reports were')} told before"
    if goods or reports:
        yield "what came before is left out of its records, and a raw copy still has it"


def _newer_snapshot(connection: Connection, file: Interchange, verdict: Verdict) -> str | None:
    """Return the stamp of a newer snapshot in use. Equal stamps: the later arrival is the newer one."""
    if verdict.stamp is None:
        return None
    last: str | None = connection.scalar(_IN_USE, _place(file, verdict))
    return last if last is not None and last > verdict.stamp else None


def _alike(connection: Connection, file: Interchange, verdict: Verdict) -> int | None:
    """Return the snapshot in use if it has the same stamp, and other bytes."""
    if verdict.stamp is None:
        return None
    this = {"stamp": verdict.stamp, "sha256": file.sha256}
    return connection.scalar(_ALIKE, _place(file, verdict) | this)


def _use(connection: Connection, file: Interchange, verdict: Verdict, at: datetime) -> None:
    """Put a snapshot in use; older ones that wait for a person, or on another host, wait for nothing any more."""
    if verdict.stamp is None:
        return
    place, this = _place(file, verdict), {"stamp": verdict.stamp, "interchange_id": file.id}
    connection.execute(_NOT_IN_USE, place)
    connection.execute(_USE, {"account": file.account, "channel": file.channel, "kind": verdict.kind, **this})
    over: rows.Columns = {"hold": None, "reason": None}
    for number, document in connection.execute(_OTHERS, place | {"number": file.id, "here": file.host}).all():
        if (msgspec.json.decode(document, type=Verdict).stamp or "") <= verdict.stamp:
            note = f"a newer snapshot is in use ({verdict.stamp})"
            connection.execute(_NOT_DUE, {"number": number})
            rows.move(connection, number, State.PARSED, State.DONE, at, note, over)


def _place(file: Interchange, verdict: Verdict) -> dict[str, str]:
    return {"its_account": file.account, "its_channel": file.channel, "its_kind": verdict.kind}


def _claim(connection: Connection, file: Interchange, verdict: Verdict) -> frozenset[int]:
    """Claim the goods of a file; return the lines whose goods are claimed already.

    What this very file claimed before its bytes were lost is its own: a sink that took it then is not due again.
    """
    same = {file.id, *connection.scalars(_GIVEN_UP, {name: getattr(file, name) for name in _SAME_FILE})}
    owners = _claimed(connection, file.account, list(dict.fromkeys(_note_of(key) for _, key in verdict.goods)))
    mine = {key for key, owner in owners.items() if owner in same}
    taken, suppressed, claims = owners.keys() - mine, set(), []
    for line, key in verdict.goods:
        if key in taken:
            suppressed.add(line)
            continue
        taken.add(key)
        if key not in mine:
            claims.append(_claim_row(file, key))
    if claims:
        connection.execute(_CLAIM, claims)
    return frozenset(suppressed)


def _claim_row(file: Interchange, key: GoodsKey) -> dict[str, object]:
    position = {"supplier": key.supplier, "receiver": key.receiver, "note": key.note, "position": key.position}
    return {"account": file.account, "interchange_id": file.id} | position


def _claimed(connection: Connection, owner: str, notes: list[Note]) -> dict[GoodsKey, int]:
    """Return every claimed position of these delivery notes, each with the file that claims it."""
    taken: dict[GoodsKey, int] = {}
    columns = (goods.c.supplier, goods.c.receiver, goods.c.note)
    for start in range(0, len(notes), CHUNK):
        listed = tuple_(*columns).in_(notes[start : start + CHUNK])
        query = select(*columns, goods.c.position, goods.c.interchange_id).where(goods.c.account == owner, listed)
        taken |= {GoodsKey(*key): file for *key, file in connection.execute(query)}
    return taken


def _note_of(key: GoodsKey) -> Note:
    return key.supplier, key.receiver, key.note


def _make_due(connection: Connection, number: int, deliveries: Sequence[tuple[str, str]], at: datetime) -> int:
    """Make deliveries due, but for those whose key a sink has been given before; return how many."""
    pairs = tuple_(delivery.c.sink, delivery.c.key)
    query = select(delivery.c.sink, delivery.c.key).where(pairs.in_(list(deliveries)))
    known = {(row.sink, row.key) for row in connection.execute(query)} if deliveries else set()
    new = [pair for pair in deliveries if pair not in known]
    rows_due = [{"interchange_id": number, "sink": sink, "key": key, "next_attempt": at} for sink, key in new]
    if rows_due:
        connection.execute(_DUE, rows_due)
    return len(new)
