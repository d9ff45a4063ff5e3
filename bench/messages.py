"""How fast sinks hand a stock list over as messages, against bare loops: `python bench/run.py messages`.

500,000 stock lines, 500 in a message, so 1,000 messages. The peer is what anybody would write with the same client
library: the bodies, made before the clock starts, are published one after the other, each when the one before is
acknowledged. Ours makes the bodies, too, and gives each an id; `nats` and `amqp` have up to 32 on the way, `webhook`
signs each and waits for each.

Brokers and endpoint run in processes of their own on this machine. Rounds alternate, and the medians are compared.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aio_pika
import httpx2
import nats

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.sinks import ROWS, batch, compare, deliver, stock_lines, timed
from syncd.formats.records import StockLine
from syncd.sinks import open_sink
from syncd.sinks.parts import parts
from tests.sinks.endpoint import SECRET
from tests.sinks.servers import PASSWORD, USER, NatsServer, RabbitServer

Publish = Callable[[bytes], Awaitable[object]]
Opened = Callable[[], AbstractAsyncContextManager[Publish]]
"""Connects, and yields what publishes a body and waits until that is acknowledged."""
RECORDS = 500
ACCESS = {"user": USER, "password": PASSWORD}


def against(title: str, settings: dict[str, object], records: list[StockLine], opened: Opened) -> None:
    """Compare a sink, whose name comes first, with a loop over the bodies."""
    sink = open_sink(title.split(maxsplit=1)[0], settings | {"records": RECORDS})
    bodies = asyncio.run(made(records))

    async def loop() -> None:
        async with opened() as publish:
            for body in bodies:
                await publish(body)

    compare(
        f"{title}, {len(bodies)} messages",
        lambda _: timed(lambda: asyncio.run(loop())),
        lambda number: timed(lambda: deliver(sink, batch(records, number))),
    )
    asyncio.run(sink.close())


async def made(records: list[StockLine]) -> list[bytes]:
    return [part.body async for part in parts(batch(records, 0), RECORDS)]


def through_nats(records: list[StockLine]) -> None:
    server = NatsServer()
    server.start()
    url = f"nats://127.0.0.1:{server.port}"

    @asynccontextmanager
    async def opened() -> AsyncIterator[Publish]:
        client = await nats.connect(url, **ACCESS)
        stream = client.jetstream()
        await stream.add_stream(name="bench", subjects=["bench.>"])
        await stream.purge_stream("bench")
        try:
            yield lambda body: stream.publish("bench.stock", body)
        finally:
            await client.close()

    try:
        against("nats / JetStream publish in a loop", {"url": url, "subject": "bench.ours", **ACCESS}, records, opened)
    finally:
        server.end()


def through_amqp(records: list[StockLine]) -> None:
    server = RabbitServer()
    server.start()
    url = f"amqp://127.0.0.1:{server.port}/"

    @asynccontextmanager
    async def opened() -> AsyncIterator[Publish]:
        connection = await aio_pika.connect(url.replace("//", f"//{USER}:{PASSWORD}@"))
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange("amq.topic")
        queue = await channel.declare_queue("bench", durable=True)
        await queue.bind(exchange, "bench.#")
        await queue.purge()

        def publish(body: bytes) -> Awaitable[object]:
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            return exchange.publish(message, "bench.stock", mandatory=True)

        try:
            yield publish
        finally:
            await connection.close()

    try:
        settings = {"url": url, "routing_key": "bench.ours", **ACCESS}
        against("amqp / aio-pika publish in a loop", settings, records, opened)
    finally:
        server.end()


def through_webhook(records: list[StockLine]) -> None:
    server = subprocess.Popen([sys.executable, __file__, "--endpoint"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = f"http://127.0.0.1:{int(server.stdout.readline())}/in"

    @asynccontextmanager
    async def opened() -> AsyncIterator[Publish]:
        async with httpx2.AsyncClient(timeout=None) as client:
            yield lambda body: client.post(url, content=body)

    try:
        against("webhook / httpx2 post in a loop", {"url": url, "secret": SECRET}, records, opened)
    finally:
        server.terminate()
        server.wait()


class Endpoint(BaseHTTPRequestHandler):
    """Takes everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def main() -> None:
    if "--endpoint" in sys.argv:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        print(server.server_port, flush=True)
        server.serve_forever()
    records = stock_lines(ROWS)
    for through in (through_nats, through_amqp, through_webhook):
        through(records)


if __name__ == "__main__":
    main()
