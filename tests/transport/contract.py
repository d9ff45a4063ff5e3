"""What every session must do, whatever server is behind it. A server's tests are this suite and a fixture `house`."""

from collections.abc import AsyncIterator

import pytest

from syncd.errors import ForbiddenError, LaterError, LoginRefusedError, RefusedError
from syncd.model import Mode
from syncd.transport.base import Download, Session
from tests.transport.conftest import Place

EVERY_BYTE = bytes(range(256)) * 5
"""1,280 bytes; with LF, CR, CR LF never and NUL among them, so only binary mode may carry it."""


async def read(download: Download) -> bytes:
    data = b"".join([block async for block in download.blocks()])
    await download.confirm()
    return data


@pytest.fixture
async def session(house: Place) -> AsyncIterator[Session]:
    made = await house.connect()
    yield made
    await made.quit()


class SessionContract:
    """Subclass it and give a fixture `house`."""

    async def test_an_order_goes_up_under_a_temporary_name_and_is_renamed(self, house: Place, session: Session):
        await session.enter("in")
        await session.store("T1.tmp", EVERY_BYTE, Mode.BINARY)
        assert await session.size("T1.tmp") == len(EVERY_BYTE)
        assert await session.rename_from("T1.tmp")
        await session.rename_to("S_12345_20261122101500")
        assert house.names("in") == ["S_12345_20261122101500"]
        assert house.read("in", "S_12345_20261122101500") == EVERY_BYTE

    async def test_text_goes_up_and_comes_down_in_network_form(self, house: Place, session: Session):
        text = "B101#1450*Bücher für Köln\r\nB101#1451*9999\r\n".encode("latin-1")
        await session.enter("in")
        await session.store("order", text, Mode.ASCII)
        assert await session.size("order") in (len(text), len(text) - text.count(b"\r\n"))
        stored = house.read("in", "order")
        assert stored.replace(b"\r\n", b"\n") == text.replace(b"\r\n", b"\n")
        down = await read(await session.retrieve("order", Mode.ASCII))
        assert down.replace(b"\r", b"") == text.replace(b"\r", b"")

    @pytest.mark.parametrize("size", [0, 1, 2**16, 3_000_001])
    async def test_files_come_down_byte_for_byte(self, house: Place, session: Session, size: int):
        data = (EVERY_BYTE * (size // len(EVERY_BYTE) + 1))[:size]
        house.put("out", "stock.bhd", data)
        await session.enter("out")
        assert await read(await session.retrieve("stock.bhd", Mode.BINARY)) == data

    @pytest.mark.parametrize("size", [1, 2**16, 3_000_001])
    async def test_files_go_up_byte_for_byte(self, house: Place, session: Session, size: int):
        data = (EVERY_BYTE * (size // len(EVERY_BYTE) + 1))[:size]
        await session.enter("in")
        await session.store("big.zip", data, Mode.BINARY)
        assert house.read("in", "big.zip") == data

    async def test_a_listing_names_files_with_their_sizes(self, house: Place, session: Session):
        house.put("out", "R_123456000000001", b"x" * 14)
        house.put("out", "name with blanks.txt", b"")
        await session.enter("out")
        found = {file.name: file.size for file in await session.listing()}
        assert found == {"R_123456000000001": 14, "name with blanks.txt": 0}

    async def test_an_empty_directory_lists_nothing(self, session: Session):
        await session.enter("out")
        assert await session.listing() == []
        assert await session.listing() == []

    async def test_one_session_visits_both_directories(self, house: Place, session: Session):
        house.put("out", "R_1", b"a")
        await session.enter("in")
        assert await session.listing() == []
        await session.enter("out")
        assert [file.name for file in await session.listing()] == ["R_1"]
        await session.enter("in")
        assert await session.listing() == []
        assert [line.partition(" ")[0] for line in session.commands].count("PWD") == 1

    async def test_what_is_not_there_has_no_size_is_not_renamed_and_not_removed(self, session: Session):
        await session.enter("in")
        assert await session.size("nothing") is None
        assert not await session.rename_from("nothing")
        assert not await session.remove("nothing")

    async def test_a_file_is_removed(self, house: Place, session: Session):
        house.put("in", "T1.tmp", b"x")
        await session.enter("in")
        assert await session.remove("T1.tmp")
        assert house.names("in") == []

    async def test_a_missing_file_is_refused_and_the_others_come(self, house: Place, session: Session):
        house.put("out", "R_1", b"one")
        await session.enter("out")
        with pytest.raises(RefusedError) as caught:
            await session.retrieve("nothing", Mode.BINARY)
        assert caught.value.reply == 550
        assert await read(await session.retrieve("R_1", Mode.BINARY)) == b"one"
        assert [file.name for file in await session.listing()] == ["R_1"]

    async def test_a_missing_directory_is_refused(self, session: Session):
        with pytest.raises(RefusedError):
            await session.enter("elsewhere")

    async def test_a_wrong_user_is_refused_without_the_password(self, house: Place):
        with pytest.raises(LoginRefusedError) as caught:
            await house.connect(user="nobody-we-know", password="open-sesame-3171")
        assert "open-sesame-3171" not in f"{caught.value} {caught.value.remedy}"

    async def test_a_forbidden_command_never_leaves(self, house: Place):
        session = await house.connect(commands=frozenset({"CWD", "MLSD", "LIST", "NLST"}))
        await session.enter("in")
        with pytest.raises(ForbiddenError):
            await session.store("order", b"x", Mode.BINARY)
        session.abort()
        assert not any(line.startswith("STOR") for line in session.commands)
        assert house.names("in") == []

    @pytest.mark.parametrize("name", ["../x", "a\r\nDELE b"])
    async def test_a_name_that_is_not_bare_never_leaves(self, session: Session, name: str):
        before = list(session.commands)
        with pytest.raises(ForbiddenError):
            await session.remove(name)
        assert session.commands == before

    async def test_an_upload_takes_seven_commands_and_in_binary_five(self, session: Session):
        await session.enter("in")
        before = len(session.commands)
        await session.store("T1", b"a\r\n", Mode.ASCII)
        await session.size("T1")
        await session.rename_from("T1")
        await session.rename_to("S_1")
        verbs = [line.partition(" ")[0] for line in session.commands[before:]]
        assert verbs == ["TYPE", "PASV", "STOR", "TYPE", "SIZE", "RNFR", "RNTO"]
        before = len(session.commands)
        await session.store("T2", b"a\r\n", Mode.BINARY)
        await session.size("T2")
        await session.rename_from("T2")
        await session.rename_to("S_2")
        verbs = [line.partition(" ")[0] for line in session.commands[before:]]
        assert verbs == ["PASV", "STOR", "SIZE", "RNFR", "RNTO"]

    async def test_downloads_take_two_commands_once_the_mode_is_set(self, house: Place, session: Session):
        house.put("out", "R_1", b"a\r\n")
        house.put("out", "R_2", b"b\r\n")
        await session.enter("out")
        await session.listing()
        before = len(session.commands)
        await read(await session.retrieve("R_1", Mode.ASCII))
        await read(await session.retrieve("R_2", Mode.ASCII))
        verbs = [line.partition(" ")[0] for line in session.commands[before:]]
        assert verbs == ["TYPE", "PASV", "RETR", "PASV", "RETR"]

    async def test_a_cold_poll_takes_nine_commands_and_the_goodbye(self, house: Place):
        session = await house.connect()
        await session.enter("out")
        await session.listing()
        await session.quit()
        assert session.commands[-1] == "QUIT"
        assert len(session.commands) - 1 <= 9

    async def test_nothing_is_asked_while_a_download_is_open(self, house: Place, session: Session):
        house.put("out", "R_1", b"a")
        await session.enter("out")
        await session.retrieve("R_1", Mode.BINARY)
        with pytest.raises(ForbiddenError, match="R_1"):
            await session.listing()

    async def test_a_session_that_was_aborted_stays_so(self, session: Session):
        session.abort()
        session.abort()
        with pytest.raises(LaterError):
            await session.listing()
        await session.quit()

    async def test_a_file_above_the_limit_is_not_taken(self, house: Place):
        house.put("out", "R_1", b"x" * 1000)
        session = await house.connect(max_file=999)
        await session.enter("out")
        with pytest.raises(LaterError, match="999"):
            await read(await session.retrieve("R_1", Mode.BINARY))

    async def test_a_listing_above_the_limit_is_not_taken(self, house: Place):
        for number in range(6):
            house.put("out", f"R_{number}", b"")
        session = await house.connect(max_listing=5)
        await session.enter("out")
        with pytest.raises(LaterError, match="5 entries"):
            await session.listing()
