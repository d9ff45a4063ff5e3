"""`syncd approve`, `settle` and `resend`: a person's word on an order or a stock list; beside a running daemon."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.options import Reason, config_option, reason_option
from syncd.cli.output import say, say_error

if TYPE_CHECKING:
    from syncd.model import Interchange

NUMBER = click.IntRange(1, (1 << 63) - 1)
"""What a database can hold as the number of a file."""

numbers_argument = click.argument("numbers", metavar="NO...", type=NUMBER, nargs=-1, required=True)
number_argument = click.argument("number", metavar="NO", type=NUMBER)


@click.command()
@numbers_argument
@click.option("--reason", type=Reason(), help="Why; kept in the audit trail.")
@config_option
def approve(numbers: tuple[int, ...], reason: str | None, config: Path | None) -> int:
    """Let go what a guard holds: orders are checked again and sent, stock lists are handed on.

    An order whose name was used before gets a new one where the supplier's names carry a time.
    """
    from syncd import app_people
    from syncd.config import load

    settings = load(config)
    return each(numbers, lambda number: told(app_people.approve(settings, number, reason or "")))


@click.command()
@number_argument
@click.option("--taken/--not-taken", default=None, help="What the supplier says; one of the two is needed.")
@reason_option
@config_option
def settle(number: int, taken: bool | None, reason: str, config: Path | None) -> None:
    """End the doubt about an order by what the supplier said. Nothing is sent by it."""
    from syncd import app_people
    from syncd.config import load

    if taken is None:
        raise click.UsageError("say what the supplier says: --taken or --not-taken")
    say(told(app_people.settle(load(config), number, reason, taken=taken)))


@click.command()
@number_argument
@reason_option
@config_option
def resend(number: int, reason: str, config: Path | None) -> None:
    """Send an order that was settled as not taken, or refused, once more: as a new one, after a new check."""
    from syncd import app_people
    from syncd.config import load

    say(told(app_people.resend(load(config), number, reason)))


def each(numbers: Iterable[int], act: Callable[[int], str]) -> int:
    """Act for each number and print what came of it; one that fails does not stop the others."""
    from syncd.cli.once import worst
    from syncd.errors import SyncdError

    statuses = [0]
    for number in numbers:
        try:
            say(act(number))
        except SyncdError as error:
            say_error(error)
            statuses.append(error.exit_status)
    return worst(statuses)


def told(row: "Interchange") -> str:
    """Say where an interchange stands now."""
    from syncd.status import file_status
    from syncd.stories import meaning

    status = file_status(row)
    return f"no. {row.id}, {row.name}: {status.state}. {meaning(status)}".rstrip()
