"""`syncd demo`: see it work, in under half a minute."""

import shutil
import sys
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
def demo(folder: Path | None) -> None:
    """Play a day at an invented shop: two simulated wholesalers, the real daemon, and a table that is checked.

    FOLDER is made, and stays for you to look around in. [default: ./syncd-demo, or the next free number]
    """
    import asyncio

    from rich.console import Console

    from syncd.demo.play import demo as play
    from syncd.demo.shop import REFERENCE

    folder = folder or _free_folder()
    console = Console(highlight=False)
    good = asyncio.run(play(folder.absolute(), console))
    console.print(
        f"\nEverything lies in {folder}: the configuration, the outbox, the inbox, the database, the log. Ask:"
    )
    program = "syncd" if shutil.which("syncd") else sys.argv[0]  # `make demo` leaves the shell's PATH alone
    for verb in ("status", f"explain {REFERENCE}"):
        console.print(f"  {program} {verb} --config {folder}/syncd.toml", soft_wrap=True)
    if not good:
        console.print("[bold red]Something is off: see the lines marked ✘.[/]")
    sys.exit(0 if good else 1)


def _free_folder() -> Path:
    names = ("syncd-demo", *(f"syncd-demo-{number}" for number in range(2, 1000)))
    return next(Path(name) for name in names if not Path(name).exists())
