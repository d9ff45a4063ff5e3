"""`syncd ola`: ask a supplier what it has, and reserve what the shop wants. A reservation is an order."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from syncd.cli.options import config_option
from syncd.cli.output import say, say_json
from syncd.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from syncd.config import Settings
    from syncd.formats.ola import Answer, Question
    from syncd.jobs.ola import OlaAccount, OlaDesk

BACK_ORDER = {"as-stored": 5, "no": 6, "yes": 7}
"""What becomes of what is missing: the supplier's type of question."""

account_option = click.option("--account", help="Who asks. Default: the only account with an availability query.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each answer.")
price_option = click.option("--price", is_flag=True, help="Ask for the retail price as well.")


@click.group()
def ola() -> None:
    """Ask what the supplier has (OLA), and reserve it: docs/ola.md."""


@ola.command()
@click.argument("articles", nargs=-1, metavar="[ARTICLE[:QUANTITY]]...")
@click.option("--file", type=click.File(encoding="utf-8"), help="A file with an article a line; - is standard input.")
@price_option
@account_option
@json_option
@config_option
def query(
    articles: tuple[str, ...], file: TextIO | None, price: bool, account: str | None, as_json: bool, config: Path | None
) -> None:
    """Ask whether articles can be delivered. Nothing is ordered, whatever an answer says of back-orders."""
    from syncd.app_ola import ola_account
    from syncd.formats.ola import Question, Result
    from syncd.formats.ola_lists import read_list, read_wanted

    settings = _settings(config)
    asking = ola_account(settings, account)
    wanted = [*map(read_wanted, articles), *read_list(file or (), getattr(file, "name", "-"))]
    questions = [_checked(where, Question, asking.customer, article, n, price=price) for article, n, where in wanted]
    if not questions:
        raise UsageError("no articles to ask for", remedy="Name them: syncd ola query 9783842344549:2")
    answers, _ = asyncio.run(_session(settings, asking, questions, (), as_json))
    sys.exit(1 if any(answer.result is Result.ERROR for answer in answers) else 0)


@ola.command()
@click.argument("articles", nargs=-1, required=True, metavar="ARTICLE[:QUANTITY]...")
@click.option("--account", required=True, help="Who orders.")
@click.option("--mark", default="", help="Bestellzeichen, up to 15 characters: comes back on the delivery note.")
@click.option("--reference", default="", help="Up to 10 characters: comes back on the delivery note.")
@click.option("--label", default="", help="Up to 35 characters for the customer label; only with --barcode.")
@click.option("--barcode", default="", help="13 digits for the customer label.")
@click.option("--back-order", type=click.Choice(list(BACK_ORDER)), default="as-stored", show_default=True,
              help="What becomes of what is missing; as-stored: as the supplier has it on file.")  # fmt: skip
@price_option
@click.option("--yes", is_flag=True, help="Do not ask before ordering.")
@click.option("--dry-run", is_flag=True, help="Only ask what there is; never order.")
@json_option
@config_option
def reserve(
    articles: tuple[str, ...], account: str, back_order: str, yes: bool, dry_run: bool, as_json: bool,
    config: Path | None, price: bool, **extras: str,
) -> None:  # fmt: skip
    """Order articles. What there is is asked and shown first; each reservation is sent once, and never again."""
    from syncd.app_ola import ola_account
    from syncd.formats.ola import Ask, Outcome, Question
    from syncd.formats.ola_lists import read_wanted

    yes = yes and not dry_run
    if not (yes or dry_run or sys.stdin.isatty()):
        raise click.UsageError("without a terminal to ask on, ordering needs --yes")
    settings = _settings(config)
    asking, ask = ola_account(settings, account), Ask(BACK_ORDER[back_order])
    orders = [
        _checked(where, Question, asking.customer, article, quantity, ask, price, **extras)
        for article, quantity, where in map(read_wanted, articles)
    ]
    queries = [Question(asking.customer, order.article, order.quantity, price=price) for order in orders]
    if not yes:  # the session is left before a person thinks it over
        asyncio.run(_session(settings, asking, queries, (), as_json))
        queries = []
    if dry_run:
        click.echo("Nothing was reserved: this was a rehearsal.", err=True)
        return
    if not yes:
        click.confirm(f"Order {len(orders)} of these now?", abort=True, err=True)
    _, outcomes = asyncio.run(_session(settings, asking, queries, orders, as_json))
    sys.exit(3 if Outcome.UNCLEAR in outcomes else 1 if Outcome.REFUSED in outcomes else 0)


# -- what is wanted ---------------------------------------------------------------------------------------------


def _settings(config: Path | None) -> "Settings":
    from syncd import log
    from syncd.config import load

    settings = load(config)
    log.configure(settings.log.format, "warning" if settings.log.level == "info" else settings.log.level, sys.stderr)
    return settings


def _checked(where: str, make: "type[Question]", *fields: Any, **more: Any) -> "Question":
    try:
        question = make(*fields, **more)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    for warning in question.warnings():
        say(f"{where}: {warning.message}; the supplier is asked all the same", err=True)
    return question


# -- asking and ordering ----------------------------------------------------------------------------------------


async def _session(
    settings: "Settings",
    asking: "OlaAccount",
    queries: "Sequence[Question]",
    orders: "Sequence[Question]",
    as_json: bool,
) -> "tuple[list[Answer], list[str]]":
    """Ask, then order, in one session; return the answers, and what became of the orders."""
    from syncd.app_ola import ola_desk

    async with ola_desk(settings, asking) as desk:
        answers = await _ask(desk, queries, as_json) if queries else []
        return answers, [await _order(desk, order, as_json) for order in orders]


async def _ask(desk: "OlaDesk", questions: "Sequence[Question]", as_json: bool) -> "list[Answer]":
    """Ask, and show each answer as it comes (JSON), or all in a table, what came before a failure too."""
    answers: list[Answer] = []
    try:
        async with aclosing(desk.ask(questions)) as coming:
            async for answer in coming:
                answers.append(answer)
                if as_json:
                    say_json(as_plain(answer))
    finally:
        if answers and not as_json:
            _show(answers)
    return answers


async def _order(desk: "OlaDesk", order: "Question", as_json: bool) -> str:
    from syncd.jobs.ola import said

    done = await desk.reserve(order)
    if as_json:
        say_json({"interchange": done.row.id, "state": done.row.state, **as_plain(done.answer)})
    else:
        text = f" ({done.answer.text})" if done.answer.text else ""
        say(f"{order.article}: {done.answer.outcome}: {said(done.answer)}{text}, no. {done.row.id}")
    return done.answer.outcome


# -- answers ----------------------------------------------------------------------------------------------------


def as_plain(answer: "Answer") -> dict[str, Any]:
    """Return an answer as plain data, for JSON."""
    return {
        "article": answer.question.article,
        "wanted": answer.question.quantity,
        "type": answer.question.type,
        "result": answer.result.value,
        "outcome": answer.outcome,
        "quantity": answer.quantity,
        "code": answer.code,
        "meaning": answer.meaning or None,
        "text": answer.text or None,
        "price": None if answer.price is None else str(answer.price),
        "standard_ean": answer.standard_ean,
        "warnings": [finding.code for finding in answer.findings],
    }


def _show(answers: "list[Answer]") -> None:
    from rich.console import Console

    Console(highlight=False).print(_table(answers))


def _table(answers: "list[Answer]") -> "Table":
    """Lay answers out; columns that nobody filled are left out, and a number is never cut."""
    from rich import box
    from rich.table import Table

    rows = [_row(answer) for answer in answers]
    table = Table(box=box.SIMPLE)
    shown = [name for name in rows[0] if name in ALWAYS or any(row[name] for row in rows)]
    for name in shown:
        table.add_column(name, no_wrap=name != "says", overflow="fold")
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    return table


ALWAYS = ("article", "wanted", "result", "quantity")


def _row(answer: "Answer") -> dict[str, str]:
    from rich.markup import escape

    return {
        "article": answer.question.article,
        "wanted": str(answer.question.quantity),
        "result": ("short", "[green]available[/]", "[red]error[/]")[answer.result],
        "quantity": "" if answer.quantity is None else str(answer.quantity),
        "code": "" if answer.code is None else str(answer.code),
        "says": escape(answer.meaning or answer.text),
        "price": "" if answer.price is None else f"{answer.price} €",
        "standard EAN": answer.standard_ean or "",
    }
