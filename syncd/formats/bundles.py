"""Bundles: the loops that follow an L101 whose VAT is mixed, one for each part, each begun by 1019.

Source: Umbreit, Technische Dokumentation 12/2021, 4.3.2. The same ids come twice in a loop, so order is what counts: a
price (1029) belongs to the qualifier (1030) after it. Net is never computed from gross: the document's own example
would not add up. Nothing here rejects a file; a part of which something is missing is `incomplete`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from syncd.formats.fields import FieldError, Fixed
from syncd.formats.findings import Findings
from syncd.formats.layout import Token
from syncd.formats.records import BundlePart, DespatchLine

BEGIN = "1019"
MIXED_VAT = "6"
NET = "NO"
CURRENCY = "EUR"
"""Of both prices."""

_PRICE = Fixed(15, id=1029, variable=True)
_PLAIN = {"1101": "article", "1102": "qualifier", "1151": "form"}
_NEEDED = ("net", "gross", "article", "qualifier", "form")


@dataclass(slots=True)
class _Loop:
    """One loop while it is read."""

    line: int
    findings: Findings
    values: dict[str, Any] = field(default_factory=dict)
    price: Decimal | None = None
    whole: bool = True

    def take(self, number: str, value: str) -> None:
        """Take one token of the loop."""
        if number == "1029":
            self._take_price(value)
        elif number == "1030":
            self._place_price(value)
        elif number == "1032":
            self._take_currency(value)
        elif number in _PLAIN:
            self._set(_PLAIN[number], value)
        else:
            self.whole = False

    def _take_price(self, value: str) -> None:
        try:
            self.price = _PRICE.read(value)
        except FieldError as error:
            self.findings.warning("bundle-price", self.line, f"price (1029) in a bundle: wanted {error}", value)

    def _take_currency(self, value: str) -> None:
        if value != CURRENCY:
            message = f"a price in a bundle part is in another currency (1032) than {CURRENCY}; the first counts"
            self.findings.warning("bundle-currency", self.line, message, value)
        self.values.setdefault("currency", value)

    def _place_price(self, qualifier: str) -> None:
        if self.price is None:
            return
        if qualifier == NET:
            self._set("net", self.price)
        else:
            self._set("gross", self.price)
            self.values.setdefault("gross_qualifier", qualifier)
        self.price = None

    def _set(self, name: str, value: Any) -> None:
        if name in self.values:
            message = f"{name} comes twice in a bundle part; the first counts"
            self.findings.warning("bundle-repeated", self.line, message, str(value))
        else:
            self.values[name] = value

    def part(self) -> BundlePart:
        """Return the part, and say what is missing."""
        missing = [name for name in _NEEDED if not self.values.get(name) and self.values.get(name) != 0]
        if missing or not self.whole:
            message = f"a bundle part is incomplete: {', '.join(missing) or 'an unreadable option'}"
            self.findings.warning("bundle-incomplete", self.line, message)
        if self.values.get("form", "PHY") not in {"PHY", "DIG"}:
            message = "the form of a bundle part (1151) is neither PHY nor DIG"
            self.findings.warning("bundle-form", self.line, message, self.values["form"])
        return BundlePart(**self.values, complete=self.whole and not missing)


LOOP_IDS = frozenset({"1029", "1030", "1032", *_PLAIN})


def split_bundle(tokens: Sequence[Token], line: int, findings: Findings) -> tuple[list[Token], tuple[BundlePart, ...]]:
    """Return the options of the record itself, and the parts of its bundle in order."""
    own: list[Token] = []
    loops: list[_Loop] = []
    for number, value in tokens:
        if number == BEGIN:
            loops.append(_Loop(line, findings, {"vat": value}))
        elif loops and number in LOOP_IDS:
            loops[-1].take(number, value)
        else:
            if loops and not number:
                loops[-1].take(number, value)
            own.append((number, value))
    return own, tuple(loop.part() for loop in loops)


def judge_bundle(record: DespatchLine, findings: Findings) -> None:
    """Compare a record with the parts of its bundle."""
    if record.vat == MIXED_VAT and not record.bundle:
        findings.warning("bundle-missing", record.line, "VAT 6 (bundle), and no parts follow")
    if record.bundle and record.vat != MIXED_VAT:
        findings.warning("bundle-unexpected", record.line, "parts of a bundle, and the VAT is not 6", record.vat)
    gross = [part.gross for part in record.bundle if part.gross is not None]
    if gross and len(gross) == len(record.bundle) and sum(gross) != record.price:
        message = f"the parts cost {sum(gross)}, the bundle costs {record.price}"
        findings.warning("bundle-sum", record.line, message)
