"""Options and output that verbs share."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def say_json(value: Any) -> None:
    """Print a value as JSON on standard output; what JSON does not know is written as text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def account_settings(name: str, config: Path | None) -> "AccountSettings":
    """Return the settings of an account. Raises ConfigError, and UsageError if there is none of that name."""
    from syncd.config import load

    accounts = load(config).accounts
    if name not in accounts:
        raise UsageError(f"there is no account “{name}”", remedy=f"Known: {', '.join(accounts) or 'none'}.")
    return accounts[name]
