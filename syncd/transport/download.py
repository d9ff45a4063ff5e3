"""A download under way, and how the end of any data connection is judged.

Rule 1: the blocks come first; the server's word is only read when the caller has them safe on disk and confirms.
Rule 2: a transfer is whole when the server says 2xx *and*, with TLS, said goodbye: a cut connection looks like an end.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from syncd.errors import ForbiddenError, ProtocolError, TruncatedError
from syncd.transport.base import Endpoint
from syncd.transport.wire import Data, Wire


@contextmanager
def cut_on_error(wire: Wire) -> Iterator[None]:
    """Cut the wire whatever goes wrong, cancellation included."""
    try:
        yield
    except BaseException:
        wire.cut()
        raise


def check_end(data: Data, endpoint: Endpoint, doing: str) -> None:
    """Raise TruncatedError where a strict TLS end is asked for and missing."""
    if endpoint.strict_tls_end and not data.ended_well:
        raise TruncatedError(
            f"{doing}: the data ended without TLS close_notify, so it may have been cut short",
            remedy="if this server always ends like this, allow it with a lenient TLS end for this account",
        )


class FtpDownload:
    """A RETR under way; implements `syncd.transport.base.Download`."""

    def __init__(self, wire: Wire, data: Data, name: str, endpoint: Endpoint) -> None:
        self._wire = wire
        self._data = data
        self._endpoint = endpoint
        self._left = endpoint.max_file
        self._read = False
        self.name = name
        self.confirmed = False

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Raises LaterError; breaking off early cuts the session."""
        with cut_on_error(self._wire):
            while block := await self._data.read():
                await self._wire.permit()
                self._left -= len(block)
                if self._left < 0:
                    raise ProtocolError(
                        f"RETR {self.name}: the file is larger than the limit of {self._endpoint.max_file} bytes",
                        remedy="no supplier sends such files; show it to the supplier",
                    )
                yield block
            self._read = True

    async def confirm(self) -> None:
        """Read the final 2xx. Raises LaterError, TruncatedError (no 2xx, or a strict TLS end is missing)."""
        with cut_on_error(self._wire):
            if not self._read:
                raise ForbiddenError(f"RETR {self.name}: not read to its end", remedy="read all blocks, then confirm")
            reply = await self._wire.hear()
            self._data.close()
            if reply.kind != 2:
                raise TruncatedError(
                    f"RETR {self.name}: the transfer ended with {reply}", remedy="the next visit fetches it again"
                )
            check_end(self._data, self._endpoint, f"RETR {self.name}")
            self.confirmed = True
