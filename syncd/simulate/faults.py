"""The faults a house can be given: names, what each does, and how one is written.

    NAME[:NUMBER][:KIND][:VERB][:COUNT]

NUMBER is the byte or the seconds, for faults that have one. KIND is `fin`, `rst` or `silence`, for faults that cut.
VERB restricts a fault to one command. COUNT limits it to its first occurrences: `lost-226:1` strikes once.
`wrong` does what each says (`syncd.simulate.wrong`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from syncd.errors import UsageError
from syncd.simulate.verbs import VERBS
from syncd.simulate.wire import Cut

FILES = frozenset({"STOR", "RETR"})
LISTINGS = frozenset({"LIST", "NLST", "MLSD"})
MOST = 10**9
"""Seconds or bytes: more is a slip of the pen, and no clock could add it."""
GREETING = ""
"""The verb of what is said before any command."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. number: what its number means, with its default; verbs: the commands it strikes at."""

    name: str
    sentence: str
    verbs: frozenset[str] = frozenset()
    number: str = ""
    default: float = 0
    cuts: bool = False


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            Fault("lost-226", "the file is there, and the connection ends instead of the 226", FILES, cuts=True),
            Fault("lost-rnfr-reply", "the connection ends instead of the 350 to RNFR", frozenset({"RNFR"}), cuts=True),
            Fault(
                "lost-rnto-reply",
                "the file is renamed, and the connection ends instead of the 250",
                frozenset({"RNTO"}),
                cuts=True,
            ),
            Fault("unheard", "the connection ends before a command has any effect", frozenset({"RNTO"}), cuts=True),
            Fault("cut-data-at", "the data connection ends at a byte", FILES, "bytes", 1000, cuts=True),
            Fault("cut-control-at", "the control connection ends at a byte of the replies", number="bytes", cuts=True),
            Fault("cut-both-at", "both connections end at a byte of the data", FILES, "bytes", 1000, cuts=True),
            Fault("half-reply", "a reply ends in the middle, and with it the connection", FILES | {"RNTO"}, cuts=True),
            Fault("lying-226", "half the file is stored or sent, and the reply is 226", FILES),
            Fault("421", "no service: at the greeting, or at the VERB", frozenset({GREETING})),
            Fault("refused", "a file is refused for good, with 553", frozenset({"STOR", "RNTO"})),
            Fault("530", "the right password is refused", frozenset({"PASS"})),
            Fault(
                "login-ban",
                "after a login every other one is refused with 530 for a time",
                frozenset({"PASS"}),
                "seconds",
                3600,
            ),
            Fault("slow", "every reply and every kilobyte of a file take their time", number="seconds", default=0.2),
            Fault("vanish-on-arrival", "a file is gone as soon as it came, and nobody took it", frozenset({"STOR"})),
            Fault("delete-on-read", "a file is gone as soon as its reading begins", frozenset({"RETR"})),
            Fault("growing-file", "a file appears in `out` half written, and grows later", number="seconds", default=2),
            Fault("same-name-new-content", "once read, a file is there again with other content", frozenset({"RETR"})),
            Fault("hostile-names", "listings name files that lead out of the directory, or into trouble", LISTINGS),
            Fault("injected-plaintext", "replies in clear stand behind the 234 to AUTH", frozenset({"AUTH"})),
            Fault("no-close-notify", "data connections end without TLS's close_notify", FILES | LISTINGS),
            Fault("passive-elsewhere", "the 227 names another address, where a trap waits", frozenset({"PASV"})),
            Fault(
                "passive-port-elsewhere",
                "the 227 names a port outside the range, where a trap waits",
                frozenset({"PASV"}),
                "port",
            ),
            Fault("listing-50000", "listings have 50,000 more names", LISTINGS),
            Fault("endless-line", "a reply has no end", frozenset({"PASV"})),
            Fault("endless-file", "a file has no end", frozenset({"RETR"})),
        )
    }
)
"""Every fault by its name."""


@dataclass(slots=True)
class Plan:
    """A fault that was ordered; `left` says how often it still strikes, None for always."""

    fault: Fault
    number: float
    cut: Cut = Cut.FIN
    verbs: frozenset[str] = frozenset()
    left: int | None = None

    def strikes(self, verb: str) -> bool:
        """Tell whether it strikes at a command, and count."""
        if self.left == 0 or (self.verbs and verb not in self.verbs):
            return False
        self.left = None if self.left is None else self.left - 1
        return True


def plan(text: str) -> Plan:
    """Read one fault as it is written on the command line; raises UsageError that says what would be right."""
    name, *options = text.strip().split(":")
    fault = FAULTS.get(name)
    if fault is None:
        raise UsageError(f"there is no fault {name!r}", remedy=f"Choose among: {', '.join(FAULTS)}.")
    made = Plan(fault, fault.default, verbs=fault.verbs)
    numbers = [option for option in options if option[:1].isdecimal()]
    for option in options:
        if option in numbers:
            continue
        if fault.cuts and option.lower() in list(Cut):
            made.cut = Cut(option.lower())
        elif option in VERBS:
            made.verbs = frozenset({option})
        else:
            raise UsageError(f"{option!r} means nothing to the fault {name}", remedy=usage(fault))
    _number(made, numbers)
    return made


def _number(made: Plan, numbers: list[str]) -> None:
    try:
        if made.fault.number and numbers:
            made.number = float(numbers.pop(0))
        if numbers:
            made.left = int(numbers.pop(0))
    except ValueError:
        numbers.append("")
    if numbers or made.number > (65535 if made.fault.number == "port" else MOST):
        raise UsageError(f"the numbers of the fault {made.fault.name} are not right", remedy=usage(made.fault))


def usage(fault: Fault) -> str:
    """Say how a fault is written."""
    number = f"[:{fault.number.upper()}]" if fault.number else ""
    return f"It is written {fault.name}{number}{'[:fin|rst|silence]' if fault.cuts else ''}[:VERB][:COUNT]."


@dataclass(slots=True)
class Faults:
    """The faults that a house was given."""

    plans: list[Plan] = field(default_factory=list)
    banned: dict[str, datetime] = field(default_factory=dict)
    """Until when an account is banned."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Faults":
        """Read faults as they are written on the command line; raises UsageError."""
        return cls([plan(text) for text in texts])

    def planned(self, name: str) -> Plan | None:
        """Return the plan of a fault, whether it strikes now or not."""
        return next((each for each in self.plans if each.fault.name == name), None)

    def strikes(self, name: str, verb: str) -> Plan | None:
        """Return the plan of a fault if it strikes now, and count."""
        return next((each for each in self.plans if each.fault.name == name and each.strikes(verb)), None)
