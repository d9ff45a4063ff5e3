"""Streams and queues as a shop reads them: the targets of the broker sinks' tests."""

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aio_pika
import nats
import pytest
from nats.js import JetStreamContext

from syncd.errors import SinkError
from syncd.sinks import Batch
from syncd.sinks.base import Checking
from tests.sinks.assembled import lines_in
from tests.sinks.batches import batch_of
from tests.sinks.contract import Lines, NetworkContract, Remote, deliver, lines_of, opened
from tests.sinks.servers import PASSWORD, USER, Broker, NatsServer, Proxy, RabbitServer, at_once

Messages = list[tuple[str, bytes]]
numbers = itertools.count()


class Kept(Remote):
    """A target at a broker of our own."""

    server: Broker


class Stream(Kept):
    """A stream of JetStream; nothing is ever taken out of it."""

    sink = "nats"

    def __init__(self, server: NatsServer, name: str = "") -> None:
        self.server = server
        self.name = name or f"shop{next(numbers)}"
        self.settings: dict[str, Any] = {
            "url": f"nats://127.0.0.1:{server.port}",
            "user": USER,
            "password": PASSWORD,
            "subject": f"{self.name}.{{account}}.{{kind}}",
            "records": 4,
            "timeout": 3,
        }
        at_once(self._make())

    def at(self, port: int) -> dict[str, Any]:
        return self.settings | {"url": f"nats://127.0.0.1:{port}", "timeout": 0.5}

    def messages(self) -> Messages:
        return at_once(self._read())

    def lines(self) -> Lines:
        messages = self.messages()
        assert len({identity for identity, _ in messages}) == len(messages), "a message is in the stream twice"
        return lines_in(messages)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Kill the server with SIGKILL and start it again."""
        self.server.kill()
        yield
        self.server.start()

    def outside(self) -> set[str]:
        return {name for name, _ in at_once(self._streams()) if name != self.name}

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[JetStreamContext]:
        client = await nats.connect(self.settings["url"], user=USER, password=PASSWORD)
        try:
            yield client.jetstream()
        finally:
            await client.close()

    async def _make(self) -> None:
        async with self._connected() as stream:
            await stream.add_stream(name=self.name, subjects=[f"{self.name}.>"])

    async def _streams(self) -> list[tuple[str, int]]:
        async with self._connected() as stream:
            return [(str(info.config.name), info.state.messages) for info in await stream.streams_info()]

    async def _read(self) -> Messages:
        async with self._connected() as stream:
            state = (await stream.stream_info(self.name)).state
            found = [await stream.get_msg(self.name, seq) for seq in range(1, state.last_seq + 1)]
        return [((message.headers or {})["Nats-Msg-Id"], message.data or b"") for message in found]


class Queue(Kept):
    """A durable queue bound to RabbitMQ's own exchange for topics, reached through a proxy; its reader keeps books."""

    sink = "amqp"

    def __init__(self, server: RabbitServer, name: str = "") -> None:
        self.server = server
        self.proxy = Proxy(server.port)
        self.name = name or f"shop{next(numbers)}"
        self.taken: list[aio_pika.abc.AbstractIncomingMessage] = []
        self.settings: dict[str, Any] = {
            "url": f"amqp://127.0.0.1:{self.proxy.port}/",
            "user": USER,
            "password": PASSWORD,
            "routing_key": f"{self.name}.{{account}}.{{kind}}",
            "records": 4,
            "timeout": 20,
        }
        at_once(self._make())

    def at(self, port: int) -> dict[str, Any]:
        return self.settings | {"url": f"amqp://127.0.0.1:{port}/", "timeout": 0.5}

    def lines(self) -> Lines:
        at_once(self._take())
        return lines_in((str(message.message_id), message.body) for message in self.taken)

    @contextmanager
    def down(self) -> Iterator[None]:
        with self.proxy.shut():
            yield

    def outside(self) -> set[str]:
        return {str(message.routing_key) for message in self.taken if message.exchange != "amq.topic"}

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
        url = f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.server.port}/"
        connection = await aio_pika.connect(url)
        async with connection:
            yield await connection.channel()

    async def _make(self) -> None:
        async with self.channel() as channel:
            queue = await channel.declare_queue(self.name, durable=True)
            await queue.bind("amq.topic", f"{self.name}.#")

    async def _take(self) -> None:
        async with self.channel() as channel:
            queue = await channel.get_queue(self.name)
            while message := await queue.get(fail=False):
                self.taken.append(message)
                await message.ack()
            await asyncio.sleep(0)


def meanwhile(batch: Batch, at: int, act: Callable[[], None]) -> Batch:
    """Return a batch whose reader does something else when it comes to a record."""

    def records() -> Iterator[Any]:
        for number, record in enumerate(batch.records()):
            if number == at:
                act()
            yield record

    return dataclasses.replace(batch, records=records)


class BrokerContract(NetworkContract):
    """What a sink must do, too, when its target is a broker."""

    async def test_the_server_is_killed_between_two_messages(self, target: Kept, tmp_path: Path):
        batch = batch_of(tmp_path, size=400)
        async with opened(target) as sink:
            with pytest.raises(SinkError, match=r"127\.0\.0\.1") as caught:
                await sink.deliver(meanwhile(batch, 210, target.server.kill))
            assert caught.value.remedy
            target.server.start()
            await sink.deliver(batch)
        assert target.lines() == lines_of(batch)

    async def test_the_server_stands_still_between_two_messages(self, target: Kept, tmp_path: Path):
        batch = batch_of(tmp_path, size=400)
        target.settings["timeout"] = 1
        async with opened(target) as sink:
            try:
                with pytest.raises(SinkError, match="no answer in time"):
                    async with asyncio.timeout(10):
                        await sink.deliver(meanwhile(batch, 210, target.server.freeze))
            finally:
                target.server.thaw()
        target.settings["timeout"] = 20
        await deliver(target, batch)
        assert target.lines() == lines_of(batch)


async def find_trust(target: Kept, url: str, authority: Path) -> None:
    """Find that a broker is trusted by its certificate, or not at all."""
    target.settings["url"] = url
    for trusted in (None, str(authority)):
        target.settings["ca_file"] = trusted
        async with opened(target) as sink:
            assert isinstance(sink, Checking)
            if trusted:
                assert url in await sink.check()
            else:
                with pytest.raises(SinkError) as caught:
                    await sink.check()
                assert "ca_file" in caught.value.remedy
