"""The databases and servers that the tests of sinks use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.sinks.databases import Database, Postgres, Sqlite
from tests.sinks.endpoint import Endpoint
from tests.sinks.library import Library
from tests.sinks.servers import NatsServer, RabbitServer


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Sqlite:
    (tmp_path / "mount").mkdir()
    return Sqlite(tmp_path / "mount" / "shop.db")


@pytest.fixture
def postgres_database(postgres: Cluster) -> Iterator[Postgres]:
    with postgres.database() as url:
        yield Postgres(postgres, url)


@pytest.fixture(params=["sqlite_file", "postgres_database"])
def database(request: pytest.FixtureRequest) -> Database:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    running = Endpoint()
    yield running
    running.close()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    running = Library(tmp_path)
    yield running
    running.close()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    running = NatsServer()
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    running = RabbitServer()
    running.start()
    yield running
    running.end()
