"""`syncd host`: the hosts that share a database, and what to do when one is gone for good."""

from pathlib import Path

import click

from syncd.cli.options import config_option, reason_option
from syncd.cli.output import say, say_json
from syncd.wording import counted


@click.group()
def host() -> None:
    """Look after the hosts that share a database."""


@host.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each host.")
@config_option
def list_(as_json: bool, config: Path | None) -> None:
    """List the hosts, when each gave its last sign of life, and how many files on their way lie there."""
    from syncd import app_people
    from syncd.cli.status import host_line
    from syncd.config import load

    found = app_people.hosts(load(config))
    for each in found:
        say_json(each) if as_json else say(host_line(each))
    if not found and not as_json:
        click.echo("No hosts share this state: it is in SQLite, or syncd was never started.")


@host.command()
@click.argument("name")
@reason_option
@config_option
def take(name: str, reason: str, config: Path | None) -> None:
    """Make the files of a host that is gone for good this one's own. What its disk alone had counts as lost."""
    from syncd import app_people
    from syncd.config import load

    count = app_people.take(load(config), name, reason)
    files = counted(count, f"file of the host {name} belongs", f"files of the host {name} belong")
    say(f"{files} to this one now. `syncd status` tells what wants a person.")
