"""The state as a whole: one owner, a damaged database is refused, questions beside a running daemon."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from syncd.errors import ConflictError, LaterError, StateDamagedError, StateLockedError, UsageError
from syncd.model import Step
from syncd.state import Store, join_state, open_state, read_state
from syncd.state.engine import Database, server_engine
from tests.state.samples import NOON, bring, order


def test_a_second_process_is_refused_and_told_who_is_first(tmp_path, url):
    command = [sys.executable, "-m", "tests.state.contender", str(tmp_path), url or "", "0", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(StateLockedError, match=f"process {first.pid}") as error:
            open_state(tmp_path, url)
        assert error.value.exit_status == 6
        first.send_signal(signal.SIGKILL)
        first.wait()
    open_state(tmp_path, url).close()


def test_closing_lets_go(tmp_path):
    with open_state(tmp_path) as store:
        with pytest.raises(StateLockedError, match=f"process {os.getpid()}"):
            open_state(tmp_path)
        store.close()
        open_state(tmp_path).close()


def test_a_refused_start_lets_go(tmp_path, postgres):
    with postgres.database() as empty:
        for _ in range(2):
            with pytest.raises(StateDamagedError):
                open_state(tmp_path, empty)


def test_only_the_owner_may_read(tmp_path):
    with open_state(tmp_path / "state") as store:
        store.journal.register({"shop": "umbreit"})
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    modes["signature"] = (tmp_path / "state" / "state.db.clean").stat().st_mode & 0o777
    assert modes["state.db"] == modes["state.db-wal"] == modes["lock"] == modes["signature"] == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_every_connection_is_set_up(tmp_path):
    with open_state(tmp_path) as store, store.journal._database.reading() as connection:
        settings = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in settings]
    assert found == ["wal", 2, 1, 10000]


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StateDamagedError, match="file"):
        open_state(tmp_path / "file")


def test_a_clean_stop_is_signed_off_and_nothing_else_is(tmp_path):
    signed = tmp_path / "state.db.clean"
    with open_state(tmp_path) as store:
        store.journal.register({"shop": "umbreit"})
        assert not signed.exists(), "a crash would leave no signature"
    assert signed.exists()
    before = signed.read_text()
    with join_state(tmp_path) as person:
        person.journal.pause("shop", "stock-taking", "ann", NOON)
    status = (tmp_path / "state.db").stat()
    assert before != f"{status.st_ino} {status.st_size} {status.st_mtime_ns}\n", "it tells the file of before"
    with open_state(tmp_path) as store, join_state(tmp_path) as person:
        assert person.journal.account("shop").paused
        store.close()
        assert not signed.exists(), "somebody else still has it open"


# -- beside a running daemon ------------------------------------------------------------------------------------


def test_questions_and_words_beside_a_running_daemon(tmp_path, url, store: Store):
    directory = tmp_path / "state"
    item = order(store)
    with read_state(directory, url) as reader:
        assert reader.journal.find(item.name) == [item]
        with pytest.raises((StateDamagedError, LaterError)):
            reader.journal.pause("shop", "by mistake", "test", NOON)
    with join_state(directory, url) as person:
        person.journal.pause("shop", "stock-taking", "ann", NOON)
        person.journal.advance(item.id, Step.QUEUED, Step.HELD, NOON)
    assert store.journal.account("shop").pause_reason == "stock-taking"
    with pytest.raises(ConflictError):
        store.journal.advance(item.id, Step.QUEUED, Step.STORING, NOON)


@pytest.mark.parametrize("opened", [read_state, join_state])
def test_where_there_is_no_state_yet(tmp_path, opened):
    with pytest.raises(UsageError, match="no state"):
        opened(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


# -- damage -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A state with a few orders, closed and whole."""
    directory: Path = tmp_path_factory.mktemp("sound")
    with open_state(directory) as store:
        store.journal.register({"shop": "umbreit"})
        for number in range(60):
            bring(store, order(store, f"S_123456_202611221200{number:02}", b"%d" % number), Step.SENT)
    return directory


def damaged(directory: Path, opened=open_state) -> str:
    with pytest.raises(StateDamagedError) as error:
        opened(directory)
    assert error.value.exit_status == 7
    assert error.value.remedy
    return str(error.value)


def test_no_database_at_all(sound, tmp_path):
    state = shutil.copytree(sound, tmp_path / "state")
    (state / "state.db").write_bytes(b"this is not a database" * 300)
    assert "not a database" in damaged(state)


def test_a_database_that_was_cut(sound, tmp_path):
    state = shutil.copytree(sound, tmp_path / "state")
    with (state / "state.db").open("r+b") as file:
        file.truncate(20_000)
    damaged(state)


@pytest.mark.parametrize("opened", [open_state, read_state, join_state])
@pytest.mark.parametrize("lost", ["missing", "empty", "without tables"])
def test_a_lost_database_is_not_begun_anew(sound, tmp_path, opened, lost):
    """All orders would be sent again: the outbox may still hold them, and nothing would be known of them."""
    state = shutil.copytree(sound, tmp_path / "state")
    database = state / "state.db"
    database.unlink()
    if lost == "empty":
        database.touch()
    if lost == "without tables":
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    before = database.read_bytes() if database.exists() else None
    for _ in range(2):
        assert "the database is lost" in damaged(state, opened)
    assert (database.read_bytes() if database.exists() else None) == before, "nothing was made in its place"


def test_overwritten_pages_are_noticed(sound, tmp_path):
    """A page of noise anywhere: the start refuses, or the page was free and nothing is missing."""
    chance = random.Random(7)
    pages = (sound / "state.db").stat().st_size // 4096
    for page in range(0, pages, 2):
        state = shutil.copytree(sound, tmp_path / f"state{page}")
        with (state / "state.db").open("r+b") as file:
            file.seek(page * 4096)
            file.write(chance.randbytes(4096))
        damaged(state)


def test_what_can_still_be_read_is_recovered_as_documented(sound, tmp_path):
    """A page that only an index needs: every row comes back, and the recovered state is accepted."""
    page = Path(__file__).parents[2] / "docs" / "state.md"
    commands = page.read_text(encoding="utf-8").partition("as its owner:")[2].split("```")[1]
    with closing(sqlite3.connect(sound / "state.db")) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'ix_event_interchange_id'"
        ).fetchone()
    state = shutil.copytree(sound, tmp_path / "state")
    with (state / "state.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    (state / "state.db.clean").unlink(missing_ok=True)
    damaged(state)
    told = subprocess.run(["bash", "-c", commands], cwd=state, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["ok", "60"]
    (state / "recovered.db").replace(state / "state.db")
    with open_state(state) as store:
        assert len(store.journal.recent(100)) == 60


def test_an_index_that_contradicts_its_table(sound, tmp_path):
    state = shutil.copytree(sound, tmp_path / "state")
    with sqlite3.connect(state / "state.db") as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("DELETE FROM sqlite_schema WHERE name = 'ix_interchange_state'")
        database.execute("PRAGMA writable_schema = RESET")
        database.execute("CREATE INDEX ix_interchange_state ON interchange (state, account, id) WHERE id < 5")
        database.execute("PRAGMA writable_schema = ON")
        whole = "CREATE INDEX ix_interchange_state ON interchange (state, account, id)"
        database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'ix_interchange_state'", (whole,))
    database.close()
    damaged(state)


def test_a_server_that_is_away(tmp_path):
    with pytest.raises(LaterError, match="does not answer") as error:
        open_state(tmp_path, f"postgresql://syncd@/syncd?host={tmp_path}")
    assert error.value.exit_status == 3


@pytest.mark.parametrize("option", ["default_transaction_read_only=on", "idle_in_transaction_session_timeout=50ms"])
def test_a_server_that_is_read_only_or_ends_an_idle_transaction_is_no_damage(postgres, option):
    """After a fail-over, or when a process wakes that stood still: the next heartbeat tries again."""
    with postgres.database() as url:
        database = Database(server_engine(f"{url}&options=-c%20{option.replace('=', '%3D')}"))
        with pytest.raises(LaterError) as error:
            write_slowly(database)
        assert error.value.exit_status == 3
        database.close()


def test_a_user_without_rights_is_told_so(postgres):
    with postgres.database() as url:
        owner = Database(server_engine(url))
        poor = Database(server_engine(f"{url}&options=-c%20role%3Dpoor"))
        run(owner, "CREATE TABLE mine (b int)", "CREATE ROLE poor")
        with pytest.raises(StateDamagedError, match="permission denied") as error:
            run(poor, "INSERT INTO mine VALUES (1)")
        assert "own its tables" in error.value.remedy
        poor.close()
        run(owner, "DROP ROLE poor")
        owner.close()


def run(database: Database, *statements: str) -> None:
    with database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def write_slowly(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
        time.sleep(0.3)
        connection.exec_driver_sql("CREATE TABLE a (b int)")


def test_a_busy_database_is_later(tmp_path):
    """Another program holds the write lock for longer than our patience."""
    with open_state(tmp_path) as store:
        store.journal.register({"shop": "umbreit"})
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with store.journal._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with pytest.raises(LaterError, match="busy"):
            store.journal.set_due("shop", NOON)
        assert store.journal.account("shop").next_due is None
        other.close()
        store.journal.set_due("shop", NOON)


def test_no_value_enters_a_message(store: Store):
    """What the database says may quote a row; what we say does not."""
    secret = "S_meier_20261122120000"
    with pytest.raises(ConflictError) as error:
        store.journal.advance(order(store, secret).id, Step.STORED, Step.PUBLISHING, NOON)
    assert "meier" not in str(error.value)
