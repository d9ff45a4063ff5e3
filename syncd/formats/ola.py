"""OLA, Umbreit's availability query: question and answer lines to values and back. `ola_session` carries them.

One line a question, one line an answer, `^` between the fields, ISO 8859-1, CR LF. A question of type 2 only asks;
types 5, 6 and 7 *order*, each time they are sent. An answer repeats the first four fields of its question; one that
repeats anything else is a broken protocol, never a guess.

Source: Umbreit, Technische Dokumentation 12/2021, chapters 5.2 to 5.4; the numbers in brackets are the field numbers
("Lfd") of its table in 5.4. docs/ola.md says how each of its ambiguities is read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType

from syncd.errors import ProtocolError, RejectedError, UsageError
from syncd.formats.articles import EAN, ISBN_10, ean_is_valid, isbn_10_is_valid
from syncd.formats.codes import REPORT_CODES
from syncd.model import Finding, Severity

ENCODING = "iso-8859-1"
END = "ENDE"
"""Ends the session: sent by the visitor, repeated by the house, which then hangs up."""
PRICE = 10
"""Added to a question's type it asks for the price as well."""


class Ask(IntEnum):
    """What a question asks for (4), without the ten that asks for the price."""

    QUERY = 2
    RESERVE = 5
    """Reserve; what is missing is back-ordered as the customer's settings at Umbreit say."""
    RESERVE_ONLY = 6
    """Reserve; what is missing is not back-ordered."""
    RESERVE_OR_BACK_ORDER = 7
    """Reserve; what is missing is back-ordered."""

    @property
    def orders(self) -> bool:
        """Tell whether this is an order: two of them are two parcels."""
        return self is not Ask.QUERY


@dataclass(frozen=True, slots=True)
class Question:
    """One question; making one that breaks a field rule raises UsageError."""

    customer: str
    """Kundennummer or Unterkundennummer (1): digits, usually six."""
    article: str
    """EAN, 10-digit ISBN without hyphens, or Umbreit number (2)."""
    quantity: int = 1
    """Copies wanted (3), 1 to 9999."""
    ask: Ask = Ask.QUERY
    price: bool = False
    """Whether the answer shall carry the retail price in euro."""
    mark: str = ""
    """Bestellzeichen (4a), up to 15 characters; comes back on the delivery note (1003)."""
    label: str = ""
    """Positionstext (4b), up to 35 characters, printed on the customer label; only read beside a bar code."""
    barcode: str = ""
    """Bar code for the customer label (4c), 13 digits."""
    reference: str = ""
    """Bestellreferenz (4d), up to 10 characters; comes back on the delivery note (1041)."""

    def __post_init__(self) -> None:
        """Hold the field rules of 5.2 and 5.4."""
        for name, broken, rule in RULES:
            if broken(self):
                raise UsageError(f"OLA question: {name} {getattr(self, name)!r}: {rule}")

    @property
    def type(self) -> int:
        """The Abfragetyp (4) as it is sent."""
        return self.ask + PRICE * self.price

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in the order of the line; trailing empty ones are left out."""
        fields = [self.customer, self.article, str(self.quantity), str(self.type)]
        fields += [self.mark, self.label, self.barcode, self.reference]
        while not fields[-1]:
            fields.pop()
        return tuple(fields)

    @property
    def line(self) -> str:
        """The line without its line end."""
        return "^".join(self.fields)

    def __bytes__(self) -> bytes:
        """Return the line as it is sent, CR LF included."""
        return self.line.encode(ENCODING) + b"\r\n"

    def warnings(self) -> tuple[Finding, ...]:
        """Say what is odd about it and may still be asked: a wrong check digit is for the house to judge."""
        ean = EAN.fullmatch(self.article) and not ean_is_valid(self.article)
        isbn = ISBN_10.fullmatch(self.article) and not isbn_10_is_valid(self.article)
        if not (ean or isbn):
            return ()
        return (_warning("check-digit", "the article's check digit is wrong", self.article),)


def _text(name: str, longest: int) -> tuple[str, Callable[[Question], bool], str]:
    pattern = re.compile(rf"[ -\]_-~\xa0-\xfe]{{0,{longest}}}")  # without ^, controls, and ÿ: the byte is telnet's IAC
    rule = f"at most {longest} characters of ISO 8859-1, without '^', 'ÿ' and control characters"
    return name, lambda question: not pattern.fullmatch(getattr(question, name)), rule


def _extras(question: Question) -> bool:
    return bool(question.mark or question.label or question.barcode or question.reference)


RULES: tuple[tuple[str, Callable[[Question], bool], str], ...] = (
    ("customer", lambda q: not re.fullmatch("[0-9]{1,10}", q.customer), "a customer number has 1 to 10 digits"),
    (
        "article",
        lambda q: not re.fullmatch("[0-9]{1,13}|[0-9]{9}X", q.article),
        "an EAN, a 10-digit ISBN or an Umbreit number, in digits and without hyphens",
    ),
    ("quantity", lambda q: not 1 <= q.quantity <= 9999, "a quantity is 1 to 9999"),
    _text("mark", 15),
    _text("label", 35),
    _text("reference", 10),
    ("barcode", lambda q: not re.fullmatch("([0-9]{13})?", q.barcode), "a bar code has 13 digits"),
    ("label", lambda q: bool(q.label) and not q.barcode, "it is only printed beside a bar code"),
    ("ask", lambda q: not q.ask.orders and _extras(q), "a query carries no mark, label, bar code or reference"),
)
"""Field, what breaks its rule, and the rule in words; the first broken one is reported."""


def read_question(line: bytes) -> Question:
    """Read one question, as `bytes(question)` wrote it. Raises RejectedError."""
    fields = _fields(line)
    if not (4 <= len(fields) <= 8 and re.fullmatch("[0-9]{1,4}", fields[2]) and fields[3] in TYPES):
        raise RejectedError(f"this is not an OLA question: {line[:80]!r}")
    ask, price = TYPES[fields[3]]
    try:
        return Question(fields[0], fields[1], int(fields[2]), ask, price, *fields[4:])
    except UsageError as error:
        raise RejectedError(str(error)) from None


TYPES: Mapping[str, tuple[Ask, bool]] = MappingProxyType(
    {str(ask + PRICE * price): (ask, price) for price in (False, True) for ask in Ask}
)
"""The eight types as they are written: 2, 5, 6, 7, 12, 15, 16, 17."""


class Result(IntEnum):
    """The overall result (5): what the house says, even where its own quantities say otherwise."""

    SHORT = 0
    """None, or only a part, can be delivered."""
    AVAILABLE = 1
    """The wanted quantity can be delivered."""
    ERROR = 2


class Outcome(StrEnum):
    """What an answer means for the shop."""

    INFORMED = "informed"
    """It was a query: nothing was ordered, whatever the report code's text says of back-orders."""
    TAKEN = "taken"
    """A reservation was entered; how much is delivered, and whether the rest is back-ordered, is said beside it."""
    REFUSED = "refused"
    """The house says what is wrong with the question; nothing was ordered."""
    UNCLEAR = "unclear"
    """The house failed while it entered the order: a person must ask whether it counts."""


INTERNAL_ERROR = "Interner Fehler bei Auftragsanlage"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, with the question it belongs to."""

    question: Question
    result: Result
    quantity: int | None
    """Copies that can be delivered, or the house's stock (6): a setting at Umbreit that no answer shows."""
    code: int | None
    """Report code (7), only with `Result.SHORT`."""
    text: str
    """Error text, the reservation's mark, or `Auftrag n Position m` (8)."""
    price: Decimal | None = None
    """Retail price in euro for Germany (8a)."""
    standard_ean: str | None = None
    """Another edition or issue of the title (8b)."""
    extras: tuple[str, ...] = ()
    """Further fields that are neither."""
    findings: tuple[Finding, ...] = ()
    raw: str = ""

    @property
    def meaning(self) -> str:
        """What the report code says, in the supplier's words; empty without one that is known."""
        known = None if self.code is None else REPORT_CODES.get(self.code)
        return known.text if known else ""

    @property
    def order(self) -> tuple[str, str] | None:
        """The number and position under which Umbreit entered a reservation, where it says them."""
        found = re.fullmatch("Auftrag ([0-9]+) Position ([0-9]+)", self.text)
        return (found[1], found[2]) if found and self.question.ask.orders else None

    @property
    def outcome(self) -> Outcome:
        """Judge what the answer means for the shop."""
        if self.result is Result.ERROR:
            return Outcome.REFUSED
        if not self.question.ask.orders:
            return Outcome.INFORMED
        return Outcome.UNCLEAR if self.text.strip(" ") == INTERNAL_ERROR else Outcome.TAKEN


def read_answer(question: Question, line: bytes) -> Answer:
    """Read the answer to a question. Raises ProtocolError when it is not an answer to this very question."""
    fields = _fields(line)
    if fields[:4] != list(question.fields[:4]):
        raise _broken("it answers another question", line)
    if len(fields) < 8:
        raise _broken(f"it has {len(fields)} fields instead of 8 or more", line)
    if re.search("[\\x00-\\x1f\\x7f-\\x9f]", "".join(fields)):
        raise _broken("it has control characters", line)
    result, quantity, code, text = fields[4:8]
    if result not in {"0", "1", "2"}:
        raise _broken("the result is not 0, 1 or 2", line)
    if not re.fullmatch("[0-9]{0,9}", quantity):
        raise _broken("the quantity is not a number", line)
    number, findings = _report_code(Result(int(result)), code)
    price, standard_ean, extras, more = _further(question, fields[8:])
    return Answer(
        question,
        Result(int(result)),
        int(quantity) if quantity else None,
        number,
        text,
        price,
        standard_ean,
        extras,
        (*findings, *more),
        "^".join(fields),
    )


def _report_code(result: Result, field: str) -> tuple[int | None, list[Finding]]:
    if not field:
        return None, []
    if not re.fullmatch("[0-9]{1,3}", field):
        return None, [_warning("bad-number", "the report code is not a number", field)]
    code = int(field)
    if code not in REPORT_CODES:
        return code, [_warning("unknown-meldenummer", "this report code is not in the list (4.5)", field)]
    if result is not Result.SHORT:
        return code, [_warning("ola-code", "a report code belongs to result 0 only", field)]
    return code, []


def _further(
    question: Question, fields: list[str]
) -> tuple[Decimal | None, str | None, tuple[str, ...], list[Finding]]:
    """Tell price and Standard-EAN apart by their form: without a price the EAN stands in its place."""
    price: Decimal | None = None
    ean: str | None = None
    extras: list[str] = []
    findings: list[Finding] = []
    for field in filter(None, fields):
        if ean is None and EAN.fullmatch(field):
            ean = field
            if not ean_is_valid(field):
                findings.append(_warning("check-digit", "the Standard-EAN's check digit is wrong", field))
        elif price is None and re.fullmatch("[0-9]{1,9}[.,][0-9]{2}", field):
            price = Decimal(field.replace(",", "."))
            if not question.price:
                findings.append(_warning("ola-price", "a price that was not asked for", field))
        else:
            extras.append(field)
            findings.append(_warning("ola-extra", "neither a price nor a Standard-EAN, or a second one", field))
    return price, ean, tuple(extras), findings


def _fields(line: bytes) -> list[str]:
    return line.rstrip(b"\r\n").decode(ENCODING).split("^")


def _warning(code: str, message: str, raw: str) -> Finding:
    return Finding(code, Severity.WARNING, None, message, raw)


def _broken(what: str, line: bytes) -> ProtocolError:
    start = "^".join(_fields(line[:200])[:4])  # no more of it: the fields that follow may name a customer
    return ProtocolError(
        f"OLA: the server's line {start!r}… cannot be used: {what}",
        remedy="The session was closed. Ask again; if it happens again, ask the supplier.",
    )
