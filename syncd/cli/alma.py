"""`syncd alma`: look at what a library would be told, and end the doubt about what it was told."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncd.cli.options import config_option, reason_option
from syncd.cli.output import say, say_json
from syncd.errors import RejectedError, UsageError
from syncd.wording import counted

if TYPE_CHECKING:
    from syncd.config import Settings
    from syncd.sinks.alma.confirm import PassedOver
    from syncd.sinks.alma.plan import Planned
    from syncd.sinks.alma.settings import AlmaSettings

KEY = 12
"""Characters of a record's key that are shown, and suffice."""


@click.group()
def alma() -> None:
    """Order-confirm records for a library with LIBRA.SE."""


# -- preview ----------------------------------------------------------------------------------------------------


@alma.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--sink", "name", metavar="NAME", help="Which sink of type alma, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record, one a line.")
@config_option
def preview(files: tuple[Path, ...], name: str | None, as_json: bool, config: Path | None) -> int:
    """Show what would be posted of the supplier's answers (R_…), and what is missing; send nothing.

    Our orders (S_…) among the files say how many copies were ordered. Exit status: 1 if a record cannot be posted.
    """
    from syncd.config import load
    from syncd.formats.records import OrderLine
    from syncd.model import OrderedLine
    from syncd.sinks.alma.plan import Planned, plan

    settings = _chosen(load(config), name)
    records = {path: _records(path) for path in files}
    latest_first = sorted(files, key=lambda path: path.name, reverse=True)
    orders = [
        OrderedLine(path.name, each.reference or "", each.article, each.mark, each.quantity)
        for path in latest_first
        for each in records[path]
        if isinstance(each, OrderLine)
    ]
    lacking = found = 0
    for path in files:
        for each in plan(settings, records[path], orders):
            (_show_json if as_json else _show)(path, each, settings)
            found += isinstance(each, Planned)
            lacking += isinstance(each, Planned) and bool(each.missing)
    say(f"{counted(found, 'record')}, {lacking} of them cannot be posted. Nothing was sent.", err=True)
    for warning in settings.warnings():
        say(f"warning: {warning}", err=True)
    return 1 if lacking else 0


def _records(path: Path) -> list[Any]:
    """Read a file of orders or of answers. Raises UsageError, RejectedError."""
    from syncd.formats import FORMATS, Context, guess

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    chosen = FORMATS.get(guess(path.name, content[:64]) or "")
    if chosen is None:
        raise UsageError(f"{path} is neither an order nor an answer", remedy="Give files named S_… and R_….")
    context = Context(name=path.name)
    verdict = chosen.judge(lambda: [content], context)
    if not verdict.accepted:
        raise RejectedError(f"{path} is rejected", findings=verdict.findings, remedy=f"syncd parse {path}")
    return list(chosen.records(lambda: [content], context, verdict))


def _show(path: Path, each: "Planned | PassedOver", settings: "AlmaSettings") -> None:
    from syncd.sinks.alma.confirm import PassedOver
    from syncd.sinks.alma.request import split_endpoint
    from syncd.sinks.alma.settings import FIELDS

    if isinstance(each, PassedOver):
        say(f"{path}:{each.line}: passed over: {each.why}")
        return
    say(f"{path}:{each.record.line}: {each.record.said()}")
    if each.missing:
        click.echo(click.style(f"  cannot be posted without {', '.join(each.missing)}", fg="red"))
    if unknown := [name for name in each.record.missing(FIELDS) if name not in each.missing]:
        say(f"  not known: {', '.join(unknown)}")
    for line in each.request.shown(split_endpoint(settings.endpoint)[0]).splitlines():
        say(f"  | {line}")


def _show_json(path: Path, each: "Planned | PassedOver", settings: "AlmaSettings") -> None:
    from syncd.sinks.alma.confirm import PassedOver
    from syncd.sinks.alma.settings import FIELDS

    if isinstance(each, PassedOver):
        say_json({"file": str(path), "line": each.line, "passed_over": each.why})
        return
    say_json({
        "file": str(path), "line": each.record.line, "key": each.record.key, "record": each.record.values(),
        "missing": each.missing, "not_known": each.record.missing(FIELDS),
        "request": asdict(each.request) | {"body": each.request.body.decode()},
    })  # fmt: skip


# -- doubts -----------------------------------------------------------------------------------------------------


@alma.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record, one a line.")
@config_option
def doubts(as_json: bool, config: Path | None) -> None:
    """List the records whose answer was lost: each may be in Libra, or not."""
    from syncd import app_alma
    from syncd.config import load

    for doubt in app_alma.doubts(load(config)):
        if as_json:
            say_json(doubt)
        else:
            say(f"{doubt.key[:KEY]}  {doubt.sink}: {doubt.said()}")


@alma.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--taken/--not-taken", default=None, help="Whether it is in Libra; one of the two is needed.")
@reason_option
@config_option
def settle(keys: tuple[str, ...], taken: bool | None, reason: str, config: Path | None) -> None:
    """End the doubt about records by what was seen in Libra. One that is not there is posted at the next try."""
    from syncd import app_alma
    from syncd.config import load

    if taken is None:
        raise click.UsageError("say what is in Libra: --taken or --not-taken")
    settings = load(config)
    for key in keys:
        doubt = app_alma.settle(settings, key, reason, taken=taken)
        say(f"{doubt.key[:KEY]}: {'in Libra' if taken else 'not in Libra, to be posted'}")


def _chosen(settings: "Settings", name: str | None) -> "AlmaSettings":
    from syncd.app_alma import alma_sinks

    there = alma_sinks(settings)
    if name is None and len(there) == 1:
        return next(iter(there.values()))
    if name is None or name not in there:
        what = f"“{name}” is no sink of type alma" if name else "the configuration does not have one sink of type alma"
        raise UsageError(what, remedy=f"--sink NAME, of: {', '.join(there) or 'none'}.")
    return there[name]
