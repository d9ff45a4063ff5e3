"""Accepting a file: everything that must become true at once when a spooled file is judged whole."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, tuple_, update

from syncd.model import GoodsKey, Interchange, Parsed, State, Verdict
from syncd.state import rows
from syncd.state.references import CHUNK, confirm, refer
from syncd.state.tables import account, delivery, goods, snapshot
from syncd.state.tables import verdict as verdicts

Note = tuple[str, str, str]
"""A delivery note: supplier, receiver, number. A file has few of them and many positions."""


def accept(
    connection: Connection,
    number: int,
    verdict: Verdict,
    deliveries: Sequence[tuple[str, str]],
    at: datetime,
    confirms: Collection[str],
) -> Parsed:
    """Do it all in the caller's transaction: see `Inbound.parsed`."""
    file = rows.load(connection, number, lock=True)
    connection.execute(select(account.c.name).where(account.c.name == file.account).with_for_update())  # one at a time
    in_use = _newer_snapshot(connection, file, verdict)
    suppressed = _claim(connection, file, verdict)
    keep(connection, number, verdict, suppressed)
    refer(connection, number, verdict.references)
    due = 0 if in_use else _make_due(connection, number, deliveries, at)
    note = f"a newer snapshot is in use ({in_use})" if in_use else _note(deliveries, due, suppressed)
    kind: rows.Columns = {"kind": verdict.kind}
    moved = rows.move(connection, number, State.SPOOLED, State.PARSED if due else State.DONE, at, note, kind)
    confirmed = confirm(connection, moved, verdict.references, confirms, at)
    return Parsed(moved, suppressed, confirmed, outdated=in_use is not None)


def keep(connection: Connection, number: int, verdict: Verdict, suppressed: Collection[int]) -> None:
    """Write a verdict down as it is, in place of an older one."""
    connection.execute(verdicts.delete().where(verdicts.c.interchange_id == number))
    document = msgspec.json.encode(verdict, enc_hook=list).decode()  # a format's goods may be any sequence
    values = {"interchange_id": number, "document": document, "suppressed": json.dumps(sorted(suppressed))}
    connection.execute(insert(verdicts).values(values))


def _note(deliveries: Sequence[tuple[str, str]], due: int, suppressed: Collection[int]) -> str | None:
    said = []
    if due < len(deliveries):
        said.append("a file of the same name and content is delivered already")
    if suppressed:
        said.append(f"{len(suppressed)} positions were handed over before")
    return "; ".join(said) or None


def _newer_snapshot(connection: Connection, file: Interchange, verdict: Verdict) -> str | None:
    """Return the stamp of a newer snapshot in use; else put this one in use. Equal stamps: the later arrival."""
    if verdict.stamp is None:
        return None
    which = {"account": file.account, "channel": file.channel, "kind": verdict.kind}
    here = [snapshot.c[name] == value for name, value in which.items()]
    last: str | None = connection.scalar(select(snapshot.c.stamp).where(*here))
    this = {"stamp": verdict.stamp, "interchange_id": file.id}
    if last is None:
        connection.execute(insert(snapshot).values(which | this))
    elif last > verdict.stamp:
        return last
    else:
        connection.execute(update(snapshot).where(*here).values(this))
    return None


def _claim(connection: Connection, file: Interchange, verdict: Verdict) -> frozenset[int]:
    """Claim the goods of a file; return the lines whose goods are claimed already."""
    taken = _claimed(connection, file.account, list(dict.fromkeys(_note_of(key) for _, key in verdict.goods)))
    suppressed, claims = set(), []
    for line, key in verdict.goods:
        if key in taken:
            suppressed.add(line)
        else:
            taken.add(key)
            claims.append(_claim_row(file, key))
    if claims:
        connection.execute(insert(goods), claims)
    return frozenset(suppressed)


def _claim_row(file: Interchange, key: GoodsKey) -> dict[str, object]:
    position = {"supplier": key.supplier, "receiver": key.receiver, "note": key.note, "position": key.position}
    return {"account": file.account, "interchange_id": file.id} | position


def _claimed(connection: Connection, owner: str, notes: list[Note]) -> set[GoodsKey]:
    """Return every claimed position of these delivery notes."""
    taken: set[GoodsKey] = set()
    columns = (goods.c.supplier, goods.c.receiver, goods.c.note)
    for start in range(0, len(notes), CHUNK):
        listed = tuple_(*columns).in_(notes[start : start + CHUNK])
        query = select(*columns, goods.c.position).where(goods.c.account == owner, listed)
        taken |= {GoodsKey(*row) for row in connection.execute(query)}
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
        connection.execute(insert(delivery), rows_due)
    return len(new)
