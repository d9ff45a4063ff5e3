"""How a supplier's demands are written down in a house: one `Rule` each, with the words of its source.

A rule that is broken is written into the books as a violation and, where `reply` says so, the command is refused.
Here stand the rules that all houses share; each supplier's own stand in its house.
"""

from collections.abc import Callable
from dataclasses import dataclass

from syncd.simulate.host import Tls
from syncd.simulate.session import Session

Broken = Callable[[Session, str], bool]


def always(session: Session, argument: str) -> bool:
    """Say that the command alone breaks the rule."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand."""

    code: str
    verbs: frozenset[str]
    sentence: str
    source: str
    broken: Broken = always
    reply: tuple[int, str] | None = None
    """How the command is refused; None: it is done all the same, and noted."""


def verbs(names: str) -> frozenset[str]:
    """Make a set of commands of a line of them."""
    return frozenset(names.split())


def _in_clear(session: Session, argument: str) -> bool:
    return session.house.tls in (Tls.EXPLICIT, Tls.IMPLICIT) and session.wire.tls is None


def _data_in_clear(session: Session, argument: str) -> bool:
    return session.house.tls in (Tls.EXPLICIT, Tls.IMPLICIT) and not session.protected


COMMON = (
    Rule(
        "plaintext-login",
        verbs("USER PASS"),
        "a name or a password came without TLS",
        "RFC 4217, 10.1",
        broken=_in_clear,
        reply=(530, "TLS comes first: AUTH TLS."),
    ),
    Rule(
        "plaintext-data",
        verbs("RETR STOR LIST NLST MLSD"),
        "data would go without TLS",
        "RFC 4217, 10.2",
        broken=_data_in_clear,
        reply=(521, "Data connections must be protected: PROT P."),
    ),
    Rule(
        "passive-only",
        verbs("PORT EPRT EPSV LPRT LPSV"),
        "data connections are made with PASV and nothing else",
        "CB, Data exchange via FTP: “the command PASV (passive mode) should be used”",
        reply=(502, "Use PASV."),
    ),
    Rule(
        "no-directories",
        verbs("MKD XMKD RMD XRMD"),
        "directories are neither made nor removed",
        "CB, Data exchange via FTP: “not allowed to create directories”; Umbreit, 2: two directories are there",
        reply=(550, "Directories are fixed."),
    ),
)
"""What every house demands."""
