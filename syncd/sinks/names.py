"""Names made from a template and from words that a server gave: files in a shop's folder, subjects at a broker.

The words matched a pattern before they came here. They are looked at again all the same: what leaves this file is a
relative path whose every part is a plain name, or a topic whose every word is.
"""

import re
import string
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator
from pydantic.config import JsonDict

from syncd.errors import SinkRefusedError
from syncd.sinks.base import Batch

FIELDS = ("account", "channel", "kind", "name", "supplier")
WORDS = ("account", "channel", "kind", "supplier")
"""Fields of a topic: a file's name is none, it may hold anything."""
LONGEST = 200
"""Bytes in one part of a path: file systems allow 255, and suffixes are added."""


def _absolute(path: Path) -> Path:
    if not path.expanduser().is_absolute():
        raise ValueError("should be an absolute path")
    return path.expanduser()


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]

FILE: JsonDict = {"format": "file-path"}
"""The `json_schema_extra` of a setting that names a file to read, where any other path is a folder to write in."""


def checked_template(template: str) -> str:
    """Return a template of known fields that stays inside its folder; raise ValueError."""
    _check_fields(template, FIELDS)
    parts = template.split("/")
    if "{name}" not in parts[-1] or not all(_is_plain(part) for part in parts):
        raise ValueError("must be a relative path whose last part holds {name}, without dot names")
    return template


def relative_path(template: str, batch: Batch) -> PurePosixPath:
    """Fill in a template; raise SinkRefusedError when a word could lead out of the folder, or hide in it."""
    words = {field: getattr(batch, field) for field in FIELDS}
    for field, word in words.items():
        if f"{{{field}}}" in template and not _is_plain(word):
            raise SinkRefusedError(
                f"{field} {word!r} cannot be part of a file name",
                remedy="Hand this file over by hand from the spool; names with separators, dots in front or control "
                "characters are never written.",
            )
    return PurePosixPath(template.format_map(words))


def checked_topic(template: str) -> str:
    """Return a template of words with dots between them, without wildcards; raise ValueError."""
    _check_fields(template, WORDS)
    if not all(re.fullmatch(r"([A-Za-z0-9_-]|\{[a-z]+\})+", word) for word in template.split(".")):
        raise ValueError("must be words with dots between them, without blanks and wildcards")
    return template


def topic(template: str, batch: Batch) -> str:
    """Fill in the template of a topic; raise SinkRefusedError when a word of the batch would be more than one word."""
    words = {field: getattr(batch, field) for field in WORDS if f"{{{field}}}" in template}
    for field, word in words.items():
        if not re.fullmatch("[A-Za-z0-9_-]{1,60}", word):
            raise SinkRefusedError(f"{field} {word!r} cannot be a word of {template}", remedy="Use another field.")
    return template.format_map(words)


def _check_fields(template: str, known: tuple[str, ...]) -> None:
    for _text, field, spec, conversion in string.Formatter().parse(template):
        if field is not None and (field not in known or spec or conversion):
            raise ValueError(f"unknown field {{{field}}}; there are {', '.join(known)}")


def _is_plain(part: str) -> bool:
    """Tell whether a part of a path is one visible name on every system that may share the folder."""
    return (
        0 < len(part.encode("utf-8", "replace")) <= LONGEST
        and not part.startswith(".")
        and part.isprintable()
        and not any(character in '/\\:*?"<>|' for character in part)
        and part == part.strip()
    )
