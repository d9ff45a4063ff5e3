"""The people around the machine: one who approves what a guard holds, one who puts an old copy of the state back."""

import asyncio
import shutil
from pathlib import Path

from syncd.errors import UsageError
from syncd.jobs import words
from syncd.model import Interchange, Word
from syncd.state import Store, join_state
from syncd.suppliers.rules import Outbound
from tests.sim.machine import Machine, Place

LOOK = 2 * 3600.0
"""Seconds between two looks of the person at what waits for a word."""
REPAIR = 900.0
"""Seconds for which the machine is off while a copy is put back."""
_MEANT = Word("somebody", "approve", "it is meant")
_TWICE = Word("somebody", "quarantine discard", "the other one is asked for")


class People(Machine):
    """What is done by hand."""

    root: Path

    def __init__(self) -> None:
        super().__init__()
        self.approved = 0
        self.restored_at: int | None = None
        """The point at which an old copy was put back."""

    def look(self) -> None:
        """Approve whatever a guard holds, as a process of its own; look again later."""
        held = self.ask("select id, account from interchange where hold = 'guard'")
        if held:
            with join_state(self.state) as store:
                for number, account in held:
                    place = next(each for each in self.places if each.name == account)
                    row = store.journal.get(number)
                    self._decide(store, place, row)
                    self.approved += 1
        if not self.over:
            self.loop.call_later(LOOK, self.look)

    def _decide(self, store: Store, place: Place, row: Interchange) -> None:
        try:
            words.approve(store, self._account(place), row, _MEANT, self.clock.wall(), _no_name)
            self.say(f"somebody approves {row.name}")
        except UsageError:  # the same order is in doubt
            words.discard(store, row, _TWICE, self.clock.wall())
            self.say(f"somebody puts {row.name} away")

    def copy_state(self) -> None:
        """Copy the state directory as it is at this moment."""
        self.say("somebody copies the state")
        inside, self._inline = self._inline, 0  # the copy's own files are no points
        try:
            shutil.copytree(self.state, self.root / "copy", ignore=shutil.ignore_patterns("*-shm"))
        finally:
            self._inline = inside

    async def put_back(self) -> None:
        """Switch the machine off, put the copy in the state's place, and switch it on again."""
        self.restored_at = self.points
        self.power.clear()
        self.reboot()
        await asyncio.sleep(REPAIR)
        if (self.root / "copy").is_dir():
            shutil.rmtree(self.state)
            shutil.move(self.root / "copy", self.state)
            self.say("somebody has put an old copy of the state back")
        self.power.set()


def _no_name(_: Outbound, name: str) -> str:
    raise AssertionError(f"{name} is taken")
