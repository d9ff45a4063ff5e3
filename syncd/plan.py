"""What to do next, as pure decisions: never an effect, never a clock of its own.

The jobs learn both sides (journal and server), ask here, and run what comes back. Everything that must never be got
wrong is decided here: whether an order may be sent again, whether a file is new, whether a login is allowed.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from syncd.model import Base, ClockSample, Hold, Interchange, Mode, RemoteFile, State, Step
from syncd.suppliers.rules import Consume, Inbound, Outbound, Publish
from syncd.wording import counted

TEMP_PROOF_MAX_AGE = timedelta(hours=1)
"""After this, a missing temporary name proves nothing: the server's own housekeeping may have removed it."""

RECEIPT_MAX_AGE = timedelta(hours=24)
"""How long an order without a 226 waits for evidence before a person is asked."""

FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)

LONGEST_PUT_OFF = timedelta(days=1)
"""A target that asks for more time than this is asked again after this."""


# -- inbound ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read this file."""

    channel: Inbound
    file: RemoteFile

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
    """Do not read this file now: we could not keep it, and reading may delete it at the server."""

    channel: Inbound
    file: RemoteFile
    problem: str
    """`disk-full` or `file-too-large`."""
    why: str

    def __str__(self) -> str:
        return f"leave {self.channel.directory}/{self.file.name}: {self.why}"


FileAction = Fetch | Remove | Leave


def plan_fetch(
    channel: Inbound, listing: Sequence[RemoteFile], known: Mapping[RemoteFile, Interchange]
) -> list[Fetch | Remove]:
    """Decide what to do with each file of a listing; files that are not the channel's are left alone."""
    wanted = (_fetch_action(channel, file, known.get(file)) for file in listing if channel.takes(file.name))
    return [action for action in wanted if action is not None]


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
        return Fetch(channel, file)
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


def stored_sizes(data: bytes, mode: Mode) -> frozenset[int]:
    """Return the sizes a server may report for an upload: as sent, or in ASCII with LF alone (RFC 959, 3.1.1.1)."""
    sizes = {len(data)}
    if mode is Mode.ASCII:
        sizes.add(len(data) - data.count(b"\r\n"))
    return frozenset(sizes)


# -- outbound ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Store:
    """Upload the bytes; under RENAME under a new temporary name, and remove the old one."""

    def __str__(self) -> str:
        return "upload"


@dataclass(frozen=True, slots=True)
class Rename:
    """Publish the verified temporary file: RNFR, journal, RNTO."""

    def __str__(self) -> str:
        return "publish by renaming the verified upload"


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the server about the temporary name: only its presence or absence is evidence."""

    def __str__(self) -> str:
        return "look for the temporary name: it decides whether the order was published"


@dataclass(frozen=True, slots=True)
class Unconfirm:
    """The upload was under way when it was cut, and there is no temporary name to ask for: wait for evidence."""

    def __str__(self) -> str:
        return "wait for evidence: the upload was cut and must not be repeated"


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Ask a person."""

    hold: Hold
    reason: str

    def __str__(self) -> str:
        return f"hold: {self.reason}"


Move = Store | Rename | Probe | Unconfirm | HoldBack


def plan_store(channel: Outbound, order: Interchange, now: datetime) -> Move | None:
    """Decide the next move for an order; None when there is nothing to do but wait.

    Sources: Umbreit, chapter 3.1 (temporary name, processed once renamed); CB, Data exchange via FTP (no renaming).
    """
    age = now - (order.intent_at or order.updated_at)
    if channel.publish is Publish.RENAME:
        return _renamed(order, age)
    return _direct(order, age)


def _renamed(order: Interchange, age: timedelta) -> Move | None:
    match order.state:
        case Step.QUEUED | Step.STORING:  # a temporary name never counts: storing it again is no second order
            return Store()
        case Step.STORED:
            return Rename()
        case Step.PUBLISHING if age > TEMP_PROOF_MAX_AGE or age < timedelta(0):
            return HoldBack(Hold.DOUBT, "the reply to the renaming was lost, and the temporary name proves nothing now")
        case Step.PUBLISHING:
            return Probe()
    return None


def _direct(order: Interchange, age: timedelta) -> Move | None:
    match order.state:
        case Step.QUEUED:
            return Store()
        case Step.STORING:
            return Unconfirm()
        case Step.UNCONFIRMED if age > RECEIPT_MAX_AGE:
            return HoldBack(Hold.DOUBT, "the upload was cut before the server confirmed it, and no evidence came since")
    return None


def in_turn(orders: Iterable[Interchange]) -> list[Interchange]:
    """Return open orders in the order to carry them: doubts first, then whatever was tried least, oldest first."""
    return sorted(orders, key=lambda order: (order.state is not Step.PUBLISHING, order.attempt, order.id))


def guard_order(twins: Iterable[Interchange], name: str, sha256: str) -> str | None:
    """Say why an order must not be sent without a person's word: its bytes or its name were there before."""
    for twin in twins:
        if twin.sha256 == sha256:
            return f"the same bytes came before as {twin.name} ({twin.state}, {twin.created_at:%Y-%m-%d %H:%M})"
        if twin.name == name:
            return f"the name was used before with other content ({twin.state}, {twin.created_at:%Y-%m-%d %H:%M})"
    return None


@dataclass(frozen=True)
class Guard:
    """What an account calls normal: what is beyond it waits for a person's word."""

    most_orders: int = 50
    """Order files in the outbox at once."""
    oldest: timedelta = timedelta(days=7)
    """Age of an order file."""
    allow_empty_snapshot: bool = False
    """Whether a stock list without an article is handed on like any other."""
    least_stock: int = 50
    """Percent of the rows of the stock list in use; 0: never mind."""


FIRST = Guard(most_orders=20, oldest=timedelta(days=1))
"""What is normal for an account that was never visited: its outbox may hold what another program has sent long ago."""

GUARDED_BEFORE = timedelta(hours=1)
"""Orders that a guard held so recently count with those that lie in the outbox now: a batch may come in parts."""


def guard_batch(count: int, age: timedelta, guard: Guard, *, first: bool) -> str | None:
    """Say why an order must not be sent without a person's word: it is one of too many, or too old.

    `count` is how many lie there at once; `age` is that of this file; `first` tells that no visit ever went well.
    """
    most, oldest = guard.most_orders, guard.oldest
    if first:
        most, oldest = min(most, FIRST.most_orders), min(oldest, FIRST.oldest)
    why = "this account was never visited yet" if first else "the setting guard"
    if count > most:
        return f"{counted(count, 'order')} came at once, more than {most} ({why})"
    if age > oldest:
        return f"the file is {_spoken(age)} old, more than {_spoken(oldest)} ({why})"
    return None


def guard_snapshot(rows: int, in_use: int | None, guard: Guard) -> str | None:
    """Say why a stock list must not be handed on without a person's word; `in_use` counts the rows of the one before.

    What is absent from a stock list is no longer delivered (CB, Berichtdefinitie BHDART): a list that is short by
    mistake switches a shop off.
    """
    if rows == 0:
        return None if guard.allow_empty_snapshot else "it has no article at all (the setting guard)"
    if in_use is not None and rows * 100 < in_use * guard.least_stock:
        return f"it has {counted(rows, 'article')}, less than {guard.least_stock} % of the {in_use} of the one in use"
    return None


def _spoken(age: timedelta) -> str:
    """Say a length of time in whole days or hours."""
    hours = age // timedelta(hours=1)
    return counted(hours // 24, "day") if hours >= 48 else counted(hours, "hour")


def refuse_name(channel: Outbound, name: str, refused_suffixes: frozenset[str]) -> str | None:
    """Say why a file of this name cannot be uploaded through this channel."""
    if not channel.takes(name):
        return f"the name does not fit this supplier's rule ({channel.pattern})"
    if any(name.lower().endswith(suffix) for suffix in refused_suffixes):
        return "this kind of file would be transferred in ASCII and damaged"
    return None


class Handing(Enum):
    """How a list that is a state is handed to a sink that wants changes only."""

    WHOLE = "whole"
    CHANGES = "changes"
    NOT = "not"
    """The sink has a later one."""


def plan_handing(base: Base | None, number: int, stamp: str) -> Handing:
    """Decide how to hand over a list, given the one that the sink has taken last.

    Changes are told against that one, whatever was missed between. Where the sink may hold a part of other changes, and
    where it is handed the same list again, only the whole list says for certain what there is.
    """
    if base is None:
        return Handing.WHOLE
    if (stamp, number) < (base.stamp, base.interchange_id):
        return Handing.NOT
    certain = base.interchange_id != number and base.trying in (None, number)
    return Handing.CHANGES if certain else Handing.WHOLE


def changes_key(base: str, key: str) -> str:
    """Return the key of changes: of the list that they lead to, and of the one that they start from."""
    return hashlib.sha256(f"{base}\n{key}".encode()).hexdigest()


def delivery_key(account: str, name: str, sha256: str) -> str:
    """Return what stays the same over every repetition of a delivery: account, name and content."""
    return hashlib.sha256("\n".join((account, name, sha256)).encode()).hexdigest()


# -- time -------------------------------------------------------------------------------------------------------


def next_attempt(failures: int, now: datetime, put_off: timedelta | None = None) -> datetime:
    """Return when to try again after so many failures in a row: 30 s, doubled each time, at most an hour.

    `put_off` is how long the other side wants to be left alone: it may make the wait longer, up to a day.
    """
    doublings = min(max(failures, 1) - 1, 10)
    wait = min(FIRST_RETRY * (1 << doublings), LAST_RETRY)
    return now + max(wait, min(put_off or wait, LONGEST_PUT_OFF))


def attempt_is_due(when: datetime | None, last: datetime | None, now: datetime) -> bool:
    """Tell whether to try again now, planned for `when` at the `last` attempt; None never is.

    A plan for later that was made later than now was made while the clock was wrong: it is not believed.
    """
    return when is not None and (when <= now or last is None or last > now)


Clock = Callable[[], datetime]
"""Always aware, always passed in."""


# -- may we log in? ---------------------------------------------------------------------------------------------


def rebase(stamp: ClockSample, sample: ClockSample) -> ClockSample:
    """Return the moment to count from: the stamp, or now when the stamp lies in the future.

    A stamp of another boot in the future means that the wall clock was set back. It is not believed: whoever counts
    from it writes the sample in its place, so that the wait is one interval from now, never more and never less.
    Within one boot a younger stamp only means that this look at the clocks is not the latest: the stamp stays.
    """
    return sample if not _share_a_boot(stamp, sample) and sample.wall < stamp.wall else stamp


def next_login(last: ClockSample | None, interval: timedelta, sample: ClockSample) -> datetime:
    """Return when the next login is allowed; a time that is not after `sample.wall` means now.

    Within one boot only the boot clock counts, so setting the wall clock changes nothing. After a reboot the wall
    clock is all there is.
    """
    if last is None:
        return sample.wall
    return sample.wall + interval - max(_passed(last, sample), timedelta(0))


def _passed(stamp: ClockSample, sample: ClockSample) -> timedelta:
    """Return the time between two looks at the clocks, by the best clock they share."""
    if _share_a_boot(stamp, sample):
        return timedelta(seconds=sample.boot_time - stamp.boot_time)
    return sample.wall - stamp.wall


def _share_a_boot(stamp: ClockSample, sample: ClockSample) -> bool:
    return stamp.boot_id == sample.boot_id != ""
