"""Questions about hosts: who shares the database, when each was heard of last, and what lies on one that is away."""

from dataclasses import dataclass
from datetime import datetime

from syncd.state import SILENT, Store
from syncd.wording import counted


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One of the hosts that share the database."""

    name: str
    here: bool
    """Whether it is the one that was asked."""
    seen: datetime
    """Its latest sign of life."""
    away: bool
    """It gave none for minutes."""
    waiting: int
    """Files on their way that lie there."""


def hosts_status(store: Store, now: datetime) -> list[HostStatus]:
    """Say how the hosts are that share the database; there are none with SQLite."""
    here = store.journal.host
    return [
        HostStatus(host.name, host.name == here, host.seen_at, now - host.seen_at > SILENT, host.waiting)
        for host in store.journal.hosts()
    ]


def missed(host: HostStatus) -> tuple[str, str, str] | None:
    """Say what a host wants from a person: the problem's code, what it is, what to do; None when nothing."""
    if not (host.away and host.waiting):
        return None
    files = counted(host.waiting, "file on its way lies", "files on their way lie")
    return (
        "host-away",
        f"the host {host.name} gives no sign of life, and {files} there",
        f"Start syncd there again. If it is gone for good: syncd host take {host.name} --reason WHY (docs/state.md)",
    )
