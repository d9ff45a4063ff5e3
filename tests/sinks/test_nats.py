"""JetStream: the contract against a real server, which is killed wherever the contract takes the target away."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.errors import SinkError, SinkRefusedError
from tests.sinks.batches import batch_of
from tests.sinks.contract import deliver
from tests.sinks.queues import BrokerContract, Stream, find_trust
from tests.sinks.servers import EncryptedNatsServer, NatsServer

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://127.0.0.1"}, "url.*tls://"),
    ({"url": "nats://"}, "url"),
    ({"url": "nats://syncd:geheim@127.0.0.1:4222"}, "url.*password"),
    ({"url": "nats://geheim@127.0.0.1:4222"}, "url.*login"),
    ({"password": None}, "password"),
    ({"subject": "shop.>"}, "subject.*wildcard"),
    ({"subject": "shop..in"}, "subject"),
    ({"subject": "shop.{name}"}, "subject.*name"),
    ({"records": 0}, "records"),
    ({"timeout": 0}, "timeout"),
    ({"ca_file": "relative.pem"}, "ca_file"),
]


@pytest.fixture
def stream(nats_server: NatsServer) -> Stream:
    return Stream(nats_server)


class TestContract(BrokerContract):
    wrong = WRONG
    large: ClassVar[dict[str, Any]] = {"records": 500, "timeout": 30}

    @pytest.fixture
    def target(self, stream: Stream) -> Stream:
        return stream


async def test_a_subject_without_a_stream(stream: Stream, tmp_path: Path):
    stream.settings["subject"] = "nobody.{account}"
    with pytest.raises(SinkError) as caught:
        await deliver(stream, batch_of(tmp_path))
    assert "nats stream add" in caught.value.remedy
    assert not isinstance(caught.value, SinkRefusedError)


async def test_a_wrong_password(stream: Stream, tmp_path: Path):
    stream.settings["password"] = "sesame44"
    with pytest.raises(SinkError) as caught:
        await deliver(stream, batch_of(tmp_path))
    assert "password" in caught.value.remedy
    assert "sesame44" not in f"{caught.value}{caught.value.__cause__}"


async def test_a_message_that_is_too_large_is_a_refusal(stream: Stream, tmp_path: Path):
    stream.settings["records"] = 10_000
    with pytest.raises(SinkRefusedError) as caught:
        await deliver(stream, batch_of(tmp_path, size=10_000))
    assert "records" in caught.value.remedy


async def test_the_subject_is_filled_in(stream: Stream, tmp_path: Path):
    await deliver(stream, batch_of(tmp_path))
    assert len(stream.messages()) == 3
    with pytest.raises(SinkRefusedError, match="kind"):
        await deliver(stream, batch_of(tmp_path, kind="a.>"))


async def test_tls_is_trusted_by_its_certificate(stream: Stream):
    server = EncryptedNatsServer()
    server.start()
    try:
        await find_trust(stream, f"tls://localhost:{server.port}", server.folder / "ca.pem")
    finally:
        server.end()
