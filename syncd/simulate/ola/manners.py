"""How OLA's house behaves, and what may go wrong in it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from syncd.errors import UsageError
from syncd.simulate.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Stock:
    """What the house has and says of it.

    counts: stock that a query shows in place of the deliverable quantity. standard: article to Standard-EAN.
    keeps_orders: whether type 5 keeps what is missing ("wie bei Umbreit hinterlegt").
    """

    shelf: Shelf = field(default_factory=Shelf)
    counts: Mapping[str, int] = field(default_factory=dict)
    standard: Mapping[str, str] = field(default_factory=dict)
    keeps_orders: bool = True


@dataclass(frozen=True, slots=True)
class Manners:
    """How the house behaves on the line; all of it is allowed by telnet or by the document's silence."""

    login_prompt: str = "Login: "
    password_prompt: str = "Passwort: "  # noqa: S105 - a prompt, not a password
    greeting: str = ""
    """Said before the login prompt."""
    welcome: str = ""
    """Said after a good login; the document shows nothing."""
    telnet: bool = False
    """Negotiate options, and strew commands in between (RFC 854)."""
    echo: bool = False
    """Repeat what the visitor types, except the password."""
    delay: float = 0.0
    """Seconds from a question to its answer."""
    dribble: bool = False
    """Send byte by byte."""


FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "cut-before": "the connection ends before the question has any effect",
        "cut-after": "the question is answered in the books, and the connection ends instead of the answer",
        "cut-within": "the connection ends in the middle of the answer",
        "mute-before": "the house falls silent before the question has any effect",
        "mute-after": "the question is answered in the books, and the house falls silent",
        "wrong-echo": "the answer repeats another article",
        "garbage": "the answer is no text",
        "extra-line": "the answer comes twice",
        "internal-error": "a reservation is not entered: “Interner Fehler bei Auftragsanlage”",
    }
)
"""What may go wrong at one question."""
MANNERS: Mapping[str, tuple[Manners, str]] = MappingProxyType(
    {
        "telnet": (Manners(telnet=True), "options are negotiated, and commands stand between the lines"),
        "echo": (Manners(echo=True), "what is typed comes back"),
        "dribble": (Manners(dribble=True), "everything is sent byte by byte"),
        "slow": (Manners(delay=0.5), "an answer takes half a second"),
    }
)
"""How the house may behave all the time."""


def parse_faults(texts: Iterable[str]) -> tuple[Manners, tuple["Fault", ...]]:
    """Read what `--fault` names: manners, and `NAME[:QUESTION]`, the first by default. Raises UsageError."""
    chosen: dict[str, object] = {}
    faults: list[Fault] = []
    for text in texts:
        name, _, number = text.partition(":")
        if name in MANNERS and not number:
            plain, manners = asdict(Manners()), asdict(MANNERS[name][0])
            chosen |= {key: value for key, value in manners.items() if value != plain[key]}
        elif name in FAULTS and (number or "1").isdecimal():
            faults.append(Fault(name, int(number or "1")))
        else:
            names = ", ".join((*MANNERS, *FAULTS))
            raise UsageError(f"there is no fault {text}", remedy=f"NAME or NAME:QUESTION, of {names}.")
    return replace(Manners(), **chosen), tuple(faults)  # type: ignore[arg-type]  # names and values of its own fields


@dataclass(frozen=True, slots=True)
class Fault:
    """One of `FAULTS`, at one question, counted over the house's life from 1."""

    kind: str
    question: int = 1
