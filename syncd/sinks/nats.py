"""The sink for NATS JetStream: records as messages, each acknowledged by the stream that keeps it.

`Nats-Msg-Id` is the part's id: a stream drops a message whose id it saw within its duplicate window. The stream is the
shop's own; nothing is made or changed here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

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
    from nats.js import JetStreamContext

REMEDIES = {
    "NoStreamResponseError": "No stream takes that subject, or JetStream is off: nats stream add --subjects 'syncd.>'",
    "MaxPayloadError": "Lower records, or raise max_payload at the server; then let it be tried again.",
    "NoServersError": "Is it up and reachable? It is tried again.",
    "APIError": "Look at the stream: nats stream info. It is tried again.",
    "Error": "Are user and password right, and may that user publish there? It is tried again.",
}
"""By the class of the error, the nearest first."""
REFUSALS = frozenset({"MaxPayloadError"})


class NatsSettings(BaseModel):
    """The table `[sink.NAME]` of type "nats"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(lambda text: checked_url(text, "tls", "nats"))] = Field(
        description="tls://host:4222, or nats:// without encryption"
    )
    user: str | None = Field(default=None, description="who logs in")
    password: Secret | None = Field(default=None, description="of that user; a token where there is no user")
    subject: Annotated[str, AfterValidator(checked_topic)] = Field(
        default="syncd.{account}.{kind}", description=f"where messages go, made of words and {', '.join(WORDS)}"
    )
    records: int = Field(default=500, ge=1, le=10_000, description="records in a message")
    timeout: float = Field(default=10, gt=0, le=600, description="seconds to wait for the server")
    ca_file: AbsolutePath | None = Field(default=None, description="trust these certificates alone, PEM")

    @model_validator(mode="after")
    def _user_has_a_password(self) -> Self:
        if self.user and not self.password:
            raise ValueError("password: is required for a user")
        return self


class NatsSink:
    """Hand interchanges over as messages of a stream."""

    Settings: ClassVar[type[BaseModel]] = NatsSettings

    def __init__(self, settings: NatsSettings) -> None:
        require("nats", extra="nats")
        self._settings = settings

    async def deliver(self, batch: Batch) -> None:
        """Publish one batch in parts; return when the stream has them all. Raises SinkError, SinkRefusedError."""
        subject = topic(self._settings.subject, batch)
        async with self._connected() as stream:
            await publish(parts(batch, self._settings.records), lambda part: self._send(stream, subject, part))

    async def check(self) -> str:
        """Log in; raise SinkError."""
        async with self._connected():
            return f"{without_query(self._settings.url)} lets syncd in"

    async def close(self) -> None:
        """Do nothing: no connection outlives its batch."""

    async def _send(self, stream: "JetStreamContext", subject: str, part: Part) -> None:
        headers = {"Nats-Msg-Id": part.id, "Content-Type": "application/json"}
        with translated(self._settings.url, REMEDIES, REFUSALS):
            await stream.publish(subject, part.body, timeout=self._settings.timeout, headers=headers)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["JetStreamContext"]:
        from nats.aio.client import Client

        client, settings = Client(), self._settings
        password = read(settings.password) if settings.password else None
        encrypted = settings.url.startswith("tls:")
        try:
            with translated(settings.url, REMEDIES):
                async with asyncio.timeout(settings.timeout):
                    await client.connect(
                        settings.url,
                        user=settings.user,
                        password=password if settings.user else None,
                        token=None if settings.user else password,
                        tls=await asyncio.to_thread(trust, settings.ca_file) if encrypted else None,
                        allow_reconnect=False,
                        max_reconnect_attempts=1,
                        reconnect_time_wait=0,
                        error_cb=_quiet,
                    )
            yield client.jetstream()
        finally:
            await left(client.close())


async def _quiet(_error: Exception) -> None:
    """Take what the library would log: whoever waits for a message is told."""
