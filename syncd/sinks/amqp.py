"""The sink for RabbitMQ (AMQP 0-9-1): records as persistent messages, each confirmed by the broker.

`message_id` is the part's id. A message that no queue takes is an error (mandatory). RabbitMQ does not remember ids: a
part may be in the queue twice after a crash, and its reader knows it by its id. Exchange and queues are the shop's own;
nothing is declared or changed here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from syncd.secret import Secret
from syncd.sinks.base import Batch
from syncd.sinks.brokers import checked_url, left, publish, translated
from syncd.sinks.extras import require
from syncd.sinks.http import trust
from syncd.sinks.names import WORDS, AbsolutePath, checked_topic, topic
from syncd.sinks.parts import Part, parts
from syncd.sinks.secrets import read
from syncd.urls import without_query

if TYPE_CHECKING:
    from aio_pika.abc import AbstractExchange

REMEDIES = {
    "PublishError": "No queue takes messages of that exchange and routing key: bind one.",
    "DeliveryError": "The queue is full or away; it is tried again.",
    "ChannelNotFoundEntity": "Declare that exchange; syncd makes none.",
    "ChannelAccessRefused": "Give the user the right to write to that exchange.",
    "AuthenticationError": "Are user and password right, and may that user use the virtual host?",
    "ProbableAuthenticationError": "Are user and password right, and may that user use the virtual host?",
}


class AmqpSettings(BaseModel):
    """The table `[sink.NAME]` of type "amqp"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(lambda text: checked_url(text, "amqps", "amqp"))] = Field(
        description="amqps://host/virtual-host, or amqp:// without encryption"
    )
    user: str = Field(description="who logs in")
    password: Secret = Field(description="of that user")
    exchange: str = Field(
        default="amq.topic", max_length=255, description="where messages go; empty is the default one"
    )
    routing_key: Annotated[str, AfterValidator(checked_topic)] = Field(
        default="syncd.{account}.{kind}", description=f"made of words and {', '.join(WORDS)}"
    )
    records: int = Field(default=500, ge=1, le=10_000, description="records in a message")
    timeout: float = Field(default=30, gt=0, le=600, description="seconds to wait for the broker")
    ca_file: AbsolutePath | None = Field(default=None, description="trust these certificates alone, PEM")


class AmqpSink:
    """Hand interchanges over as messages of an exchange."""

    Settings: ClassVar[type[BaseModel]] = AmqpSettings

    def __init__(self, settings: AmqpSettings) -> None:
        require("aio_pika", extra="amqp")
        self._settings = settings

    async def deliver(self, batch: Batch) -> None:
        """Publish one batch in parts; return when the broker has confirmed them all. Raises SinkError."""
        key = topic(self._settings.routing_key, batch)
        async with self._connected() as exchange:
            await publish(parts(batch, self._settings.records), lambda part: self._send(exchange, key, part))

    async def check(self) -> str:
        """Log in and look for the exchange; raise SinkError."""
        async with self._connected():
            return (
                f"{without_query(self._settings.url)} lets syncd in, and has the exchange {self._settings.exchange!r}"
            )

    async def close(self) -> None:
        """Do nothing: no connection outlives its batch."""

    async def _send(self, exchange: "AbstractExchange", key: str, part: Part) -> None:
        from aio_pika import DeliveryMode, Message

        message = Message(
            part.body,
            message_id=part.id,
            content_type="application/json",
            delivery_mode=DeliveryMode.PERSISTENT,
            app_id="syncd",
        )
        with translated(self._settings.url, REMEDIES):
            await exchange.publish(message, key, mandatory=True, timeout=self._settings.timeout)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["AbstractExchange"]:
        import aio_pika
        from yarl import URL

        settings = self._settings
        url = URL(settings.url).with_user(settings.user).with_password(read(settings.password))
        context = await asyncio.to_thread(trust, settings.ca_file) if url.scheme == "amqps" else None
        with translated(settings.url, REMEDIES):
            async with asyncio.timeout(settings.timeout):
                connection = await aio_pika.connect(url, ssl_context=context, timeout=settings.timeout)
        try:
            with translated(settings.url, REMEDIES):
                async with asyncio.timeout(settings.timeout):
                    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    exchange = await channel.get_exchange(settings.exchange, ensure=bool(settings.exchange))
            yield exchange
        finally:
            await left(connection.close())
