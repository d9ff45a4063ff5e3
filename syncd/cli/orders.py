"""`syncd orders`: where each line of every order stands."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.options import account_settings, config_option
from syncd.cli.output import say_json
from syncd.wording import shown

if TYPE_CHECKING:
    from syncd.orders import LineStatus


@click.command()
@click.option("--open", "which", flag_value="open", multiple=True, help="Only lines of which copies may still come.")
@click.option(
    "--short", "which", flag_value="short", multiple=True, help="Only lines that do not come whole, or not now."
)
@click.option(
    "--unanswered", "which", flag_value="unanswered", multiple=True, help="Only lines without any answer in time."
)
@click.option("--account", metavar="NAME", help="Of this account alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; so it is where there is no terminal.")
@config_option
def orders(which: Sequence[str], account: str | None, as_json: bool, config: Path | None) -> None:
    """Show what was ordered and what became of it, line by line, the newest order first."""
    from syncd import app
    from syncd.config import load

    if account is not None:
        account_settings(account, config)
    found = app.order_lines(load(config), which, account)
    if as_json or not sys.stdout.isatty():
        for line in found:
            say_json(line)
    else:
        _print(found)


def _print(lines: "Sequence[LineStatus]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("account", "sent", "reference", "article", "mark", "came", "state", ""):
        table.add_column(title, justify="right" if title == "came" else "left", overflow="fold")
    for line in lines:
        table.add_row(*map(shown, _row(line)))
    console = Console(highlight=False, markup=False)
    console.print(table) if lines else console.print("No order line is like that.")


def _row(line: "LineStatus") -> tuple[str, ...]:
    sent = f"{line.sent.astimezone():%Y-%m-%d}" if line.sent else ""
    came = f"{line.delivered}/{line.quantity}"
    return line.account, sent, line.reference, line.article, line.mark or "", came, line.state, _more(line)


def _more(line: "LineStatus") -> str:
    """Say what is known of the copies that lack."""
    from syncd.orders import day

    if line.delivered >= line.quantity:
        return ""
    kept = {True: "back-ordered", False: "not back-ordered", None: ""}[line.back_ordered]
    due = f"expected {day(line.expected)}" if line.expected else ""
    code = f"{line.code:02d} {line.text or ''}".strip() if line.code is not None else ""
    return ", ".join(part for part in (kept, due, code) if part)
