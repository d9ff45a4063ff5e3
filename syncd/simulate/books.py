"""What a house writes down: commands, logins, violations, orders taken, files handed out.

The books are the house's own truth, for tests and for people: nothing in them comes from the visitor's side.
Whoever wants to follow along adds a listener; `as_json` is the same for other processes.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar


@dataclass(slots=True)
class Record:
    """One entry in the books; `at` is the house's clock."""

    kind: ClassVar[str] = "record"
    at: datetime
    account: str


@dataclass(slots=True)
class Command(Record):
    """A command that came in; `replies` are the codes it got, empty when the reply was never sent."""

    kind = "command"
    session: int
    verb: str
    argument: str
    """A password is written as `***`."""
    replies: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Login(Record):
    """A login that was tried; `outcome` is `accepted`, `refused`, `early` or `parallel`."""

    kind = "login"
    session: int
    outcome: str
    tls: str
    """The TLS version in use, empty on a plain connection."""


@dataclass(slots=True)
class Violation(Record):
    """A rule of the supplier that was broken; a visitor who behaves leaves none."""

    kind = "violation"
    rule: str
    sentence: str
    command: str


@dataclass(slots=True)
class Order(Record):
    """A file that the house took out of `in` to process it."""

    kind = "order"
    name: str
    content: bytes
    customer: str
    lines: list[Mapping[str, object]]
    """What the house read of it; empty where the form of orders is not known."""
    whole: bool
    """False when the transfer broke off and the house took the torso."""
    number: str
    """The house's own order number."""
    repeat_of: str
    """The name under which the very same bytes were taken before; empty for a new order."""


@dataclass(slots=True)
class Placed(Record):
    """A file that the house put into `out`."""

    kind = "placed"
    name: str
    size: int


@dataclass(slots=True)
class Handed(Record):
    """A file that was read from `out`; `whole` is False when the transfer broke off as the house saw it."""

    kind = "handed"
    name: str
    size: int
    sha256: str
    whole: bool


@dataclass(slots=True)
class Struck(Record):
    """A fault that struck."""

    kind = "fault"
    fault: str
    command: str


@dataclass(slots=True)
class Post(Record):
    """A request that came over HTTP, byte for byte; `account` is the one that it names."""

    kind = "post"
    number: int
    content: bytes
    """The whole request: request line, headers, body."""
    target: str
    taken: bool
    repeat_of: int
    """The number of the post that was taken with the very same target and body; 0 for a new one."""

    @property
    def body(self) -> bytes:
        """Return what follows the headers."""
        return self.content.partition(b"\r\n\r\n")[2]


R = TypeVar("R", bound=Record)


class Books:
    """All records in the order in which they were made."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.listeners: list[Callable[[Record], None]] = []

    def write(self, record: Record) -> None:
        """Add a record and tell the listeners."""
        self.records.append(record)
        for listener in self.listeners:
            listener(record)

    def of(self, kind: type[R]) -> list[R]:
        """Return all records of one kind."""
        return [record for record in self.records if isinstance(record, kind)]

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything as plain data, one list for each kind, with times in ISO 8601."""
        kinds: dict[str, list[dict[str, Any]]] = {
            kind.kind: [] for kind in (Command, Login, Violation, Order, Placed, Handed, Post, Struck)
        }
        for record in self.records:
            kinds[record.kind].append(as_json(record))
        return kinds


class Keeper:
    """Whoever keeps books: the records by their kind."""

    def __init__(self) -> None:
        self.ledger = Books()

    @property
    def commands(self) -> list[Command]:
        """Return every command that came in."""
        return self.ledger.of(Command)

    @property
    def logins(self) -> list[Login]:
        """Return every login that was tried."""
        return self.ledger.of(Login)

    @property
    def violations(self) -> list[Violation]:
        """Return every rule that was broken; empty for visitors who behave."""
        return self.ledger.of(Violation)

    @property
    def orders(self) -> list[Order]:
        """Return every file that was taken for processing."""
        return self.ledger.of(Order)

    @property
    def placed(self) -> list[Placed]:
        """Return every file that the house put into `out` by itself."""
        return self.ledger.of(Placed)

    @property
    def posts(self) -> list[Post]:
        """Return every request that came over HTTP."""
        return self.ledger.of(Post)

    @property
    def handed(self) -> list[Handed]:
        """Return every file that was read by a visitor."""
        return self.ledger.of(Handed)

    def books(self) -> dict[str, list[dict[str, Any]]]:
        """Return all of it as plain data, for other processes."""
        return self.ledger.as_json()


def as_json(record: Record) -> dict[str, Any]:
    """Return one record as plain data; bytes become Latin-1 text, with size and SHA-256 beside it."""
    plain: dict[str, Any] = {"kind": record.kind}
    for each in fields(record):
        value = getattr(record, each.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, bytes):
            plain |= {"size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
            value = value.decode("latin-1")
        plain[each.name] = value
    return plain
