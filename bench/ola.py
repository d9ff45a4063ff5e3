"""OLA: thousands of questions in one session, against a naive client that asks, waits, asks; 20 ms round trip between.

Both talk to the same house through the same proxy, one after the other in one run; the naive client is plain asyncio
streams without a line of syncd. `python bench/ola.py [QUESTIONS]`.
"""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from syncd.formats.ola import Question
from syncd.formats.ola_session import Login
from syncd.simulate.ola import OlaHouse
from syncd.transport.ola import OlaEndpoint, connect

ONE_WAY = 0.010
NAIVE = 200
"""Questions for the naive client: its time for one is what counts."""


class Delay:
    """Half of a proxy: passes bytes on after a fixed time, in order, whatever comes meanwhile."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while data := await self.reader.read(65536):
            loop.call_later(ONE_WAY, self.writer.write, data)
        await asyncio.sleep(ONE_WAY * 2)
        self.writer.close()


@asynccontextmanager
async def proxy(port: int) -> AsyncIterator[int]:
    async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(Delay(reader, there_writer).run(), Delay(there_reader, writer).run())

    server = await asyncio.start_server(came, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(ONE_WAY * 10)


async def naive(port: int, lines: list[str]) -> list[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for prompt, answer in ((b"Login: ", b"900900"), (b"Passwort: ", b"olatest")):
        await reader.readuntil(prompt)
        writer.write(answer + b"\r\n")
    answers = []
    for line in lines:
        writer.write(line.encode() + b"\r\n")
        answers.append((await reader.readline()).decode().rstrip("\r\n"))
    writer.write(b"ENDE\r\n")
    await reader.read()
    writer.close()
    return answers


async def ours(port: int, questions: list[Question], window: int) -> list[str]:
    line = await connect(OlaEndpoint("127.0.0.1", port, Login("900900", "olatest"), window=window))
    answers = [answer.raw async for answer in line.ask(questions)]
    await line.leave()
    return answers


async def main(count: int) -> None:
    house = OlaHouse({"900900": "olatest"}, clock=lambda: datetime.now(UTC), rng=random.Random(1))
    questions = [Question("900900", f"{number:07}", 1 + number % 9) for number in range(1, count + 1)]
    async with house, proxy(house.port) as port:
        spent, expected = await timed(lambda: naive(port, [each.line for each in questions[:NAIVE]]))
        rate = NAIVE / spent
        print(f"asks, waits, asks  {NAIVE:6} questions  {spent:7.2f} s  {rate:8.0f}/s")
        for window in (1, 8, 64):
            asked = questions[:NAIVE] if window == 1 else questions
            spent, answers = await timed(lambda asked=asked, window=window: ours(port, asked, window))
            assert answers[:NAIVE] == expected
            assert len(answers) == len(asked)
            mine = len(asked) / spent
            print(f"syncd, window {window:3}  {len(asked):6} questions  {spent:7.2f} s  {mine:8.0f}/s", end="")
            print(f"  {mine / rate:6.1f} ×")
    assert house.violations == []


async def timed(act: Callable[[], object]) -> tuple[float, list[str]]:
    start = time.perf_counter()
    result = await act()  # type: ignore[misc]  # any of the clients
    return time.perf_counter() - start, result


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
