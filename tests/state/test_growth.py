"""What grows must not slow a visit down: the questions of every cycle are answered by an index."""

import sqlite3

from sqlalchemy import event

from syncd.model import RemoteFile
from syncd.state import open_state
from syncd.state.engine import Database, sqlite_engine
from syncd.state.journal import Journal

ROWS = 200_000


def fill(path):
    columns = "account, channel, direction, name, state, size, modified, created_at, updated_at"
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
    values = "'shop', 'answers', 'in', 'R_' || i, 'done', i, i, i, i"
    with sqlite3.connect(path) as database:
        database.execute(f"{numbers} INSERT INTO interchange ({columns}) SELECT {values} FROM n")
    database.close()


def test_the_questions_of_a_cycle_read_no_table_through(tmp_path):
    with open_state(tmp_path):
        pass
    fill(tmp_path / "state.db")
    engine = sqlite_engine(tmp_path / "state.db")
    plans: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, *_):
        if statement.startswith(("SELECT", "WITH")):
            plans.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    journal = Journal(Database(engine))
    some = [RemoteFile(f"R_{number}", number) for number in range(1, ROWS, 400)]
    assert len(journal.known("shop", "answers", some)) == len(some)
    assert len(journal.known("shop", "answers", [RemoteFile(file.name) for file in some])) == len(some)
    journal.unfinished("shop")
    journal.open_orders("shop")
    journal.awaiting_answer()
    journal.in_outbox("shop")
    journal.twins("shop", "orders", "S_1", "aa")
    journal.waiting("files", journal.host)
    journal.problems()
    engine.dispose()
    assert any("name=? AND account=? AND channel=? AND direction=? AND size=?" in plan for plan in plans)
    steps = [plan for plan in plans if "interchange" in plan or "delivery" in plan]
    assert len(steps) >= 9
    assert [step for step in steps if step.startswith("SCAN interchange")] == []
    assert [step for step in steps if step.startswith("SCAN delivery") and "INDEX" not in step] == []
