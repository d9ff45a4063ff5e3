"""What every test may use."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Run one PostgreSQL server for all tests; each test takes its own database of it."""
    with cluster() as running:
        yield running


@pytest.fixture
def said() -> Iterator[list[EventDict]]:
    """What is logged, at whatever level a test of before has set."""
    structlog.reset_defaults()
    with capture_logs() as events:
        yield events


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Take a line for the end of the run: what a test measured or counted."""
    return partial(record_property, "figure")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures; they come with the reports, from whatever process ran the test."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    lines = [value for report in reports for name, value in report.user_properties if name == "figure"]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
