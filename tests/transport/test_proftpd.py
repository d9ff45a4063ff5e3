"""The contract against ProFTPD: plain, TLS 1.0 only, 1.2, 1.3 and implicit; session reuse is required, its default."""

from collections.abc import Iterator

import pytest

from tests.servers import House
from tests.servers.proftpd import proftpd
from tests.transport.contract import SessionContract, session

__all__ = ["session"]
KINDS = {
    "plain": (None, False, None),
    "tls1.0": ("TLSv1", False, "TLSv1"),
    "tls1.2": ("TLSv1.2", False, "TLSv1.2"),
    "tls1.3": ("TLSv1.3", False, "TLSv1.3"),
    "implicit": ("TLSv1.2", True, "TLSv1.2"),
}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[House, str | None]]:
    protocol, implicit, version = KINDS[request.param]
    with proftpd(protocol, implicit=implicit) as running:
        yield running, version


@pytest.fixture
def house(server: tuple[House, str | None]) -> House:
    server[0].clear()
    return server[0]


class TestProFTPD(SessionContract):
    """The contract."""

    async def test_the_negotiated_version_is_told(self, house: House, server: tuple[House, str | None]):
        session = await house.connect()
        assert session.tls_version == server[1]
        await session.quit()
