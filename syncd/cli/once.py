"""`syncd once`: one turn with each account, for cron and for looking; `--dry-run` is the rehearsal."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncd.cli.options import config_option
from syncd.cli.output import say, say_json, waiting_words

if TYPE_CHECKING:
    from syncd.app import RehearsalReport
    from syncd.errors import SyncdError
    from syncd.jobs.tour import Tour

WORST_FIRST = (7, 6, 4, 5, 2, 1, 3)
"""Exit statuses of several accounts: the one that needs a person most is the one that counts."""


@click.command()
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--dry-run", is_flag=True, help="Only plan: log in and list, but write, fetch and remove nothing.")
@click.option("--offline", is_flag=True, help="With --dry-run: make no connection at all.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each account.")
@config_option
def once(accounts: tuple[str, ...], dry_run: bool, offline: bool, as_json: bool, config: Path | None) -> None:
    """Take one turn with each account, or with the named ones: send, fetch, check, deliver."""
    from syncd import app, log
    from syncd.config import load

    if offline and not dry_run:
        raise click.UsageError("--offline goes with --dry-run")
    settings = load(config)
    log.configure(settings.log.format, "warning" if settings.log.level == "info" else settings.log.level, sys.stderr)
    if dry_run:
        reports = asyncio.run(app.rehearse(settings, accounts, offline=offline))
        _print(as_json, map(_rehearsal_json, reports), map(_rehearsal_text, reports))
        sys.exit(worst(r.error.exit_status if r.error else 0 for r in reports))
    tours, waiting = asyncio.run(app.once(settings, accounts))
    _print(as_json, map(_tour_json, tours), map(_tour_text, tours))
    if waiting:
        click.echo(waiting_words(waiting), err=True)
    sys.exit(worst([*map(tour_status, tours), 3 if waiting else 0]))


def worst(statuses: Iterable[int]) -> int:
    """Return the exit status that matters most."""
    present = set(statuses)
    return next((status for status in WORST_FIRST if status in present), 0)


def tour_status(tour: "Tour") -> int:
    """Return the exit status of one account's turn."""
    statuses = [error.exit_status for error in tour.errors]
    if tour.paused:
        statuses.append(4)
    if tour.quarantined or tour.held:
        statuses.append(5)
    if tour.visit and tour.visit.left:
        statuses.append(3)
    return worst(statuses)


def _print(as_json: bool, objects: Iterable[dict[str, Any]], texts: Iterable[Iterator[str]]) -> None:
    if as_json:
        for each in objects:
            say_json(each)
        return
    for lines in texts:
        for line in lines:
            say(line)


def _error(error: "SyncdError") -> dict[str, str]:
    return {"code": error.code, "message": str(error), "remedy": error.remedy}


def _tour_json(tour: "Tour") -> dict[str, Any]:
    return {
        "account": tour.account,
        "taken": [_file(row) for row in tour.taken],
        "carried": [_file(row) for row in (tour.visit.carried if tour.visit else ())],
        "fetched": [_file(row) for row in (tour.visit.fetched if tour.visit else ())],
        "left": [{"name": each.file.name, "reason": each.why} for each in (tour.visit.left if tour.visit else ())],
        "commands": tour.visit.commands if tour.visit else [],
        "tls": tour.visit.tls_version if tour.visit else None,
        "paused": tour.paused,
        "errors": [_error(error) for error in _causes(tour)],
    }


def _causes(tour: "Tour") -> Iterable["SyncdError"]:
    """Return what went wrong, each cause once: a folder nobody can write stops more than one step of a turn."""
    return {(error.code, str(error)): error for error in tour.errors}.values()


def _file(row: Any) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "state": row.state, "kind": row.kind, "reason": row.reason}


def _tour_text(tour: "Tour") -> Iterator[str]:
    for row in tour.taken:
        yield f"{tour.account}: {row.name} {row.state}" + (f": {row.reason}" if row.reason else "")
    if tour.visit:
        for row in (*tour.visit.carried, *tour.visit.fetched):
            yield f"{tour.account}: {row.name} {row.state}" + (f": {row.reason}" if row.reason else "")
        for left in tour.visit.left:
            yield f"{tour.account}: {left.file.name} was not fetched: {left.why}"
        yield f"{tour.account}: visited, {len(tour.visit.fetched)} fetched, {tour.visit.listed} listed"
    if tour.paused:
        yield f"{tour.account}: paused: {tour.paused}"
    yield from (line for error in _causes(tour) for line in _error_lines(tour.account, error))


def _error_lines(account: str, error: "SyncdError") -> Iterator[str]:
    yield f"{account}: {error.code}: {error}"
    if error.remedy:
        yield f"    {error.remedy}"


def _rehearsal_json(report: "RehearsalReport") -> dict[str, Any]:
    return {
        "account": report.account,
        "rehearsal": True,
        "outbox": report.outbox,
        "plan": report.plan,
        "login_used": report.login_used,
        "commands": report.visit.commands if report.visit else [],
        "error": _error(report.error) if report.error else None,
    }


def _rehearsal_text(report: "RehearsalReport") -> Iterator[str]:
    yield f"{report.account}: rehearsal, nothing was written, fetched or removed"
    yield from (f"    would {line}" for line in (*report.outbox, *report.plan))
    if not (report.outbox or report.plan or report.error):
        yield "    nothing to do"
    if report.login_used:
        yield "    this used one login" + ("; commands sent:" if report.visit else "")
        yield from (f"        {command}" for command in (report.visit.commands if report.visit else ()))
    elif not report.error:
        yield "    no connection was made"
    if report.error:
        yield from _error_lines(f"    {report.account}", report.error)
