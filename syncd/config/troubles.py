"""What is wrong with a configuration, each thing with its place, its key and the line itself.

A line may hold a password: what is shown of a line is masked first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from syncd.config.lines import Key
from syncd.config.table import PATTERNS
from syncd.errors import ConfigError
from syncd.wording import counted

_REFERENCE = r"""\{\s*(?:file|credential|env)\s*=\s*(?:"[^"]*"|'[^']*')\s*\}"""
_MEANT = r"\b\w*(?:pas+|pwd|pw|w[oa]+rd|wort|secret|token|scram)\w*"
"""What somebody may have written for `password`, in the languages of our users, misspelt or not."""
_VEILED = r"""[?&][^?=&\s"']*%[^?=&\s"']*="""
"""A key in the query of a URL that may spell such a word with %77."""
_SECRET = re.compile(rf"""({_MEANT}["']?\s*=\s*|{_VEILED})(?!\s*{_REFERENCE}).*""", re.IGNORECASE)
_WITHIN = r"""(?!["'](?:[\s,\]}]|$))"""
"""Not at the quote that ends a text of TOML."""
_URL = re.compile(rf"(\b(?:nats|tls)://|://[^:/@\s]*:)(?:{_WITHIN}[^@\n])*@(?:(?:{_WITHIN}[^/?#\s])*@)?")
"""To the last @ before the path, and to the first one anyway: a password may hold @ or / unescaped.

What stands alone before the @ of NATS may be a token.
"""


def masked(text: str) -> str:
    """Hide what may be a password in a line of TOML or in a URL; references to secrets stay."""
    return _URL.sub(r"\1***@", _SECRET.sub(r"\1***", text))


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: `place: key: message`, and the line."""

    place: str
    key: Key
    message: str
    source: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Write it as a compiler would."""
        head = ": ".join(part for part in (self.place, ".".join(map(str, self.key)), self.message) if part)
        return head + (f"\n    {masked(self.source.strip())}" if self.source.strip() else "")


class InvalidError(ConfigError):
    """The configuration is wrong in one or more places; `troubles` has each of them."""

    def __init__(self, message: str, troubles: Sequence[Trouble], *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.troubles = tuple(troubles)


def invalid(path: Path, troubles: Iterable[Trouble]) -> InvalidError:
    """Put all troubles into one error, in the order of the file."""
    ordered = sorted(troubles, key=lambda trouble: trouble.line)
    lines = [f"{counted(len(ordered), 'error')} in the configuration {path}", *map(str, ordered)]
    return InvalidError(
        "\n".join(lines), ordered, remedy="docs/config.md describes every key; syncd config check tries again."
    )


def told(
    error: ValidationError, model: type[BaseModel], above: Key = (), also: type[BaseModel] | None = None
) -> list[tuple[Key, str]]:
    """Turn pydantic's errors into keys and sentences; `above` is the key of the table that was checked.

    The keys of `also` may stand in that table too.
    """
    found = []
    for detail in error.errors(include_url=False, include_input=False):
        key = tuple(part for part in detail["loc"] if part != "[key]")
        found.append(((*above, *key), _sentence(detail, key, model, also)))
    return found


def _sentence(detail: Mapping[str, Any], key: Key, model: type[BaseModel], also: type[BaseModel] | None) -> str:
    match detail["type"]:
        case "extra_forbidden":
            known = _keys(model, key[:-1]) + (_keys(also, key[:-1]) if also else [])
            near = get_close_matches(str(key[-1]), known, n=1)
            return "unknown key" + (f'; did you mean "{near[0]}"?' if near else "")
        case "missing":
            return "is required"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "string_pattern_mismatch" if detail["ctx"]["pattern"] in PATTERNS:
            return f"should be {PATTERNS[detail['ctx']['pattern']]}"
        case _:
            return re.sub(r"^.*?(?=should)", "", str(detail["msg"]))


def _keys(model: type[BaseModel], path: Key) -> list[str]:
    """Name the keys of the table at `path` below `model`."""
    for part in path:
        if part in model.model_fields:
            model = _table(model.model_fields[str(part)].annotation) or model
    return list(model.model_fields)


def _table(annotation: object) -> type[BaseModel] | None:
    """Find the model in `Model`, `Model | None`, `dict[str, Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table(part))), None)
