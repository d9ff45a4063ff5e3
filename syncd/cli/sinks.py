"""`syncd sinks`: what waits for the shop's own systems, and what to do about it; beside a running daemon."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncd.cli.options import config_option, reason_option
from syncd.cli.output import say, say_json, when
from syncd.wording import counted

if TYPE_CHECKING:
    from syncd.deliveries import SinkStatus

sink_argument = click.argument("sink", metavar="SINK")


@click.group()
def sinks() -> None:
    """Look after the deliveries to the shop's own systems."""


@sinks.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each sink.")
@config_option
def list_(as_json: bool, config: Path | None) -> None:
    """Tell of each sink what waits and since when, the last error, the next try, and the dead letters."""
    from syncd import app_sinks
    from syncd.config import load

    found = app_sinks.sinks(load(config))
    if not found and not as_json:
        click.echo("There is no sink: what is fetched stays in the spool.")
    for sink in found:
        if as_json:
            say_json(sink)
        else:
            for line in lines(sink):
                say(line)


@sinks.command()
@click.argument("sink", metavar="[SINK]", required=False)
@click.option("--dead", is_flag=True, help="Dead letters too: they are tried anew.")
@config_option
def retry(sink: str | None, dead: bool, config: Path | None) -> None:
    """Have what waits for a sink, or for all of them, tried now.

    A running daemon does it within half a minute; else the next `syncd once` or `syncd run` does.
    """
    from syncd import app_sinks
    from syncd.config import load

    count = app_sinks.retry(load(config), sink, dead=dead)
    say(f"{counted(count, 'delivery is', 'deliveries are')} due now.")


@sinks.command()
@sink_argument
@config_option
def test(sink: str, config: Path | None) -> None:
    """Look whether a sink's target can be reached and would take a delivery; nothing is delivered."""
    from syncd import app_sinks
    from syncd.config import load

    found = asyncio.run(app_sinks.test(load(config), sink))
    say(f"{sink}: {found or 'its settings are right; this type of sink has no way to look at its target'}")


@sinks.command()
@sink_argument
@click.option("--dead", is_flag=True, help="Its dead letters alone.")
@reason_option
@config_option
def drop(sink: str, dead: bool, reason: str, config: Path | None) -> None:
    """Give up a sink's dead letters, or all that waits for one that is not configured any more.

    The files stay; `syncd replay` hands them over after all.
    """
    from syncd import app_sinks
    from syncd.config import load

    count = app_sinks.drop(load(config), sink, reason, dead=dead)
    say(f"{counted(count, f'delivery to {sink} is', f'deliveries to {sink} are')} given up.")


def lines(sink: "SinkStatus") -> list[str]:
    """Show a sink in a few lines."""
    wait, dead = counted(sink.waiting, "waits", "wait"), counted(sink.dead, "dead letter")
    said = [f"{sink.name} ({sink.type or 'not in the configuration'}): {wait}, {dead}"]
    if sink.oldest:
        said.append(f"  oldest of {when(sink.oldest)}" + (f", next try {when(sink.next_try)}" if sink.next_try else ""))
    if sink.last_error:
        said.append(f"  last error: {sink.last_error}")
    if sink.dead:
        said.append(f"  given up: {sink.dead_error}")
    return said
