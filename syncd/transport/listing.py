"""What a listing says: MLSD (RFC 3659), the LIST of Unix and IIS servers, and NLST. Text in, files out.

Rule 1: a line that cannot be read, or whose name is hostile, costs that line and never the listing; it is counted.
Rule 2: only plain files come out: no directories, no links, nothing that is not a bare name.
Rule 3: LIST shows local times without a zone, and drops the hour once a file is old. Such a time would change while
the file does not, so only MLSD's times (UTC by RFC 3659) are believed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from syncd.model import RemoteFile
from syncd.transport.guard import is_bare_name

LINE_LIMIT = 1024
"""Longer lines are not read: 255 characters of name and the facts of any server are less."""

# -rw-r--r--+  1 owner group  25700 Nov 21 22:59 name; the group may be missing, months are the server's language,
# and some put the day first. Nothing is given back once it was read (`++`): half the time of a long listing.
_UNIX = re.compile(
    r"(?P<kind>[a-z-])[-rwxsStTlL]{9}[+.@]?\s++"
    r"(?:\S++\s++){0,6}?"
    r"(?P<size>\d{1,15}+)\s++"
    r"(?:[A-Za-z\xc0-\xff]\S{1,5}\s++\d{1,2}\.?|\d{1,2}\.?\s++[A-Za-z\xc0-\xff]\S{1,5})\s++"
    r"(?:\d{1,2}:\d\d|\d{4})\s"
    r"(?P<name>.+)",
    re.ASCII,
)
# 11-21-26  10:59PM       25700 name
_IIS = re.compile(r"\d\d-\d\d-\d\d(?:\d\d)?\s+\d\d:\d\d\s?(?:[AP]M)?\s+(?P<size><DIR>|[\d.,]{1,20})\s+(?P<name>.+)")
_LINES = re.compile(r"[^\n]+")
"""One at a time: all of a long listing in pieces would need its memory a third time."""
_NO_ENTRY = re.compile(r"total \d+|insgesamt \d+|totaal \d+", re.IGNORECASE)


class Unreadable(ValueError):  # noqa: N818 - never leaves this module: a line, not a fault of the program
    """A line that no known server writes."""


@dataclass(slots=True)
class Listing:
    """The files of one directory, and how many lines were unreadable or named hostile names."""

    files: list[RemoteFile] = field(default_factory=list)
    skipped: int = 0


def parse(text: str, verb: str) -> Listing:
    """Read the whole answer to MLSD, LIST or NLST."""
    return _collect((match[0] for match in _LINES.finditer(text)), _READERS[verb])


def _collect(lines: Iterable[str], read: Callable[[str], RemoteFile | None]) -> Listing:
    listing = Listing()
    for line in lines:
        line = line.rstrip("\r")
        if not line:
            continue
        try:
            if len(line) > LINE_LIMIT:
                raise Unreadable
            entry = read(line)
        except ValueError:
            listing.skipped += 1
            continue
        if entry is None:
            continue
        if is_bare_name(entry.name):
            listing.files.append(entry)
        else:
            listing.skipped += 1
    return listing


def _mlsd(line: str) -> RemoteFile | None:
    """Read `type=file;size=25700;modify=20261121225900; name`: RFC 3659, chapter 7.2."""
    head, space, name = line.partition(" ")
    if not space or not head.endswith(";"):
        raise Unreadable
    facts = dict([fact.split("=", 1) for fact in head[:-1].lower().split(";")])
    if facts.get("type", "file") != "file":
        return None
    size, modified = facts.get("size"), facts.get("modify")
    return RemoteFile(name, None if size is None else _number(size), None if modified is None else _utc(modified))


def _number(digits: str) -> int:
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise Unreadable
    return int(digits)


def _utc(stamp: str) -> datetime:
    """Read `YYYYMMDDHHMMSS[.sss]`, which is UTC: RFC 3659, chapter 2.3."""
    return datetime.fromisoformat(f"{stamp[:8]}T{stamp[8:14]}Z")


def _list(line: str) -> RemoteFile | None:
    if match := _UNIX.fullmatch(line):
        kind, size, name = match.groups()
        return RemoteFile(name, int(size)) if kind == "-" else None
    if match := _IIS.fullmatch(line):
        size = match["size"]
        return None if size == "<DIR>" else RemoteFile(match["name"], _number(re.sub(r"[.,]", "", size)))
    if _NO_ENTRY.fullmatch(line):
        return None
    raise Unreadable


def _nlst(line: str) -> RemoteFile | None:
    name = line.removeprefix("./")
    return None if name in (".", "..") else RemoteFile(name)


_READERS: dict[str, Callable[[str], RemoteFile | None]] = {"MLSD": _mlsd, "LIST": _list, "NLST": _nlst}
