"""The figures that the histories bring are printed at the end of the run."""

import pytest

_FIGURES: list[str] = []


@pytest.fixture
def figures():
    """Take a line for the summary."""
    return _FIGURES.append


def pytest_terminal_summary(terminalreporter):
    if _FIGURES:
        terminalreporter.section("figures of the simulation")
        for line in _FIGURES:
            terminalreporter.write_line(line)
