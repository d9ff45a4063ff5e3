"""Where values come from: the TOML file and, above it, the environment. Each value keeps its origin.

`SYNCD_ACCOUNT__UMBREIT__HOST` stands for `account.umbreit.host`: two underscores between the parts; lists and tables
are written as JSON. Other variables that begin with `SYNCD_` are left alone, unless they look like a misspelt key.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from syncd.config.lines import Key, line_of, lines_of
from syncd.config.tables import Document
from syncd.config.troubles import Trouble, invalid
from syncd.errors import ConfigError

PREFIX = "SYNCD_"
OF_THE_PROGRAM = frozenset({"SYNCD_CONFIG", "SYNCD_DEBUG"})
"""Variables that are no settings."""

NAMED_TABLE = 2
"""The depth of `account.NAME`: down to here the environment adds to the file, below it replaces."""


class _Environment(EnvSettingsSource):
    """The variables as a tree; what is not JSON is text."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            decoded = json.loads(value)
        except ValueError:
            return value
        return decoded if isinstance(decoded, dict | list) else value


@dataclass(frozen=True, slots=True)
class Sources:
    """The values of file and environment, and where each of them stands."""

    path: Path
    text: str
    lines: Mapping[Key, int]
    variables: Mapping[Key, str]
    values: Mapping[str, Any]
    private: bool
    """Nobody but the file's owner may read it."""

    def variable(self, key: Key) -> str | None:
        """Return the environment variable that sets a key, or a part of it."""
        for path, name in self.variables.items():
            short = min(len(path), len(key))
            if path[:short] == key[:short] and (len(key) > NAMED_TABLE or len(path) <= len(key)):
                return name
        return None

    def origin(self, key: Key) -> str:
        """Say where the value of a key comes from: `file:line`, a variable, or `default`."""
        if variable := self.variable(key):
            return f"environment variable {variable}"
        return f"{self.path}:{self.lines[key]}" if key in self.lines else "default"

    def trouble(self, key: Key, message: str) -> Trouble:
        """Say that something is wrong with a key, and show where it stands."""
        if variable := self.variable(key):
            return Trouble(f"environment variable {variable}", key, message)
        table = key[:NAMED_TABLE]
        named = next((name for path, name in self.variables.items() if path[:NAMED_TABLE] == table), None)
        if named and table not in self.lines:
            return Trouble(f"environment variable {named}", key, message)
        line = line_of(self.lines, key)
        if line is None:
            return Trouble(str(self.path), key, message)
        return Trouble(f"{self.path}:{line}", key, message, self.text.split("\n")[line - 1], line)


def read(path: Path) -> Sources:
    """Read file and environment. Raises ConfigError when the file cannot be read, or is not TOML."""
    text = _text(path)
    try:
        lines, below = lines_of(text), tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_toml(path, text, error) from None
    above = _Environment(Document)()
    private = not path.stat().st_mode & 0o077
    return Sources(path, text, lines, _variables(above), _merged(below, above, NAMED_TABLE), private)


def misspelt(environ: Mapping[str, str] = os.environ) -> list[Trouble]:
    """Report variables that look like settings and are none."""
    keys = [PREFIX + name.upper() for name in Document.model_fields]
    troubles = []
    for name in environ:
        first = name.upper().split("__")[0]
        if not name.startswith(PREFIX) or name in OF_THE_PROGRAM or first in keys:
            continue
        near = get_close_matches(first, keys, n=1, cutoff=0.8)
        if near or "__" in name:
            hint = f'; did you mean "{near[0]}"?' if near else ""
            troubles.append(Trouble(f"environment variable {name}", (), f"is no setting{hint}"))
    return troubles


def _text(path: Path) -> str:
    write = f"Write one with: syncd config new {path}"
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file", remedy=write) from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a directory", remedy="Name the file in it: --config FILE.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text", remedy="Save the file as UTF-8.") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}", remedy="The user that syncd runs as must be able to read it."
        ) from None


def _not_toml(path: Path, text: str, error: Exception) -> ConfigError:
    if isinstance(error, RecursionError):
        return invalid(path, [Trouble(str(path), (), "is nested too deeply")])
    found = re.fullmatch(r"(.*) \(at line ([0-9]+), column ([0-9]+)\)", str(error))
    if not found:
        return invalid(path, [Trouble(str(path), (), f"is not TOML: {str(error)[:200]}")])
    message, line, column = found.groups()
    shown = text.split("\n")[int(line) - 1 : int(line)]
    return invalid(path, [Trouble(f"{path}:{line}:{column}", (), f"is not TOML: {message}", "".join(shown), int(line))])


def _variables(above: Mapping[str, Any]) -> dict[Key, str]:
    """Map the keys that the environment sets to the variables that do."""
    found: dict[Key, str] = {}
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            path = tuple(name[len(PREFIX) :].lower().split("__"))
            if path[0] in above:
                found[path] = name
    return found


def _merged(below: Mapping[str, Any], above: Mapping[str, Any], depth: int) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        both = depth and isinstance(value, dict) and isinstance(under, dict)
        result[key] = _merged(under, value, depth - 1) if both and under is not None else value
    return result
