"""The houses without a socket and without waiting: the same bytes, the same dice, the same history."""

import asyncio
import random
import re
from datetime import timedelta

from syncd.simulate import Tls, UmbreitHouse, make_certificate
from syncd.simulate.cb import SLOTS
from tests.simulate import clients
from tests.simulate.clients import ORDER, ORDER_NAME
from tests.simulate.memory import MemoryLoop


class Visitor:
    """A few lines of FTP on asyncio's streams."""

    async def arrive(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("memory", port)
        await self.answer()

    async def answer(self) -> str:
        return (await self.reader.readline()).decode()

    async def ask(self, command: str) -> str:
        self.writer.write(command.encode() + b"\r\n")
        return await self.answer()

    async def data(self, command: str, content: bytes | None = None) -> bytes:
        numbers = re.findall(r"\d+", (await self.ask("PASV"))[3:])
        reader, writer = await asyncio.open_connection("memory", int(numbers[4]) * 256 + int(numbers[5]))
        assert (await self.ask(command)).startswith("150")
        if content is not None:
            writer.write(content)
            writer.close()
        got = b"" if content is not None else await reader.read()
        writer.close()
        assert (await self.answer()).startswith("226")
        return got


async def visit(loop: MemoryLoop) -> UmbreitHouse:
    async with UmbreitHouse({"900900": "geheim"}, clock=loop.now, rng=random.Random(5), port=21) as house:
        visitor = Visitor()
        await visitor.arrive(21)
        for command in ("USER 900900", "PASS geheim", "CWD in", "TYPE A"):
            assert (await visitor.ask(command))[0] in "23"
        await visitor.data("STOR t1", ORDER)
        assert (await visitor.ask("RNFR t1")).startswith("350")
        assert (await visitor.ask(f"RNTO {ORDER_NAME}")).startswith("250")
        await asyncio.sleep(60)
        await visitor.ask("CWD ../out")
        for name in (await visitor.data("NLST")).decode().split():
            assert await visitor.data(f"RETR {name}") == house.out("900900")[name]
        await visitor.ask("QUIT")
        visitor.writer.close()
    return house


def in_memory(main):
    loop = MemoryLoop()
    try:
        return loop.run_until_complete(main(loop)), loop
    finally:
        loop.close()


def test_a_visit_in_memory_is_a_visit():
    house, loop = in_memory(visit)
    assert house.violations == []
    assert [order.name for order in house.orders] == [ORDER_NAME]
    assert len(house.handed) == 2
    assert house.placed[1].at - house.orders[0].at == timedelta(seconds=1)
    assert loop.seconds >= 60


def test_the_same_dice_make_the_same_history():
    assert in_memory(visit)[1].trace == in_memory(visit)[1].trace


def test_tls_in_memory():
    certificate = make_certificate("memory")

    async def handshake(loop: MemoryLoop) -> UmbreitHouse:
        house = clients.umbreit(loop.now, port=21, tls=Tls.EXPLICIT, certificate=certificate)
        async with house:
            visitor = Visitor()
            await visitor.arrive(21)
            assert (await visitor.ask("AUTH TLS")).startswith("234")
            import ssl

            context = ssl.create_default_context(cadata=certificate.ca_pem.decode())
            await visitor.writer.start_tls(context, server_hostname="memory")
            assert (await visitor.ask("USER 900900")).startswith("331")
            assert (await visitor.ask("PASS geheim")).startswith("230")
            assert (await visitor.ask("QUIT")).startswith("221")
            visitor.writer.close()
        return house

    house, _ = in_memory(handshake)
    assert [login.tls for login in house.logins] == ["TLSv1.3"]


def test_a_year_of_slots():
    async def year(loop: MemoryLoop):
        async with clients.cb(loop.now, port=21, tls=Tls.NONE, slots=SLOTS) as house:
            await asyncio.sleep(timedelta(days=365).total_seconds())
        return house

    house, _ = in_memory(year)
    assert len(house.placed) == 7 * 365
    local = {f"{each.at.astimezone(clients.AMSTERDAM):%H:%M}" for each in house.placed}
    assert local == {f"{slot:%H:%M}" for slot in SLOTS}
