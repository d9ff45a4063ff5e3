"""Real FTP servers on loopback, each started by the tests themselves: ProFTPD, vsftpd and pure-ftpd.

Each has one account with the directories `in` and `out` below its home, a free port, a log of the commands it got where
it offers one, and is stopped by its process id. A server that is not installed is a failure that says what to install.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncd.suppliers.rules import Encryption, Verb
from syncd.transport.base import Endpoint, Session
from syncd.transport.ftp import connect

ROOT = Path(__file__).parents[2]
INSTALL = (
    "run tests/servers.sh as root; it does: apt-get install proftpd-core proftpd-mod-crypto openssl postgresql lftp, "
    "and apt-get download vsftpd pure-ftpd, unpacked with dpkg -x into .servers/"
)
ALL_VERBS = frozenset(verb.value for verb in Verb)
LOOPBACK = "127.0.0.1"
PASSIVE = range(20000, 32000)
"""Below Linux's ephemeral ports: client sockets in TIME_WAIT would block a server's bind."""


def program(name: str) -> str:
    """Find a server, or fail with what to install."""
    for place in (ROOT / ".servers/usr/sbin", Path("/usr/sbin"), Path("/usr/local/sbin")):
        if os.access(place / name, os.X_OK):
            return str(place / name)
    pytest.fail(f"{name} is not installed; {INSTALL}")


def free_port() -> int:
    """Return a port nobody listens on at this moment, outside the ephemeral range."""
    for port in range(32000 + os.getpid() % 500, 32768):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@dataclass
class House:
    """A running server with one account."""

    home: Path
    port: int
    user: str
    password: str
    encryption: Encryption = Encryption.NONE
    ca_file: str | None = None
    tls_minimum: str = "1.2"
    commands: Callable[[], list[str]] = field(default=list)
    """What the server logged of the commands it got, oldest first."""
    passive: range = PASSIVE

    def endpoint(self, **overrides: object) -> Endpoint:
        """Return how to log in here, as a test wants it."""
        settings: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "encryption": self.encryption,
            "ca_file": self.ca_file,
            "tls_minimum": self.tls_minimum,
            "passive_ports": self.passive,
            "commands": ALL_VERBS,
            "idle_timeout": 20.0,
        }
        return Endpoint(**(settings | overrides))  # type: ignore[arg-type]  # a test's overrides are its own affair

    async def connect(self, **overrides: object) -> Session:
        """Log in."""
        return await connect(self.endpoint(**overrides))

    def put(self, directory: str, name: str, data: bytes) -> None:
        """Lay a file into a directory, as the supplier would."""
        path = self.home / directory / name
        path.write_bytes(data)
        give(path)

    def read(self, directory: str, name: str) -> bytes:
        """Return what a file holds."""
        return (self.home / directory / name).read_bytes()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, sorted."""
        return sorted(path.name for path in (self.home / directory).iterdir())

    def clear(self) -> None:
        """Empty both directories."""
        for directory in ("in", "out"):
            for path in (self.home / directory).iterdir():
                path.unlink()


def account_ids() -> tuple[int, int]:
    """Return the user and group that own the account's files: daemon for root, else ourselves.

    Not nobody, whose home does not exist: vsftpd goes there before it goes anywhere.
    """
    if os.getuid() == 0:
        daemon = pwd.getpwnam("daemon")
        return daemon.pw_uid, daemon.pw_gid
    return os.getuid(), os.getgid()


def give(path: Path) -> None:
    """Make a file the account's own."""
    if os.getuid() == 0:
        os.chown(path, *account_ids())


@contextlib.contextmanager
def ground(name: str) -> Iterator[tuple[Path, Path]]:
    """Make a directory for a server's own files and a home for its account, which may enter from `/`."""
    base = Path("/tmp") / f"syncd-{name}-{os.getpid()}-{time.monotonic_ns()}"
    base.mkdir(mode=0o755)
    try:
        own, home = base / "server", base / "home"
        for path in (own, home, home / "in", home / "out"):
            path.mkdir()
        give(home / "in")
        give(home / "out")
        home.chmod(0o555)  # vsftpd refuses a home that its account could write
        yield own, home
        home.chmod(0o755)
    finally:
        shutil.rmtree(base)


@contextlib.contextmanager
def running(command: list[str], port: int, output: Path, address: str = LOOPBACK) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server in the foreground, wait until it accepts connections, stop it by its process id."""
    with output.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=sink) as process:
        try:
            _await_port(process, (address, port), output)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_port(process: subprocess.Popen[bytes], address: tuple[str, int], output: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(address, 1):
            return
        time.sleep(0.05)
    sys.stderr.write(output.read_text(errors="replace"))
    pytest.fail(f"{process.args!r} does not listen at {address}: {output.read_text(errors='replace')}")
