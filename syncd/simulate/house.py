"""What every house has: accounts, a login gate, rules, books, and files that are taken and handed out.

A supplier's house says what it demands (`RULES`), where an account begins (`home`, `folders`), and what happens to a
file that comes (`stored`, `renamed`) or goes (`done`).
"""

import asyncio
import hashlib
import posixpath
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import ClassVar, Self, TypedDict, Unpack

from syncd.simulate.books import Handed, Keeper, Login, Placed, Struck, Violation
from syncd.simulate.certificates import Certificate, make_certificate
from syncd.simulate.faults import Faults
from syncd.simulate.host import ReplyError, Tls
from syncd.simulate.rules import COMMON, Rule
from syncd.simulate.session import Session
from syncd.simulate.tree import Clock, Directory, Tree
from syncd.simulate.verbs import VERBS
from syncd.simulate.wire import Wire, shut
from syncd.simulate.wrong import WrongSession

ALL_PORTS = range(20000, 30000)


class Settings(TypedDict, total=False):
    """What may be set for every house; `House` says what each means."""

    host: str
    port: int
    tls: Tls
    tls_versions: tuple[str, str]
    certificate: Certificate | None
    ca_file: Path | None
    passive_ports: range
    login_interval: timedelta
    idle: timedelta
    newline: str
    mlsd: bool
    strict_close: bool
    reuse_required: bool
    faults: Sequence[str]


class House(Keeper):
    """A supplier on loopback. Start it with `async with`, or with `start` and `stop`.

    accounts: name to password. clock: aware times, the house's own. rng: its dice. faults: what goes wrong, as written
    in `syncd.simulate.faults`; raises UsageError for one that does not exist. The settings are attributes below.
    """

    RULES: ClassVar[tuple[Rule, ...]] = ()
    NAME: ClassVar[str] = "house"

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    tls: Tls = Tls.NONE
    tls_versions: tuple[str, str] = ("1.2", "1.3")
    certificate: Certificate | None = None
    """None: one is made where it speaks TLS."""
    ca_file: Path | None = None
    """Where the certificate authority is written when it speaks TLS."""
    passive_ports: range = ALL_PORTS
    login_interval: timedelta = timedelta(0)
    idle: timedelta = timedelta(minutes=5)
    newline: str = "keep"
    """`keep` stores bytes as they come, `lf` stores text with line feeds as many servers do."""
    mlsd: bool = True
    strict_close: bool = True
    """An upload over TLS without a close_notify is a broken one."""
    reuse_required: bool = False
    """Data connections must resume the control connection's TLS session."""

    def __init__(self, accounts: Mapping[str, str], *, clock: Clock, rng: Random, **settings: Unpack[Settings]) -> None:
        super().__init__()
        self.accounts = dict(accounts)
        self.clock: Clock = lambda: clock().astimezone(UTC)
        self.rng = rng
        self.faults = Faults.of(settings.pop("faults", ()))
        for name, value in settings.items():
            if name not in Settings.__annotations__:
                raise TypeError(f"{type(self).__name__} has no setting {name!r}")
            setattr(self, name, value)
        self.context: ssl.SSLContext | None = None
        self.banner = f"Simulated house {self.NAME}, nothing here is real."
        self.verbs = VERBS
        self._trees = {account: Tree(self.clock, self.folders(account)) for account in self.accounts}
        self._present: dict[str, Session] = {}
        self._last_login: dict[str, datetime] = {}
        self._visitors: dict[asyncio.Task[None], Session] = {}
        self._visits = 0
        self._wires: dict[Wire, None] = {}
        self._failures: list[BaseException] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._server: asyncio.AbstractServer | None = None
        self._closed = False

    # -- opening and closing --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the door; raises UsageError when TLS lacks trustme, OSError when the port is taken."""
        if self.tls is not Tls.NONE:
            self.certificate = self.certificate or make_certificate()
            self.context = self.certificate.context(self.tls_versions)
            if self.ca_file is not None:
                self.ca_file.write_bytes(self.certificate.ca_pem)
        self._server = await asyncio.get_running_loop().create_server(lambda: Wire(self._came), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Send everybody away and forget what was planned; the books stay. Raises what went wrong inside the house."""
        self._closed = True
        if self._server is not None:
            await shut(self._server)
        for timer in self._timers:
            timer.cancel()
        for task in list(self._visitors):
            task.cancel()
        await asyncio.gather(*self._visitors, return_exceptions=True)
        for wire in self._wires:
            wire.reset()
        for wire in self._wires:
            await wire.gone.wait()
        await asyncio.sleep(0.01)  # who was just being accepted is turned away
        if self._failures:
            raise self._failures[0]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _came(self, wire: Wire) -> None:
        if self._closed:
            wire.reset()
            return
        self._visits += 1
        self.watch(wire)
        session = self.session(wire, self._visits)
        task = asyncio.get_running_loop().create_task(session.run())
        self._visitors[task] = session
        task.add_done_callback(self._went)

    def _went(self, task: asyncio.Task[None]) -> None:
        del self._visitors[task]
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    def watch(self, wire: Wire) -> None:
        """Remember a connection, so that closing the house ends it."""
        self._wires = {known: None for known in self._wires if not known.gone.is_set()} | {wire: None}

    def session(self, wire: Wire, number: int) -> Session:
        """Make the session of a visitor who just came."""
        if not self.faults.plans:
            return Session(self, wire, number)
        return WrongSession(self, wire, number, self.faults)

    def later(self, delay: timedelta, act: Callable[[], None]) -> None:
        """Do something after a while, unless the house closes before."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            self._timers.discard(handle)
            act()

        handle = loop.call_later(delay.total_seconds(), run)
        self._timers.add(handle)

    # -- the books ------------------------------------------------------------------------------------------

    def violate(self, session: Session, rule: str, sentence: str) -> None:
        """Write down that a rule was broken."""
        command = f"{session.command.verb} {session.command.argument}".strip()
        self.ledger.write(Violation(self.clock(), session.account or session.user, rule, sentence, command))

    # -- files ----------------------------------------------------------------------------------------------

    def folders(self, account: str) -> tuple[str, ...]:
        """Name the directories of an account."""
        return ("/in", "/out")

    def home(self, account: str) -> str:
        """Return where an account begins."""
        return "/"

    def tree(self, account: str) -> Tree:
        """Return an account's files."""
        return self._trees[account]

    def inside(self, account: str) -> Directory:
        """Return an account's `in`."""
        return self.tree(account)[posixpath.join(self.home(account), "in")]

    def out(self, account: str) -> Directory:
        """Return an account's `out`: what is put there can be fetched."""
        return self.tree(account)[posixpath.join(self.home(account), "out")]

    def put(self, account: str, name: str, content: bytes) -> None:
        """Put a file into an account's `out`; where files grow, its second half follows."""
        self.ledger.write(Placed(self.clock(), account, name, len(content)))
        out = self.out(account)
        growing = self.faults.strikes("growing-file", "")
        if growing is not None:
            self.ledger.write(Struck(self.clock(), account, growing.fault.name, name))
            out[name] = content[: len(content) // 2]
            self.later(timedelta(seconds=growing.number), lambda: out.update({name: content}))
        else:
            out[name] = content

    def revised(self, content: bytes) -> bytes:
        """Return another content that could stand under the same name."""
        return content + content

    def is_in(self, session: Session, path: str) -> bool:
        """Tell whether a path lies right in the account's `in`."""
        return posixpath.dirname(path) == posixpath.join(self.home(session.account), "in")

    def stored(self, session: Session, path: str, content: bytes, whole: bool) -> None:
        """Keep a file that came."""
        session.directory(path)[posixpath.basename(path)] = content

    def renamed(self, session: Session, old: str, new: str) -> None:
        """Rename a file."""
        content = session.directory(old).pop(posixpath.basename(old))
        session.directory(new)[posixpath.basename(new)] = content

    def reading(self, session: Session, path: str) -> bytes:
        """Return what a reader gets."""
        return session.directory(path)[posixpath.basename(path)]

    def sent(self, session: Session, path: str, content: bytes, whole: bool) -> None:
        """Write down that a file went out."""
        digest = hashlib.sha256(content).hexdigest()
        name = posixpath.basename(path)
        self.ledger.write(Handed(self.clock(), session.account, name, len(content), digest, whole))

    def done(self, session: Session, path: str, whole: bool) -> None:
        """Do what follows a reading."""

    def taken_before(self, content: bytes) -> str:
        """Return the name under which the very same bytes were taken before, or nothing."""
        return next((order.name for order in self.orders if order.content == content), "")

    # -- the door -------------------------------------------------------------------------------------------

    def check(self, session: Session, verb: str, argument: str) -> None:
        """Hold a command against the rules; raises ReplyError where a broken one is refused."""
        for rule in (*COMMON, *self.RULES):
            if verb in rule.verbs and rule.broken(session, argument):
                self.violate(session, rule.code, rule.sentence)
                if rule.reply is not None:
                    raise ReplyError(*rule.reply)

    def admit(self, session: Session, password: str) -> None:
        """Try a login and write it down; raises ReplyError when it is early, parallel, or the password is wrong."""
        outcome, sentence, reply = self._judge(session, password)
        version = session.wire.tls.version() if session.wire.tls is not None else None
        self._last_login[session.user] = self.clock()
        self.ledger.write(Login(self.clock(), session.user, session.number, outcome, version or ""))
        if sentence:
            self.violate(session, f"login-{outcome}", sentence)
        if reply is not None:
            raise ReplyError(*reply)
        self._present[session.user] = session

    def _judge(self, session: Session, password: str) -> tuple[str, str, tuple[int, str] | None]:
        last = self._last_login.get(session.user)
        if last is not None and (gap := self.clock() - last) < self.login_interval:
            sentence = f"a login {gap.total_seconds():.1f} s after the last; one in {self.login_interval} is allowed"
            return "early", sentence, (421, "Too many logins, come back later.")
        present = self._present.get(session.user)
        if present is not None and not present.wire.gone.is_set():
            return "parallel", "a second login while the first one is there", (421, "You are logged in elsewhere.")
        if self.accounts.get(session.user) != password:
            return "refused", "", (530, "Login incorrect.")
        return "accepted", "", None

    def leave(self, session: Session) -> None:
        """Note that a session is over."""
        if self._present.get(session.user) is session:
            del self._present[session.user]
