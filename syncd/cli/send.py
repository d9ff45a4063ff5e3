"""`syncd send`: check an order file and put it into an account's outbox."""

from pathlib import Path

import click

from syncd.cli.options import config_option
from syncd.cli.output import say


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--account", required=True, help="The account whose outbox it goes to.")
@config_option
def send(file: Path, account: str, config: Path | None) -> None:
    """Check FILE as an order and put it into the account's outbox; the daemon, or `syncd once`, sends it.

    A file whose name does not fit the supplier gets the next free name.
    """
    from syncd import app
    from syncd.config import load

    placed = app.send(load(config), account, file)
    say(f"{file} waits as {placed}")
