"""The door for one data connection: a listener on a port of the house's range that lets one peer in."""

import asyncio
from random import Random

from syncd.simulate.wire import Wire


class Door:
    """A passive listener; `wire` is set once the peer has come."""

    def __init__(self) -> None:
        self.port = 0
        self.wire: Wire | None = None
        self.closed = False
        self._server: asyncio.AbstractServer | None = None
        self._came = asyncio.Event()

    async def open(self, host: str, ports: range, rng: Random) -> None:
        """Listen on a free port of the range; raises OSError when there is none."""
        first = rng.randrange(len(ports))
        for step in range(len(ports)):
            port = ports[(first + step) % len(ports)]
            try:
                self._server = await asyncio.get_running_loop().create_server(self._accept, host, port)
            except OSError:
                continue
            self.port = port
            return
        raise OSError("no passive port is free")

    def _accept(self) -> Wire:
        return Wire(self._came_in, held=True)

    def _came_in(self, wire: Wire) -> None:
        if self.closed or self.wire is not None:
            wire.reset()
            return
        self.wire = wire
        self._stop_listening()
        self._came.set()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def entered(self, seconds: float) -> Wire:
        """Wait for the peer; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            await self._came.wait()
        assert self.wire is not None
        return self.wire

    def close(self) -> None:
        """Listen no more, and end a connection that is still there."""
        self.closed = True
        self._stop_listening()
        if self.wire is not None and not self.wire.gone.is_set():
            self.wire.reset()
