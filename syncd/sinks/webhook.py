"""The sink for anything with an HTTP endpoint: records as JSON, signed by the rules of Standard Webhooks.

Each part of a batch is a POST. `Idempotency-Key` and `webhook-id` are the part's id, the same whenever it is sent, so a
target that remembers them takes each once. A batch that broke off goes on behind the last part that was taken, as
long as the process lives: a target that takes few requests a minute is served in several tries.

Standard Webhooks, "Signature scheme": HMAC-SHA256 of `ID.TIMESTAMP.BODY`, in base64 with `v1,` before it; the secret is
base64 with `whsec_` before it.
"""

import base64
import binascii
import hashlib
import hmac
import time
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from syncd.errors import SinkError
from syncd.secret import Secret
from syncd.sinks.base import Batch
from syncd.sinks.extras import require
from syncd.sinks.http import checked_address, client, host_of, judge, send
from syncd.sinks.names import AbsolutePath
from syncd.sinks.parts import Part, parts
from syncd.sinks.secrets import read

PREFIX = "whsec_"
SHORTEST = 24
"""Bytes of a secret: Standard Webhooks, "Signature scheme"."""
REMEMBERED = 1_000
"""Batches that broke off and of which is known how far they came."""


class WebhookSettings(BaseModel):
    """The table `[sink.NAME]` of type "webhook"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(checked_address)] = Field(description="where requests go; https")
    secret: Secret = Field(description="signs the requests: whsec_ and base64")
    authorization: Secret | None = Field(default=None, description="the whole value of the Authorization header")
    records: int = Field(default=500, ge=1, le=10_000, description="records in a request")
    timeout: float = Field(default=30, gt=0, le=3_600, description="seconds until a request is given up")
    ca_file: AbsolutePath | None = Field(default=None, description="trust these certificates alone, PEM")


class WebhookSink:
    """Hand interchanges over as requests."""

    Settings: ClassVar[type[BaseModel]] = WebhookSettings

    def __init__(self, settings: WebhookSettings) -> None:
        require("httpx2", extra="webhook")
        self._settings = settings
        self._taken: dict[str, int] = {}

    async def deliver(self, batch: Batch) -> None:
        """Post one batch in parts, each until it is taken; raise SinkError, SinkRefusedError."""
        settings, key, always = self._settings, self._key(), self._always()
        async with client(settings.url, settings.ca_file) as to:
            async for part in parts(batch, settings.records):
                if part.number <= self._taken.get(batch.key, 0):
                    continue
                headers = always | signed(part, key, int(time.time()))
                answer = await send(to, settings.url, timeout=settings.timeout, headers=headers, content=part.body)
                judge(settings.url, answer)
                self._came_to(batch.key, part.number)
        self._taken.pop(batch.key, None)

    async def check(self) -> str:
        """Read the secrets and send a HEAD, of which any answer will do; raise SinkError."""
        settings, _key, always = self._settings, self._key(), self._always()
        async with client(settings.url, settings.ca_file) as to:
            answer = await send(to, settings.url, method="HEAD", timeout=settings.timeout, headers=always)
        return f"{host_of(settings.url)} is there: it answered a HEAD with {answer.status}"

    async def close(self) -> None:
        """Do nothing: no connection outlives its batch."""

    def _came_to(self, key: str, number: int) -> None:
        self._taken[key] = number
        if len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]

    def _key(self) -> bytes:
        try:
            key = base64.b64decode(read(self._settings.secret).removeprefix(PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if len(key) < SHORTEST:
            raise SinkError(
                f"the secret in {self._settings.secret.place} is not base64 of {SHORTEST} bytes or more",
                remedy="Make one: echo whsec_$(openssl rand -base64 32)",
            )
        return key

    def _always(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._settings.authorization:
            headers["Authorization"] = read(self._settings.authorization)
        return headers


def signed(part: Part, key: bytes, now: int) -> dict[str, str]:
    """Return the headers that name and sign a part at a time, in seconds since 1970."""
    content = f"{part.id}.{now}.".encode() + part.body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {
        "Idempotency-Key": part.id,
        "webhook-id": part.id,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{signature}",
    }
