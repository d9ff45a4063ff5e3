"""The next move of an order, so that it is taken exactly once; which name it may have, and which size at the server."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.model import Hold, Interchange, Mode, Step
from syncd.suppliers.rules import Outbound, Publish

TEMP_PROOF_MAX_AGE = timedelta(hours=1)
"""After this, a missing temporary name proves nothing: the server's own housekeeping may have removed it."""

RECEIPT_MAX_AGE = timedelta(hours=24)
"""How long an order without a 226 waits for evidence before a person is asked."""


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


def refuse_name(channel: Outbound, name: str, refused_suffixes: frozenset[str]) -> str | None:
    """Say why a file of this name cannot be uploaded through this channel."""
    if not channel.takes(name):
        return f"the name does not fit this supplier's rule ({channel.pattern})"
    if any(name.lower().endswith(suffix) for suffix in refused_suffixes):
        return "this kind of file would be transferred in ASCII and damaged"
    return None


def stored_sizes(data: bytes, mode: Mode) -> frozenset[int]:
    """Return the sizes a server may report for an upload: as sent, or in ASCII with LF alone (RFC 959, 3.1.1.1)."""
    sizes = {len(data)}
    if mode is Mode.ASCII:
        sizes.add(len(data) - data.count(b"\r\n"))
    return frozenset(sizes)
