"""Options and output that verbs share."""

import json
from pathlib import Path
from typing import Any

import click

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration. [default: $SYNCD_CONFIG, else /etc/syncd/syncd.toml]",
)
"""Gives a verb the argument `config: Path | None`, which goes to `syncd.config.load`."""


def say_json(value: Any) -> None:
    """Print a value as JSON on standard output; what JSON does not know is written as text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
