"""The in-memory server keeps the contract, and gets into the troubles it is told to."""

import pytest

from syncd.errors import BusyError, ConnectionLostError, DoubtError, LaterError, TruncatedError
from syncd.model import Mode
from syncd.suppliers.rules import Encryption
from syncd.transport.base import Endpoint, Session
from syncd.transport.memory import Fault, MemoryServer, Trouble
from syncd.transport.wire import Reply
from tests.servers import ALL_VERBS
from tests.transport.contract import SessionContract, read, session

__all__ = ["session"]
SHOP = Endpoint("memory", 21, "shop", "Buch-1450", Encryption.NONE, commands=ALL_VERBS)


class MemoryPlace:
    """A server in memory with one account."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.server.account("shop", "Buch-1450")

    async def connect(self, **overrides: object) -> Session:
        settings = {name: getattr(SHOP, name) for name in SHOP.__slots__}
        return await self.server.connect(Endpoint(**(settings | overrides)))

    def put(self, directory: str, name: str, data: bytes) -> None:
        self.server.put("shop", directory, name, data)

    def read(self, directory: str, name: str) -> bytes:
        return self.server.read("shop", directory, name)

    def names(self, directory: str) -> list[str]:
        return self.server.names("shop", directory)


@pytest.fixture
def house() -> MemoryPlace:
    return MemoryPlace()


class TestMemory(SessionContract):
    """The contract."""


class TestOldMemory(SessionContract):
    """The contract, on a server without MLSD."""

    @pytest.fixture
    def house(self) -> MemoryPlace:
        place = MemoryPlace()
        place.server.knows_mlsd = False
        return place


async def test_a_lost_reply_to_rnto_is_a_doubt_and_the_file_was_renamed(house: MemoryPlace):
    house.put("in", "T1", b"order")
    house.server.troubles.append(Trouble("RNTO", Fault.UNANSWERED))
    session = await house.connect()
    await session.enter("in")
    assert await session.rename_from("T1")
    with pytest.raises(DoubtError):
        await session.rename_to("S_1")
    assert house.names("in") == ["S_1"]


@pytest.mark.parametrize(
    ("verb", "what", "error"),
    [
        ("STOR", Fault.UNHEARD, DoubtError),
        ("STOR", Fault.SILENT, DoubtError),
        ("STOR", Reply(452, "Disk full"), BusyError),
        ("STOR", Fault.UNANSWERED, DoubtError),
        ("STOR", Fault.CUT, DoubtError),
        ("PASV", Fault.UNHEARD, ConnectionLostError),
    ],
)
async def test_what_goes_wrong_with_an_upload(
    house: MemoryPlace, verb: str, what: Fault | Reply, error: type[Exception]
):
    session = await house.connect()
    await session.enter("in")
    house.server.troubles.append(Trouble(verb, what))
    with pytest.raises(error):
        await session.store("T1", b"1234", Mode.BINARY)
    with pytest.raises(LaterError):
        await session.size("T1")


async def test_half_a_file_may_be_called_complete(house: MemoryPlace):
    house.server.troubles += [Trouble("STOR", Fault.SHORT), Trouble("RETR", Fault.SHORT)]
    session = await house.connect()
    await session.enter("in")
    await session.store("T1", b"1234", Mode.BINARY)
    assert await session.size("T1") == 2
    assert await read(await session.retrieve("T1", Mode.BINARY)) == b"1"


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.CUT, ConnectionLostError), (Fault.UNANSWERED, ConnectionLostError), (Fault.NO_GOODBYE, TruncatedError)],
)
async def test_what_goes_wrong_with_a_download(house: MemoryPlace, fault: Fault, error: type[Exception]):
    house.put("out", "x.bhd", b"1234")
    house.server.troubles.append(Trouble("RETR", fault))
    session = await house.connect()
    await session.enter("out")
    with pytest.raises(error):
        await read(await session.retrieve("x.bhd", Mode.BINARY))


async def test_reading_may_delete(house: MemoryPlace):
    house.server.delete_on_read = True
    house.put("out", "x.bhd", b"1234")
    session = await house.connect()
    await session.enter("out")
    assert await read(await session.retrieve("x.bhd", Mode.BINARY)) == b"1234"
    assert house.names("out") == []


async def test_the_hook_hears_of_complete_files_and_sessions_are_counted(house: MemoryPlace):
    seen: list[str] = []
    house.server.on_complete = lambda account, directory, name: seen.append(f"{account.user} {directory}/{name}")
    session = await house.connect()
    await session.enter("in")
    await session.store("T1", b"1234", Mode.BINARY)
    await session.rename_from("T1")
    await session.rename_to("S_1")
    assert seen == ["shop in/T1", "shop in/S_1"]
    assert house.server.accounts["shop"].open_sessions == 1
    await session.quit()
    assert house.server.accounts["shop"].open_sessions == 0
    assert house.server.log[0] == ("shop", "USER shop")
    assert "Buch-1450" not in str(house.server.log)
