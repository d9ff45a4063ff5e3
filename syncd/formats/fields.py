"""The columns of a supplier's table, and how each is read and written.

A record class is such a table: its fields are annotated with one of the markers below, in the order of the table, and
`Layout` turns the annotations of a class into the columns of a fixed part. The number of a data field (BWA-ID, CB-id)
stands at each marker. "Numeric" always means the digits 0 to 9: `str.isdigit` and `int` know more.

`plain` is a regular expression of values, in full width, about which there is nothing to say: what it matches is
right, what it does not match is looked at closely. Its repetitions are possessive (`{8}+`): to keep a way back into
each costs the engine a sixth of its time. docs/formats.md explains the two ways of reading.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Protocol, get_args, get_origin, get_type_hints

from syncd.model import Severity

_DIGITS = re.compile(r"[0-9]+")


FREE = r"[^*\x00-\x1f]"
"""Any character that a value may hold."""

DAY = "(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
"""Dates that exist in every year from 1900 to 2099; 29 February is left to the calendar."""


class FieldError(Exception):
    """A value that cannot be read or written: the code of the finding, and what was wanted."""

    def __init__(self, code: str, wanted: str) -> None:
        super().__init__(wanted)
        self.code = code


class Marker(Protocol):
    """One column: its BWA-ID or CB-id, its longest length, how to read it and how to write it."""

    @property
    def id(self) -> int | None:
        """The number of the data field in the supplier's table."""
        ...

    @property
    def length(self) -> int:
        """Characters."""
        ...

    def read(self, raw: str) -> Any:
        """Return the value, or raise FieldError."""
        ...

    def write(self, value: Any) -> str:
        """Return the text, not padded, or raise FieldError."""
        ...

    @property
    def plain(self) -> str:
        """A pattern of values in full width about which there is nothing to say."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Left-justified text, filled with blanks.

    `only`: the values that the document names; any other is a finding of severity `otherwise`, with `code`.
    """

    length: int
    id: int | None = None
    only: tuple[str, ...] = ()
    pattern: str = ""
    otherwise: Severity = Severity.WARNING
    code: str = "unknown-qualifier"
    optional: bool = False

    def read(self, raw: str) -> str | None:
        """Strip the blanks on the right."""
        text = raw.rstrip(" ")
        return None if self.optional and not text else text

    def write(self, value: str | None) -> str:
        """Return the text as it is; it must fit and hold nothing that would look like structure."""
        text = value or ""
        if len(text) > self.length:
            raise FieldError("too-long", f"at most {self.length} characters")
        if re.search(r"[\x00-\x1f*]", text):
            raise FieldError("malformed-token", "no * and no control characters")
        return text

    @property
    def plain(self) -> str:
        """The values that the document names, else anything; nothing where only `pattern` could tell."""
        if len(self.only) == 1:
            return re.escape(self.only[0].ljust(self.length))
        if self.only:
            return f"(?:{'|'.join(re.escape(value.ljust(self.length)) for value in self.only)})"
        return "(?!)" if self.pattern else f"{FREE}{{{self.length}}}+"

    def objects(self, text: str) -> bool:
        """Tell whether this text is none of those the document names."""
        if self.only:
            return text not in self.only
        return bool(self.pattern) and re.fullmatch(self.pattern, text) is None


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, filled with zeros on the left."""

    length: int
    id: int | None = None
    optional: bool = False
    variable: bool = False
    """Not padded: one digit up to `length`."""

    def read(self, raw: str) -> int | None:
        """Read digits; blanks are no number, unless the column is optional."""
        if self.optional and not raw.strip(" "):
            return None
        return int(_digits(raw, self.length, variable=self.variable))

    def write(self, value: int | None) -> str:
        """Return the digits, padded unless `variable`."""
        if value is None or not 0 <= value < 10**self.length:
            raise FieldError("bad-number", f"0 to {10**self.length - 1}")
        return str(value) if self.variable else f"{value:0{self.length}d}"

    @property
    def plain(self) -> str:
        """Digits."""
        return f"[0-9]{{{'1,' if self.variable else ''}{self.length}}}+"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A decimal number without its point: the last `scale` digits are decimal places."""

    length: int
    id: int | None = None
    scale: int = 4
    optional: bool = False
    variable: bool = False

    def read(self, raw: str) -> Decimal | None:
        """Read digits and place the point."""
        if self.optional and not raw.strip(" "):
            return None
        return Decimal(_digits(raw, self.length, variable=self.variable)).scaleb(-self.scale)

    def write(self, value: Decimal) -> str:
        """Return the digits without the point."""
        units = value.scaleb(self.scale)
        if units != units.to_integral_value() or not 0 <= units < 10**self.length:
            largest = Decimal(10**self.length - 1).scaleb(-self.scale)
            raise FieldError("bad-number", f"0 to {largest}, with at most {self.scale} decimal places")
        return str(int(units)) if self.variable else f"{int(units):0{self.length}d}"

    @property
    def plain(self) -> str:
        """Digits."""
        return f"[0-9]{{{'1,' if self.variable else ''}{self.length}}}+"


@dataclass(frozen=True, slots=True)
class Day:
    """A date of the calendar as YYYYMMDD."""

    id: int | None = None
    optional: bool = False
    zeros: bool = False
    """`00000000` is no date either; whoever reads objects to it."""
    length: ClassVar[int] = 8
    otherwise: ClassVar[Severity] = Severity.WARNING
    code: ClassVar[str] = "bad-date"

    def read(self, raw: str) -> date | None:
        """Read a date that exists."""
        if (self.optional and not raw.strip(" ")) or (self.zeros and raw == "00000000"):
            return None
        day = calendar_day(raw)
        if day is None:
            raise FieldError("bad-date", "a date YYYYMMDD that exists")
        return day

    def write(self, value: date) -> str:
        """Return YYYYMMDD."""
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"

    @property
    def plain(self) -> str:
        """A date."""
        return DAY

    def objects(self, text: str) -> bool:
        """Tell whether this is the date that is none."""
        return self.zeros and text == "00000000"


@dataclass(frozen=True, slots=True)
class YesNo:
    """`J` or `N`; anything else reads as None and is objected to by whoever reads."""

    id: int | None = None
    length: ClassVar[int] = 1
    otherwise: ClassVar[Severity] = Severity.WARNING
    code: ClassVar[str] = "unknown-qualifier"

    def read(self, raw: str) -> bool | None:
        """Read J as True and N as False."""
        return {"J": True, "N": False}.get(raw)

    def write(self, value: bool) -> str:
        """Return J or N."""
        return "J" if value else "N"

    @property
    def plain(self) -> str:
        """J or N."""
        return "[JN]"

    def objects(self, text: str) -> bool:
        """Tell whether this is neither J nor N."""
        return text not in {"J", "N"}


def markers(record: type) -> dict[str, Marker]:
    """Return the marked fields of a record class, in the order of its table."""
    hints = get_type_hints(record, include_extras=True)
    return {name: get_args(hint)[1] for name, hint in hints.items() if get_origin(hint) is Annotated}


def calendar_day(text: str) -> date | None:
    """Read YYYYMMDD; None where it is no date."""
    if len(text) != 8 or not _DIGITS.fullmatch(text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _digits(raw: str, length: int, *, variable: bool) -> str:
    wrong_length = len(raw) > length if variable else len(raw) != length
    if wrong_length or not _DIGITS.fullmatch(raw):
        raise FieldError("bad-number", f"{'up to ' if variable else ''}{length} digits")
    return raw
