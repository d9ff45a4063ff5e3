"""How verbs print for programs: JSON, one object a line where there are many."""

from datetime import datetime
from typing import Any

import click

from syncd.wording import counted


def say_json(value: Any, *, indent: int = -1) -> None:
    """Print a value as JSON: on one line, or indented. What JSON does not know is written as text."""
    import msgspec

    encoded = msgspec.json.encode(value, enc_hook=str)
    click.echo(msgspec.json.format(encoded, indent=indent).decode())


def when(moment: datetime | None) -> str:
    """Show a moment in the machine's zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "never"


def waiting_words(deliveries: int) -> str:
    """Say that deliveries wait."""
    wait = counted(deliveries, "delivery waits for its sink", "deliveries wait for their sinks")
    return f"{wait}; `syncd status` tells why."
