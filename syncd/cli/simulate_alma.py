"""`syncd simulate alma`: a library's web service on this machine."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from syncd.cli.stay import Stay
from syncd.simulate.alma import AlmaHouse, parse_faults

if TYPE_CHECKING:
    from syncd.cli.stay import AnyHouse

SEARCH_KEY = "BTJ-PR"


class AlmaStay(Stay):
    """One opening of the house at a library. It knows an account, and no password."""

    folders: ClassVar[tuple[str, ...]] = ("posts",)

    def password(self) -> str:
        """Return nothing: whoever knows the address may post."""
        self.made_up = False
        return ""

    def open(self, password: str) -> AlmaHouse:
        """Make the house. Raises UsageError for a fault that does not exist, or an account that cannot be one."""
        return AlmaHouse(
            {self.user: SEARCH_KEY}, clock=lambda: datetime.now(UTC), port=self.port, faults=parse_faults(self.faults)
        )

    def account(self, port: int) -> str:
        """Write the sink as a table for syncd's configuration."""
        house = self.open("")
        house.port = port
        values = {
            "type": "alma",
            "endpoint": house.endpoint,
            "supplier": SEARCH_KEY,
            "account": self.user,
            "path": self.directory / "sink",
            "request": "form",
        }
        return "\n".join(["[sink.libra]", *(f'{key} = "{value}"' for key, value in values.items())])

    def summary(self, house: "AnyHouse") -> str:
        """Say in one line what its books come to."""
        again = sum(bool(post.repeat_of) for post in house.posts)
        taken = sum(post.taken for post in house.posts)
        return (
            f"posts: {len(house.posts)}, taken: {taken} ({again} of them the same again), "
            f"violations: {len(house.violations)}"
        )
