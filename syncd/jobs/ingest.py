"""Files of an archive: they go through spool, journal and parser like fetched ones, with no login.

An operator's word stands for the server's: what is ingested is proven. Whether the sinks get it is the operator's
choice too. If not, a file is recorded as known to the shop: its goods are claimed, its snapshot is in use, and the same
file fetched later goes to nobody. Saying later that it shall be delivered delivers it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncd.errors import SpoolLostError, UsageError
from syncd.jobs.base import Account, Workplace
from syncd.jobs.judge import hold_reason, judge
from syncd.model import Direction, Hold, Interchange, RemoteFile, State, Word
from syncd.state import Draft, is_partial
from syncd.suppliers.rules import Inbound

BLOCK = 2**18
ACCEPTED = (State.PARSED, State.DONE)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file."""

    path: Path
    row: Interchange | None
    """None: refused before anything was written down."""
    why: str | None
    known: bool = False
    """The journal had this very file, and nothing changed."""
    suppressed: int = 0
    """Positions and reports that another file had brought before."""

    @property
    def outcome(self) -> str:
        """Return `refused`, `rejected`, `held`, `known` or `accepted`."""
        if self.row is None:
            return "refused"
        if self.row.state not in ACCEPTED:
            return "rejected"
        if self.row.hold is not None:
            return "held"
        return "known" if self.known else "accepted"


def archived(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and those below the folders: oldest first, no dot files, no links. Raises UsageError."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", remedy="Name files, or folders that hold them.")
        found += sorted(_below(path), key=_age) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _age(path: Path) -> tuple[int, Path]:
    return path.stat().st_mtime_ns, path


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and not path.is_symlink():
            yield path


async def ingest(
    place: Workplace, account: Account, path: Path, channel: Inbound | None, word: Word, *, for_sinks: bool
) -> Ingested:
    """Take one file in. Raises StopError, DiskFullError; what is wrong with the file itself is in the answer."""
    if await place.do(_is_special, path):
        return Ingested(path, None, "it is a pipe or a device; only files and folders are taken in")
    chosen = channel or next((each for each in account.inbound if each.takes(path.name)), None)
    if chosen is None or not chosen.takes(path.name):
        rules = " or ".join(each.pattern for each in ([channel] if channel else account.inbound))
        return Ingested(path, None, f"the name fits no channel of {account.name} ({rules})")
    try:
        return await _take(place, account, chosen, path, word, for_sinks=for_sinks)
    except OSError as error:
        return Ingested(path, None, f"it cannot be read: {error.strerror}")


async def _take(
    place: Workplace, account: Account, channel: Inbound, path: Path, word: Word, *, for_sinks: bool
) -> Ingested:
    sha256 = await place.do(_sha256, path)
    alike = await place.do(place.store.journal.same_bytes, account.name, channel.name, path.name, sha256)
    accepted = next((row for row in alike if row.state in ACCEPTED), None)
    if accepted is not None:
        if accepted.spool is None:
            accepted = await _bring_back(place, accepted, path)
        return await _known(place, account, path, accepted, word, for_sinks=for_sinks)
    kept = [row for row in alike if await place.do(_has_bytes, place, row)]
    row = kept[-1] if kept else await _spool(place, account, channel, path, for_sinks=for_sinks)
    row = await _prove(place, row, for_sinks=for_sinks)
    return await _told(place, path, await judge(place, account, row))


def _has_bytes(place: Workplace, row: Interchange) -> bool:
    """Tell whether the spool still has the bytes of a file that was put aside whole."""
    if row.spool is None or is_partial(row.spool):
        return False
    try:
        return place.store.spool.sha256(row.spool) == row.sha256
    except SpoolLostError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _spool(place: Workplace, account: Account, channel: Inbound, path: Path, *, for_sinks: bool) -> Interchange:
    """Copy a file to the spool by the steps of a download, so that a crash leaves nothing that is not understood."""
    journal, remote = place.store.journal, RemoteFile(path.name)
    row = await place.do(journal.announce, account.name, channel.name, remote, place.clock(), for_sinks=for_sinks)
    try:
        draft = await _copy(place, row, path)
    except BaseException:  # also when the file cannot be read to its end
        await place.do(journal.advance, row.id, row.state, State.ABANDONED, place.clock(), reason="ingesting it failed")
        raise
    name = await place.do(draft.commit)
    return await place.do(
        journal.advance, row.id, State.ANNOUNCED, State.SPOOLED, place.clock(),
        note=f"ingested from {path}", sha256=draft.sha256, size=draft.size, spool=name,
    )  # fmt: skip


async def _bring_back(place: Workplace, row: Interchange, path: Path) -> Interchange:
    """Put the bytes of an accepted file back that were kept no longer, so that it can be handed over again."""
    name = await place.do((await _copy(place, row, path)).commit)
    await place.do(
        place.store.journal.bring_back, row.id, name, place.clock(), f"its bytes were brought back from {path}"
    )
    return await place.do(place.store.journal.get, row.id)


async def _copy(place: Workplace, row: Interchange, path: Path) -> Draft:
    draft = await place.do(place.store.spool.draft, Direction.IN, row.id)
    try:
        for block in _blocks(path):
            await place.do(draft.append, block)
    except BaseException:
        await place.do(draft.discard)
        raise
    return draft


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


async def _prove(place: Workplace, row: Interchange, *, for_sinks: bool) -> Interchange:
    """Take the operator's word that the spooled bytes are the whole file; one in quarantine is judged again by it."""
    return await place.do(
        place.store.journal.advance, row.id, row.state, State.SPOOLED, place.clock(),
        note="ingested", proven=True, for_sinks=for_sinks, reason=None,
    )  # fmt: skip


async def _known(
    place: Workplace, account: Account, path: Path, row: Interchange, word: Word, *, for_sinks: bool
) -> Ingested:
    """Deliver a file that was only recorded, if it shall be; else leave everything as it is."""
    if not for_sinks or row.for_sinks:
        return await _told(place, path, row, known=True)
    hold = await hold_reason(place, account, row, await place.do(place.store.journal.verdict, row.id))
    if hold is not None:
        row = await place.do(
            place.store.journal.decide,
            row, State.PARSED, word, place.clock(), hold=Hold.GUARD, reason=hold, for_sinks=True,
        )  # fmt: skip
    else:
        meant = account.deliveries(replace(row, for_sinks=True))
        row = await place.do(place.store.journal.hand_over, row, meant, place.clock(), word)
    return await _told(place, path, row, known=row.state is State.DONE)


async def _told(place: Workplace, path: Path, row: Interchange, *, known: bool = False) -> Ingested:
    journal = place.store.journal
    if row.state not in ACCEPTED or row.hold is not None:
        return Ingested(path, row, row.reason)
    suppressed = await place.do(journal.suppressed, row.id)
    history = await place.do(journal.history, row.id)
    return Ingested(path, row, history[-1].note, known, len(suppressed))
