"""How OLA's house reads a line and words an answer (Technische Dokumentation 12/2021, 5.2 to 5.4)."""

import re
from dataclasses import dataclass, field


class TitleError(Exception):
    """“Titelnummer nicht zu ermitteln”."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a visitor, cut into its fields."""

    line: str
    fields: list[str] = field(default_factory=list)

    def field(self, number: int) -> str:
        """Return a field, counted from 0; empty where the line ends before it."""
        return self.fields[number] if number < len(self.fields) else ""

    @property
    def customer(self) -> str:
        """Kundennummer (1)."""
        return self.field(0)

    @property
    def wanted(self) -> int:
        """Anzahl (3)."""
        return int(self.field(2))

    @property
    def kind(self) -> int:
        """Abfragetyp (4), without the ten for the price."""
        return int(self.field(3)) % 10

    @property
    def wants_price(self) -> bool:
        """“Hierzu ist zu den obigen Werten der Wert 10 zu addieren”."""
        return int(self.field(3)) > 10

    @property
    def orders(self) -> bool:
        """Tell whether it is a reservation: 5, 6, 7."""
        return self.kind != 2

    @property
    def mark(self) -> str:
        """Bestellzeichen Kunde (4a)."""
        return self.field(4)

    @property
    def reference(self) -> str:
        """Bestellreferenz (4d)."""
        return self.field(7)

    def keeps(self, *, by_default: bool) -> bool:
        """Tell whether what is missing is kept: 5 as stored, 6 no, 7 yes."""
        return {5: by_default, 6: False, 7: True}[self.kind]

    def title(self) -> str:
        """Return the title number (2); raises TitleError where there is no such title."""
        number = self.field(1)
        if len(number) == 13 and sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(number)) % 10:
            raise TitleError
        if len(number) == 10 and sum((10 - at) * (10 if d == "X" else int(d)) for at, d in enumerate(number)) % 11:
            raise TitleError
        if len(number) > 13 or number.strip("0") == "":
            raise TitleError
        return number

    def answer(self, *rest: str) -> str:
        """Word an answer: the first four fields as they came, then its own."""
        return "^".join((*self.fields[:4], *rest))


def read_line(line: str) -> Entry:
    """Cut a line at its `^`."""
    return Entry(line, line.split("^"))


RULES = (
    (lambda entry: 4 <= len(entry.fields) <= 8, "a line has four to eight fields"),
    (lambda entry: re.fullmatch("[0-9]+", entry.field(0)), "the customer number is not digits"),
    (lambda entry: re.fullmatch("[0-9]+|[0-9]{9}X", entry.field(1)), "the title is no EAN, ISBN or Umbreit number"),
    (lambda entry: re.fullmatch("[1-9][0-9]{0,3}", entry.field(2)), "the quantity is not 1 to 9999"),
    (lambda entry: re.fullmatch("1?[2567]", entry.field(3)), "the type is none of 2, 5, 6, 7, 12, 15, 16, 17"),
    (lambda entry: not (entry.fields[4:] and entry.field(3)[-1:] == "2"), "further fields belong to 5, 6, 7 only"),
    (lambda entry: len(entry.mark) <= 15, "“Maximal 15 Zeichen”"),
    (lambda entry: len(entry.field(5)) <= 35, "“Text: 35 Stellen”"),
    (lambda entry: re.fullmatch("([0-9]{13})?", entry.field(6)), "“Barcode: 13 Stellen - numerisch”"),
    (lambda entry: len(entry.reference) <= 10, "“Bestellreferenz: 10 Stellen”"),
    (lambda entry: entry.line.isprintable(), "a control character"),
    (lambda entry: len(entry.fields) == 4 or entry.fields[-1], "empty fields at the end are left out"),
)
"""What a line must be, and the sentence about one that is not."""


def sentence_about(entry: Entry) -> str:
    """Say what is wrong with a line, or nothing."""
    return next((sentence for good, sentence in RULES if not good(entry)), "")
