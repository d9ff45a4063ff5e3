"""A PostgreSQL server of our own for the tests: made by initdb in a temporary directory, reached by a Unix socket only.

`cluster()` starts it and stops it by its process id; `database()` gives a fresh, empty database and its URL.
Without an installation the tests fail and say what to install: they are never skipped.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

USER = "syncd"


@dataclass
class Cluster:
    """A running server; `socket` is the directory of its Unix socket."""

    programs: Path
    socket: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://{USER}@/{name}?host={self.socket}"

    def sql(self, statement: str) -> None:
        command: list[str | Path] = [
            self.programs / "psql",
            "-qX",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            self.url(),
            "-c",
            statement,
        ]
        subprocess.run(command, check=True, capture_output=True, text=True)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Yield the URL of a new database; drop it in the end, whoever is still connected.

        It is empty, or a copy of another one that nobody is connected to.
        """
        name = f"t{os.getpid()}_{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        try:
            yield self.url(name)
        finally:
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")


def programs() -> Path:
    """Return the directory with initdb and postgres, the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    assert elsewhere, "PostgreSQL is not installed; as root: apt-get install postgresql"
    return Path(elsewhere).resolve().parent


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Make and start a server, stop it in the end and remove its files."""
    here = Path(tempfile.mkdtemp(prefix="syncd-pg-"))
    server = None
    try:
        binaries, data, as_user = programs(), here / "data", _user(here)
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", USER]
        initdb += ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(initdb, capture_output=True, text=True, cwd=here, user=as_user)
        assert made.returncode == 0, made.stderr
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={here}", "-c", "max_connections=60"]
        with (here / "log").open("wb") as log:
            command = [str(binaries / "postgres"), "-D", str(data), *options]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=here, user=as_user)
        _await(binaries, here, server)
        yield Cluster(binaries, here)
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # "fast shutdown": PostgreSQL, chapter 19.5
            server.wait(timeout=60)
        shutil.rmtree(here, ignore_errors=True)


def _user(here: Path) -> str | None:
    """Give the directory to an unprivileged user and return its name: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    name = next(name for name in ("postgres", "nobody") if name in known)
    shutil.chown(here, name)
    return name


def _await(binaries: Path, socket: Path, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server takes connections."""
    for _ in range(600):
        ready = subprocess.run([binaries / "pg_isready", "-q", "-h", socket, "-U", USER])
        if ready.returncode == 0:
            return
        assert server.poll() is None, (socket / "log").read_text()
        time.sleep(0.05)
    raise AssertionError((socket / "log").read_text())
