"""`syncd history`: the latest files, in and out."""

from pathlib import Path

import click

from syncd.cli.options import account_settings, config_option
from syncd.cli.output import say, say_json
from syncd.cli.words import NUMBER


@click.command()
@click.option("--account", metavar="NAME", help="Of this account alone.")
@click.option("--limit", type=NUMBER, default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each file.")
@config_option
def history(account: str | None, limit: int, as_json: bool, config: Path | None) -> None:
    """Show the latest files, newest first."""
    from syncd import app_people
    from syncd.cli.status import file_line
    from syncd.config import load

    if account is not None:
        account_settings(account, config)
    for row in app_people.history(load(config), account, limit):
        if as_json:
            say_json(row)
        else:
            say(file_line(row))
