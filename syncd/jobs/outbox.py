"""Take orders out of the outbox: spooled, fsynced, journalled and testified before the shop's file leaves its folder.

A file arrives by rename, so a name that does not begin with a dot nor end in `.tmp` is complete. What may not be sent
is put into quarantine with the reason; the same bytes a second time, too many files at once and files that are too old
are held for a person.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from syncd.errors import LaterError, SyncdError, UsageError
from syncd.formats import FORMATS, OrderLine
from syncd.jobs.base import Account, Workplace
from syncd.jobs.judge import first_error
from syncd.jobs.restored import remember_orders
from syncd.life import Ordered, ordered
from syncd.model import Direction, Interchange, Verdict
from syncd.plan.guards import GUARDED_BEFORE, guard_batch, guard_order
from syncd.plan.outbound import refuse_name
from syncd.suppliers.rules import Outbound

log = structlog.get_logger()

MAX_ORDER = 64 * 2**20
"""Bytes; no order file of the trade comes near."""


def waiting(outbox: Path) -> list[Path]:
    """Return the complete files of an outbox, oldest first. Raises UsageError when the folder cannot be read."""
    try:
        return [path for _, _, path in sorted(_complete(outbox))]
    except FileNotFoundError:
        raise UsageError(f"the outbox {outbox} is not there", remedy=f"Create it: mkdir -p {outbox}") from None
    except OSError as error:
        raise UsageError(
            f"the outbox {outbox} cannot be read: {error.strerror}", remedy="Give syncd's user access to it."
        ) from None


def _complete(outbox: Path) -> Iterator[tuple[int, str, Path]]:
    """Yield each complete file behind its age and its name; one that leaves meanwhile is none."""
    for path in outbox.iterdir():
        if not path.name.startswith(".") and not path.name.lower().endswith(".tmp"):
            with suppress(FileNotFoundError):
                there = path.lstat()
                if stat.S_ISREG(there.st_mode):
                    yield there.st_mtime_ns, path.name, path


async def rehearse_outbox(place: Workplace, account: Account) -> list[str]:
    """Say what `collect` would do with each file, and touch nothing."""
    if account.outbox is None:
        return []
    paths = await place.do(waiting, account.outbox)
    normal = await place.do(_normal, place, account, len(paths))
    return [await place.do(_rehearse, place, account, path, normal) for path in paths]


def _rehearse(place: Workplace, account: Account, path: Path, normal: "_Normal") -> str:
    try:
        order = _examine(account, path, normal.now)
    except UsageError as error:
        return f"leave it: {error}"
    if order.refusal is not None:
        return f"refuse {path.name}: {order.refusal}"
    reason = _guard(place, account, order, normal)
    return f"hold {path.name}: {reason}" if reason else f"queue {path.name} ({len(order.data)} bytes)"


async def collect(place: Workplace, account: Account) -> tuple[list[Interchange], list[SyncdError]]:
    """Take every complete file out of the account's outbox; return what was taken, and why a file was left there.

    Raises UsageError when nothing can be taken.
    """
    taken: list[Interchange] = []
    errors: list[SyncdError] = []
    if account.outbox is None:
        return taken, errors
    stuck = await _leave(place, account)  # what is journalled is not taken twice
    paths = [path for path in await place.do(waiting, account.outbox) if path not in stuck]
    if not paths:
        return taken, list(dict.fromkeys(stuck.values()))
    normal = await place.do(_normal, place, account, len(paths))
    for path in paths:
        try:
            taken.append(await _take(place, account, path, normal))
        except UsageError as error:
            if await place.do(os.path.lexists, path):  # else the shop has taken it back
                errors.append(error)
    stuck = await _leave(place, account)
    return taken, errors + list(dict.fromkeys(stuck.values()))


async def _leave(place: Workplace, account: Account) -> dict[Path, LaterError]:
    """Remove the outbox files that are journalled, once the witness knows them; return why some could not be removed.

    Also those that a stop has left behind.
    """
    stuck: dict[Path, LaterError] = {}
    rows = [(row, Path(source)) for row, source in await place.do(place.store.journal.in_outbox, account.name)]
    if rows:
        try:
            await remember_orders(place, account)
        except LaterError as error:
            return {path: error for _, path in rows}
    for row, path in rows:
        try:
            await place.do(_remove, path, row)
            await place.do(place.store.journal.left_outbox, row.id)
        except LaterError as error:
            stuck[path] = error
    return stuck


def _remove(path: Path, row: Interchange) -> None:
    """Remove an outbox file that is journalled, and no other that has taken its place. Raises LaterError."""
    aside = path.with_name(f".syncd-removing.{row.id}")  # what lies under a name that nobody knows is not replaced
    try:
        if not aside.exists():
            if not _is(path, row):
                return
            path.rename(aside)
        if not _is(aside, row):
            _put_back(aside, path)
        aside.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        remedy = "What it holds was taken. Let syncd's user remove files from this folder."
        raise LaterError(f"{path} cannot be removed: {error.strerror}", remedy=remedy) from None


def _is(path: Path, row: Interchange) -> bool:
    """Tell whether a journalled order lies there; what is no file, and may have no end, is not opened."""
    there = path.lstat()
    same_size = stat.S_ISREG(there.st_mode) and there.st_size == row.size
    return same_size and hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256


def _put_back(aside: Path, path: Path) -> None:
    """Give an order its name again that came after the comparison. Raises LaterError when that is taken by a third."""
    try:
        path.hardlink_to(aside)
    except OSError as error:
        if not (path.exists() and path.samefile(aside)):  # else a stop came after the link
            remedy = f"It lies in {aside} now: give it a name of its own, and it is taken like any other."
            message = f"an order that came as {path} while the one before was removed cannot be put back"
            raise LaterError(f"{message}: {error.strerror}", remedy=remedy) from None


async def _take(place: Workplace, account: Account, path: Path, normal: "_Normal") -> Interchange:
    order = await place.do(_examine, account, path, normal.now)
    row = await place.do(_enter, place, account, order, normal)
    event = f"order.{row.state}"
    log.info(event, account=account.name, interchange=row.id, file=row.name, reason=row.reason)
    return row


@dataclass(frozen=True, slots=True)
class _Order:
    """A file of the outbox, examined."""

    path: Path
    data: bytes
    sha256: str
    channel: Outbound
    refusal: str | None
    verdict: Verdict | None
    age: timedelta


def _examine(account: Account, path: Path, now: datetime) -> _Order:
    if not path.name.isprintable():  # a name that is not UTF-8 cannot even be written down
        message = f"the outbox {path.parent} has a file whose name is not UTF-8, or holds control characters: "
        raise UsageError(f"{message}{path.name!r}", remedy="Rename it; it stays where it is until then.")
    data, age = read_order(path), _age(path, now)
    refusal, verdict = _lint(account, path.name, data)
    return _Order(path, data, hashlib.sha256(data).hexdigest(), account.outbound[0], refusal, verdict, age)


def _lint(account: Account, name: str, data: bytes) -> tuple[str | None, Verdict | None]:
    """Say why this may not be sent, if so, and what its format says of it."""
    channel = account.outbound[0]
    refusal = refuse_name(channel, name, account.supplier.refused_suffixes)
    if refusal is not None:
        return refusal, None
    verdict = FORMATS[channel.format].judge(lambda: [data], account.context(name))
    return first_error(name, verdict), verdict


def _ordered(account: Account, order: "_Order", verdict: Verdict) -> list[Ordered]:
    """Return the lines of an order; a format that knows none has none."""
    records = FORMATS[order.channel.format].records(lambda: [order.data], account.context(order.path.name), verdict)
    return [ordered(line) for line in records if isinstance(line, OrderLine)]


def refuse_order(account: Account, name: str, data: bytes) -> str | None:
    """Say why these bytes may not be sent under this name; None when they may."""
    return _lint(account, name, data)[0]


def _enter(place: Workplace, account: Account, order: _Order, normal: "_Normal") -> Interchange:
    """Spool and journal an order; the shop's file goes after that."""
    journal, spool = place.store.journal, place.store.spool
    known = (account.name, order.channel.name, order.path.name, len(order.data), order.sha256)

    def keep(number: int) -> str:
        return spool.write(Direction.OUT, number, order.data)

    source, now = str(order.path), place.clock()
    if order.refusal is not None:
        row = journal.refuse(*known, source, order.refusal, now, spool=keep)
    else:
        assert order.verdict is not None, "what is not refused was judged"
        reason, lines = _guard(place, account, order, normal), _ordered(account, order, order.verdict)
        row = journal.queue(*known, tuple(order.verdict.references), source, reason, now, spool=keep, ordered=lines)
    return row


@dataclass(frozen=True, slots=True)
class _Normal:
    """What each order of one look at the outbox is compared with."""

    count: int
    first: bool
    now: datetime


def _normal(place: Workplace, account: Account, count: int) -> _Normal:
    journal, now = place.store.journal, place.clock()
    held = journal.guarded(account.name, now - GUARDED_BEFORE)
    return _Normal(count + held, journal.account(account.name).last_success is None, now)


def _guard(place: Workplace, account: Account, order: _Order, normal: _Normal) -> str | None:
    twins = place.store.journal.twins(account.name, order.channel.name, order.path.name, order.sha256)
    twin = guard_order(twins, order.path.name, order.sha256)
    return twin or guard_batch(normal.count, order.age, account.guard, first=normal.first)


def read_order(path: Path) -> bytes:
    """Read a whole order file. Raises UsageError when it cannot be read or is far too large."""
    try:
        size = path.stat().st_size
        if size > MAX_ORDER:
            raise UsageError(f"{path}: {size} bytes is no order file", remedy="Move it out of the outbox.")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _age(path: Path, now: datetime) -> timedelta:
    try:
        return timedelta(seconds=now.timestamp() - path.stat().st_mtime)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be read: {error.strerror}", remedy="Give syncd's user access to it.")
