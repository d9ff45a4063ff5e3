"""HTTP for sinks: an address that may be used, a client, a request, what its answer means. Only here is httpx2 known.

An answer says taken (2xx), not now, or never. What is wrong with the address or with our right to use it is "not now":
it is no fault of the batch, and somebody mends it. Redirects are never followed. Messages show scheme, host and port of
an address: what comes behind may be somebody's secret.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syncd import __version__
from syncd.errors import SinkError, SinkRefusedError
from syncd.log import blacked

if TYPE_CHECKING:
    from httpx2 import AsyncClient

LONGEST = 1 << 20
"""Bytes of an answer that are read; nobody needs more to know what it says."""
SAID = 200
"""Characters of an answer that are shown with a failure."""
PATIENCE = timedelta(days=1)
"""The longest wait that a target may ask for."""

MENDED = {
    401: "Is the secret the right one?",
    403: "Is the secret the right one, and may it be used for this?",
    404: "Is the address right?",
    405: "Is the address right? It does not take this method.",
    407: "The proxy wants a login.",
    410: "The address is no longer served; is there a new one?",
}
"""Answers about the address or about us, and what an operator looks at."""
NOT_NOW = frozenset({408, 409, 421, 423, 425, 429})
"""Answers below 500 that time alone may change."""


class LostAnswerError(SinkError):
    """The target may have heard the request, and nobody knows what it did with it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the target said."""

    status: int
    headers: Mapping[str, str]
    """By name in any case."""
    body: bytes
    """At most LONGEST bytes."""


def checked_address(text: str) -> str:
    """Return an address that is encrypted, or on this machine, and holds no login; raise ValueError."""
    url = urlsplit(text)
    if url.scheme not in ("https", "http") or not url.hostname or not text.isascii() or not text.isprintable():
        raise ValueError("not an address like https://shop.example.org/syncd")
    if url.scheme == "http" and not _is_here(url.hostname):
        raise ValueError("should begin with https://; http:// is for this machine only (127.0.0.1, localhost)")
    if url.username is not None or url.password is not None:
        raise ValueError("holds a login; write it as a secret in a setting of its own")
    return text


def host_of(address: str) -> str:
    """Return what messages may show of an address."""
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"


@asynccontextmanager
async def client(address: str, ca_file: Path | None = None) -> AsyncIterator["AsyncClient"]:
    """Yield a client for an address, which trusts `ca_file` alone where it is given; HTTPS_PROXY counts for https."""
    import httpx2

    headers = {"User-Agent": f"syncd/{__version__}", "Accept-Encoding": "identity"}
    encrypted = urlsplit(address).scheme == "https"
    trusted = await asyncio.to_thread(trust, ca_file) if encrypted else False
    async with httpx2.AsyncClient(verify=trusted, trust_env=encrypted, timeout=None, headers=headers) as made:
        yield made


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what checks a server's certificate: by `ca_file` alone where it is given; raise SinkError."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SinkError(f"cannot use the certificates in {ca_file}: {error}", remedy="They must be PEM.") from error


async def reach(address: str, ca_file: Path | None = None) -> None:
    """Connect as a request would, but for a proxy, and say nothing. Raises SinkError."""
    url = urlsplit(address)
    encrypted = url.scheme == "https"
    trusted = await asyncio.to_thread(trust, ca_file) if encrypted else None
    try:
        _, writer = await asyncio.open_connection(url.hostname, url.port or (443 if encrypted else 80), ssl=trusted)
    except OSError as error:
        raise SinkError(f"{host_of(address)}: {error}", remedy="Is it up and reachable?") from error
    writer.transport.abort()


async def send(
    to: "AsyncClient",
    address: str,
    *,
    timeout: float,  # noqa: ASYNC109 - the whole request's, and told in words
    method: str = "POST",
    headers: Mapping[str, str],
    content: bytes = b"",
    target: bytes | None = None,
) -> Answer:
    """Send one request and return its answer, of any status, which comes within `timeout` seconds.

    target: path and query, sent byte for byte in place of those of the address. Raises SinkError where nothing was
    sent, LostAnswerError where something was.
    """
    import httpx2

    line = _Line()
    extensions = {"trace": line} if target is None else {"trace": line, "target": target}
    asked = to.stream(method, address, headers=headers, content=content, extensions=extensions)
    try:
        async with asyncio.timeout(timeout), asked as response:
            body = bytearray()
            async for block in response.aiter_raw():
                body += block
                if len(body) > LONGEST:
                    break
            return Answer(response.status_code, response.headers, bytes(body[:LONGEST]))
    except TimeoutError as error:
        raise line.failure()(
            f"{host_of(address)} did not answer within {timeout:g} s",
            remedy="Is it overloaded? Raise timeout if it needs longer; it is tried again.",
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        said = printable(str(error)) or type(error).__name__
        raise line.failure()(
            f"{host_of(address)}: {said}", remedy="Is it up and reachable? It is tried again."
        ) from error


class _Line:
    """Listen to httpx2's trace for the moment from which the target may have heard something."""

    def __init__(self) -> None:
        self._heard = False

    async def __call__(self, name: str, _info: Mapping[str, object]) -> None:
        self._heard = self._heard or name.endswith("send_request_headers.started")

    def failure(self) -> type[SinkError]:
        return LostAnswerError if self._heard else SinkError


def judge(address: str, answer: Answer) -> None:
    """Return when it was taken; raise SinkError when it was not, SinkRefusedError when it never will be."""
    if 200 <= answer.status < 300:
        return
    said = printable(answer.body.decode("utf-8", "replace"))
    what = f"{host_of(address)} answered {answer.status}{said and f': {said}'}"
    if 300 <= answer.status < 400:
        raise SinkError(what, remedy="Redirects are not followed; write the final address into the configuration.")
    if answer.status in MENDED:
        raise SinkError(what, remedy=MENDED[answer.status])
    if answer.status < 500 and answer.status not in NOT_NOW:
        raise SinkRefusedError(what, remedy="The target refuses this content; its own log says why.")
    raise SinkError(what, retry_after=retry_after(answer.headers), remedy="It is tried again.")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read Retry-After, seconds or a date by the target's own clock (RFC 9110, 10.2.3); None where it says nothing."""
    said = headers.get("retry-after", "")
    try:
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        wait = timedelta(seconds=int(said)) if said.isdecimal() else parsedate_to_datetime(said) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), PATIENCE)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def printable(text: str) -> str:
    """Put what somebody else wrote on one line of a message: short, without control characters and without secrets."""
    return "".join(filter(str.isprintable, " ".join(blacked(text).split())))[:SAID]
