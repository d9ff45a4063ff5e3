"""The in-memory server: the fake that ships, for tests, simulations and the tests of users.

A `MemoryServer` has accounts with directories, keeps a log of all commands, and does what it is told: call a hook when
a file is complete under a name, delete what was read, or get into trouble at a chosen command. Its sessions are real
`FtpSession`s over a `MemoryWire`, so every verdict is the one a real server's reply would get.

Rule 1: nothing here takes time; a silent server is a timeout at once.
Rule 2: bytes are kept as they were sent, whatever the mode: TYPE is checked by its place in the log.
"""

from syncd.transport.base import Endpoint, Permit, Session, granted
from syncd.transport.memory.disk import Disk, Fault, MemoryAccount, MemoryFile, Trouble
from syncd.transport.memory.wire import MemoryWire
from syncd.transport.session import FtpSession

__all__ = ["Fault", "MemoryAccount", "MemoryFile", "MemoryServer", "Trouble"]


class MemoryServer(Disk):
    """A server without sockets."""

    async def connect(self, endpoint: Endpoint, permit: Permit = granted) -> Session:
        """Open a session, as a `syncd.transport.base.Connect`. Raises LoginRefusedError, BusyError, LaterError."""
        wire = MemoryWire(self, endpoint, permit)
        wire.knock()
        session = FtpSession(wire, endpoint)
        await session.login()
        return session
