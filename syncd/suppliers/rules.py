"""The vocabulary in which a supplier is described: every rule that a supplier of ours has is a word here.

A rule that no supplier had before is a new word in this file, a decision in `syncd.plan`, an enforcement in
`syncd.simulate`, and a test. Nothing outside `syncd.suppliers` asks for a supplier by name.
"""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum

from syncd.model import Mode


class Consume(StrEnum):
    """Who removes an inbound file once it was read."""

    SERVER_REMOVES = "server-removes"
    """Reading deletes: whatever we do not have on disk is gone."""
    WE_REMOVE = "we-remove"
    """We DELE a file after it was parsed and accepted."""
    KEEP = "keep"
    """Files stay; the journal tells which are known."""


class Publish(StrEnum):
    """How an outbound file starts to count."""

    RENAME = "rename"
    """Under a temporary name, verified, then renamed: the rename is the moment it counts."""
    DIRECT = "direct"
    """Under its final name at once: renaming is forbidden."""


class Verb(StrEnum):
    """FTP commands that write, consume or read a server's files; the allow-list of a session is made of them."""

    CWD = "CWD"
    PWD = "PWD"
    MLSD = "MLSD"
    LIST = "LIST"
    NLST = "NLST"
    SIZE = "SIZE"
    RETR = "RETR"
    STOR = "STOR"
    RNFR = "RNFR"
    RNTO = "RNTO"
    DELE = "DELE"


WRITING = frozenset({Verb.STOR, Verb.RNFR, Verb.RNTO, Verb.DELE})
"""What a rehearsal never sends."""

PLUMBING = frozenset({"AUTH", "PBSZ", "PROT", "USER", "PASS", "TYPE", "PASV", "NOOP", "QUIT"})
"""What every session may send: it neither names nor changes a file."""


class Encryption(StrEnum):
    """How a control connection is protected."""

    EXPLICIT = "explicit"
    """AUTH TLS on the plain port, data protected (PROT P): RFC 4217."""
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Tls:
    """What a supplier demands of TLS. An account chooses among `allowed`; the first is the default."""

    allowed: tuple[Encryption, ...]
    minimum: str = "1.2"
    """The lowest version taken: "1.0" or "1.2". There is no maximum: a supplier's upgrade needs no change here."""
    reason: str = ""
    """Why the minimum is lower than 1.2; shown in `syncd status`."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of file in one remote directory; `pattern` must match the whole name."""

    name: str
    directory: str
    """Below the account's home."""
    pattern: str
    format: str
    """A key of `syncd.formats.FORMATS`."""

    def takes(self, filename: str) -> bool:
        """Tell whether a file of this name belongs to this channel."""
        return re.fullmatch(self.pattern, filename) is not None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A new file comes at each of these times of day, in the supplier's time zone; each is the whole state."""

    at: tuple[time, ...]
    about: timedelta
    """How far from its time one may be made and still be the one."""
    grace: timedelta
    """How late one may be, unless the account says otherwise, before a person is told."""


@dataclass(frozen=True, slots=True)
class Inbound(Channel):
    """Files we fetch; an account may set `consume` stricter where `consume_choices` allows it."""

    consume: Consume = Consume.KEEP
    consume_choices: tuple[Consume, ...] = ()
    optional: bool = False
    """Only fetched when the account switches it on (`channels = [...]`): reading may delete."""
    arrivals: Arrivals | None = None
    """When files are sure to come; None: whenever there is something."""


@dataclass(frozen=True, slots=True)
class Outbound(Channel):
    """Files we upload. `stamped` names are `S_<customer>_<YYYYMMDDHHMMSS>`: unique per second and customer."""

    publish: Publish = Publish.DIRECT
    name_template: str = ""
    """How `send` and `order build` name a file, with `{customer}` and `{stamp}`; empty: it keeps its own name."""
    confirmed_by: tuple[str, ...] = ()
    """The inbound channels whose references (1041) confirm an order of this channel."""


@dataclass(frozen=True, slots=True)
class Every:
    """Visit at a fixed distance."""

    interval: timedelta


@dataclass(frozen=True, slots=True)
class Daily:
    """Visit after each of these times of day, in the supplier's time zone."""

    at: tuple[time, ...]
    after: tuple[timedelta, ...] = (timedelta(0),)
    """How long after each time to look: suppliers say "about", so soon after it, and once more."""


@dataclass(frozen=True, slots=True)
class Ola:
    """An availability query by lines over telnet, at a server of its own (docs/ola.md)."""

    port: int
    silence: timedelta
    """After so long without a question the server hangs up, without a word."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """A trading partner whose server we visit, with the source of every rule."""

    name: str
    title: str
    source: str
    host: str
    port: int
    tls: Tls
    passive_ports: range
    login_interval: timedelta
    encoding: str
    timezone: str
    inbound: tuple[Inbound, ...]
    outbound: tuple[Outbound, ...]
    visits: Every | Daily
    binary_suffixes: frozenset[str] = frozenset()
    refused_suffixes: frozenset[str] = frozenset()
    """Would be damaged by the letter of the transfer rule: never uploaded."""
    ola: Ola | None = None

    def mode(self, filename: str) -> Mode:
        """Return ASCII or binary: decided by the extension after the last dot, and by nothing else."""
        suffix = "." + filename.rpartition(".")[2].lower() if "." in filename else ""
        return Mode.BINARY if suffix in self.binary_suffixes else Mode.ASCII

    def channel_of(self, directory: str, filename: str) -> Inbound | None:
        """Return the channel to which a file belongs: the first of its directory that takes the name, chosen or not."""
        there = (channel for channel in self.inbound if channel.directory == directory)
        return next((channel for channel in there if channel.takes(filename)), None)

    def verbs(self) -> frozenset[Verb]:
        """Return the file commands a session with this supplier may send."""
        allowed = {Verb.CWD, Verb.PWD, Verb.MLSD, Verb.LIST, Verb.NLST, Verb.SIZE, Verb.RETR, Verb.STOR}
        if any(channel.publish is Publish.RENAME for channel in self.outbound):
            # DELE: a temporary name that was never published is removed
            allowed |= {Verb.RNFR, Verb.RNTO, Verb.DELE}
        if any(Consume.WE_REMOVE in (c.consume, *c.consume_choices) for c in self.inbound):
            allowed |= {Verb.DELE}
        return frozenset(allowed)
