"""What a session asks of the house it runs in, and the words both speak.

A session knows FTP and no supplier; the host says what may be done and what a file means. Between them stands this
protocol, so that neither imports the other.
"""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Protocol

from syncd.simulate.books import Books
from syncd.simulate.tree import Clock, Tree
from syncd.simulate.wire import Wire

if TYPE_CHECKING:
    from syncd.simulate.session import Session


class Tls(StrEnum):
    """How a house protects its connections."""

    NONE = "none"
    OPTIONAL = "optional"
    """Plain, or AUTH TLS when the visitor asks for it."""
    EXPLICIT = "explicit"
    """AUTH TLS before anything else, and protected data (RFC 4217)."""
    IMPLICIT = "implicit"


class ReplyError(Exception):
    """A command that is answered with a refusal."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Verb:
    """One command of the table of commands."""

    act: Callable[["Session", str], Awaitable[None]]
    after_login: bool = True


class Host(Protocol):
    """What a session needs of the house it runs in."""

    host: str
    verbs: Mapping[str, Verb]
    tls: Tls
    context: ssl.SSLContext | None
    passive_ports: range
    clock: Clock
    rng: Random
    ledger: Books
    idle: timedelta
    reuse_required: bool
    strict_close: bool
    newline: str
    mlsd: bool
    banner: str

    def check(self, session: "Session", verb: str, argument: str) -> None:
        """Raise ReplyError where a rule of the supplier forbids the command."""
        ...

    def admit(self, session: "Session", password: str) -> None:
        """Write a login down; raise ReplyError when it is not accepted."""
        ...

    def leave(self, session: "Session") -> None:
        """Note that a session is over."""
        ...

    def violate(self, session: "Session", rule: str, sentence: str) -> None:
        """Write down that a rule was broken."""
        ...

    def revised(self, content: bytes) -> bytes:
        """Return another content that could stand under the same name."""
        ...

    def watch(self, wire: Wire) -> None:
        """Remember a connection, so that closing the house ends it."""
        ...

    def home(self, account: str) -> str:
        """Return the directory in which an account begins."""
        ...

    def tree(self, account: str) -> Tree:
        """Return an account's files."""
        ...

    def stored(self, session: "Session", path: str, content: bytes, whole: bool) -> None:
        """Take a file that was uploaded."""
        ...

    def renamed(self, session: "Session", old: str, new: str) -> None:
        """Rename a file."""
        ...

    def reading(self, session: "Session", path: str) -> bytes:
        """Return what a reader gets."""
        ...

    def sent(self, session: "Session", path: str, content: bytes, whole: bool) -> None:
        """Note that a file went out; called before its 226."""
        ...

    def done(self, session: "Session", path: str, whole: bool) -> None:
        """Note that a reader got its 226."""
        ...
