"""The contract against pure-ftpd: plain, TLS 1.2 and TLS 1.3."""

from collections.abc import Iterator

import pytest

from tests.root import NEEDS_ROOT
from tests.servers import House
from tests.servers.pureftpd import pureftpd
from tests.transport.contract import SessionContract, session

__all__ = ["session"]
pytestmark = NEEDS_ROOT
KINDS = {"plain": (False, ""), "tls1.2": (True, "HIGH:-TLSv1.3"), "tls1.3": (True, "")}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[House]:
    tls, ciphers = KINDS[request.param]
    with pureftpd(tls=tls, ciphers=ciphers) as running:
        yield running


@pytest.fixture
def house(server: House) -> House:
    server.clear()
    return server


class TestPureFTPd(SessionContract):
    """The contract."""
