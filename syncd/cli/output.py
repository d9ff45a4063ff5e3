"""How verbs print: JSON Lines for programs; `rich` only where a person looks."""

from typing import Any

import click


def say_json(value: Any) -> None:
    """Print one JSON object on one line."""
    import msgspec

    click.echo(msgspec.json.encode(value, enc_hook=str).decode())
