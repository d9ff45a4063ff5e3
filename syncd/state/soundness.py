"""Is the database what it was? Asked at every start, before anything is believed of it.

`integrity_check` compares every index with its table, which takes seconds when the journal is large; `quick_check`
reads the tables alone. So a clean stop signs off what it leaves behind, and when the file is untouched since, the
quick check is enough. Whatever else came between (a crash, a restored copy, a hand) costs the full one. The signature
is used up by the start that reads it.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from syncd.errors import StateDamagedError
from syncd.state.disk import disk_errors
from syncd.state.engine import DAMAGED, PATIENCE, translated


def prove_sound(path: Path) -> None:
    """Check an SQLite database. Raises StateDamagedError: nothing is ever sent from a state that is in doubt."""
    question = "quick_check" if _untouched(path) else "integrity_check"
    with translated(path), closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        (said,) = connection.execute(f"PRAGMA {question}(1)").fetchone()
    if said != "ok":
        raise StateDamagedError(f"{path} is damaged: {said}", remedy=DAMAGED)


def sign_off(path: Path) -> None:
    """Sign a database that was closed cleanly; one that somebody else still has open is left unsigned."""
    if not path.with_name(f"{path.name}-wal").exists():
        with suppress(OSError):  # without a signature the next start checks in full
            signature = _signature_of(path)
            signature.touch(mode=0o600)
            signature.write_text(_signature(path))


def _untouched(path: Path) -> bool:
    """Tell whether the file is as it was signed off, and use the signature up."""
    with disk_errors(path):
        signed = _signature_of(path)
        untouched = signed.is_file() and signed.read_text() == _signature(path)
        signed.unlink(missing_ok=True)
    return untouched


def _signature_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.clean")


def _signature(path: Path) -> str:
    status = path.stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}\n"
