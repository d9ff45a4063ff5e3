"""Take orders out of the outbox: spooled, fsynced and journalled before the shop's file leaves its folder.

A file arrives by rename, so a name that does not begin with a dot nor end in `.tmp` is complete. What may not be sent
is put into quarantine with the reason; the same bytes a second time are held for a person.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from syncd.errors import UsageError
from syncd.formats import FORMATS
from syncd.jobs.base import Account, Workplace
from syncd.jobs.judge import first_error
from syncd.model import Direction, Interchange
from syncd.plan import guard_order, refuse_name
from syncd.suppliers.rules import Outbound

log = structlog.get_logger()

MAX_ORDER = 64 * 2**20
"""Bytes; no order file of the trade comes near."""


def waiting(outbox: Path) -> list[Path]:
    """Return the complete files of an outbox, oldest first. Raises UsageError when the folder cannot be read."""
    try:
        files = [path for path in outbox.iterdir() if _complete(path)]
        return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))
    except FileNotFoundError:
        raise UsageError(f"the outbox {outbox} is not there", remedy=f"Create it: mkdir -p {outbox}") from None
    except OSError as error:
        raise UsageError(
            f"the outbox {outbox} cannot be read: {error.strerror}", remedy="Give syncd's user access to it."
        ) from None


def _complete(path: Path) -> bool:
    return (
        not path.name.startswith(".")
        and not path.name.lower().endswith(".tmp")
        and path.is_file()
        and not path.is_symlink()
    )


async def rehearse_outbox(place: Workplace, account: Account) -> list[str]:
    """Say what `collect` would do with each file, and touch nothing."""
    if account.outbox is None:
        return []
    return [await place.do(_rehearse, place, account, path) for path in await place.do(waiting, account.outbox)]


def _rehearse(place: Workplace, account: Account, path: Path) -> str:
    try:
        order = _examine(account, path)
    except UsageError as error:
        return f"leave it: {error}"
    if order.refusal is not None:
        return f"refuse {path.name}: {order.refusal}"
    reason = _guard(place, account, order)
    return f"hold {path.name}: {reason}" if reason else f"queue {path.name} ({len(order.data)} bytes)"


async def collect(place: Workplace, account: Account) -> tuple[list[Interchange], list[UsageError]]:
    """Take every complete file out of the account's outbox; return what was taken, and why a file was left there.

    Raises UsageError when nothing can be taken.
    """
    taken: list[Interchange] = []
    errors: list[UsageError] = []
    if account.outbox is None:
        return taken, errors
    await _finish_leaving(place, account)
    for path in await place.do(waiting, account.outbox):
        try:
            taken.append(await _take(place, account, path))
        except UsageError as error:
            errors.append(error)
    return taken, errors


async def _finish_leaving(place: Workplace, account: Account) -> None:
    """Remove outbox files that a stop left behind after they were journalled."""
    for row, source in await place.do(place.store.journal.in_outbox, account.name):
        await place.do(_unlink_same, Path(source), row.sha256)
        await place.do(place.store.journal.left_outbox, row.id)


def _unlink_same(path: Path, sha256: str | None) -> None:
    """Remove an outbox file that is journalled. Raises UsageError: what is journalled is not taken twice meanwhile."""
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        remedy = "The order is on its way. Let syncd's user remove files from this folder."
        raise UsageError(f"{path} cannot be removed: {error.strerror}", remedy=remedy) from None


async def _take(place: Workplace, account: Account, path: Path) -> Interchange:
    order = await place.do(_examine, account, path)
    row = await place.do(_enter, place, account, order)
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
    references: tuple[str, ...]


def _examine(account: Account, path: Path) -> _Order:
    if not path.name.isprintable():  # a name that is not UTF-8 cannot even be written down
        message = f"the outbox {path.parent} has a file whose name is not UTF-8, or holds control characters: "
        raise UsageError(f"{message}{path.name!r}", remedy="Rename it; it stays where it is until then.")
    data = read_order(path)
    refusal, references = _lint(account, path.name, data)
    return _Order(path, data, hashlib.sha256(data).hexdigest(), account.outbound[0], refusal, references)


def _lint(account: Account, name: str, data: bytes) -> tuple[str | None, tuple[str, ...]]:
    """Say why this may not be sent, if so, and which references it carries."""
    channel = account.outbound[0]
    refusal = refuse_name(channel, name, account.supplier.refused_suffixes)
    if refusal is not None:
        return refusal, ()
    verdict = FORMATS[channel.format].judge(lambda: [data], account.context(name))
    return first_error(name, verdict), verdict.references


def refuse_order(account: Account, name: str, data: bytes) -> str | None:
    """Say why these bytes may not be sent under this name; None when they may."""
    return _lint(account, name, data)[0]


def _enter(place: Workplace, account: Account, order: _Order) -> Interchange:
    """Spool and journal an order, and only then let the shop's file go."""
    journal, spool = place.store.journal, place.store.spool
    known = (account.name, order.channel.name, order.path.name, len(order.data), order.sha256)

    def keep(number: int) -> str:
        return spool.write(Direction.OUT, number, order.data)

    source, now = str(order.path), place.clock()
    if order.refusal is not None:
        row = journal.refuse(*known, source, order.refusal, now, spool=keep)
    else:
        row = journal.queue(*known, order.references, source, _guard(place, account, order), now, spool=keep)
    _unlink_same(order.path, order.sha256)
    journal.left_outbox(row.id)
    return row


def _guard(place: Workplace, account: Account, order: _Order) -> str | None:
    twins = place.store.journal.twins(account.name, order.channel.name, order.path.name, order.sha256)
    return guard_order(twins, order.path.name, order.sha256)


def read_order(path: Path) -> bytes:
    """Read a whole order file. Raises UsageError when it cannot be read or is far too large."""
    try:
        size = path.stat().st_size
        if size > MAX_ORDER:
            raise UsageError(f"{path}: {size} bytes is no order file", remedy="Move it out of the outbox.")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", remedy="Give syncd's user access to it.") from None
