"""The real wire, on aioftp: the one package that knows it.

aioftp drives the control connection, TLS included. What it does otherwise than real servers need is overridden here,
each with its reason: the reading of replies (RFC 959, 4.2), the order of command and data TLS (RFC 4217, 12), the
address of the data connection, and the way a connection ends. docs/transport.md tells what was seen on which server.

Rule 1: foreign exceptions become ours in `border` and nowhere else.
Rule 2: every wait is an `asyncio.timeout` of ours: aioftp's own timeouts swallow cancellation on Python 3.11.
"""

import asyncio

from syncd.suppliers.rules import Encryption
from syncd.transport import tls
from syncd.transport.base import Endpoint, Permit, Session, granted
from syncd.transport.ftp.border import translated
from syncd.transport.ftp.wire import FtpWire
from syncd.transport.session import FtpSession


async def connect(endpoint: Endpoint, permit: Permit = granted) -> Session:
    """Connect, secure and log in. Raises LoginRefusedError, BusyError, RefusedError, LaterError, ConfigError."""
    secured = endpoint.encryption is not Encryption.NONE
    wire = FtpWire(endpoint, tls.context(endpoint.tls_minimum, endpoint.ca_file) if secured else None, permit)
    session = FtpSession(wire, endpoint)
    try:
        with translated(f"{endpoint.host}:{endpoint.port}"):
            async with asyncio.timeout(endpoint.login_timeout):
                await wire.open()
                await session.login()
    except BaseException:
        wire.cut()
        raise
    wire.patience = endpoint.idle_timeout
    return session
