"""Files on their way in, from the listing to the verdict.

A file of a listing is known by account, channel and all of name, size and modification time that the listing gives;
each attempt to fetch it is an interchange of its own, and the latest one says where it stands.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, Select, Text, bindparam, cast, column, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from syncd.errors import UsageError
from syncd.life import Answer
from syncd.model import Direction, Hold, Interchange, Parsed, RemoteFile, State, Step, Verdict
from syncd.state import acceptance, loss, rows
from syncd.state.engine import Database
from syncd.state.tables import interchange, microseconds, snapshot, verdict

CHUNK = 5000
"""Files of one query."""

LARGEST = 2**63 - 1
"""A listing may claim any size; the database counts to this."""

UNFINISHED = (State.ANNOUNCED, State.SPOOLED)

_HERE = (interchange.c.account == bindparam("account"), interchange.c.host == bindparam("host"))
_UNFINISHED = select(*rows.COLUMNS).where(*_HERE, interchange.c.state.in_(UNFINISHED)).order_by(interchange.c.id)
_IN_CHANNEL = (interchange.c.account == bindparam("account"), interchange.c.channel == bindparam("channel"))
_UNUSED = interchange.c.state.in_((State.SPOOLED, State.QUARANTINED, State.DISCARDED))
_WAITS = (interchange.c.state == State.PARSED) & (interchange.c.hold == Hold.GUARD)
_CAME = select(func.max(interchange.c.created_at)).where(*_IN_CHANNEL, interchange.c.proven, _UNUSED | _WAITS)
_IN_USE = (snapshot.c.account == bindparam("account"), snapshot.c.channel == bindparam("channel"))
_NEWEST = select(func.max(snapshot.c.stamp)).where(*_IN_USE)
_SNAPSHOT = select(snapshot.c.interchange_id).where(*_IN_USE, snapshot.c.kind == bindparam("kind"))
_VERDICT = select(verdict.c.document, verdict.c.suppressed).where(verdict.c.interchange_id == bindparam("number"))


class Inbound:
    """The part of the journal that knows fetched files."""

    _database: Database
    host: str

    def known(self, account: str, channel: str, files: Sequence[RemoteFile]) -> dict[RemoteFile, Interchange]:
        """Return the latest interchange of each file that was seen before; one query for each chunk of a listing."""
        found: dict[RemoteFile, Interchange] = {}
        for given in dict.fromkeys(map(_given, files)):
            alike = [file for file in files if _given(file) == given]
            for start in range(0, len(alike), CHUNK):
                found |= self._known(account, channel, alike[start : start + CHUNK], given)
        return found

    def announce(
        self, account: str, channel: str, remote: RemoteFile, at: datetime, *, for_sinks: bool = True
    ) -> Interchange:
        """Write down that a file is about to be read: from now on it may be gone from the server."""
        file: dict[str, Any] = {"account": account, "channel": channel, "direction": Direction.IN}
        file |= {"for_sinks": for_sinks, "host": self.host}
        file |= {"name": remote.name, "size": _size(remote.size), "modified": remote.modified}
        with self._database.writing() as connection:
            return rows.create(connection, at, state=State.ANNOUNCED, **file)

    def receive(
        self,
        account: str,
        channel: str,
        name: str,
        size: int,
        sha256: str,
        at: datetime,
        *,
        spool: Callable[[int], str],
    ) -> Interchange:
        """Take bytes that are here and whole, and were never a file at a server: SPOOLED and proven at once.

        `spool` is given the new number, writes the bytes durably and returns their name in the spool.
        """
        file: dict[str, Any] = {"account": account, "channel": channel, "direction": Direction.IN, "name": name}
        whole: dict[str, Any] = {"size": size, "sha256": sha256, "proven": True, "host": self.host}
        with self._database.writing() as connection:
            made = rows.create(connection, at, state=State.SPOOLED, **file, **whole)
            return rows.change(connection, made.id, {"spool": spool(made.id)})

    def unfinished(self, account: str) -> list[Interchange]:
        """Return what a crash or a broken session left on this host: announced or spooled, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(_UNFINISHED, {"account": account, "host": self.host})
            return [rows.to_interchange(row) for row in found]

    def prove(self, number: int, at: datetime) -> Interchange:
        """Remember that the server's 226 and the size were seen too. Raises ConflictError when it is not spooled."""
        proven: rows.Columns = {"proven": True}
        with self._database.writing() as connection:
            return rows.move(connection, number, State.SPOOLED, State.SPOOLED, at, "proven", proven)

    def parsed(
        self,
        number: int,
        verdict: Verdict,
        deliveries: Sequence[tuple[str, str]],
        at: datetime,
        confirms: Sequence[str] = (),
        hold: str | None = None,
        answers: Iterable[Answer] = (),
    ) -> Parsed:
        """Accept a spooled file, in one transaction: PARSED, or DONE when nothing is to be delivered.

        `deliveries` are sinks with their keys; `confirms` names the outbound channels whose orders its references
        (1041) answer. Goods that an earlier file of the account has handed over are claimed by nobody twice: their
        lines are returned and remembered; so are reports that an order response and a delivery note tell both. A
        snapshot older than the one in use gets no deliveries. A delivery whose key is known already is not made again;
        nor is one of a file that was recorded as known to the shop. `hold` says why a snapshot waits for a person: it
        is PARSED then, not in use, and no delivery comes into being. `answers` are what it says of order lines. Raises
        ConflictError when the file is not SPOOLED.
        """
        with self._database.writing() as connection:
            return acceptance.accept(connection, number, verdict, deliveries, at, confirms, hold, answers)

    def latest(self, account: str, channel: str) -> tuple[str | None, datetime | None]:
        """Tell of the lists of a channel: the stamp of the one in use, and when the last came that is not used."""
        here = {"account": account, "channel": channel}
        with self._database.reading() as connection:
            stamp: str | None = connection.scalar(_NEWEST, here)
            return stamp, connection.scalar(_CAME, here)

    def snapshot_rows(self, account: str, channel: str, kind: str) -> int | None:
        """Count the records of the snapshot in use; None when there is none."""
        with self._database.reading() as connection:
            number = connection.scalar(_SNAPSHOT, {"account": account, "channel": channel, "kind": kind})
        return None if number is None else sum(self.verdict(number).counts.values())

    def same_bytes(self, account: str, channel: str, name: str, sha256: str) -> list[Interchange]:
        """Return the interchanges of this very file, oldest first; not what a person has put away."""
        same = {"account": account, "channel": channel, "direction": Direction.IN, "name": name, "sha256": sha256}
        where = [interchange.c[column] == value for column, value in same.items()]
        query = select(*rows.COLUMNS).where(*where, interchange.c.state != State.DISCARDED).order_by(interchange.c.id)
        with self._database.reading() as connection:
            return [rows.to_interchange(row) for row in connection.execute(query)]

    def quarantine(
        self,
        number: int,
        frm: State | Step,
        code: str,
        reason: str,
        at: datetime,
        partial: tuple[str, str] | None = None,
        verdict: Verdict | None = None,
    ) -> Interchange:
        """Keep a file and hand it to nobody; `partial` names what arrived of it in the spool, with its SHA-256.

        The verdict that rejected it is kept for `explain`. Raises ConflictError.
        """
        columns: rows.Columns = {"reason": reason, "hold": None}
        if partial is not None:
            columns["spool"], columns["sha256"] = partial
        if verdict is not None:
            columns["kind"] = verdict.kind
        with self._database.writing() as connection:
            moved = rows.move(connection, number, frm, State.QUARANTINED, at, f"{code}: {reason}", columns)
            if verdict is not None:
                acceptance.keep(connection, number, verdict, ())
            return moved

    def lost(self, number: int, reason: str, at: datetime) -> Interchange:
        """Give up a file whose bytes are gone from the spool: QUARANTINED and unproven, so that it is fetched again.

        What no sink has taken yet is due no more, and if none has taken any, its goods are claimed no more: the same
        file may come again. May be said twice.
        """
        with self._database.writing() as connection:
            return loss.give_up(connection, number, reason, at)

    def suppressed(self, number: int) -> frozenset[int]:
        """Return the line numbers that must not be handed over: an earlier file brought the same goods or reports."""
        return frozenset(json.loads(self._document(number)[1]))

    def verdict(self, number: int) -> Verdict:
        """Return what the format said of a file. Raises UsageError when it was never judged."""
        said = msgspec.json.decode(self._document(number)[0], type=Verdict)
        return replace(said, goods=tuple(said.goods), references=tuple(said.references))

    def _document(self, number: int) -> tuple[str, str]:
        with self._database.reading() as connection:
            row = connection.execute(_VERDICT, {"number": number}).one_or_none()
        if row is None:
            raise UsageError(f"interchange {number} was never judged", remedy=f"syncd explain {number}")
        return row.document, row.suppressed

    def _known(
        self, account: str, channel: str, files: list[RemoteFile], given: tuple[str, ...]
    ) -> dict[RemoteFile, Interchange]:
        keys = {_key(file, given): file for file in files}
        query, listing = _lookup(given, embedded=self._database.embedded), json.dumps(list(keys))
        with self._database.reading() as connection:
            asked = connection.execute(query, {"account": account, "channel": channel, "listing": listing})
            pairs = [(tuple(row[-len(given) :]), rows.to_interchange(row)) for row in asked]
        return {keys[key]: item for key, item in pairs}


@cache
def _lookup(given: tuple[str, ...], *, embedded: bool) -> Select[Any]:
    """Make the query for a listing, which is one JSON parameter: the query stays the same whatever its length.

    For each file of the listing the index is asked once, with all of the key, for the highest number.
    """
    parameter = bindparam("listing", type_=Text)
    rows_of = func.json_each(parameter) if embedded else func.jsonb_array_elements(cast(parameter, JSONB))
    element = rows_of.table_valued(column("value", JSON)).c.value
    texts = [element[place].as_string() for place in range(len(given))]
    values = [text if name == "name" else cast(text, BigInteger) for name, text in zip(given, texts, strict=True)]
    listed = select(*(value.label(name) for name, value in zip(given, values, strict=True))).cte("listed")
    mine = [interchange.c[name] == bindparam(name) for name in ("account", "channel")]
    same = [type_coerce(interchange.c[name], listed.c[name].type) == listed.c[name] for name in given]
    latest = select(func.max(interchange.c.id)).where(*mine, interchange.c.direction == Direction.IN, *same)
    here = interchange.alias()
    number = latest.correlate(listed).scalar_subquery()
    return select(*(here.c[c.name] for c in rows.COLUMNS), *listed.c).join_from(listed, here, here.c.id == number)


def _given(file: RemoteFile) -> tuple[str, ...]:
    """Name the columns that a listing gives of a file; what it does not give is not compared."""
    return ("name", *(name for name in ("size", "modified") if getattr(file, name) is not None))


def _key(file: RemoteFile, given: tuple[str, ...]) -> tuple[str | int | None, ...]:
    modified = None if file.modified is None else microseconds(file.modified)
    key = {"name": file.name, "size": _size(file.size), "modified": modified}
    return tuple(key[name] for name in given)


def _size(size: int | None) -> int | None:
    return None if size is None else min(size, LARGEST)
