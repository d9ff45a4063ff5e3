"""`syncd replay`: hand files again to a sink that is new, or that has lost what it had; beside a running daemon."""

import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import click

from syncd.cli.options import Reason, config_option
from syncd.cli.output import say, say_json
from syncd.wording import counted


class Moment(click.ParamType[datetime]):
    """A date, a date and time (of this machine's zone unless it says another), or a time ago such as `7d`."""

    name = "WHEN"

    def __init__(self, of_day: time) -> None:
        self._of_day = of_day
        """Which moment of a day a date alone means."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, aware."""
        from syncd.config.units import DURATION, parse_duration

        text = str(value)
        try:
            if re.match(DURATION, text):
                return datetime.now(UTC) - parse_duration(text)
            moment = datetime.fromisoformat(text)
            if "T" not in text and " " not in text:
                moment = datetime.combine(moment, self._of_day)
            return moment.astimezone()
        except (ValueError, OverflowError):
            self.fail(f"{text} is no date like 2026-11-22, no time like 2026-11-22T08:30, nor a time ago like 7d")


@click.command()
@click.option("--sink", required=True, metavar="SINK", help="Which sink gets them.")
@click.option(
    "--since", required=True, type=Moment(time.min), help="Files that came in from then on: 2026-11-22, or 7d ago."
)
@click.option("--until", type=Moment(time.max), help="Files that came in until then. [default: now]")
@click.option("--account", metavar="NAME", help="Of this account alone.")
@click.option("--dry-run", is_flag=True, help="Only say which files it would be.")
@click.option("--reason", type=Reason(), help="Why; kept in the audit trail. Needed unless it is a dry run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each file.")
@config_option
def replay(
    sink: str,
    since: datetime,
    until: datetime | None,
    account: str | None,
    dry_run: bool,
    reason: str | None,
    as_json: bool,
    config: Path | None,
) -> None:
    """Hand accepted files to a sink again, in the order in which they came, with the keys of before.

    For a new sink, or a database that was lost. A target that knows the keys takes nothing twice; goods that an earlier
    file brought stay left out. A running daemon begins within half a minute; else the next `syncd once` does it.
    """
    from syncd import app_sinks
    from syncd.cli.status import file_line
    from syncd.config import load

    if not dry_run and not reason:
        raise click.UsageError("give a --reason, or look first with --dry-run")
    span = since, until or datetime.now(UTC)
    found = app_sinks.replay(load(config), sink, span, account, None if dry_run else reason)
    for row in found.files:
        say_json(row) if as_json else say(file_line(row))
    one, many = ("file would be", "files would be") if dry_run else ("file is", "files are")
    say(f"{counted(len(found.files), one, many)} handed to {sink} again.", err=as_json)
    if found.gone:
        last = found.gone[-1]
        lost = counted(len(found.gone), "file is not: its bytes are", "files are not: their bytes are")
        say(f"{lost} kept no more, the last is no. {last.id}.", err=True)
