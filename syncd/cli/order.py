"""`syncd order`: make orders from what a shop's own programs write."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from syncd.cli.options import account_settings, config_option
from syncd.cli.output import say
from syncd.config import AccountSettings
from syncd.errors import RejectedError, UsageError
from syncd.formats import lint_written, write_orders
from syncd.formats.sheets import read_sheet
from syncd.model import Finding
from syncd.outbox import place_order
from syncd.suppliers.rules import Outbound
from syncd.wording import counted


@click.group()
def order() -> None:
    """Make orders."""


@order.command()
@click.argument("sheet", metavar="ORDERS", type=click.Path(path_type=Path))
@click.option("--account", "account_name", required=True, metavar="NAME", help="Whose outbox the order goes to.")
@config_option
def build(sheet: Path, account_name: str, config: Path | None) -> None:
    """Put the orders of a CSV or JSON Lines file (.jsonl) into an account's outbox.

    docs/orders.md describes the columns. If anything in the file is wrong, nothing is ordered.
    """
    account = account_settings(account_name, config)
    channel, folder = _order_channel(account), account.outbox
    if folder is None or not account.customers:
        raise UsageError(
            f"account “{account_name}” has no outbox or no customer number",
            remedy=f"Set outbox and customers in [account.{account_name}].",
        )
    customer = account.customers[0]
    today = datetime.now(ZoneInfo(account.supplier.timezone)).date()
    try:
        lines = read_sheet(_content(sheet), sheet.name, sender=customer, today=today)
        content = write_orders(lines)
    except RejectedError as error:
        _say(sheet, error.findings)
        raise RejectedError(
            f"nothing was ordered: {sheet} cannot be used as it is",
            findings=error.findings,
            remedy="Correct the lines above; docs/orders.md describes the columns.",
        ) from None
    _say(sheet, lint_written(content, lines))
    path = place_order(content, folder, account.supplier, channel, customer, lambda: datetime.now(UTC))
    say(f"{path}: {counted(len(lines), 'position')}")


def _say(sheet: Path, findings: Sequence[Finding]) -> None:
    for finding in findings:
        place = f"{sheet}:{finding.line}" if finding.line else str(sheet)
        say(f"{place}: {finding.severity} {finding.code}: {finding.message}", err=True)


def _order_channel(account: AccountSettings) -> Outbound:
    for channel in account.supplier.outbound:
        if channel.format == "bwa-order":
            return channel
    raise UsageError(
        f"{account.supplier.title} describes no order format that syncd could write",
        remedy=f"Put the order files of your own program into the outbox: {account.outbox}.",
    )


def _content(sheet: Path) -> bytes:
    try:
        return sheet.read_bytes()
    except OSError as error:
        raise UsageError(f"{sheet}: {error.strerror}") from None
