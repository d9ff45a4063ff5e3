"""How verbs print: lines for people; JSON for programs, one object a line where there are many."""

from datetime import datetime
from typing import Any

import click

from syncd.errors import SyncdError
from syncd.wording import counted, shown


def say_json(value: Any, *, indent: int = -1) -> None:
    """Print a value as JSON: on one line, or indented. What JSON does not know is written as text."""
    import msgspec

    encoded = msgspec.json.encode(value, enc_hook=str)
    click.echo(msgspec.json.format(encoded, indent=indent).decode())


def say(line: str, *, err: bool = False) -> None:
    """Print a line for people; whatever names and texts stand in it, it stays a line and cannot steer the terminal."""
    click.echo(shown(line), err=err)


def say_error(error: SyncdError) -> None:
    """Print what went wrong and, where something can be done, what."""
    words = f"syncd: {error}" + (f"\n       {error.remedy}" if error.remedy else "")
    for line in words.split("\n"):  # a configuration's troubles have a line each
        say(line, err=True)


def when(moment: datetime | None) -> str:
    """Show a moment in the machine's zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "never"


def waiting_words(deliveries: int) -> str:
    """Say that deliveries wait."""
    wait = counted(deliveries, "delivery waits for its sink", "deliveries wait for their sinks")
    return f"{wait}; `syncd status` tells why."
