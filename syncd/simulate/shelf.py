"""What a house has on its shelf. All of it is invented, by rules that a reader can do in the head.

An article whose last digit but one is 9 is out of stock; where it is 8, half of what is wanted is there. The price
comes from the last digits. `missing` and `partly` name articles for which the rule does not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shelf:
    """The stock of a house; `partly` says how many of an article can be had."""

    missing: frozenset[str] = frozenset()
    partly: Mapping[str, int] = field(default_factory=dict)
    by_rule: bool = True

    def available(self, article: str, wanted: int) -> int:
        """Return how many of the wanted copies can be delivered."""
        if article in self.missing:
            return 0
        if article in self.partly:
            return min(wanted, self.partly[article])
        digit = article[-2:-1] if self.by_rule else ""
        return 0 if digit == "9" else (wanted + 1) // 2 if digit == "8" else wanted

    def price(self, article: str) -> int:
        """Return the retail price in ten-thousandths of a euro, 5.00 to 34.90."""
        digits = "".join(character for character in article if character.isdecimal()) or "0"
        return 50000 + int(digits[-3:]) % 300 * 1000
