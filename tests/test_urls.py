"""URLs of the configuration: what counts as a secret in one, and what is shown of one."""

import pytest

from syncd.config.troubles import masked
from syncd.errors import SinkError
from syncd.sinks.brokers import translated
from syncd.sinks.sql import SqlSettings, SqlSink
from syncd.urls import holds_secret


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/shop",
        "postgresql://shop@db:5432/shop?passfile=/srv/pass&sslmode=require",
        "postgresql://shop@[::1]:5432/shop",
        "postgresql://shop@db/shop?application_name=password",
        "sqlite:////srv/password@home/token.db",
        "amqps://db/shop?heartbeat=60",
    ],
)
def test_what_is_no_secret(url: str):
    assert not holds_secret(url)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('url = "a://shop:KAN@RIE-66@127.0.0.1/shop"', 'url = "a://shop:***@127.0.0.1/shop"'),
        ("url = 'a://shop:KAN@R\"IE@db:5432/shop?x=a@b'", "url = 'a://shop:***@db:5432/shop?x=a@b'"),
        ('url = "a://shop:KAN/RIE@db/shop#x@y"', 'url = "a://shop:***@db/shop#x@y"'),
        ('url = "a://u:KAN@RIE@db" # ask x@y', 'url = "a://u:***@db" # ask x@y'),
        ('urls = ["a://u:KAN@db","a://u:RIE@db"]', 'urls = ["a://u:***@db","a://u:***@db"]'),
        ('urls = ["a://db:4222","x@y"]', 'urls = ["a://db:4222","x@y"]'),
        ('x = { url = "a://u:KAN@RIE@db"}, mail = "x@y"', 'x = { url = "a://u:***@db"}, mail = "x@y"'),
        ('url = "a://u:KAN RIE@db/shop"', 'url = "a://u:***@db/shop"'),
        ("curl a://u:KAN@RIE@db x@y", "curl a://u:***@db x@y"),
        ('url = "nats://KANARIE@db:4222" # or tls://RIE@db', 'url = "nats://***@db:4222" # or tls://***@db'),
        ('url = "nats://db:4222" # ask x@y', 'url = "nats://db:4222" # ask x@y'),
        ('url = "a://shop@db/shop"', 'url = "a://shop@db/shop"'),
    ],
)
def test_what_is_shown_of_a_line(line: str, shown: str):
    assert masked(line) == shown


async def test_an_error_of_a_database_shows_no_query():
    sink = SqlSink(SqlSettings(url="postgresql://shop@127.0.0.1:1/shop?application_name=till-4"))
    with pytest.raises(SinkError, match=r"database postgresql.*://shop@127\.0\.0\.1:1/shop: ") as caught:
        await sink.check()
    await sink.close()
    assert "till-4" not in str(caught.value)


def test_an_error_of_a_broker_shows_no_query():
    with (
        pytest.raises(SinkError, match=r"^amqp://127\.0\.0\.1/shop: gone") as caught,
        translated("amqp://127.0.0.1/shop?name=till-4#x", {}),
    ):
        raise ConnectionError("gone")
    assert "till-4" not in str(caught.value)
