"""The seam to whatever the shop runs: a sink gets whole interchanges, each at least once, with a stable key.

A sink is a class registered under the entry point group `syncd.sinks`. It has a pydantic model `Settings` (the table
`[sink.NAME]` without `type`), is made once with those settings, and is asked to deliver one batch at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel

from syncd.model import OrderedLine


@dataclass(frozen=True, slots=True)
class Batch:
    """One interchange as a sink sees it: judged and accepted, its raw bytes on disk, its records on demand."""

    key: str
    """Stable over every repetition: SHA-256 of account, name and content."""
    account: str
    supplier: str
    channel: str
    kind: str
    """ELS, ERM, UNKNOWN, BHDART, RAW, or another Digicom message type."""
    name: str
    """The supplier's file name; it matched the channel's pattern."""
    sha256: str
    raw: Path
    """The unchanged bytes. Never write to it."""
    header: Mapping[str, str | int | None]
    counts: Mapping[str, int]
    snapshot: bool
    """The records are the complete state: what is absent is gone."""
    records: Callable[[], Iterator[Any]]
    """The records, in file order, each a frozen dataclass with a field `line`; may be called again.

    A record class may say what makes a record unique across files, for sinks that can update in place:
    `key: ClassVar[tuple[str, ...]]`, the names of fields. A record in which one of them is None has no such key.
    """
    stamp: str | None = None
    """Of a list that is a state: `YYYYMMDDHHMM`. A sink that holds a later one of the account does not go back."""
    orders: Sequence[OrderedLine] = ()
    """Of a file that answers orders: the lines of those that its references (1041) name, the latest order first."""
    base: str | None = None
    """The records are changes since the list that the sink took under this key; None: they are no changes of a list.

    A sink that can tell that its target holds another list, or none, raises BaseMissingError and is handed the whole.
    """

    @property
    def is_state(self) -> bool:
        """Whether the records are those of a state: all of it (`snapshot`), or what changed in it (`base`)."""
        return self.snapshot or self.base is not None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms any sink gets its deliveries: the keys of `[sink.NAME]` that are syncd's, not the sink's own."""

    tries: int = 10
    """Failed attempts at a file, while the sink takes others, that make it a dead letter."""
    time_limit: timedelta = timedelta(minutes=30)
    """For one delivery."""
    delta: bool = False
    """Hand over only what changed since the list before, of lists that are a state."""
    events: bool = False
    """Whether it is told what becomes of order lines, too."""


@runtime_checkable
class Checking(Protocol):
    """What a sink may have beside: a way to look at its target, for `syncd sinks test`."""

    async def check(self) -> str:
        """Reach the target as a delivery would, without any effect; say in a few words what was found.

        Raises SinkError.
        """
        ...


class Sink(Protocol):
    """Where accepted interchanges go."""

    Settings: ClassVar[type[BaseModel]]

    async def deliver(self, batch: Batch) -> None:
        """Take one batch, or raise SinkError. May see the same key twice; the effect should be once."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
