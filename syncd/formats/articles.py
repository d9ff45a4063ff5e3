"""Article numbers and their check digits (ISO 2108; GS1 General Specifications, 7.9). Nothing here repairs a number."""

import re

EAN = re.compile(r"[0-9]{13}")
ISBN_10 = re.compile(r"[0-9]{9}[0-9X]")


def ean_is_valid(number: str) -> bool:
    """Tell whether these are 13 digits of which the last is the check digit."""
    return EAN.fullmatch(number) is not None and _adds_up(number)


def _adds_up(ean: str) -> bool:
    digits = ean.encode("ascii")  # each is 48 too much, and 48 × (7 + 3 × 6) is a multiple of 10
    return (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


def isbn_10_is_valid(number: str) -> bool:
    """Tell whether these are ten characters of which the last, a digit or X, is the check digit."""
    if not ISBN_10.fullmatch(number):
        return False
    values = [10 if character == "X" else ord(character) - 48 for character in number]
    return sum(value * weight for value, weight in zip(values, range(10, 0, -1), strict=True)) % 11 == 0


def ean_of(number: str) -> str | None:
    """Return the EAN of a valid ISBN of ten characters; None for any other number."""
    if not isbn_10_is_valid(number):
        return None
    stem = f"978{number[:9]}"
    return next(ean for digit in "0123456789" if _adds_up(ean := stem + digit))


def shape_objection(article: str, qualifier: str) -> str | None:
    """Say what an article number must look like under its qualifier, if it does not; others are like RK."""
    pattern, wanted = SHAPES.get(qualifier, SHAPES["RK"])
    return None if re.fullmatch(pattern, article) else wanted


def check_digit_is_wrong(article: str, qualifier: str) -> bool:
    """Tell whether an EAN or ISBN of the right shape has a wrong check digit; other numbers have none."""
    if qualifier in {"EN", "IB"} and EAN.fullmatch(article):
        return not _adds_up(article)
    return qualifier == "IB" and ISBN_10.fullmatch(article) is not None and not isbn_10_is_valid(article)


SHAPES = {
    "EN": (r"[0-9]{13}", "an EAN has 13 digits"),
    "IB": (r"[0-9]{9}[0-9X]|[0-9]{13}", "an ISBN has 10 or 13 characters, without hyphens"),
    "UM": (r"[0-9]{1,13}", "an Umbreit number has digits only"),
    "RK": (r"[^ ].{0,12}", "it must not be empty nor begin with a blank"),
}
"""What an article number looks like under each qualifier of an order (1102); an answer repeats it."""
