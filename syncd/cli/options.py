"""Options that verbs share."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.config import AccountSettings

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration. [default: $SYNCD_CONFIG, else /etc/syncd/syncd.toml]",
)
"""Gives a verb the argument `config: Path | None`, which goes to `syncd.config.load`."""


def account_settings(name: str, config: Path | None) -> "AccountSettings":
    """Return the settings of an account. Raises ConfigError, and UsageError if there is none of that name."""
    from syncd.config import load

    accounts = load(config).accounts
    if name not in accounts:
        raise UsageError(f"there is no account “{name}”", remedy=f"Known: {', '.join(accounts) or 'none'}.")
    return accounts[name]
