"""Which host this is, among those that share a database: the name goes with the spool whose files it stands for.

So it is neither the machine's name, which a container changes at every start and which two state directories on one
machine would share, nor a setting, which two machines with one configuration would share. It is a file in the state
directory, made once: `shop-3f9a`. A state directory that moves to another machine stays the host that it was.
"""

import os
import re
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from syncd.errors import StateDamagedError
from syncd.state.disk import disk_errors, sync_directory

FILE = "host"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def name_of(directory: Path) -> str:
    """Return the name of the host whose state directory this is; the first time, make one up. Raises as a disk does."""
    path = directory / FILE
    with disk_errors(path):
        if not path.exists():
            _christen(path)
        name = path.read_text(encoding="utf-8", errors="replace").strip()
    if not _NAME.fullmatch(name):
        remedy = "Write the name that this host had: `syncd host list` on another one, or the table `host`, tells it."
        raise StateDamagedError(f"{path} holds no name of a host", remedy=remedy)
    return name


def _christen(path: Path) -> None:
    """Write a name, whole and durably; whoever comes second takes the first one's."""
    machine = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname().partition(".")[0]).strip("-")[:40]
    draft = path.with_name(f"{FILE}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{machine or 'host'}-{secrets.token_hex(2)}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    sync_directory(path.parent)
