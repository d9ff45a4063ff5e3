"""The contract against vsftpd: plain, and TLS with `require_ssl_reuse=YES` and `strict_ssl_read_eof=YES`."""

from collections.abc import Iterator

import pytest

from syncd.model import Mode
from tests.servers import House
from tests.servers.vsftpd import vsftpd
from tests.transport.contract import SessionContract, session

__all__ = ["session"]
KINDS = {"plain": (False, False), "tls": (True, False), "implicit": (True, True)}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[House]:
    tls, implicit = KINDS[request.param]
    with vsftpd(tls=tls, implicit=implicit) as running:
        yield running


@pytest.fixture
def house(server: House) -> House:
    server.clear()
    return server


class TestVsftpd(SessionContract):
    """The contract."""

    async def test_the_server_counts_the_same_commands(self, house: House):
        already = len(house.commands())
        session = await house.connect()
        await session.enter("in")
        await session.store("T1", b"a\r\n", Mode.ASCII)
        await session.size("T1")
        await session.rename_from("T1")
        await session.rename_to("S_1")
        await session.quit()
        assert house.commands()[already:] == [line.replace("****", "<password>") for line in session.commands]

    async def test_names_in_latin_1_go_both_ways(self, house: House):
        session = await house.connect()
        await session.enter("out")
        await session.store("Bücher.bhd", b"x", Mode.BINARY)
        assert [file.name for file in await session.listing()] == ["Bücher.bhd"]
        assert await session.size("Bücher.bhd") == 1
        await session.quit()
