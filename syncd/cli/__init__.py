"""The verbs. One file a verb; a verb imports what it needs when it runs, so `syncd --version` stays cheap.

`main` is the only place where an error becomes words on a terminal and an exit status (docs/cli.md).
"""

import importlib
import os
import resource
import sys
from collections.abc import Sequence
from typing import Never

import click

from syncd import __version__
from syncd.cli.output import say, say_error
from syncd.errors import NO_ROOM, DiskFullError, SyncdError

VERBS = {
    "demo": "syncd.cli.demo:demo",
    "run": "syncd.cli.run:run",
    "once": "syncd.cli.once:once",
    "status": "syncd.cli.status:status",
    "explain": "syncd.cli.status:explain",
    "orders": "syncd.cli.orders:orders",
    "send": "syncd.cli.send:send",
    "history": "syncd.cli.history:history",
    "approve": "syncd.cli.words:approve",
    "settle": "syncd.cli.words:settle",
    "resend": "syncd.cli.words:resend",
    "quarantine": "syncd.cli.quarantine:quarantine",
    "sinks": "syncd.cli.sinks:sinks",
    "replay": "syncd.cli.replay:replay",
    "ingest": "syncd.cli.ingest:ingest",
    "pause": "syncd.cli.pause:pause",
    "resume": "syncd.cli.pause:resume",
    "parse": "syncd.cli.parse:parse",
    "order": "syncd.cli.order:order",
    "ola": "syncd.cli.ola:ola",
    "alma": "syncd.cli.alma:alma",
    "schema": "syncd.cli.schema:schema",
    "simulate": "syncd.cli.simulate:simulate",
    "config": "syncd.cli.config:config",
    "db": "syncd.cli.db:db",
    "host": "syncd.cli.host:host",
    "completion": "syncd.cli.completion:completion",
}
"""Verb to `module:command`; a group of verbs is one entry."""


class LazyGroup(click.Group):
    """A click group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every verb, in the order in which the help shows them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="syncd")
def syncd() -> None:
    """Carry orders to the wholesaler, and bring back what it answers. An order is taken exactly once."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))  # a core would hold passwords


def _run(arguments: Sequence[str] | None) -> object:
    """Run a verb. Raises DiskFullError if its output does not fit either; what nobody reads any more is dropped."""
    try:
        return syncd.main(args=arguments, prog_name="syncd", standalone_mode=False)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _forget_output()
        raise DiskFullError(
            f"what was to be written does not fit: {error.strerror}",
            remedy="Make room, or let the output go elsewhere; what was done until then is done.",
        ) from error


def _forget_output() -> None:
    """Let what is still to be written go nowhere, else Python tries again when it ends and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def main(arguments: Sequence[str] | None = None) -> Never:
    """Run a verb and leave the process with its exit status."""
    try:
        status = _run(arguments)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("syncd: stopped", err=True)
        sys.exit(130)
    except SyncdError as error:
        say_error(error)
        sys.exit(error.exit_status)
    except Exception as error:
        if os.environ.get("SYNCD_DEBUG"):
            raise
        say(f"syncd: internal error: {type(error).__name__}: {error}", err=True)
        click.echo("       Please report it; SYNCD_DEBUG=1 shows where it happened.", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
