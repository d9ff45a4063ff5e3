"""Order-confirm records in doubt, and the person's word that ends the doubt; beside a running daemon."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from syncd.app import now, who
from syncd.config import Settings
from syncd.errors import UsageError
from syncd.model import Word
from syncd.sinks.alma.posted import Posted
from syncd.sinks.alma.settings import AlmaSettings
from syncd.state import join_state
from syncd.wording import counted


@dataclass(frozen=True, slots=True)
class Doubt:
    """A record whose answer was lost."""

    sink: str
    key: str
    record: Mapping[str, str]
    """The fields that are known."""

    def said(self) -> str:
        """Say which line it is."""
        return ", ".join(f"{name} {self.record[name]}" for name in ("reference", "isbn", "mark") if name in self.record)


def alma_sinks(settings: Settings) -> dict[str, AlmaSettings]:
    """Return the sinks of type alma by name."""
    return {name: sink.settings for name, sink in settings.sinks.items() if isinstance(sink.settings, AlmaSettings)}


def doubts(settings: Settings) -> Iterator[Doubt]:
    """Yield the records of every sink whose answer was lost."""
    for name, sink in alma_sinks(settings).items():
        yield from (Doubt(name, key, record) for key, record in Posted(sink.path).doubts().items())


def settle(settings: Settings, start: str, why: str, *, taken: bool) -> Doubt:
    """End the doubt about the record whose key begins so. Raises UsageError, SinkError."""
    found = [each for each in doubts(settings) if each.key.startswith(start)]
    if len(found) != 1:
        raise UsageError(
            f"{counted(len(found), 'record in doubt has', 'records in doubt have')} a key that begins with {start!r}",
            remedy="syncd alma doubts lists them.",
        )
    (doubt,) = found
    word = Word(who(), "alma settle --taken" if taken else "alma settle --not-taken", why)
    with join_state(settings.state_dir, settings.database_url()) as store:
        store.journal.say(word, now(), f"sink {doubt.sink}", doubt.said())
    Posted(alma_sinks(settings)[doubt.sink].path).settle(doubt.key, taken=taken)
    return doubt
