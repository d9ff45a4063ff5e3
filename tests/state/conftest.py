"""The state on both databases: every test that asks for `store` runs on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from syncd.state import Store, open_state, upgrade
from tests.postgres import Cluster


@pytest.fixture(scope="session")
def migrated(postgres: Cluster) -> Iterator[str]:
    """The name of a PostgreSQL database with our tables, to be copied."""
    with postgres.database() as url:
        upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.database(request.getfixturevalue("migrated")) as name:
        yield name


@pytest.fixture
def reopen(tmp_path: Path, url: str | None) -> Iterator[Callable[[], Store]]:
    """Open the state, as often as a test needs; the one before is closed."""
    with ExitStack() as stack:

        def again() -> Store:
            stack.close()
            return stack.enter_context(open_state(tmp_path / "state", url))

        yield again


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    opened = reopen()
    opened.journal.register({"shop": "umbreit", "cb": "cb"})
    return opened
