"""The house at a library: the web service at which LIBRA.SE takes order-confirm records.

Written from Axiell's page "Förvärv, Bokhandel Online". The page gives the address, the suppliers' search keys and the
accounts, and nothing of the request's form: so the house reads no request, it keeps each one byte for byte. What it can
judge it judges: the address, and whether the request names an account that was entered under "Internetkonton".
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import unquote_plus

from syncd.errors import UsageError
from syncd.simulate.books import Keeper, Post, Struck, Violation
from syncd.simulate.tree import Clock
from syncd.simulate.wire import Cut, Wire, shut

ADDRESS = "/ALMA/Alma.svc/OrderConfirm?"
"""As the page prints it, with the question mark."""
BTJ = "btj"
BTJ_DIGITS = 8
"""“Konton till BTJ måste bestå av åtta siffror.”"""
LARGEST = 1 << 20
"""Bytes of a request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the house says to a request, and whether it took it."""

    status: str
    body: bytes = b"OK"
    headers: tuple[str, ...] = ()
    taken: bool = False

    def encoded(self) -> bytes:
        """Return the answer as it goes over the line."""
        lines = (f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.body)}", *self.headers, "", "")
        return "\r\n".join(lines).encode() + self.body


TAKEN = Answer("200 OK", taken=True)
ELSEWHERE = Answer("404 Not Found", b"No such service")
STRANGER = Answer("400 Bad Request", b"No such account")
LENGTHLESS = Answer("411 Length Required", b"Say how long it is")

ANSWERS: Mapping[str, tuple[Answer, str]] = MappingProxyType(
    {
        "refused": (Answer("400 Bad Request", b"Bad record"), "the post is refused with 400"),
        "busy": (Answer("503 Service Unavailable", b"", ("Retry-After: 5",)), "not now: 503, Retry-After 5"),
        "server-error": (Answer("500 Internal Server Error", b"Object reference"), "the post is not taken: 500"),
        "gateway": (Answer("502 Bad Gateway", b"", taken=True), "the post is taken, and a gateway answers 502"),
        "redirect": (Answer("302 Found", b"", ("Location: /login",)), "the answer leads to another address"),
        "login-page": (Answer("200 OK", b"<html>Log in</html>"), "the post is not taken: 200, and a page to log in"),
    }
)
"""Faults that are an answer."""
BREAKS: Mapping[str, str] = MappingProxyType(
    {
        "unheard": "the connection ends before the post has any effect",
        "lost-answer": "the post is taken, and the connection ends instead of the answer",
        "mute": "the post is taken, and the house falls silent",
        "half-answer": "the post is taken, and the connection ends in the middle of the answer's first line",
        "garbage": "the post is taken, and the answer is no HTTP",
        "endless-answer": "the post is taken, and the answer has no end",
    }
)
"""Faults of the line."""
SLOW = ("slow", "an answer takes half a second")
FAULTS: Mapping[str, str] = MappingProxyType(
    {**BREAKS, **{name: sentence for name, (_, sentence) in ANSWERS.items()}, SLOW[0]: SLOW[1]}
)
"""Every fault by its name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One of `FAULTS`, at one post, counted over the house's life from 1; 0 is at every one."""

    name: str
    post: int = 0


def parse_faults(texts: Iterable[str]) -> tuple[Fault, ...]:
    """Read faults as they are written on the command line, `NAME[:POST]`. Raises UsageError."""
    faults = []
    for text in texts:
        name, _, number = text.partition(":")
        if name not in FAULTS or not (number or "0").isdecimal():
            raise UsageError(f"there is no fault {text}", remedy=f"NAME or NAME:POST, of {', '.join(FAULTS)}.")
        faults.append(Fault(name, int(number or "0")))
    return tuple(faults)


class AlmaHouse(Keeper):
    """LIBRA.SE's web service on loopback; `async with`, or `start` and `stop`.

    accounts: the "Internetkonton", each with its supplier's search key. clock: aware times. port: 0 takes a free one.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__()
        self.accounts = dict(accounts)
        self.clock: Clock = lambda: clock().astimezone(UTC)
        self.host = host
        self.port = port
        self.faults = faults
        self.requests = 0
        """How many came, those that a fault left unheard included."""
        self._visits: dict[asyncio.Task[None], Wire] = {}
        self._wires: list[Wire] = []
        """Those that are not gone: one whose visit is over may still have something to say."""
        self._failures: list[BaseException] = []
        self._server: asyncio.AbstractServer | None = None
        self._closed = False
        for account, key in self.accounts.items():
            if key.lower().startswith(BTJ) and not (account.isdecimal() and len(account) == BTJ_DIGITS):
                raise UsageError(f"an account at BTJ has {BTJ_DIGITS} digits, not {account!r}")

    @property
    def endpoint(self) -> str:
        """Return the address that the library tells its suppliers."""
        return f"http://{self.host}:{self.port}{ADDRESS}"

    @property
    def taken(self) -> list[Post]:
        """Return the posts that had an effect."""
        return [post for post in self.posts if post.taken]

    # -- opening and closing --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the door; raises OSError when the port is taken."""
        self._closed = False
        self._server = await asyncio.get_running_loop().create_server(lambda: Wire(self._came), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Send everybody away; the books stay. Raises what went wrong inside the house."""
        self._closed = True
        if self._server is not None:
            await shut(self._server)
        visits = list(self._visits)
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
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
        self._wires = [known for known in self._wires if not known.gone.is_set()] + [wire]
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._visits[task] = wire
        task.add_done_callback(self._went)

    def _went(self, task: asyncio.Task[None]) -> None:
        self._visits.pop(task).close()
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    # -- a visit --------------------------------------------------------------------------------------------

    async def _serve(self, wire: Wire) -> None:
        """Answer one request after the other; whoever leaves early is no failure of the house."""
        visitor = Visitor(wire)
        try:
            while (request := await visitor.request()) is not None and await self._answer(wire, request):
                pass
        except ConnectionError:
            pass

    async def _answer(self, wire: Wire, request: bytes) -> bool:
        """Keep and answer one request; return whether another may follow on this connection."""
        target = request.split(b" ", 2)[1].decode("latin-1") if request.count(b" ") > 1 else ""
        self.requests += 1
        fault = self._strikes(target)
        if fault == "unheard":
            wire.cut(Cut.FIN)
            return False
        answer = ANSWERS[fault][0] if fault in ANSWERS else self._judged(target, request)
        self._keep(target, request, answer.taken)
        if fault in BREAKS:
            await self._break(wire, fault, answer.encoded())
            return False
        await asyncio.sleep(0.5 if fault == SLOW[0] else 0)
        await wire.send(answer.encoded())
        return True

    async def _break(self, wire: Wire, fault: str, answer: bytes) -> None:
        if fault == "half-answer":
            await wire.send(answer[:7])
        elif fault == "garbage":
            await wire.send(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        elif fault == "endless-answer":
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while True:
                await wire.send(b"OK " * 10_000)
        wire.cut(Cut.SILENCE if fault == "mute" else Cut.FIN)
        await wire.gone.wait()

    def _strikes(self, target: str) -> str:
        """Return the fault that strikes at the next post, or nothing; a fault is written down."""
        for fault in self.faults:
            if fault.post in (0, self.requests):
                self.ledger.write(Struck(self.clock(), "", fault.name, target))
                return fault.name
        return ""

    def _judged(self, target: str, request: bytes) -> Answer:
        """Judge what can be judged, and write down what is wrong."""
        if not target.startswith(ADDRESS):
            self._violate("", "address", f"the request does not go to {ADDRESS}", target)
            return ELSEWHERE
        if b"\r\ntransfer-encoding:" in request.lower():
            return LENGTHLESS
        if not self._named(request):
            self._violate("", "unknown-account", "the request names no account of the library", target)
            return STRANGER
        return TAKEN

    def _named(self, request: bytes) -> str:
        """Return the account that stands somewhere in a request."""
        text = request.decode("latin-1")
        return next((account for account in self.accounts if account in text or account in unquote_plus(text)), "")

    def _keep(self, target: str, request: bytes, taken: bool) -> None:
        body = request.partition(b"\r\n\r\n")[2]
        before = next((post.number for post in self.taken if (post.target, post.body) == (target, body)), 0)
        self.ledger.write(Post(self.clock(), self._named(request), self.requests, request, target, taken, before))

    def _violate(self, account: str, rule: str, sentence: str, command: str) -> None:
        self.ledger.write(Violation(self.clock(), account, rule, sentence, command))


class Visitor:
    """One connection, as requests."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._buffer = b""

    async def request(self) -> bytes | None:
        """Return the next request, byte for byte, or None when none comes; half a request is none."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if not await self._more():
                return None
        size = end + 4 + _length(self._buffer[:end])
        while len(self._buffer) < size:
            if not await self._more():
                return None
        request, self._buffer = self._buffer[:size], self._buffer[size:]
        return request

    async def _more(self) -> bool:
        if len(self._buffer) > LARGEST:
            raise ConnectionAbortedError("a request without an end")
        came = await self._wire.read()
        self._buffer += came
        return bool(came)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0
