"""`syncd run`: the daemon."""

import asyncio
from pathlib import Path

import click

from syncd.cli.options import config_option


@click.command()
@config_option
def run(config: Path | None) -> None:
    """Run as a daemon: visit the suppliers on schedule, send what is dropped, deliver what comes.

    SIGTERM ends it, SIGHUP reads the configuration again.
    """
    from syncd import app_daemon, log
    from syncd.config import load

    settings = load(config)
    log.configure(settings.log.format, settings.log.level)
    asyncio.run(app_daemon.serve(config, settings))
