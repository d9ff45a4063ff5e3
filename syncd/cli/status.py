"""`syncd status` and `syncd explain`: how things are, and the story of one file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.options import config_option
from syncd.cli.output import say, say_json, when
from syncd.cli.sinks import lines
from syncd.wording import counted, shown

if TYPE_CHECKING:
    from rich.console import Console

    from syncd.hosts import HostStatus
    from syncd.orders import LineStatus
    from syncd.status import AccountStatus, FileStatus, Said, Status
    from syncd.stories import Story


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
def status(as_json: bool, config: Path | None) -> None:
    """Show how things are: problems first, then accounts, sinks and the last files."""
    from syncd import app
    from syncd.config import load

    found = app.status(load(config))
    if as_json:
        say_json(found, indent=2)
        return
    _print(found)


@click.command()
@click.argument("what", metavar="FILE|REFERENCE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each file.")
@config_option
def explain(what: str, as_json: bool, config: Path | None) -> None:
    """Tell the story of a file, and of each line of an order.

    It is known by its name, its number, an order's reference (1041), or the start of its SHA-256.
    """
    from syncd import app
    from syncd.config import load
    from syncd.errors import UsageError

    stories = app.explain(load(config), what)
    if not stories:
        raise UsageError(f"nothing is known of {shown(what)}", remedy="`syncd status` shows the last files.")
    for story in stories:
        say_json(story) if as_json else tell(story)


def _print(found: "Status") -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    trouble = "[bold]Somebody must look:[/]" if found.problems else "Not all is in order:"
    console.print("All is in order." if found.word == "ok" else trouble)
    for problem in found.problems:
        who = f"{problem.account}: " if problem.account else ""
        seen = f"since {when(problem.since)}" + (f", {counted(problem.count, 'time')}" if problem.count > 1 else "")
        where = f", on {problem.host}" if problem.host else ""
        console.print(f"  [red]![/] {who}{escape(problem.message)} ({seen}{where})")
        console.print(f"    → {escape(problem.remedy)}")
    for account in found.accounts:
        _print_account(console, account)
    for host in found.hosts:
        console.print(f"\n[bold]host[/] {escape(host_line(host))}")
    for sink in found.sinks:
        if sink.oldest:
            first, *more = lines(sink)
            console.print(f"\n[bold]sink[/] {escape(first)}", *(f"\n{escape(line)}" for line in more), sep="")
    if found.recent:
        console.print("\n[bold]last files[/]")
    for row in found.recent:
        console.print(f"  {escape(file_line(row))}")
    if found.said:
        console.print("\n[bold]what people had done[/]")
    for word in found.said:
        console.print(f"  {escape(_word(word))}")


def file_line(row: "FileStatus") -> str:
    """Show a file in a line."""
    arrow = "→" if row.direction == "out" else "←"
    return f"{row.id:>4}  {when(row.updated)}  {row.account} {arrow} {row.name}  {row.state}"


def host_line(host: "HostStatus") -> str:
    """Show a host in a line."""
    here = " (this one)" if host.here else ""
    seen = f"{'no sign of life since' if host.away else 'seen'} {when(host.seen)}"
    waiting = counted(host.waiting, "file on its way", "files on their way")
    return f"{host.name}{here}  {seen}, {waiting}"


def _word(word: "Said") -> str:
    why = f" ({word.why})" if word.why else ""
    about = f"no. {word.id}, {word.what}" if word.id else ", ".join(filter(None, (word.account, word.what)))
    return f"{when(word.at)}  {word.who}: {word.verb}: {about}{why}"


def escape(text: str) -> str:
    """Return a text as Rich prints it as it is, and a terminal may have it."""
    from rich.markup import escape

    return escape(shown(text))


COLOURS = {"ok": "green", "waiting": "green", "new": "cyan", "disabled": "dim"}


def _print_account(console: "Console", one: "AccountStatus") -> None:
    state = f"[{COLOURS.get(one.word, 'red')}]{one.word}[/]" + (f": {escape(one.why)}" if one.why else "")
    console.print(f"\n[bold]{one.name}[/] ({one.supplier})  {state}")
    next_visit = when(one.next_visit) if one.next_visit else "as soon as syncd runs"
    console.print(f"  last visit {when(one.last_success)}, next {next_visit}, login allowed {when(one.next_login)}")
    counts = ((one.outbox, "file", "in the outbox"), (one.unanswered, "order", "unanswered"),
              (one.held, "order", "held"), (one.quarantined, "file", "in quarantine"))  # fmt: skip
    waiting = [f"{counted(number, what)} {where}" for number, what, where in counts if number]
    if one.outbox is None:
        waiting.insert(0, "the outbox cannot be read")
    if waiting:
        console.print(f"  {', '.join(waiting)}")
    if one.tls_exception:
        console.print(f"  TLS {one.tls or 'not used'}; {escape(one.tls_exception)}")


def tell(story: "Story") -> None:
    """Print the story of a file."""
    from syncd.stories import meaning

    row = story.file
    say(f"{row.name} (no. {row.id}, account {row.account}, {row.kind or 'kind unknown'})")
    say(f"  {row.state}: {meaning(row)}")
    if row.reason:
        say(f"  because {row.reason}")
    if row.host:
        say(f"  it lies on the host {row.host}")
    if story.references:
        say(f"  references: {', '.join(story.references)}")
    for line in story.lines:
        say(f"  {_place(line.status, row)}: {line.words}")
    for words in story.strangers:
        say(f"  {words}")
    for at, state, note in story.history:
        say(f"  {when(at)}  {state}" + (f": {note}" if note else ""))
    for words in (*story.findings, *story.deliveries, *map(_word, story.said)):
        say(f"  {words}")


def _place(line: "LineStatus", row: "FileStatus") -> str:
    """Say which line this is; where another file tells of it, of which order too."""
    return f"line {line.line}" if line.order == row.id else f"{line.file}, line {line.line}"
