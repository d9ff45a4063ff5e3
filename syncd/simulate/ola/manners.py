"""How OLA's house behaves, and what may go wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at one question, counted over the house's life from 1.

    kind: `cut-before` (not entered, and gone), `cut-after` (entered, no answer), `cut-within` (half an answer),
    `mute-before` and `mute-after` (the line stays open), `wrong-echo` (the answer names another article), `garbage`,
    `internal-error` (“Interner Fehler bei Auftragsanlage”), `extra-line` (an answer too many).
    """

    kind: str
    question: int = 1
