"""`syncd simulate`: a supplier's house on this machine, for training and for trying a configuration."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from syncd.cli.stay import HABITS, Stay
from syncd.config.units import parse_duration

FTP_ONLY = ("tls", "tls_version", "login_interval")
MEANINGLESS = {"ola": FTP_ONLY, "alma": (*FTP_ONLY, "password_file")}
"""Options that say nothing to a house that is no FTP server."""


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("house", type=click.Choice(list(HABITS)))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="[default: umbreit 2121, cb 2122, ola 5002, alma 8042; 0 takes a free one]",
)
@click.option("--user", help="The account's name. [default: umbreit and ola 900900, cb shop, alma 01234567]")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="[default: one is made up, printed once and kept in the directory]",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the books, the orders taken, the password and the CA lie. [default: a new one in /tmp]",
)
@click.option(
    "--tls",
    type=click.Choice(["none", "optional", "explicit", "implicit"]),
    help="[default: umbreit none, cb explicit]",
)
@click.option("--tls-version", type=click.Choice(["1.0", "1.1", "1.2", "1.3"]), help="This one only. [default: cb 1.0]")
@click.option("--login-interval", callback=_duration, help='As "10m" or "3s". [default: umbreit 0s, cb 10m]')
@click.option("--fault", "faults", metavar="NAME[,...]", help="What goes wrong; docs/simulate.md lists the names.")
@click.option("--verbose", is_flag=True, help="Every command.")
def simulate(house: str, faults: str | None, verbose: bool, **options: Any) -> int:
    """Open the house of a supplier on this machine until Ctrl-C, with an account for syncd in it.

    Exit status: 0, or 1 if a visitor broke a rule of the supplier.
    """
    from syncd.cli.simulate_alma import AlmaStay
    from syncd.cli.simulate_ola import OlaStay

    if meaningless := [name for name in MEANINGLESS.get(house, ()) if options[name] is not None]:
        raise click.UsageError(f"{house} is no FTP server: --{meaningless[0].replace('_', '-')} means nothing to it")
    directory = _directory(options.pop("directory"), house)
    kind = {"ola": OlaStay, "alma": AlmaStay}.get(house, Stay)
    stay = kind(house, directory, faults=tuple(faults.split(",") if faults else ()), **options)
    return asyncio.run(stay.run(verbose))


def _directory(given: Path | None, house: str) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix=f"syncd-{house}-"))
    given.mkdir(parents=True, exist_ok=True)
    return given.absolute()
