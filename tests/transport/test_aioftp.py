"""What this room leans on in aioftp and asyncio, private names included: a release that moves one fails here."""

import asyncio
import inspect
import logging

import aioftp
from aioftp.common import StreamIO

from syncd.transport.ftp.wire import FtpWire


def test_what_is_overridden_is_there():
    for name in ("command", "parse_line", "parse_response", "parse_pasv_response"):
        ours, theirs = getattr(FtpWire, name), getattr(aioftp.Client, name)
        assert ours is not theirs
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


def test_what_is_new_hides_nothing():
    for name in ("open", "ask", "hear", "ready", "dial", "leave", "cut", "alive", "sent", "tls_version", "patience"):
        assert not hasattr(aioftp.Client, name)


def test_aioftps_own_timeouts_stay_off():
    """On Python 3.11 they are `wait_for`, which swallows cancellations."""
    client = aioftp.Client()
    assert client.socket_timeout is None
    assert client.connection_timeout is None
    assert "wait_for" in inspect.getsource(inspect.getmodule(StreamIO))  # type: ignore[arg-type]  # it has a module


def test_a_reader_shows_what_lies_unread():
    reader = asyncio.StreamReader(loop=asyncio.new_event_loop())
    reader._loop.close()  # type: ignore[attr-defined]
    reader.feed_data(b"injected")
    assert bytes(reader._buffer) == b"injected"  # type: ignore[attr-defined]


def test_its_debug_log_is_off():
    """It tells user names, and the length of passwords."""
    assert not logging.getLogger("aioftp.client").isEnabledFor(logging.DEBUG)
