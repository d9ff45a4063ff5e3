"""The client's side in memory: a wire and a data connection to a `Disk`, with its troubles."""

from syncd.errors import ConnectionLostError, TimedOutError
from syncd.transport.base import Endpoint, Permit
from syncd.transport.guard import Guard
from syncd.transport.memory.disk import Disk, Fault
from syncd.transport.memory.visit import Transfer, Visit
from syncd.transport.wire import Reply

BLOCK = 2**16


class MemoryWire:
    """A control connection to a `Disk`; implements `syncd.transport.wire.Wire`."""

    def __init__(self, disk: Disk, endpoint: Endpoint, permit: Permit) -> None:
        self.permit = permit
        self.sent: list[str] = []
        self._disk = disk
        self._user = endpoint.user
        self._guard = Guard(endpoint.commands)
        self._visit = Visit(disk, endpoint.user)
        self.alive = True

    @property
    def tls_version(self) -> str | None:
        """There is no TLS in memory."""
        return None

    def knock(self) -> None:
        """Connect, unless that is where the trouble is."""
        trouble = self._disk.take_trouble("CONNECT")
        if isinstance(trouble, Reply):
            raise trouble.refusal("connect")
        self._stumble(trouble)

    async def ready(self) -> None:
        """Raise unless the account is ours and the connection stands."""
        await self.permit()
        if not self.alive:
            raise ConnectionLostError("this session has ended", remedy="the next visit logs in again")

    async def ask(self, verb: str, argument: str = "") -> Reply:
        """Have a command done, or what the server's trouble makes of it."""
        self._guard.check(verb, argument)
        await self.ready()
        line = "PASS ****" if verb == "PASS" else f"{verb} {argument}".rstrip()
        self.sent.append(line)
        trouble = self._disk.take_trouble(verb)
        self._stumble(trouble)
        self._disk.log.append((self._user, line))
        if isinstance(trouble, Reply):
            return trouble
        self._visit.fault = trouble
        reply = self._visit.do(verb, argument)
        if trouble is Fault.UNANSWERED and reply.kind != 1:
            raise _lost()
        return reply

    async def hear(self, patience: float | None = None) -> Reply:
        """Return the reply that ends the transfer under way."""
        if self._visit.fault in (Fault.UNANSWERED, Fault.CUT):
            raise _lost()
        return Reply(226, "Transfer complete")

    async def dial(self) -> "MemoryData":
        """Ask for a data connection."""
        reply = await self.ask("PASV")
        if reply.code != 227:
            raise reply.refusal("PASV")
        return MemoryData(self._visit)

    async def leave(self) -> None:
        """Say QUIT and close."""
        if self.alive:
            self.sent.append("QUIT")
            self._disk.log.append((self._user, "QUIT"))
        self.cut()

    def cut(self) -> None:
        """Close the session for good."""
        self.alive = False
        self._visit.end()

    def _stumble(self, trouble: Fault | Reply | None) -> None:
        if trouble is Fault.UNHEARD:
            raise _lost()
        if trouble is Fault.SILENT:
            raise TimedOutError("the server did not answer in time", remedy="the next visit tries again")


class MemoryData:
    """A data connection to a `Visit`; implements `syncd.transport.wire.Data`."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._transfer = Transfer()
        self._left = b""
        self._fault: Fault | None = None

    async def start(self) -> None:
        """Take up what the transfer command wants."""
        assert self._visit.transfer is not None
        self._transfer, self._fault = self._visit.transfer, self._visit.fault
        self._left = self._what_passes(self._transfer.outgoing)

    async def read(self) -> bytes:
        """Return the next block, empty at the end."""
        block, self._left = self._left[:BLOCK], self._left[BLOCK:]
        if not block and self._fault is Fault.CUT:
            raise _lost()
        return block

    async def send(self, payload: bytes) -> None:
        """Hand over all of it."""
        assert self._transfer.keep is not None
        self._transfer.keep(self._what_passes(payload))

    @property
    def ended_well(self) -> bool:
        """Whether the data ended as it should."""
        return self._fault is not Fault.NO_GOODBYE

    def close(self) -> None:
        """Close it: there is nothing to close."""

    def _what_passes(self, data: bytes) -> bytes:
        return data[: len(data) // 2] if self._fault in (Fault.CUT, Fault.SHORT) else data


def _lost() -> ConnectionLostError:
    return ConnectionLostError("the server closed the connection", remedy="the next visit tries again")
