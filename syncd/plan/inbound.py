"""What to do with the files of a listing: fetch, remove, leave; and whether one came whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.model import Interchange, Mode, RemoteFile, State
from syncd.suppliers.rules import Consume, Inbound
from syncd.wording import counted


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read this file."""

    channel: Inbound
    file: RemoteFile
    again: bool = False
    """It was asked for before, and did not come whole."""

    def __str__(self) -> str:
        size = "size unknown" if self.file.size is None else counted(self.file.size, "byte")
        return f"fetch {self.channel.directory}/{self.file.name} ({size})"


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete this file at the server: we have it, parsed and accepted."""

    channel: Inbound
    file: RemoteFile

    def __str__(self) -> str:
        return f"remove {self.channel.directory}/{self.file.name}: parsed and accepted"


@dataclass(frozen=True, slots=True)
class Leave:
    """A file that stays at the supplier: we could not keep it, or it is not given to us."""

    channel: Inbound
    file: RemoteFile
    problem: str
    """`disk-full`, `file-too-large` or `file-refused`."""
    why: str

    def __str__(self) -> str:
        return f"leave {self.channel.directory}/{self.file.name}: {self.why}"


FileAction = Fetch | Remove | Leave


def plan_fetch(
    channel: Inbound, listing: Sequence[RemoteFile], known: Mapping[RemoteFile, Interchange]
) -> list[Fetch | Remove]:
    """Decide what to do with each file of a listing; files that are not the channel's are left alone.

    What did not come whole before is asked for last: if it ends the visit once more, the others have come.
    """
    wanted = (_fetch_action(channel, file, known.get(file)) for file in listing if channel.takes(file.name))
    return sorted((action for action in wanted if action is not None), key=_was_tried)


def _was_tried(action: Fetch | Remove) -> bool:
    return isinstance(action, Fetch) and action.again


def if_it_fits(action: FileAction, spare: int, largest: int) -> FileAction:
    """Leave a file that the disk could not keep; to be asked just before each file, as the disk is not ours alone.

    `spare` is what the disk can take, in bytes, with the reserve kept. Where reading deletes, a file without a size
    counts as the `largest` that is taken; elsewhere it is still there when the disk was too small.
    """
    if not isinstance(action, Fetch):
        return action
    channel, file = action.channel, action.file
    unknown = largest if channel.consume is Consume.SERVER_REMOVES else 0
    size = unknown if file.size is None else file.size
    if size > largest:
        return Leave(channel, file, "file-too-large", f"it has {size} bytes, and {largest} is the most that is taken")
    if size > spare:
        missing = counted(size - spare, "byte is", "bytes are")
        return Leave(channel, file, "disk-full", f"{missing} missing on our disk")
    return action


def _fetch_action(channel: Inbound, file: RemoteFile, known: Interchange | None) -> Fetch | Remove | None:
    if known is None or _never_had_it_whole(known):
        return Fetch(channel, file, again=known is not None)
    if channel.consume is Consume.WE_REMOVE and known.state in (State.PARSED, State.DONE):
        return Remove(channel, file)
    if channel.consume is Consume.SERVER_REMOVES and None in (file.size, file.modified):
        return Fetch(channel, file)  # reading deletes, so a file of this name is another one unless size and time agree
    return None


def _never_had_it_whole(known: Interchange) -> bool:
    partial = known.state in (State.QUARANTINED, State.DISCARDED) and not known.proven
    return partial or known.state in (State.ANNOUNCED, State.ABANDONED)


def sizes_agree(listed: int, received: int, line_feeds: int, mode: Mode) -> bool:
    """Tell whether a download has the listed size; in ASCII the server may have turned each LF into CR LF."""
    return received == listed or (mode is Mode.ASCII and received == listed + line_feeds)
