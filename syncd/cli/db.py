"""`syncd db`: what a person does with the database of the state."""

from pathlib import Path

import click

from syncd.cli.options import config_option


@click.group()
def db() -> None:
    """Look after the database of the state."""


@db.command()
@config_option
def upgrade(config: Path | None) -> None:
    """Bring a PostgreSQL database to this program's schema, and make the tables in an empty one."""
    from syncd import state
    from syncd.config import load

    url = load(config).database_url()
    if url is None:
        click.echo("The state is in SQLite: syncd upgrades it itself when it starts.")
        return
    state.upgrade(url)
    click.echo("The database is at this program's schema.")
