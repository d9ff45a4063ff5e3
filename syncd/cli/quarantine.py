"""`syncd quarantine`: look at what nobody got, have it judged again, or put it away; beside a running daemon."""

from pathlib import Path

import click

from syncd.cli.options import config_option, reason_option
from syncd.cli.output import say, say_json
from syncd.cli.words import each, number_argument, numbers_argument, told


@click.group()
def quarantine() -> None:
    """Look after what is in quarantine."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each file.")
@config_option
def list_(as_json: bool, config: Path | None) -> None:
    """List what is in quarantine, oldest first."""
    from syncd import app_people
    from syncd.cli.status import file_line
    from syncd.config import load

    for row in app_people.quarantined(load(config)):
        if as_json:
            say_json(row)
        else:
            say(f"{file_line(row)}: {row.reason}")


@quarantine.command()
@number_argument
@config_option
def show(number: int, config: Path | None) -> None:
    """Tell the story of one file, and where its bytes lie."""
    from syncd import app_people
    from syncd.cli.status import tell
    from syncd.config import load

    story, path = app_people.show(load(config), number)
    tell(story)
    say(f"  bytes: {path}" if path else "  no bytes of it are kept")


@quarantine.command()
@number_argument
@reason_option
@config_option
def release(number: int, reason: str, config: Path | None) -> None:
    """Judge a fetched file again, as after an upgrade; accepted, it takes its way. By your word it is whole."""
    from syncd import app_people
    from syncd.config import load

    say(told(app_people.release(load(config), number, reason)))


@quarantine.command()
@numbers_argument
@reason_option
@config_option
def discard(numbers: tuple[int, ...], reason: str, config: Path | None) -> int:
    """Put away what is in quarantine or held by a guard: it is no problem any more. Row and bytes stay."""
    from syncd import app_people
    from syncd.config import load

    settings = load(config)
    return each(numbers, lambda number: told(app_people.discard(settings, number, reason)))
