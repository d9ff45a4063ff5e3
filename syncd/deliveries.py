"""Questions about deliveries: what waits for each sink and since when, what was given up, and who has a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncd.model import Delivery
from syncd.state import Store
from syncd.wording import counted


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """One sink at a glance."""

    name: str
    type: str | None
    """None: it is not in the configuration (any more)."""
    waiting: int
    """Deliveries that are tried by themselves."""
    oldest: datetime | None
    """When the oldest file came in that waits or was given up."""
    next_try: datetime | None
    last_error: str | None
    """Of what waits."""
    dead: int
    """Deliveries that were given up until a person acts."""
    dead_since: datetime | None
    dead_error: str | None
    """Why the first of them was given up."""


def sinks_status(store: Store, configured: Mapping[str, str]) -> list[SinkStatus]:
    """Tell of each sink: the configured ones, by name with their types, and those that something here still waits for.

    Each host tells of its own deliveries: another one may have other sinks.
    """
    pending: dict[str, list[Delivery]] = {name: [] for name in configured}
    for delivery in store.journal.pending(store.journal.host):
        pending.setdefault(delivery.sink, []).append(delivery)
    return [_status(store, name, configured.get(name), mine) for name, mine in pending.items()]


def _status(store: Store, name: str, type_name: str | None, mine: list[Delivery]) -> SinkStatus:
    waiting = [each for each in mine if each.next_attempt is not None]
    dead = [each for each in mine if each.next_attempt is None]
    first = {each.lane: each for each in reversed(waiting)}  # what stands behind it waits for it, whenever it is due
    return SinkStatus(
        name=name,
        type=type_name,
        waiting=len(waiting),
        oldest=store.journal.get(mine[0].interchange_id).created_at if mine else None,
        next_try=min((each.next_attempt for each in first.values() if each.next_attempt), default=None),
        last_error=next((each.last_error for each in waiting if each.last_error), None),
        dead=len(dead),
        dead_since=min((each.last_attempt for each in dead if each.last_attempt), default=None),
        dead_error=dead[0].last_error if dead else None,
    )


def wants(sink: SinkStatus) -> tuple[str, str, str] | None:
    """Say what a sink wants from a person: the problem's code, what it is, what to do; None when nothing."""
    if sink.type is None and sink.oldest:
        open_ones = counted(sink.waiting + sink.dead, "delivery is", "deliveries are")
        return (
            "sink-gone",
            f"{open_ones} for the sink {sink.name}, which is not in the configuration",
            f"Put [sink.{sink.name}] back, or give them up: syncd sinks drop {sink.name} --reason WHY",
        )
    if sink.dead:
        lost = counted(sink.dead, f"delivery to the sink {sink.name} was", f"deliveries to the sink {sink.name} were")
        return (
            "dead-letters",
            f"{lost} given up: {sink.dead_error}",
            f"Mend what it says, then: syncd sinks retry {sink.name} --dead. "
            f"To do without them: syncd sinks drop {sink.name} --dead --reason WHY",
        )
    return None


def told(store: Store, number: int) -> list[str]:
    """Say of each delivery of an interchange how it stands."""
    return [_line(each, made) for each, made in store.journal.deliveries_of(number)]


def _line(delivery: Delivery, made: datetime | None) -> str:
    if made is not None:
        return f"{delivery.sink}: has it since {made.astimezone():%Y-%m-%d %H:%M:%S}"
    error = f", last error: {delivery.last_error}" if delivery.last_error else ""
    if delivery.next_attempt is None:
        return f"{delivery.sink}: dead letter after {counted(delivery.attempts, 'attempt')}{error}"
    return f"{delivery.sink}: waits{error}"
