"""What sinks that publish to a broker share: addresses without a login, a window of messages, failures in words."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from syncd.errors import SinkError, SinkRefusedError
from syncd.sinks.http import printable
from syncd.sinks.parts import Part
from syncd.urls import holds_secret, without_query

WINDOW = 32
"""Messages on the way that are not acknowledged yet."""
FAREWELL = 2
"""Seconds to wait for a server to take leave."""
OTHERWISE = "Is it up and reachable? It is tried again."
UNTRUSTED = "Is the server's certificate from an authority of your own? Name it in ca_file."
_INSTEAD = 'write user = "…" and password = { file = "…" } instead'


def checked_url(text: str, *schemes: str) -> str:
    """Return a URL of one of these schemes with a host and without a login; raise ValueError."""
    if holds_secret(text):
        raise ValueError(f"holds a password, before the @ or behind the ?; {_INSTEAD}")
    url = urlsplit(text)
    if url.scheme not in schemes or not url.hostname or not text.isascii() or not text.isprintable():
        raise ValueError(f"should begin with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host")
    if url.username is not None:
        raise ValueError(f"holds a login; {_INSTEAD}")
    return text


async def publish(parts: AsyncIterator[Part], send: Callable[[Part], Coroutine[Any, Any, None]]) -> None:
    """Send parts, in order, and return when the broker has acknowledged every one; `send` waits for one to be."""
    waiting: deque[asyncio.Task[None]] = deque()
    try:
        async for part in parts:
            waiting.append(asyncio.create_task(send(part)))
            if len(waiting) == WINDOW:
                await waiting.popleft()
        while waiting:
            await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def left(closing: Coroutine[Any, Any, object]) -> None:
    """Close a connection, but wait for no server that does not answer: the delivery is decided by then."""
    with suppress(Exception):
        async with asyncio.timeout(FAREWELL):
            await closing


@contextmanager
def translated(url: str, remedies: Mapping[str, str], refusals: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turn what a client library raises into SinkError, or SinkRefusedError; `remedies` go by the name of its class."""
    try:
        yield
    except SinkError:
        raise
    except Exception as error:  # a strange server may make a library raise anything
        names = [kind.__name__ for kind in type(error).__mro__]
        known = (remedies[name] for name in names if name in remedies)
        remedy = UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else next(known, OTHERWISE)
        said = "no answer in time" if isinstance(error, TimeoutError) else printable(str(error)) or names[0]
        made = SinkRefusedError if refusals.intersection(names) else SinkError
        raise made(f"{without_query(url)}: {said}", remedy=remedy) from error
