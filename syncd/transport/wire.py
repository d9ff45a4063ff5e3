"""The seam below a session: commands go out, replies come back, one data connection at a time.

A wire gives no verdicts: what a reply means is `syncd.transport.session`'s business, so the real wire (`ftp`, on
aioftp) and the one in memory (`memory`) are judged by the same code. A wire raises LaterError only (lost, timed out,
protocol, TLS, busy), and ForbiddenError before a byte leaves.
"""

from dataclasses import dataclass
from typing import Protocol

from syncd.errors import BusyError, ProtocolError, RefusedError, SyncdError
from syncd.transport.base import Permit

NOT_IMPLEMENTED = frozenset({500, 501, 502, 504})
"""RFC 959, 4.2.2: the server does not know the command."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: three digits and its text; `str()` is safe to show."""

    code: int
    text: str
    """As it is, for what a program reads in it: a size, a port, a path."""
    shown: str = ""
    """The text for people, as a server may write the password into any reply; empty: it is the text itself."""

    @property
    def kind(self) -> int:
        """The first digit: 1 has begun, 2 done, 3 go on, 4 not now, 5 no."""
        return self.code // 100

    def refusal(self, doing: str) -> SyncdError:
        """Return the error that this reply is, where another was needed."""
        said = f"{doing}: the server answered {self}"
        if self.kind == 4:
            return BusyError(said, remedy="the next visit tries again")
        if self.kind == 5:
            return RefusedError(
                said, reply=self.code, remedy="ask the supplier what the account may do, or correct the name"
            )
        return ProtocolError(said, remedy="this reply does not belong here; show it to the supplier")

    def __str__(self) -> str:
        """Show the reply as the server wrote it."""
        return f"{self.code} {(self.shown or self.text)[:300]}".rstrip()


class Data(Protocol):
    """One data connection, made by PASV, that waits for its command."""

    async def start(self) -> None:
        """Secure the connection; to be called once the 1xx was read (RFC 4217, chapter 12)."""
        ...

    async def read(self) -> bytes:
        """Return the next block, empty at the end."""
        ...

    async def send(self, payload: bytes) -> None:
        """Send all of it and end the connection in good order."""
        ...

    @property
    def ended_well(self) -> bool:
        """Whether the server closed the connection with TLS close_notify; always true without TLS."""
        ...

    def close(self) -> None:
        """Close what is still open of it."""
        ...


class Wire(Protocol):
    """One control connection."""

    sent: list[str]

    @property
    def alive(self) -> bool:
        """Whether it was not cut yet."""
        ...

    @property
    def tls_version(self) -> str | None:
        """The negotiated TLS version, None on a plain connection."""
        ...

    @property
    def permit(self) -> Permit:
        """Raises unless the account is still ours."""
        ...

    async def ready(self) -> None:
        """Raise unless the account is ours, the connection stands and nothing unasked lies in it.

        Then no reply can be mistaken, and a command that fails has failed on the wire.
        """
        ...

    async def ask(self, verb: str, argument: str = "") -> Reply:
        """Send a command and return the first reply to it."""
        ...

    async def hear(self, patience: float | None = None) -> Reply:
        """Return the reply that ends a transfer, within `patience` seconds (None: the endpoint's idle timeout)."""
        ...

    async def dial(self) -> Data:
        """Ask for a passive port and connect to it."""
        ...

    async def leave(self) -> None:
        """Say QUIT and close; never raises."""
        ...

    def cut(self) -> None:
        """Reset every connection at once; may be called at any time, any number of times."""
        ...
