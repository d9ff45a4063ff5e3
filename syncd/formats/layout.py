"""The two parts of a BWA record, both driven by the record class: the fixed part, and the `*`-separated options.

Records are judged as ISO 8859-1, one character a byte, because positions count bytes and the true encoding is known
only at the end of the file. `strict` is for files we send: what is a warning in a file that came is an error there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

from syncd.formats.fields import Day, FieldError, Marker, Text, YesNo, markers
from syncd.formats.findings import Findings
from syncd.model import Severity

Token = tuple[str, str]
"""Id and value of an option, without the blanks at its end; the id of a malformed token is empty."""

TERMINATOR = "9999"

REMEMBERED = 512
"""Different texts of a column whose meaning is remembered."""


class Outcome(NamedTuple):
    """What a column's text means, and what there is to say about it."""

    value: Any
    severity: Severity | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a fixed part: characters `start` up to, not including, `stop`."""

    name: str
    start: int
    stop: int
    marker: Marker
    outcome: "Callable[[str], Outcome]"
    """What `raw` means here, remembered: most columns hold few different values."""

    def title(self) -> str:
        """Name the column with its id and its place, from 1."""
        number = f" ({self.marker.id:04d})" if self.marker.id else ""
        return f"{self.name}{number} at {self.start + 1}–{self.stop}"


class Layout:
    """The record type, then the annotated fields of a class up to `last`; and its options, the fields after that."""

    def __init__(self, record: type, type_id: str, *, last: str, strict: bool = False) -> None:
        self.type_id = type_id
        self.strict = strict
        self.columns: list[Column] = []
        self.options: dict[str, tuple[str, Marker]] = {}
        self._meant: dict[str, Callable[[str], Outcome]] = {}
        start = len(type_id)
        fixed = True
        for name, marker in markers(record).items():
            if fixed:
                outcome = lru_cache(REMEMBERED)(partial(_outcome, marker))
                self.columns.append(Column(name, start, start + marker.length, marker, outcome))
                start += marker.length
            else:
                self.options[f"{marker.id:04d}"] = (name, marker)
                self._meant[f"{marker.id:04d}"] = lru_cache(REMEMBERED)(partial(_outcome, marker))
            fixed = fixed and name != last
        self.length = start
        self._reads = [(slice(column.start, column.stop), column.outcome) for column in self.columns]

    def read_fixed(self, text: str, line: int, findings: Findings) -> list[Any] | None:
        """Return the values of the fixed part in order; None where the record cannot be used."""
        if text[self.length : self.length + 1] != "*":
            message = (
                f"the fixed part of {self.type_id} has {self.length} characters and then “*”: this record is shifted"
            )
            findings.error("bad-length", line, message, text)
            return None
        outcomes = [outcome(text[cut]) for cut, outcome in self._reads]
        values = [outcome.value for outcome in outcomes if outcome.severity is None]
        if len(values) == len(outcomes):
            return values
        self._note(outcomes, text, line, findings)
        usable = all(outcome.severity is not Severity.ERROR for outcome in outcomes)
        return [outcome.value for outcome in outcomes] if usable else None

    def _note(self, outcomes: Sequence[Outcome], text: str, line: int, findings: Findings) -> None:
        for column, outcome in zip(self.columns, outcomes, strict=True):
            if outcome.severity is not None:
                message = f"{column.title()}: {outcome.message}"
                findings.add(outcome.severity, outcome.code, line, message, text[column.start : column.stop])

    def plain(self, **otherwise: str) -> str:
        """Return a pattern of fixed parts about which there is nothing to say; `otherwise` replaces columns.

        Each column is a group that has its name.
        """
        named = (f"(?P<{each.name}>{otherwise.get(each.name, each.marker.plain)})" for each in self.columns)
        return self.type_id + "".join(named)

    def place(self, first: str, last: str = "") -> slice:
        """Return where a column stands in a record, or a row of columns."""
        places = {column.name: column for column in self.columns}
        return slice(places[first].start, places[last or first].stop)

    def read_options(self, tokens: Sequence[Token], line: int, findings: Findings) -> dict[str, Any]:
        """Return the values of the options by name, and as `extras` those that the table does not know."""
        values: dict[str, Any] = {}
        extras: list[Token] = []
        for number, raw in tokens:
            if not number:
                findings.add(self._severity(), "malformed-token", line, "an option has no 4-digit id", raw)
                extras.append((number, raw))
            elif number not in self.options:
                findings.warning("unknown-id", line, f"option {number} is not in the table of {self.type_id}", raw)
                extras.append((number, raw))
            elif self.options[number][0] in values:
                findings.add(self._severity(), "repeated-id", line, f"option {number} again; the first counts", raw)
            else:
                values[self.options[number][0]] = self._read_option(number, raw, line, findings)
        return values | {"extras": tuple(extras)}

    def _read_option(self, number: str, raw: str, line: int, findings: Findings) -> Any:
        name, marker = self.options[number]
        title = f"{name} ({number})"
        if not raw:
            findings.add(self._severity(), "malformed-token", line, f"{title}: an option without a value", None)
            return None
        if isinstance(marker, Text) and len(raw) > marker.length:
            findings.add(self._severity(), "too-long", line, f"{title}: at most {marker.length} characters", raw)
        outcome = self._meant[number](raw)
        if outcome.severity is not None:
            findings.add(self._severity(), outcome.code, line, f"{title}: {outcome.message}", raw)
        return outcome.value

    def _severity(self) -> Severity:
        return Severity.ERROR if self.strict else Severity.WARNING

    def write(self, values: Mapping[str, Any]) -> str:
        """Return a whole record without its line end; FieldError names the field."""
        parts = [self.type_id]
        parts += [_written(column.name, column.marker, values).ljust(column.marker.length) for column in self.columns]
        for number, (name, marker) in self.options.items():
            if values[name] not in {None, ""}:
                parts.append(f"*{number}{_written(name, marker, values)}")
        return "".join(parts) + f"*{TERMINATOR}"


def _outcome(marker: Marker, raw: str) -> Outcome:
    try:
        value = marker.read(raw)
    except FieldError as error:
        return Outcome(None, Severity.ERROR, error.code, f"wanted {error}")
    if isinstance(marker, Text | YesNo | Day) and marker.objects(raw.rstrip(" ")):
        wanted = ("J", "N") if isinstance(marker, YesNo) else marker.only if isinstance(marker, Text) else ()
        named = f" ({', '.join(wanted)})" if wanted else ""
        return Outcome(value, marker.otherwise, marker.code, f"not what the document names{named}")
    return Outcome(value)


def split_options(rest: str, line: int, findings: Findings) -> list[Token] | None:
    """Cut what follows the fixed part into tokens, without the terminator; None where the end is not right."""
    pieces = rest[1:].split("*")
    if rest.count(f"*{TERMINATOR}") == 1 and pieces[-1] == TERMINATOR:
        return list(map(_token, pieces[:-1]))
    ends = [index for index, piece in enumerate(pieces) if piece.startswith(TERMINATOR)]
    if not ends:
        findings.error("no-terminator", line, "the record does not end with *9999: it is cut, or runs on", rest)
        return None
    if ends[0] != len(pieces) - 1 or pieces[-1][4:].strip(" "):
        findings.error("after-terminator", line, "something stands behind *9999", rest)
        return None
    return [_token(piece) for piece in pieces[:-1]]


@lru_cache(REMEMBERED)
def _token(piece: str) -> Token:
    number, value = piece[:4], piece[4:].rstrip(" ")
    return (number, value) if len(number) == 4 and number.isascii() and number.isdigit() else ("", piece.rstrip(" "))


def _written(name: str, marker: Marker, values: Mapping[str, Any]) -> str:
    try:
        return marker.write(values[name])
    except FieldError as error:
        raise FieldError(error.code, f"{name}: {error}") from None
