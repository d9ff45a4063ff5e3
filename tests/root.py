"""What only root can set up: `make test` leaves these tests out for others, and says so; run by name, they fail."""

import os

import pytest

NEEDS_ROOT = pytest.mark.root


def must_be_root(what: str) -> None:
    """Fail unless we are root; `what` says what root is needed for."""
    assert os.getuid() == 0, f"{what}: this test needs root; leave it out with -m 'not root', as `make test` does"
