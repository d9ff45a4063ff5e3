"""`syncd pause` and `syncd resume`: a person's word on an account; it survives every restart."""

from pathlib import Path

import click

from syncd.cli.options import Reason, config_option


@click.command()
@click.argument("account")
@click.option("--reason", type=Reason(), required=True, help="Why; shown in `syncd status`.")
@config_option
def pause(account: str, reason: str, config: Path | None) -> None:
    """Make no visits for ACCOUNT until somebody resumes it. Orders wait, nothing is lost."""
    from syncd import app
    from syncd.config import load

    app.pause(load(config), account, reason)
    click.echo(f"{account} is paused")


@click.command()
@click.argument("account")
@config_option
def resume(account: str, config: Path | None) -> None:
    """Visit ACCOUNT again: after a pause, or when a refused login was put right."""
    from syncd import app
    from syncd.config import load

    app.resume(load(config), account)
    click.echo(f"{account} is visited again; a running daemon sees it within half a minute")
