"""The words every room speaks: files, interchanges, deliveries, findings and verdicts. Values only, no behaviour.

An *interchange* is one file on its way, in or out. Inbound it moves through `State`, outbound through `Step`
(docs/guarantee.md draws both). What happened to it is written down before and after every effect.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """Which way an interchange travels, seen from the shop."""

    IN = "in"
    OUT = "out"


class Mode(StrEnum):
    """The FTP representation type: RFC 959, chapter 3.1.1. The value is the argument of TYPE."""

    ASCII = "A"
    BINARY = "I"


class State(StrEnum):
    """Where an inbound interchange stands."""

    ANNOUNCED = "announced"
    """Seen in a listing; RETR may have been sent."""
    SPOOLED = "spooled"
    """Its bytes are on our disk, fsynced. `proven` says whether the server's 226 and the size were seen too."""
    PARSED = "parsed"
    """Judged whole, and deliveries are due."""
    DONE = "done"
    """Every sink has it."""
    QUARANTINED = "quarantined"
    """Kept, and handed to nobody: rejected content, or a partial transfer. Also an outbox file that may not be sent."""
    ABANDONED = "abandoned"
    """Announced, and gone from the server before we had a byte of it."""
    DISCARDED = "discarded"
    """Was quarantined or held, and a person has put it away; its row and its bytes stay."""


class Step(StrEnum):
    """Where an outbound interchange stands."""

    QUEUED = "queued"
    STORING = "storing"
    STORED = "stored"
    PUBLISHING = "publishing"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    HELD = "held"


class Hold(StrEnum):
    """Why an interchange waits for a person.

    An order may have been taken (doubt), or was certainly never sent (guard). A stock list was accepted, and is handed
    to nobody yet (guard).
    """

    DOUBT = "doubt"
    GUARD = "guard"


class Severity(StrEnum):
    """What a finding does to its file: an error rejects it, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a parser has to say about a file; `line` counts from 1, `raw` is the text in question."""

    code: str
    severity: Severity
    line: int | None
    message: str
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class GoodsKey:
    """What makes a delivered position unique across files, so that goods are booked once."""

    supplier: str
    receiver: str
    note: str
    position: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a format says about one whole file, before anybody sees a record of it."""

    format: str
    kind: str
    accepted: bool
    findings: tuple[Finding, ...] = ()
    """The first hundred, in file order."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """All findings, counted by code."""
    header: Mapping[str, str | int | None] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    """Records by class name."""
    references: Collection[str] = ()
    """The distinct order references (1041)."""
    goods: Sequence[tuple[int, GoodsKey]] = ()
    """Line number and key of each bookable position."""
    stamp: str | None = None
    """Of a snapshot: `YYYYMMDDHHMM`, which orders snapshots of one account."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as a listing shows it: size in bytes, modification time in UTC; None is not known."""

    name: str
    size: int | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Interchange:
    """One file on its way, as the journal holds it."""

    id: int
    account: str
    channel: str
    direction: Direction
    name: str
    """The supplier's name for it: of the remote file, or the name an order is published under."""
    state: State | Step
    size: int | None
    modified: datetime | None
    sha256: str | None
    spool: str | None
    """Its file in the spool; our own id, never a name that a server gave."""
    proven: bool
    hold: Hold | None
    reason: str | None
    """Why it is held, quarantined or abandoned, in words."""
    temp_name: str | None
    attempt: int
    intent_at: datetime | None
    """When the last step that may have an effect at the server was written down."""
    kind: str | None
    created_at: datetime
    updated_at: datetime
    for_sinks: bool = True
    """False: only recorded, as by `syncd ingest`; the shop has it already."""
    host: str = ""
    """Whose spool has its bytes; empty where the database is in the state directory itself."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the spool whose bytes nobody needs any more."""

    number: int
    spool: str
    since: datetime
    """When it came to where it stands."""
    settled: bool
    """False: an order that was sent and never answered."""


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line of one of our orders, for sinks that put an answer beside what it answers."""

    order: str
    """The name of its order."""
    reference: str
    """1041."""
    article: str
    mark: str | None
    """Order mark (1003)."""
    quantity: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One interchange for one sink; `key` is stable over every repetition."""

    id: int
    interchange_id: int
    sink: str
    key: str
    account: str
    channel: str
    attempts: int
    next_attempt: datetime | None
    """None: a dead letter, until a person asks for it again."""
    last_attempt: datetime | None
    last_error: str | None

    @property
    def lane(self) -> tuple[str, str]:
        """What keeps its order on the way to the sink: the files of one account and channel."""
        return self.account, self.channel


@dataclass(frozen=True, slots=True)
class Base:
    """The list that a sink has taken last, of those that are a state: what changed is told against it."""

    interchange_id: int
    stamp: str
    key: str
    """Under which the sink got it."""
    trying: int | None
    """The interchange whose changes were begun to be handed over since; 0: the sink may hold parts of anything."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something only a person can mend, shown until it is over; opened once, however often it is seen."""

    id: int
    account: str | None
    code: str
    message: str
    remedy: str
    opened_at: datetime
    last_seen_at: datetime
    count: int
    host: str = ""
    """Where it is, if it is one host's problem among several."""


@dataclass(frozen=True, slots=True)
class Host:
    """One of the hosts that share a database, each with a state directory and a spool of its own."""

    name: str
    seen_at: datetime
    """Its latest sign of life."""
    waiting: int
    """Files in its spool that are on their way: only this host can bring them on."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an interchange's history; `before` is None for the first."""

    at: datetime
    before: State | Step | None
    after: State | Step
    note: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of an accepted file: where it stands, what it must not hand over again, what it answered."""

    interchange: Interchange
    suppressed: frozenset[int]
    """Line numbers whose goods or reports an earlier interchange of the account has handed over."""
    confirmed: tuple[Interchange, ...]
    """The orders it confirmed."""
    outdated: bool
    """A snapshot older than the one in use: kept, and handed to nobody."""
    alike: int | None = None
    """The snapshot in use until now, if it has the same stamp and other bytes."""


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word, by which something is done that syncd does not do by itself."""

    who: str
    verb: str
    """The verb of the command line: `approve`, `quarantine discard`."""
    why: str


@dataclass(frozen=True, slots=True)
class Audit:
    """One line of the audit trail; `interchange_id` is None where the word was about an account."""

    at: datetime
    who: str
    verb: str
    account: str
    interchange_id: int | None
    what: str
    """What was done, in words."""
    why: str


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One look at the clocks: the wall clock can be set, the boot clock only runs on, and only within one boot."""

    wall: datetime
    boot_id: str
    """Empty: there is only a wall clock, as that of a database server."""
    boot_time: float
    """Seconds of CLOCK_BOOTTIME, which counts suspended time too."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one login, and to the account until it ends; the highest fence is the only one that counts."""

    account: str
    holder: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """One line of the login ledger; `outcome` is None while the session runs."""

    account: str
    holder: str
    at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None
    tls: str | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """What is remembered of an account between two visits."""

    name: str
    supplier: str
    next_due: datetime | None
    paused: bool
    paused_by: str | None
    pause_reason: str | None
    last_success: datetime | None
    failures: int
    """In a row."""
    last_error_code: str | None
    last_error: str | None
