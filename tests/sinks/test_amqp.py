"""RabbitMQ: the contract against a real server, once killed with SIGKILL in the middle of a delivery."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aio_pika import DeliveryMode

from syncd.errors import SinkError, SinkRefusedError
from tests.sinks.batches import batch_of
from tests.sinks.contract import deliver, lines_of
from tests.sinks.queues import BrokerContract, Queue, find_trust
from tests.sinks.servers import RabbitServer, at_once

pytestmark = pytest.mark.timeout(300)  # a broker in Erlang takes its time on a busy machine

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://127.0.0.1"}, "url.*amqps://"),
    ({"url": "amqp:///vhost"}, "url"),
    ({"url": "amqp://guest:guest@127.0.0.1/"}, "url.*password"),
    ({"url": "amqp://guest@127.0.0.1/"}, "url.*login"),
    ({"user": None}, "user"),
    ({"password": 5}, "password"),
    ({"routing_key": "shop.#"}, "routing_key.*wildcard"),
    ({"routing_key": "shop.{name}"}, "routing_key.*name"),
    ({"exchange": "x" * 256}, "exchange"),
    ({"records": 0}, "records"),
    ({"timeout": 0}, "timeout"),
    ({"ca_file": "relative.pem"}, "ca_file"),
]


@pytest.fixture
def queue(rabbit_server: RabbitServer) -> Iterator[Queue]:
    made = Queue(rabbit_server)
    yield made
    made.proxy.close()


class TestContract(BrokerContract):
    wrong = WRONG
    large: ClassVar[dict[str, Any]] = {"records": 500}

    @pytest.fixture
    def target(self, queue: Queue) -> Queue:
        return queue


async def test_amqps_is_trusted_by_its_certificate(queue: Queue, rabbit_server: RabbitServer):
    await find_trust(queue, f"amqps://localhost:{rabbit_server.tls_port}/", rabbit_server.folder / "ca.pem")


async def test_messages_outlive_the_broker_and_say_what_they_are(queue: Queue, tmp_path: Path):
    batch = batch_of(tmp_path)
    await deliver(queue, batch)
    assert queue.lines() == lines_of(batch)
    for message in queue.taken:
        assert message.delivery_mode == DeliveryMode.PERSISTENT
        assert message.content_type == "application/json"
        assert message.routing_key == f"{queue.name}.umbreit.ELS"
    spans = [str(message.message_id).removeprefix(batch.key) for message in queue.taken]
    assert spans == [".1-4", ".5-8", ".9-10"]


async def test_a_message_that_no_queue_takes(queue: Queue, tmp_path: Path):
    queue.settings["routing_key"] = "nobody.{account}"
    with pytest.raises(SinkError) as caught:
        await deliver(queue, batch_of(tmp_path))
    assert "bind" in caught.value.remedy
    assert not isinstance(caught.value, SinkRefusedError)


async def test_an_exchange_that_is_not_there(queue: Queue, tmp_path: Path):
    queue.settings["exchange"] = "nowhere"
    with pytest.raises(SinkError, match="nowhere") as caught:
        await deliver(queue, batch_of(tmp_path))
    assert "Declare" in caught.value.remedy


async def test_the_default_exchange_names_the_queue(queue: Queue, tmp_path: Path):
    queue.settings |= {"exchange": "", "routing_key": queue.name}
    batch = batch_of(tmp_path)
    await deliver(queue, batch)
    assert queue.lines() == lines_of(batch)


async def test_a_queue_that_is_full(queue: Queue, tmp_path: Path):
    async def declare() -> None:
        async with queue.channel() as channel:
            await channel.declare_queue(
                f"{queue.name}-full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
            )

    at_once(declare())
    queue.settings |= {"exchange": "", "routing_key": f"{queue.name}-full"}
    with pytest.raises(SinkError) as caught:
        await deliver(queue, batch_of(tmp_path))
    assert "full" in caught.value.remedy


async def test_a_wrong_password(queue: Queue, tmp_path: Path):
    queue.settings["password"] = "sesame45"
    with pytest.raises(SinkError) as caught:
        await deliver(queue, batch_of(tmp_path))
    assert "password" in caught.value.remedy
    assert "sesame45" not in f"{caught.value}{caught.value.__cause__}"
