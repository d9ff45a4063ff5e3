"""`syncd status` and `syncd explain`: how things are, and the story of one file."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.options import config_option
from syncd.cli.output import say_json

if TYPE_CHECKING:
    from rich.table import Table

    from syncd.status import AccountStatus, Status, Story


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
def status(as_json: bool, config: Path | None) -> None:
    """Show how things are: problems first, then accounts, sinks and the last files."""
    from syncd import app
    from syncd.config import load

    found = app.status(load(config))
    if as_json:
        say_json(found)
        return
    _print(found)


@click.command()
@click.argument("what", metavar="FILE|REFERENCE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each file.")
@config_option
def explain(what: str, as_json: bool, config: Path | None) -> None:
    """Tell the story of a file: by its name, its number, an order's reference (1041), or the start of its SHA-256."""
    from syncd import app
    from syncd.config import load
    from syncd.errors import UsageError

    stories = app.explain(load(config), what)
    if not stories:
        raise UsageError(f"nothing is known of {what}", remedy="`syncd status` shows the last files.")
    for story in stories:
        say_json(story) if as_json else _tell(story)


def _print(found: "Status") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print("All accounts are in order." if found.word == "ok" else "[bold]Somebody must look:[/]")
    for problem in found.problems:
        who = f"{problem.account}: " if problem.account else ""
        console.print(
            f"  [red]{problem.code}[/] {who}{problem.message} (since {_when(problem.since)}, seen {problem.count}×)"
        )
        console.print(f"    → {problem.remedy}", soft_wrap=True)
    console.print(_accounts(found.accounts))
    for sink in found.sinks:
        console.print(f"sink {sink.name}: {sink.waiting} wait" + (f"; {sink.last_error}" if sink.last_error else ""))
    if found.recent:
        console.print(_recent(found))


def _accounts(accounts: "list[AccountStatus]") -> "Table":
    from rich.table import Table

    table = Table(
        "account", "state", "last visit", "next visit", "next login", "TLS", "unanswered", "held", "quarantine"
    )
    for one in accounts:
        state = f"{one.word}: {one.why}" if one.why else one.word
        row = (
            one.name,
            state,
            _when(one.last_success),
            _when(one.next_visit),
            _when(one.next_login),
            one.tls or "none",
        )
        table.add_row(*row, str(one.unanswered), str(one.held), str(one.quarantined))
    exceptions = [f"{one.name}: TLS below 1.2 is allowed. {one.tls_exception}" for one in accounts if one.tls_exception]
    table.caption = "\n".join(exceptions) or None
    return table


def _recent(found: "Status") -> "Table":
    from rich.table import Table

    table = Table("no.", "when", "account", "way", "file", "state", title="Last files")
    for row in found.recent:
        table.add_row(str(row.id), _when(row.updated), row.account, row.direction, row.name, row.state)
    return table


def _tell(story: "Story") -> None:
    from syncd.status import meaning

    row = story.file
    click.echo(f"{row.name} (no. {row.id}, account {row.account}, {row.kind or 'kind unknown'})")
    click.echo(f"  {row.state}: {meaning(row)}")
    if row.reason:
        click.echo(f"  because {row.reason}")
    if story.references:
        click.echo(f"  references: {', '.join(story.references)}")
    for at, state, note in story.history:
        click.echo(f"  {_when(at)}  {state}" + (f": {note}" if note else ""))
    for line in (*story.findings, *story.deliveries):
        click.echo(f"  {line}")


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "never"
