"""Options that verbs share."""

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


class Reason(click.ParamType[str]):
    """Why a person does something: a line of text that says something, for the audit trail."""

    name = "WHY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text on one line; refuse one that is blank, or that no terminal could show."""
        line = " ".join(str(value).split())
        if not line:
            self.fail("say why; it is blank", param, ctx)
        if not line.isprintable():
            self.fail("write it in plain text; it holds what cannot be shown", param, ctx)
        return line


reason_option = click.option("--reason", type=Reason(), required=True, help="Why; kept in the audit trail.")


def account_settings(name: str, config: Path | None) -> "AccountSettings":
    """Return the settings of an account. Raises ConfigError, and UsageError if there is none of that name."""
    from syncd.config import load

    accounts = load(config).accounts
    if name not in accounts:
        raise UsageError(f"there is no account “{name}”", remedy=f"Known: {', '.join(accounts) or 'none'}.")
    return accounts[name]
