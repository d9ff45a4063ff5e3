"""Migrations: the model and the migrations agree, every released schema can be upgraded, a newer one is refused."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from syncd.errors import ConfigError, StateDamagedError
from syncd.state import open_state, read_state, schema, upgrade
from syncd.state.engine import Database, server_engine, sqlite_engine
from syncd.state.tables import METADATA, REVISION

RELEASED = sorted(Path(__file__).parent.glob("schemas/*.sql"))


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    return ScriptDirectory.from_config(config)


def test_the_newest_migration_is_the_programs():
    assert script().get_current_head() == REVISION


def test_every_revision_is_a_number_and_has_a_frozen_schema():
    revisions = sorted(revision.revision for revision in script().walk_revisions())
    assert all(revision.isdecimal() for revision in revisions)
    assert [path.stem for path in RELEASED] == revisions


def test_model_and_migrations_agree(tmp_path, url):
    with open_state(tmp_path, url):
        pass
    engine = server_engine(url) if url else sqlite_engine(tmp_path / "state.db")
    with Database(engine).reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "render_as_batch": True}
        )
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


@pytest.mark.parametrize("dump", RELEASED, ids=lambda path: path.stem)
def test_upgrade_from_every_released_schema(tmp_path, dump):
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as old:
        old.executescript(dump.read_text())
    old.close()
    with open_state(tmp_path) as store:
        assert store.journal.account("shop").supplier == "umbreit"
        order = store.journal.open_orders("shop")[0]
        assert order.name == "S_123456_20261122120000"
        assert store.journal.history(order.id)[0].note == "kept from an older schema"
    copies = list(tmp_path.glob("state.db.before-*"))
    assert bool(copies) == (dump.stem != REVISION)
    for copy in copies:
        engine = sqlite_engine(copy)
        assert schema.revision(engine) == dump.stem
        engine.dispose()


def test_the_frozen_newest_schema_is_what_the_migrations_make(tmp_path):
    def layout(path: Path) -> set[tuple[str, str]]:
        with sqlite3.connect(path) as database:
            found = database.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").fetchall()
        database.close()
        return {(name, " ".join(sql.split())) for name, sql in found if sql}

    with sqlite3.connect(tmp_path / "frozen.db") as frozen:
        frozen.executescript(RELEASED[-1].read_text())
    frozen.close()
    with open_state(tmp_path):
        pass
    assert layout(tmp_path / "frozen.db") == layout(tmp_path / "state.db")


def restamp(directory: Path, revision: str) -> None:
    with sqlite3.connect(directory / "state.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    database.close()


@pytest.mark.parametrize(
    ("revision", "said"),
    [("0999", "written by a newer syncd: its schema is 0999"), ("cafe", "none of syncd's")],
)
def test_a_newer_or_foreign_schema_is_refused_and_left_alone(tmp_path, revision, said):
    with open_state(tmp_path):
        pass
    restamp(tmp_path, revision)
    before = (tmp_path / "state.db").read_bytes()
    for opened in (open_state, read_state):
        with pytest.raises(StateDamagedError, match=said) as error:
            opened(tmp_path)
        assert error.value.remedy
        assert error.value.exit_status == 7
    assert (tmp_path / "state.db").read_bytes() == before
    assert not list(tmp_path.glob("state.db.before-*"))


def test_an_empty_server_is_refused_with_the_command_to_run(tmp_path, postgres):
    with postgres.database() as url:
        with pytest.raises(StateDamagedError, match="this program needs") as error:
            open_state(tmp_path, url)
        assert "syncd db upgrade" in error.value.remedy
        upgrade(url)
        upgrade(url)
        open_state(tmp_path, url).close()


def test_a_newer_server_is_refused(tmp_path, postgres):
    with postgres.database() as url:
        upgrade(url)
        engine = server_engine(url)
        with Database(engine).writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
        engine.dispose()
        for asked in (lambda: open_state(tmp_path, url), lambda: upgrade(url)):
            with pytest.raises(StateDamagedError, match="newer syncd"):
                asked()


def test_a_database_of_somebody_else_is_refused(tmp_path, postgres):
    with postgres.database() as url:
        engine = server_engine(url)
        with Database(engine).writing() as connection:
            connection.exec_driver_sql("CREATE TABLE customers (id integer)")
        engine.dispose()
        with pytest.raises(StateDamagedError, match="not syncd's"):
            upgrade(url)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "nonsense", "postgresql+nothing"])
def test_a_url_that_is_none_of_ours(tmp_path, url):
    with pytest.raises(ConfigError) as error:
        open_state(tmp_path, url)
    assert "postgresql://" in error.value.remedy


def test_the_copy_of_an_older_database_never_replaces_another(tmp_path):
    with open_state(tmp_path):
        pass
    engine = sqlite_engine(tmp_path / "state.db")
    copies = [schema.backup(engine, tmp_path / "copy") for _ in range(3)]
    engine.dispose()
    assert [copy.name for copy in copies] == ["copy", "copy.1", "copy.2"]
    assert all(copy.stat().st_mode & 0o777 == 0o600 for copy in copies)
    (tmp_path / "other").mkdir()
    shutil.copy(copies[0], tmp_path / "other" / "state.db")
    open_state(tmp_path / "other").close()
