"""A shop of one account whose supplier is a scripted server: the real configuration, `app.once`, and what it left."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd import app
from syncd.config import load
from syncd.jobs.tour import Tour
from tests.jobs.shop import TWO, order
from tests.servers.scripted import Scripted

PASSWORD = "kanarienvogel-4711"
ORDER = "S_900900_20261121101112"
ANSWER = "R_90090024123456000123456"
RAW = (
    f"L101{'24000':<10}VD{'900900':<10}VD20261121{'24123456':<10}0001{'4711':<10}9783442756841EN0002"
    "000000000129500LPEUR003000001*1003MUSTER*90901*9999\r\n"
).encode("cp1252")
OURS = ("state", "inbox", "outbox")


def prepare(folder: Path, server: Scripted, *, more: str = "") -> Path:
    """Write the configuration and drop an order; return the configuration's path."""
    for name in OURS[1:]:
        (folder / name).mkdir()
    (folder / "outbox" / ORDER).write_bytes(order(*TWO))
    password, config = folder / "password", folder / "syncd.toml"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    tls = f'tls = "explicit"\nca_file = "{server.tls.ca}"' if server.tls else 'tls = "none"'
    config.write_text(
        f"""\
state_dir = "{folder}/state"
{more}
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
port = {server.port}
user = "900900"
password = {{ file = "{password}" }}
{tls}
customers = ["900900"]
outbox = "{folder}/outbox"
[sink.inbox]
type = "directory"
path = "{folder}/inbox"
"""
    )
    return config


async def visit(config: Path) -> Tour:
    """Take one turn."""
    tours, _ = await app.once(load(config), ["umbreit"])
    return tours[0]


def delivered(folder: Path) -> list[str]:
    """Name what the sink has."""
    return sorted(path.name for path in (folder / "inbox").iterdir() if path.name != ".syncd")


def elsewhere(folder: Path) -> set[str]:
    """Name every file that lies in none of the folders that syncd was given."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in OURS
    }


@contextmanager
def no_socket_left() -> Iterator[None]:
    """Fail when a socket stays open that was not there before."""
    before = _sockets()
    yield
    gc.collect()
    assert _sockets() <= before


def _sockets() -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
