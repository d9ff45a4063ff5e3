"""A place to test a session against: a real server, or the one in memory."""

from typing import Protocol

from syncd.transport.base import Session


class Place(Protocol):
    """An account with the directories `in` and `out`, seen from both sides."""

    async def connect(self, **overrides: object) -> Session:
        """Log in, with fields of the endpoint changed."""
        ...

    def put(self, directory: str, name: str, data: bytes) -> None:
        """Lay a file into a directory, as the supplier would."""
        ...

    def read(self, directory: str, name: str) -> bytes:
        """Return what a file holds."""
        ...

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, sorted."""
        ...
