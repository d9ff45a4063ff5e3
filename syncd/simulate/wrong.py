"""A session in which things go wrong: the same core, with the step overridden in which each fault lives."""

import asyncio
import posixpath
from contextlib import suppress
from datetime import timedelta

from syncd.simulate.books import Struck
from syncd.simulate.faults import FILES, Faults, Plan
from syncd.simulate.host import Host, ReplyError
from syncd.simulate.session import Session
from syncd.simulate.tree import Entry
from syncd.simulate.wire import Cut, Wire

HOSTILE = (
    "..",
    ".",
    "../../etc/passwd",
    "/etc/passwd",
    "in/../../passwd",
    "R_900900\\..\\24000001000000001",
    "R_90090024000001000000001\x00.txt",
    "R_900900\x1b[2J24000001000000001",
    "R_900900 24000001000000001 ",
    "R_900900\xfc24000001000000001",
    "-rf",
    "~root",
    "$(reboot).bhd",
    "R_" + "9" * 300,
    "stock\r\n226 Transfer complete.\r\n.bhd",
)
"""Names that no visitor may ever use, least of all as a path of its own."""
LURES = 50_000
ELSEWHERE = "127.0.0.2"
INJECTED = b"200 PBSZ=0\r\n200 Protection set to P.\r\n331 Password.\r\n230 Login successful.\r\n"

FILED = frozenset({"STOR", "RNTO"})
"""What a house may refuse."""


class WrongSession(Session):
    """A visitor who meets faults."""

    def __init__(self, house: Host, wire: Wire, number: int, faults: Faults) -> None:
        super().__init__(house, wire, number)
        self.faults = faults
        self.said = 0
        self.traps: list[asyncio.AbstractServer] = []

    def strikes(self, name: str) -> Plan | None:
        """Return the plan of a fault if it strikes at the command in hand, and write that down."""
        plan = self.faults.strikes(name, self.command.verb)
        if plan is not None:
            self.house.ledger.write(Struck(self.house.clock(), self.account or self.user, name, self.command.verb))
        return plan

    async def drop(self, plan: Plan) -> None:
        """End the control connection as planned; raises ConnectionAbortedError, after a silence when the peer left."""
        self.wire.cut(plan.cut)
        if plan.cut is Cut.SILENCE:
            await self.wire.gone.wait()
        raise ConnectionAbortedError(plan.fault.name)

    # -- commands and replies -------------------------------------------------------------------------------

    async def greet(self) -> None:
        """Greet, or say that there is no service."""
        if self.strikes("421"):
            self.over = True
            await self.reply(421, "Service not available.")
        else:
            await super().greet()

    async def act(self, verb: str, argument: str) -> None:
        """Do a command, unless a fault comes first."""
        if self.strikes("421"):
            raise ReplyError(421, "Service not available.")
        if verb in FILED and self.strikes("refused"):
            raise ReplyError(553, "Refused.")
        if plan := self.strikes("unheard"):
            await self.drop(plan)
        if verb == "PASS":
            self._refuse_login()
        await super().act(verb, argument)

    def _refuse_login(self) -> None:
        banned = self.faults.banned.get(self.user)
        if (banned is not None and self.house.clock() < banned) or self.strikes("530"):
            self.house.admit(self, "\0")  # no password has a NUL: the login counts, and is refused
        elif plan := self.strikes("login-ban"):
            self.faults.banned[self.user] = self.house.clock() + timedelta(seconds=plan.number)

    async def reply(self, code: int, text: str, *, lines: tuple[str, ...] = ()) -> None:
        """Answer, unless the answer is lost, cut in half, or has no end."""
        done = 200 <= code < 400
        lost = {"RNFR": "lost-rnfr-reply", "RNTO": "lost-rnto-reply"}.get(self.command.verb, "lost-226")
        if done and (plan := self.strikes(lost)):
            await self.drop(plan)
        if done and (plan := self.strikes("half-reply")):
            await self.say(f"{code} {text}"[: 3 + len(text) // 2].encode("latin-1"))
            await self.drop(plan)
        if done and self.strikes("endless-line"):
            while True:
                await self.say(b"x" * 4096)
        await super().reply(code, text, lines=lines)

    async def say(self, data: bytes) -> None:
        """Put bytes on the control connection, slowly, or up to the byte where it ends."""
        if plan := self._slow():
            await asyncio.sleep(plan.number)
        if data.startswith(b"234") and self.strikes("injected-plaintext"):
            data += INJECTED
        cut = self.faults.planned("cut-control-at")
        if cut is not None and self.said + len(data) > cut.number and self.strikes("cut-control-at"):
            await super().say(data[: max(int(cut.number) - self.said, 0)])
            await self.drop(cut)
        self.said += len(data)
        await super().say(data)

    # -- files ----------------------------------------------------------------------------------------------

    def came(self, path: str, content: bytes, whole: bool) -> None:
        """Take a file, unless it vanishes."""
        if not self.strikes("vanish-on-arrival"):
            super().came(path, content, whole)

    def opened(self, path: str) -> bytes:
        """Return a file, which may be gone by that."""
        content = super().opened(path)
        if self.strikes("delete-on-read"):
            self.directory(path).pop(posixpath.basename(path), None)
        return content

    def went(self, path: str, content: bytes, whole: bool) -> None:
        """Note that a file went out; another may stand in its place then."""
        super().went(path, content, whole)
        if whole and self.strikes("same-name-new-content"):
            self.directory(path)[posixpath.basename(path)] = self.house.revised(content)

    def existing(self, argument: str) -> str:
        """Return a path; asking for a hostile name is a violation."""
        if argument in HOSTILE and self.faults.planned("hostile-names"):
            self.house.violate(self, "hostile-name", "a name was used that leads out of the directory")
        return super().existing(argument)

    def listed(self, entries: list[Entry]) -> list[Entry]:
        """Return what a listing shows, and what it should not."""
        now = self.house.clock()
        if self.strikes("hostile-names"):
            entries = [*(Entry(name, 1000, now) for name in HOSTILE), *entries]
        if self.strikes("listing-50000"):
            entries = [*entries, *(Entry(f"lure-{number:05d}.txt", number, now) for number in range(LURES))]
        return entries

    # -- the data connection --------------------------------------------------------------------------------

    async def announce(self, host: str, port: int) -> None:
        """Say where the door is, or lead into a trap."""
        if self.strikes("passive-elsewhere"):
            await self._trap(ELSEWHERE, port)
            host = ELSEWHERE
        elif plan := self.strikes("passive-port-elsewhere"):
            port = await self._trap(host, int(plan.number))
        await super().announce(host, port)

    async def _trap(self, host: str, port: int) -> int:
        try:
            trap = await asyncio.get_running_loop().create_server(lambda: Wire(self._trapped), host, port)
        except OSError:  # nothing listens there: the visitor is simply refused
            return port
        self.traps.append(trap)
        return int(trap.sockets[0].getsockname()[1])

    def _trapped(self, wire: Wire) -> None:
        self.house.watch(wire)
        self.house.violate(self, "data-elsewhere", "a data connection was made outside the address or port range")
        wire.reset()

    def end(self) -> None:
        """Leave, and take the traps away."""
        for trap in self.traps:
            trap.close()
        super().end()

    def finish(self, wire: Wire) -> None:
        """End a data connection, in order or without close_notify."""
        if self.strikes("no-close-notify"):
            wire.cut(Cut.FIN)
        else:
            super().finish(wire)

    async def transmit(self, wire: Wire, content: bytes) -> int:
        """Send, up to where a fault lies."""
        if self.strikes("endless-file"):
            with suppress(ConnectionError):
                while True:
                    await wire.send(content or b"\0")
            return -1
        if plan := self.strikes("cut-data-at") or self.strikes("cut-both-at"):
            with suppress(ConnectionError):
                await wire.send(content[: int(plan.number)])
            await self._cut_data(wire, plan)
            return -1
        if self.command.verb in FILES and self.strikes("lying-226"):
            await super().transmit(wire, content[: len(content) // 2])
            return len(content)
        if plan := self._slow():
            return await self._trickle(wire, content, plan)
        return await super().transmit(wire, content)

    def _slow(self) -> Plan | None:
        """Tell how slow to be; not written down, as it strikes at every turn."""
        return self.faults.strikes("slow", self.command.verb)

    async def _trickle(self, wire: Wire, content: bytes, plan: Plan) -> int:
        with suppress(ConnectionError):
            for start in range(0, len(content), 1024):
                await asyncio.sleep(plan.number)
                await wire.send(content[start : start + 1024])
        return await super().transmit(wire, b"") + len(content)

    async def _cut_data(self, wire: Wire, plan: Plan) -> None:
        wire.cut(plan.cut)
        if plan.fault.name == "cut-both-at":
            self.wire.cut(plan.cut)
        if plan.cut is Cut.SILENCE:
            await wire.gone.wait()

    async def receive(self, wire: Wire) -> tuple[bytes, bool]:
        """Read a file, up to where a fault lies."""
        if plan := self.strikes("cut-data-at") or self.strikes("cut-both-at"):
            content = await self._read_until(wire, int(plan.number))
            await self._cut_data(wire, plan)
            return content, False
        content, whole = await super().receive(wire)
        if self.strikes("lying-226"):
            return content[: len(content) // 2], True
        return content, whole

    async def _read_until(self, wire: Wire, number: int) -> bytes:
        content = bytearray()
        with suppress(ConnectionError):
            while len(content) < number and (block := await wire.read()):
                content += block
        return bytes(content[:number])
