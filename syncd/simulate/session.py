"""One visitor's control connection: a loop over command lines, replies, and the data connections beside it.

The core knows FTP (RFC 959, 2228, 3659, 4217) and no supplier: what may be done is the host's to say (`Host.check`),
and what a file means is the host's affair (`Host.stored`, `Host.renamed`, `Host.read`). The commands themselves are
functions in `verbs`. Every step in which something can go wrong is a method of its own, so that a fault is an override.
"""

import asyncio
import posixpath
import ssl
from contextlib import suppress

from syncd.simulate.books import Command
from syncd.simulate.host import Host, ReplyError, Tls
from syncd.simulate.passive import Door
from syncd.simulate.tree import Directory, Entry, resolve
from syncd.simulate.wire import Wire

BLOCK = 64 * 1024


class Session:
    """A visitor. `account` is set once logged in."""

    def __init__(self, house: Host, wire: Wire, number: int) -> None:
        self.house = house
        self.wire = wire
        self.number = number
        self.user = ""
        self.account = ""
        self.cwd = "/"
        self.ascii = True
        self.protected = house.tls is Tls.IMPLICIT
        self.renaming = ""
        self.door: Door | None = None
        self.data: Wire | None = None
        self.over = False
        self.command = Command(house.clock(), "", number, "", "")

    # -- the control connection -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the visitor until one of us leaves."""
        try:
            if self.house.tls is Tls.IMPLICIT:
                await self.secure()
            await self.greet()
            while not self.over and (line := await self.next_line()) is not None:
                await self.obey(line.decode("latin-1"))
        except (OSError, ssl.SSLError):
            self.over = True
        finally:
            self.end()

    async def next_line(self) -> bytes | None:
        """Wait for a command; a visitor who says nothing for long is sent away."""
        try:
            async with asyncio.timeout(self.house.idle.total_seconds()):
                return await self.wire.readline()
        except TimeoutError:
            await self.reply(421, "Idle for too long, goodbye.")
            return None

    async def greet(self) -> None:
        """Say who we are."""
        await self.reply(220, self.house.banner)

    async def obey(self, line: str) -> None:
        """Write a command down, check it against the rules and do it."""
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        shown = "***" if verb == "PASS" else argument
        self.command = Command(self.house.clock(), self.account or self.user, self.number, verb, shown)
        self.house.ledger.write(self.command)
        try:
            self.house.check(self, verb, argument)
            await self.act(verb, argument)
        except ReplyError as refused:
            self.over = self.over or refused.code == 421
            await self.reply(refused.code, refused.text)

    async def act(self, verb: str, argument: str) -> None:
        """Do a command; raises ReplyError when it cannot be done."""
        entry = self.house.verbs.get(verb)
        if entry is None:
            raise ReplyError(502, "Command not implemented.")
        if entry.after_login and not self.account:
            raise ReplyError(530, "Please login with USER and PASS.")
        await entry.act(self, argument)

    async def reply(self, code: int, text: str, *, lines: tuple[str, ...] = ()) -> None:
        """Answer; `lines` stand between the first and the last line of a longer answer."""
        self.command.replies.append(code)
        if lines:
            text = "\r\n".join([f"{code}-{text}", *(f" {line}" for line in lines), f"{code} End"])
        else:
            text = f"{code} {text}"
        await self.say(text.encode("latin-1", "replace") + b"\r\n")

    async def say(self, data: bytes) -> None:
        """Put bytes on the control connection."""
        await self.wire.send(data)

    async def secure(self) -> None:
        """Put TLS on the control connection."""
        assert self.house.context is not None
        await self.wire.start_tls(self.house.context)

    def end(self) -> None:
        """Leave: nothing of this visitor stays open."""
        self.house.leave(self)
        self.close_door()
        if self.data is not None and not self.data.closing:
            self.data.reset()
        self.wire.close()

    # -- files ----------------------------------------------------------------------------------------------

    def path(self, argument: str) -> str:
        """Return the absolute path that a command names; raises ReplyError when its directory is not there."""
        path = resolve(self.cwd, argument)
        if not argument or posixpath.dirname(path) not in self.house.tree(self.account):
            raise ReplyError(550, "No such file or directory.")
        return path

    def directory(self, path: str) -> Directory:
        """Return the directory in which a path lies."""
        return self.house.tree(self.account)[posixpath.dirname(path)]

    def existing(self, argument: str) -> str:
        """Return the absolute path of a file that is there; raises ReplyError when it is not."""
        path = self.path(argument)
        if posixpath.basename(path) not in self.directory(path):
            raise ReplyError(550, "No such file or directory.")
        return path

    def size(self, path: str) -> int:
        """Return how long a file is said to be."""
        return len(self.directory(path)[posixpath.basename(path)])

    def opened(self, path: str) -> bytes:
        """Return what a reader of a file gets."""
        return self.house.reading(self, path)

    def went(self, path: str, content: bytes, whole: bool) -> None:
        """Note that a file went out; its 226 is still to come."""
        self.house.sent(self, path, content, whole)

    def came(self, path: str, content: bytes, whole: bool) -> None:
        """Take a file that was uploaded; its 226 is still to come."""
        self.house.stored(self, path, content, whole)

    def listed(self, entries: list[Entry]) -> list[Entry]:
        """Return what a listing shows."""
        return entries

    # -- the data connection --------------------------------------------------------------------------------

    async def passive(self) -> None:
        """Open a door for one data connection and say where."""
        self.close_door()
        door = Door()
        try:
            await door.open(self.house.host, self.house.passive_ports, self.house.rng)
        except OSError as full:
            raise ReplyError(425, "No data port is free.") from full
        self.door = door
        await self.announce(self.house.host, door.port)

    async def announce(self, host: str, port: int) -> None:
        """Say where the door is."""
        numbers = ",".join([*host.split("."), str(port // 256), str(port % 256)])
        await self.reply(227, f"Entering Passive Mode ({numbers}).")

    async def open_data(self, text: str) -> Wire:
        """Let the visitor in, say 150, and only then speak TLS; raises ReplyError when there is no data connection."""
        door, self.door = self.door, None
        if door is None:
            raise ReplyError(425, "Use PASV first.")
        try:
            wire = await door.entered(seconds=30)
        except TimeoutError as nobody:
            door.close()
            raise ReplyError(425, "Nobody came to the data port.") from nobody
        self.data = wire
        self.house.watch(wire)
        await self.reply(150, text)
        if self.protected:
            await self.secure_data(wire)
        else:
            wire.release()
        return wire

    async def secure_data(self, wire: Wire) -> None:
        """Put TLS on a data connection; where the house demands it, in the session of the control connection."""
        assert self.house.context is not None
        try:
            await wire.start_tls(self.house.context)
        except (OSError, ssl.SSLError) as failed:
            raise ReplyError(425, "Unable to build data connection: TLS handshake failed.") from failed
        assert wire.tls is not None
        if self.house.reuse_required and not wire.tls.session_reused:
            wire.reset()
            raise ReplyError(522, "SSL connection failed: session reuse required.")

    async def transmit(self, wire: Wire, content: bytes) -> int:
        """Send a file or a listing and end the connection; return how many bytes the kernel took."""
        sent = 0
        with suppress(ConnectionError):
            for start in range(0, len(content), BLOCK):
                block = content[start : start + BLOCK]
                await wire.send(block)
                sent += len(block)
            self.finish(wire)
        return sent

    def finish(self, wire: Wire) -> None:
        """End a data connection in order."""
        wire.close()

    async def receive(self, wire: Wire) -> tuple[bytes, bool]:
        """Read a file to its end; return it, and whether the end was a good one."""
        content = bytearray()
        try:
            while block := await wire.read():
                content += block
        except ConnectionError:
            return bytes(content), False
        whole = wire.ended_well or not self.house.strict_close
        wire.close()
        return bytes(content), whole

    def close_door(self) -> None:
        """Close the passive port, if one is open."""
        if self.door is not None:
            self.door.close()
            self.door = None
