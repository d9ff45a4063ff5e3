"""`syncd config`: write a configuration, check it, show what is in force, describe it to an editor."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.options import config_option
from syncd.cli.output import say_json
from syncd.errors import UsageError
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Encryption

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.config import AccountSettings, Settings
    from syncd.config.settings import SinkSettings


@click.group()
def config() -> None:
    """Write, check and show the configuration."""


# -- check, show, schema ----------------------------------------------------------------------------------------


@config.command()
@config_option
@click.option(
    "--paths", is_flag=True, help="Also look at folders, certificates, secrets and programs, as the user that asks."
)
def check(config: Path | None, *, paths: bool) -> None:
    """Say whether the configuration is right; name everything that is wrong, with file and line."""
    from syncd.config import load
    from syncd.config.paths import unusable
    from syncd.config.troubles import invalid

    settings = load(config)
    troubles = [settings.sources.trouble(*each) for each in unusable(settings)] if paths else []
    if troubles:
        raise invalid(settings.sources.path, troubles)
    click.echo(f"ok: {settings.sources.path}")
    for line in _found(settings):
        click.echo(f"  {line}")


@config.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, each value with its source.")
def show(config: Path | None, *, as_json: bool) -> None:
    """Show every setting in force, and where it comes from; secrets only by their place."""
    from syncd.config import load
    from syncd.config.show import as_toml, with_sources

    settings = load(config)
    if as_json:
        say_json(with_sources(settings), indent=2)
    else:
        click.echo(as_toml(settings), nl=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from syncd.config.schema import json_schema

    say_json(json_schema(), indent=2)


def _found(settings: "Settings") -> list[str]:
    lines = [f"state    {settings.state_dir}"]
    lines += [f"account  {name}: {_account(account)}" for name, account in settings.accounts.items()]
    lines += [f"sink     {name}: {sink.type}" for name, sink in settings.sinks.items()]
    lines += [f"warning  sink {name}: {said}" for name, sink in settings.sinks.items() for said in _warnings(sink)]
    return lines if settings.sinks else [*lines, "no sink: what is fetched stays in the spool"]


def _warnings(sink: "SinkSettings") -> list[str]:
    """Return what a sink's settings say of themselves that no check can tell."""
    said: Callable[[], list[str]] = getattr(sink.settings, "warnings", list)
    return said()


def _account(account: "AccountSettings") -> str:
    from syncd.schedule import next_visit

    server = f"{account.supplier.title}, {account.user} at {account.host}:{account.port}, TLS {account.tls.value}"
    if not account.enabled:
        return f"{server}, not enabled"
    when = next_visit(account.schedule, account.supplier.timezone, datetime.now(UTC)).astimezone()
    return f"{server}, next visit by {when:%Y-%m-%d %H:%M %Z}"


# -- new --------------------------------------------------------------------------------------------------------


@config.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--supplier", type=click.Choice(list(SUPPLIERS)), help="The trading partner.")
@click.option("--host", help="The server, where the supplier's address is not public.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port, when it is not the supplier's.")
@click.option("--tls", type=click.Choice([each.value for each in Encryption]), help="As your contract says.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="Trust this CA or certificate.")
@click.option("--user", help="The login name.")
@click.option("--customer", multiple=True, help="A customer number; the first is the sender of orders.")
@click.option("--relation-id", help="The relation number.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Where the shop drops orders.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where fetched files appear.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="Spool, quarantine and database.")
@click.option("--password-file", type=click.Path(path_type=Path), help="The file with the password; made when missing.")
@click.option("--yes", is_flag=True, help="Ask nothing: take the defaults.")
@click.option("--force", is_flag=True, help="Overwrite a configuration that is there.")
def new(file: Path | None, *, yes: bool, force: bool, **given: object) -> None:
    """Write a commented configuration for one account, and a file for its password.

    FILE is $SYNCD_CONFIG or /etc/syncd/syncd.toml unless it is named. What no option says is asked for.
    """
    from syncd.cli.interview import Interview
    from syncd.config import config_path
    from syncd.config.new import write_new

    path = config_path(file)
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", remedy="Name another file, or overwrite it with --force.")
    interview = Interview(given, quiet=yes)
    answers = interview.answers(path)
    for made in write_new(path, answers, interview.password(answers.password_file)):
        click.echo(f"wrote {made}")
    if not answers.password_file.read_bytes():
        click.echo(f"Write the password into {answers.password_file}, then:")
    click.echo(f"syncd config check --paths --config {path}")
