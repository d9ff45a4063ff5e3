"""`syncd ingest`: files of an archive, taken in without a login."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncd.cli.options import account_settings, config_option
from syncd.cli.output import say, say_json, waiting_words

if TYPE_CHECKING:
    from syncd.jobs.ingest import Ingested

STATUSES = {"refused": 2, "rejected": 5, "held": 5, "known": 0, "accepted": 0}
"""Outcome of a file to exit status."""


@click.command()
@click.argument("paths", metavar="DIR|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--account", required=True, metavar="NAME", help="Whose files they are.")
@click.option(
    "--channel", metavar="NAME", help="Which channel they belong to. [default: the first that their name fits]"
)
@click.option("--deliver", is_flag=True, help="Hand them to the account's sinks.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each file.")
@config_option
def ingest(
    paths: tuple[Path, ...], account: str, channel: str | None, deliver: bool, as_json: bool, config: Path | None
) -> int:
    """Take in files that lie in an archive, as if they had been fetched; without a login, and not beside a daemon.

    Without --deliver they are only recorded, as known to the shop: no sink gets them, now or when they are fetched.
    The same files with --deliver, later, are delivered. Exit status: 0, 5 one rejected or held, 2 one refused,
    3 deliveries wait.
    """
    from syncd import app_people, log
    from syncd.cli.once import worst
    from syncd.config import load

    account_settings(account, config)
    settings = load(config)
    log.configure(settings.log.format, "error", sys.stderr)  # each file has its line below
    found, waiting = asyncio.run(app_people.ingest(settings, account, paths, channel, for_sinks=deliver))
    for each in found:
        if as_json:
            say_json(_object(each, account))
        else:
            say(_line(each))
    for path in paths:
        if not any(each.path.is_relative_to(path) for each in found):
            say(f"{click.format_filename(path)}: no file in it counts; dot files and links do not", err=True)
    if waiting:
        click.echo(waiting_words(waiting), err=True)
    return worst([STATUSES[each.outcome] for each in found] + ([3] if waiting else []))


def _object(each: "Ingested", account: str) -> dict[str, Any]:
    row = each.row
    return {
        "file": click.format_filename(each.path),
        "account": account,
        "outcome": each.outcome,
        "why": each.why,
        "id": row.id if row else None,
        "channel": row.channel if row else None,
        "state": row.state if row else None,
        "kind": row.kind if row else None,
        "suppressed": each.suppressed,
    }


def _line(each: "Ingested") -> str:
    row = each.row
    known_as = f" (no. {row.id}, {row.kind or 'kind unknown'}, {row.state})" if row else ""
    return f"{each.path}: {each.outcome}{known_as}" + (f": {each.why}" if each.why else "")
