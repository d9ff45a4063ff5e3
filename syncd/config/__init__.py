"""The configuration: TOML and environment into checked settings, or into one error that names everything wrong.

`load` is the door. Behind it: `lines` locates keys in the file, `sources` reads file and environment and remembers
which value came from where, `tables` says what may stand there (pydantic, the border), `checks` looks across tables,
`settings` is what the house gets.
"""

import os
from pathlib import Path

from pydantic import ValidationError

from syncd.config.checks import across, sink_settings
from syncd.config.lines import Key
from syncd.config.settings import AccountSettings, LogSettings, OlaSettings, Settings, SinkSettings, settings_from
from syncd.config.sources import misspelt, read
from syncd.config.tables import Document
from syncd.config.troubles import invalid, told
from syncd.config.visits import Schedule

__all__ = [
    "AccountSettings",
    "LogSettings",
    "OlaSettings",
    "Schedule",
    "Settings",
    "SinkSettings",
    "config_path",
    "load",
]

DEFAULT_PATH = Path("/etc/syncd/syncd.toml")


def config_path(given: Path | None = None) -> Path:
    """Return the configuration's path: the one given, else $SYNCD_CONFIG, else /etc/syncd/syncd.toml."""
    return (given or Path(os.environ.get("SYNCD_CONFIG") or DEFAULT_PATH)).expanduser().absolute()


def load(path: Path | None = None) -> Settings:
    """Read and check the configuration. Raises ConfigError, which names every wrong key at once."""
    sources = read(config_path(path))
    document, wrong = None, list[tuple[Key, str]]()
    try:
        document = Document(**sources.values)
    except ValidationError as error:
        wrong += told(error, Document)
    sinks, wrong_sinks = sink_settings(sources.values)
    troubles = [sources.trouble(key, message) for key, message in (*wrong, *wrong_sinks, *across(sources))] + misspelt()
    if troubles or document is None:
        raise invalid(sources.path, troubles)
    return settings_from(document, sinks, sources)
