"""The state as a whole: the directory, its lock, the database and the spool; opened once, by one process.

The lock is taken before the database is touched: two daemons on one directory would each believe in their own spool.
Not on NFS. Two machines that use one account with two state directories cannot see each other: use PostgreSQL there.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import Self

import structlog
from sqlalchemy import Engine

from syncd.errors import StateLockedError, UsageError
from syncd.state import schema
from syncd.state.disk import disk_errors
from syncd.state.engine import Database, server_engine, sqlite_engine
from syncd.state.gate import Gate
from syncd.state.identity import name_of
from syncd.state.journal import Journal
from syncd.state.soundness import prove_sound, sign_off
from syncd.state.spool import Spool, holds_files
from syncd.state.tables import REVISION

DATABASE = "state.db"

log = structlog.get_logger()


class Store:
    """What is remembered: the journal, the login gate, and the bytes of every file."""

    def __init__(self, directory: Path, database: Database, lock: int | None = None, host: str = "") -> None:
        self._directory, self._database, self._lock = directory, database, lock
        self.spool = Spool(directory)
        self.journal = Journal(database, host)
        self.gate = Gate(database)
        self.holder = f"{host or socket.gethostname()}/{os.getpid()}"
        """How this process is called where it holds a lease."""

    def close(self) -> None:
        """Let go of the database and the lock; may be called twice."""
        self._database.close()
        if self._lock is not None:
            lock, self._lock = self._lock, None
            if self._database.embedded:
                sign_off(self._directory / DATABASE)
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_state(directory: Path, url: str | None = None) -> Store:
    """Lock the state directory, check or upgrade the database, and open it.

    Raises StateLockedError, StateDamagedError, ConfigError (the URL), LaterError (PostgreSQL is away), DiskFullError.
    """
    with disk_errors(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(directory / "lock")
    try:
        host = name_of(directory) if url else ""
        database = _server(url) if url else _file(directory / DATABASE)
        store = Store(directory, database, lock, host)
        store.spool.sweep()
        for name in store.spool.put_aside(store.journal.newest()):
            log.warning("spool.put-aside", file=name)
        store.gate.forget_leases(store.holder.rpartition("/")[0], _lives)
        return store
    except BaseException:
        os.close(lock)
        raise


def _lives(holder: str) -> bool:
    """Tell whether a holder on this host is another process that runs."""
    process = holder.rpartition("/")[2]
    return process != str(os.getpid()) and Path("/proc", process).exists()


def read_state(directory: Path, url: str | None = None) -> Store:
    """Open the state for questions, beside a running daemon; every attempt to write fails.

    Raises UsageError when there is no state yet, StateDamagedError, ConfigError, LaterError.
    """
    return _beside(directory, url, read_only=True)


def join_state(directory: Path, url: str | None = None) -> Store:
    """Open the state beside a running daemon, to write down a person's word: a pause, an approval, a name taken.

    It takes no lock and upgrades nothing, and the daemon's leases stay. Raises like `read_state`.
    """
    return _beside(directory, url, read_only=False)


def upgrade(url: str) -> None:
    """Bring a PostgreSQL database to this program's schema. Raises StateDamagedError, ConfigError, LaterError."""
    engine = server_engine(url)
    try:
        schema.upgrade_server(engine)
    finally:
        engine.dispose()


def _beside(directory: Path, url: str | None, *, read_only: bool) -> Store:
    if url:
        with disk_errors(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        host = name_of(directory)
        return Store(directory, _server(url, read_only=read_only), host=host)
    path = directory / DATABASE
    _refuse_lost(path)
    if not path.is_file():
        raise UsageError(f"there is no state in {directory} yet", remedy="Start syncd once; then there is.")
    remedy = "Start or restart syncd: it upgrades the state itself."
    return Store(directory, _checked(sqlite_engine(path, read_only=read_only), remedy, path))


def _refuse_lost(path: Path) -> None:
    """Refuse to go on without the database that the spooled files belong to, before anything makes another one."""
    with disk_errors(path):
        there = path.is_file() and path.stat().st_size > 0
        if not there and holds_files(path.parent):
            raise schema.lost(path)


def _lock(path: Path) -> int:
    """Take the lock and write our process id into it; the lock ends with the process, whatever ends that."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        message = f"another syncd, process {holder}, holds the state directory {path.parent}"
        raise StateLockedError(message, remedy="Wait until it has ended, or ask it: `syncd status`.") from None
    try:
        with disk_errors(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _file(path: Path) -> Database:
    """Check and open the SQLite database; an older one is copied and upgraded, a missing one is made."""
    _refuse_lost(path)
    if path.exists():
        prove_sound(path)
    engine = sqlite_engine(path)
    try:
        found = schema.revision(engine)
        if found is None and holds_files(path.parent):
            raise schema.lost(path)
        if found != REVISION:
            engine.dispose()
            schema.upgrade_file(path)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _server(url: str, *, read_only: bool = False) -> Database:
    """Open PostgreSQL, as it is."""
    engine: Engine = server_engine(url)
    if read_only:
        engine = engine.execution_options(postgresql_readonly=True)
    return _checked(engine, "Upgrade it with this program: syncd db upgrade")


def _checked(engine: Engine, remedy: str, path: Path | None = None) -> Database:
    """Refuse a database of another schema; `path` is where it lies, if it is a file."""
    try:
        found = schema.revision(engine)
        if found is None and path is not None and holds_files(path.parent):
            raise schema.lost(path)
        schema.check(found, remedy=remedy)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)
