"""BHDART 0608, what CB delivers within 24 hours: a schema on Digicom. Its tables, and its details.

Source: CB, Beschikbaarheid artikelen voor 24-uurslevering t.b.v. boekverkopers, Berichtdefinitie. A message is the
complete state at the moment of sending; an article that is absent from it is no longer delivered within 24 hours. A bad
detail is counted and not handed on: its stock is unknown, which is not zero.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

from syncd.formats.articles import ean_is_valid
from syncd.formats.fields import DAY, FieldError, calendar_day, markers
from syncd.formats.findings import Findings
from syncd.formats.framing import Block
from syncd.formats.plain import Memo, eans_are_valid, only_groups
from syncd.formats.records import Extras, StockLine, column_maker
from syncd.model import Severity

Attributes = Mapping[str, str]
"""CB-id to value; an empty value counts as absent."""

MESSAGE_TYPE = "BHDART"
CB = "8894126"
"""CB's own relation id."""
MOST = 698
"""The greatest stock that is shown; it means "this many or more"."""

_RELATION_ID = re.compile(r"[0-9]{1,13}")
_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]")
COUNT = re.compile(r"[0-9]{1,6}")
"""What an attribute that counts details looks like."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an attribute must be. All attributes of the tables below are mandatory (V)."""

    cb_id: str
    wanted: str
    holds: Callable[[str], bool]
    code: str
    otherwise: Severity


def _is(value: str) -> Callable[[str], bool]:
    return value.__eq__


HEADER = (
    Rule("0002", "BHDART", _is(MESSAGE_TYPE), "wrong-type", Severity.ERROR),
    Rule("0003", "0608", _is("0608"), "version", Severity.WARNING),
    Rule(
        "0004", "a date YYYYMMDD that exists", lambda text: calendar_day(text) is not None, "bad-date", Severity.ERROR
    ),
    Rule("0005", "a time HHMM", lambda text: _TIME.fullmatch(text) is not None, "bad-date", Severity.ERROR),
    Rule("0006", "up to 14 characters", lambda text: len(text) <= 14, "too-long", Severity.WARNING),
    Rule("0007", "0", _is("0"), "acknowledgment", Severity.WARNING),
    Rule("0008", "0: this is a test message", _is("0"), "test-message", Severity.ERROR),
)
SENDER = (
    Rule("0009", "AFZ", _is("AFZ"), "bad-party", Severity.ERROR),
    Rule("0010", f"{CB}, CB itself", _is(CB), "wrong-sender", Severity.WARNING),
    Rule("0011", "CB", _is("CB"), "unknown-qualifier", Severity.WARNING),
)
FOOTER = (
    Rule("0015", "a number", lambda text: COUNT.fullmatch(text) is not None, "count-mismatch", Severity.ERROR),
    Rule("0006", "a reference", bool, "reference-mismatch", Severity.ERROR),
)
ANYBODY = Rule(
    "0010", "up to 13 digits", lambda text: _RELATION_ID.fullmatch(text) is not None, "bad-number", Severity.ERROR
)


def receiver(relation_id: str | None) -> tuple[Rule, ...]:
    """Return the table of the receiving party; without a relation id anybody who has one may be it."""
    wanted = f"{relation_id}, the account's relation id: not our file"
    ours = Rule("0010", wanted, _is(relation_id or ""), "wrong-receiver", Severity.ERROR)
    return (
        Rule("0009", "ONTV", _is("ONTV"), "bad-party", Severity.ERROR),
        ANYBODY if relation_id is None else ours,
        SENDER[2],
    )


def judge(rules: tuple[Rule, ...], values: Attributes, number: int, findings: Findings) -> Extras:
    """Compare the attributes of a header, party or footer line with its table; return those that it does not know."""
    for rule in rules:
        if rule.cb_id not in values:
            findings.error("missing-field", number, f"attribute {rule.cb_id} is missing or empty")
        elif not rule.holds(values[rule.cb_id]):
            findings.add(rule.otherwise, rule.code, number, f"{rule.cb_id}: wanted {rule.wanted}", values[rule.cb_id])
    known = {rule.cb_id for rule in rules} | {"0001"}
    extras = tuple((cb_id, value) for cb_id, value in values.items() if cb_id not in known)
    for cb_id, value in extras:
        note_unknown(cb_id, value, number, findings)
    return extras


def note_unknown(cb_id: str, value: str, number: int, findings: Findings) -> None:
    """Note an attribute that no table of BHDART knows, once for each CB-id."""
    message = f"attribute {cb_id} is not in the tables of BHDART"
    findings.once(Severity.WARNING, "unknown-id", cb_id, number, message, value)


def plain_pattern(ending: str, *wanted: str) -> str:
    """Return the pattern of details about which there is nothing to say; the groups are the wanted attributes."""
    optional = "".join(f"(?:#{cb_id}(?P<i{cb_id}>{DAY})|)" for cb_id in ("0500", "0281"))
    available = "#0522(?P<i0522>[0-9]{1,2}|[0-5][0-9]{2}|6(?:[0-8][0-9]|9[0-8]))"
    detail = rf"#00012#0200(?P<i0200>[0-9]{{13}}+){optional}#0521(?P<i0521>[^# \x00-\x1f\x7f-\xff]){available}"
    return f"(?m)^{only_groups(detail, *(f'i{cb_id}' for cb_id in wanted))}{ending}"


_ENDINGS = ("\r\n", "\n")
_EANS = {ending.encode("ascii"): re.compile(plain_pattern(ending, "0200").encode("ascii")) for ending in _ENDINGS}
_ROWS = {
    ending.encode("ascii"): re.compile(plain_pattern(ending, "0200", "0500", "0281", "0521", "0522"))
    for ending in _ENDINGS
}


def plain_eans(block: Block, ending: bytes) -> list[bytes]:
    """Return the EANs of a block if no line of it has anything to say about itself, else nothing."""
    eans: list[bytes] = _EANS[ending].findall(block.data)
    return eans if _is_whole(block, len(eans)) and eans_are_valid(b"".join(eans)) else []


def plain_lines(block: Block, ending: bytes) -> Iterator[StockLine] | None:
    """Return the records of a block if no line of it has anything to say about itself, else None."""
    rows = _ROWS[ending].findall(block.data.decode("ascii")) if block.data.isascii() else []
    if not _is_whole(block, len(rows)):
        return None
    eans, counted, changed, top_titles, available = zip(*rows, strict=True)
    if not eans_are_valid("".join(eans).encode("ascii")):
        return None
    lines = range(block.first, block.first + len(rows))
    dates = (map(_DAYS.__getitem__, days) for days in (counted, changed))
    copies = list(map(_COPIES.__getitem__, available))
    return _make_all(lines, eans, *dates, top_titles, copies, map(MOST.__eq__, copies), repeat(()))


def _is_whole(block: Block, lines: int) -> bool:
    return 0 < lines == block.ends and block.data.endswith(b"\n")


_DAYS = Memo(calendar_day)
_COPIES = Memo(int)
_make_all = column_maker(StockLine)

DETAIL = {f"{marker.id:04d}": (name, marker) for name, marker in markers(StockLine).items()}
"""CB-id to field and marker, from the record class."""

OPTIONAL = frozenset({"0500", "0281"})


class BadLineError(Exception):
    """A detail that is not handed on."""


def read_stock_line(values: Attributes, number: int, findings: Findings) -> StockLine:
    """Read one detail, or raise BadLineError with the reason."""
    fields: dict[str, object] = {"counted": None, "changed": None}
    extras: list[tuple[str, str]] = []
    for cb_id in sorted(DETAIL.keys() - OPTIONAL - values.keys()):
        raise BadLineError(f"{cb_id} is missing or empty")
    for cb_id, raw in values.items():
        if cb_id in DETAIL:
            fields[DETAIL[cb_id][0]] = _read(cb_id, raw, number, findings)
        elif cb_id != "0001":
            note_unknown(cb_id, raw, number, findings)
            extras.append((cb_id, raw))
    fields["at_least"] = fields["available"] == MOST
    line = StockLine(line=number, **fields, extras=tuple(extras))  # type: ignore[arg-type] # the table names the fields
    if line.available > MOST:
        message = f"0522 is more than {MOST}, the greatest stock that is shown"
        findings.warning("over-698", number, message, values["0522"])
    return line


def _read(cb_id: str, raw: str, number: int, findings: Findings) -> object:
    name, marker = DETAIL[cb_id]
    if cb_id == "0200" and not ean_is_valid(raw):
        raise BadLineError(f"{cb_id} is no EAN of 13 digits with a right check digit")
    if cb_id == "0521" and len(raw) > 1:
        raise BadLineError(f"{cb_id} has more than 1 character")
    try:
        return marker.read(raw)
    except FieldError as error:
        if cb_id not in OPTIONAL:
            raise BadLineError(f"{cb_id}: wanted {error}") from None
        findings.warning(error.code, number, f"{name} ({cb_id}) was dropped: wanted {error}", raw)
        return None
