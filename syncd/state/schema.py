"""The schema's age: which migration a database stands at, and how it gets to the newest one.

An SQLite database is upgraded when it is opened, after a complete copy was laid beside it. A PostgreSQL database
belongs to its administrator: it is upgraded when asked, and opening an older one says with which command.
A database newer than the program is refused in either case. Nothing is ever downgraded.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from syncd.errors import StateDamagedError
from syncd.state.disk import disk_errors, sync_directory, sync_file
from syncd.state.engine import Database, sqlite_engine, translated
from syncd.state.tables import REVISION

MIGRATIONS = Path(__file__).parent / "migrations"


def revision(engine: Engine) -> str | None:
    """Return the migration a database stands at, None for an empty one. Raises StateDamagedError."""
    with Database(engine).reading() as connection:
        names = set(inspect(connection).get_table_names())
        if "alembic_version" not in names:
            if names:
                message = "the database holds tables that are not syncd's"
                raise StateDamagedError(message, remedy="Give syncd a database of its own.")
            return None
        found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return found


def check(found: str | None, *, remedy: str) -> None:
    """Refuse a database that is not at the newest migration; `remedy` is for an older one. Raises StateDamagedError."""
    _refuse_newer(found)
    if found != REVISION:
        message = f"the state's schema is {found or 'empty'}, this program needs {REVISION}"
        raise StateDamagedError(message, remedy=remedy)


def _refuse_newer(found: str | None) -> None:
    """Refuse what this program cannot upgrade."""
    if found is not None and not found.isdecimal():
        raise StateDamagedError(f"the state's schema “{found}” is none of syncd's", remedy="Restore a backup.")
    if found is not None and int(found) > int(REVISION):
        message = f"the state was written by a newer syncd: its schema is {found}, this program knows {REVISION}"
        raise StateDamagedError(message, remedy="Install the newer syncd again, or restore a backup of before it.")


def lost(path: Path) -> StateDamagedError:
    """Return the error of a database that is gone beside a spool with files: what it knew would be sent again."""
    return StateDamagedError(
        f"{path} is gone or empty, but the spool beside it holds files: the database is lost",
        remedy="Restore a backup; or move the whole directory away to start anew: docs/state.md.",
    )


def upgrade_file(path: Path) -> Path | None:
    """Bring a new or older SQLite database to the newest migration; return the copy that was made of an older one.

    Raises StateDamagedError.
    """
    engine = sqlite_engine(path, foreign_keys=False)  # batch migrations replace tables that others refer to
    try:
        found = revision(engine)
        _refuse_newer(found)
        copy = backup(engine, path.with_name(f"{path.name}.before-{REVISION}")) if found else None
        with Database(engine).writing() as connection:
            migrate(connection)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise StateDamagedError(f"the upgraded state contradicts itself in table {broken[0]}")
        return copy
    finally:
        engine.dispose()


def upgrade_server(engine: Engine) -> None:
    """Bring a PostgreSQL database to the newest migration. Raises StateDamagedError."""
    _refuse_newer(revision(engine))
    with Database(engine).writing() as connection:
        migrate(connection)


def migrate(connection: Connection, target: str = "head") -> None:
    """Run the migrations inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def backup(engine: Engine, target: Path) -> Path:
    """Copy an SQLite database, complete and compact, to a file that is fsynced; never over another."""
    number, free = 1, target
    while free.exists():
        number, free = number + 1, target.with_name(f"{target.name}.{number}")
    with disk_errors(free):
        free.touch(mode=0o600)
    with translated(free):
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM INTO ?", (str(free),))
        finally:
            raw.close()
    sync_file(free)
    sync_directory(free.parent)
    return free
