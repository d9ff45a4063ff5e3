"""What every test may use."""

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Run one PostgreSQL server for all tests; each test takes its own database of it."""
    with cluster() as running:
        yield running
