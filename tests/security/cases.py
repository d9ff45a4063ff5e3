"""The hostile servers, a table: what each does instead of what it should, and how the visit may end.

`codes` are the errors that may end the visit, none for one that must go well; `secured` gives the server TLS and the
account `tls = "explicit"`, and `silent` says that no password may have been sent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from syncd.simulate.wrong import HOSTILE
from tests.security import acts
from tests.security.place import ANSWER, RAW
from tests.servers.scripted import Act, answer, hang_up, sends, takes

BROKEN = frozenset({"protocol", "connection-lost"})
SHORT = frozenset({"truncated"})
DOUBT = frozenset({"in-doubt"})


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile server."""

    acts: dict[str, Act]
    codes: frozenset[str] = frozenset()
    secured: bool = False
    silent: bool = False
    dressed: Callable[[Path], Act] | None = None
    """Makes the act of AUTH, with a folder for certificates."""
    delivered: bool = False
    """Whether the one good file comes all the same."""


def listing(*names: str) -> bytes:
    return b"".join(f"type=file;size={len(RAW)}; {name}\r\n".encode("latin-1", "replace") for name in names)


def unix(*names: str) -> bytes:
    rows = (f"-rw-r--r-- 1 o g {len(RAW)} Nov 21 10:11 {name}\r\n" for name in names)
    return "".join(rows).encode("latin-1", "replace")


def plain(*names: str) -> bytes:
    return "".join(f"{name}\r\n" for name in names).encode("latin-1", "replace")


def _lists(verb: str, data: bytes) -> dict[str, Act]:
    """Return the acts of a server that only knows this way of listing."""
    unknown: dict[str, Act] = {known: answer("502 what?") for known in ("MLSD", "LIST", "NLST")}
    return unknown | {verb: sends(data)}


NAMES = {f"name {number}": name for number, name in enumerate(HOSTILE)} | {
    "name of a drive": "C:\\R_9009002",
    "name of a device": "/dev/tcp/R_9009002",
    "name that climbs behind an R_": f"{ANSWER}/../../../escaped",
    "name with a command in it": f"{ANSWER}\rDELE {ANSWER}",
    "name that begins like our draft": f".{ANSWER}.part",
    "name of a state file": "state.db",
}
LISTERS: dict[str, tuple[str, Callable[..., bytes]]] = {
    "MLSD": ("MLSD", listing), "LIST": ("LIST", unix), "NLST": ("NLST", plain),
}  # fmt: skip

GARBAGE = answer(b"\xff\xfe\x00\x80 not a reply\r\n")
NO_CODE = answer("999 no such code")
ENDLESS = answer(*["220-and more"] * 200)
VISIT = ("BANNER", "USER", "PASS", "CWD", "PWD", "TYPE", "PASV", "SIZE", "RNFR", "MLSD", "RETR")
"""Where garbage is no doubt: nothing counts by these replies."""
MARKS = {"STOR": frozenset({"later"}), "RNTO": DOUBT}
"""Where an order is on its way: under its temporary name it is simply sent again, after RNTO nobody knows."""


def _nonsense() -> dict[str, Case]:
    kinds = {"garbage": GARBAGE, "a code that does not exist": NO_CODE, "a reply of 200 lines": ENDLESS}
    return {
        f"{kind} at {verb}": Case({verb: act}, MARKS.get(verb, BROKEN))
        for kind, act in kinds.items()
        for verb in (*VISIT, *MARKS)
    }


def _names() -> dict[str, Case]:
    return {
        f"{title} by {verb}": Case(_lists(verb, form(name, ANSWER)), delivered=True)
        for number, (title, name) in enumerate(NAMES.items())
        for verb, form in [LISTERS[("MLSD", "LIST", "NLST")[number % 3]]]
    }


TLS = frozenset({"tls"})
BOUNCE: dict[str, Case] = {
    "bounce to another host": Case({"PASV": acts.says("227 (10,9,8,7,{high},{low})")}, delivered=True),
    "bounce to a privileged port": Case({"PASV": answer("227 (127,0,0,1,0,22)")}, BROKEN),
    "bounce to port 0": Case({"PASV": answer("227 (127,0,0,1,0,0)")}, BROKEN),
    "bounce with numbers too large": Case({"PASV": answer("227 (127,0,0,1,4096,4096)")}, BROKEN),
    "bounce to a door that is shut": Case({"PASV": answer("227 (127,0,0,1,4,1)")}, BROKEN),
}
STRIPPED: dict[str, Case] = {
    "no AUTH": Case({"AUTH": answer("502 what?")}, TLS, secured=True, silent=True),
    "AUTH refused by policy": Case({"AUTH": answer("534 no TLS here")}, TLS, secured=True, silent=True),
    "AUTH done without TLS": Case({"AUTH": answer("200 you are safe")}, TLS, secured=True, silent=True),
    "AUTH, then plaintext": Case(
        {"AUTH": answer("234 go\r\n200 PBSZ\r\n200 PROT\r\n331 \r\n230 in")}, BROKEN, secured=True, silent=True
    ),
    "AUTH, then the end": Case(
        {"AUTH": acts.in_turn(answer("234 go"), hang_up)}, BROKEN | TLS, secured=True,
        silent=True,
    ),
    "data in clear after PROT": Case({"PROT": answer("200 sure"), "STOR": acts.in_clear}, MARKS["STOR"], secured=True),
    "PROT refused": Case({"PROT": answer("536 only clear")}, TLS, secured=True, silent=True),
    "anonymous ciphers": Case({}, TLS, secured=True, silent=True,
                              dressed=lambda folder: acts.secured_by(acts.anonymous())),
    "expired certificate": Case({}, TLS, secured=True, silent=True,
                                dressed=lambda folder: acts.secured_by(acts.expired(folder))),
    "certificate of a stranger": Case({}, TLS, secured=True, silent=True,
                                      dressed=lambda folder: acts.secured_by(acts.of_a_stranger(folder))),
    "certificate for another name": Case({}, TLS, secured=True, silent=True,
                                         dressed=lambda folder: acts.secured_by(acts.for_another_name(folder))),
}  # fmt: skip
LIES: dict[str, Case] = {
    "a size that is no number": Case({"SIZE": answer("213 -1")}, BROKEN),
    "a size above any file": Case({"SIZE": answer("213 " + "9" * 30)}, BROKEN),
    "a size of 10,000 digits": Case({"SIZE": answer("213 " + "9" * 10_000)}, BROKEN),
    "a file shorter than listed": Case({"RETR": sends(RAW[:50])}),
    "a file longer than listed": Case({"RETR": sends(RAW * 3)}),
    "a file of rubbish": Case({"RETR": sends(bytes(range(256)) * 4)}),
    "a listing of rubbish": Case(
        {"MLSD": sends(bytes(range(256)) * 40), "LIST": sends(b"\0" * 999), "NLST": sends(b"\0")}
    ),
    "an order that has vanished": Case({"SIZE": answer("550 what order?")}, SHORT),
    "226 before the data": Case({"STOR": answer("226 thanks")}, BROKEN | MARKS["STOR"]),
    "two replies to one upload": Case({"STOR": takes("226 done\r\n250 renamed")}, BROKEN | MARKS["STOR"]),
    "our own commands echoed": Case({"BANNER": answer("220 RNTO S_1\r\0USER x")}, delivered=True),
}
USUAL: dict[str, Act] = {
    "MLSD": sends(listing(ANSWER)),
    "RETR": sends(RAW),
    "SIZE": acts.honest_size,
    "PWD": answer('257 "/in" is here'),
}
"""A server that has one good file and takes the order; each case replaces a part of it."""
CASES: dict[str, Case] = _names() | _nonsense() | BOUNCE | STRIPPED | LIES
"""Every hostile server by its name."""
