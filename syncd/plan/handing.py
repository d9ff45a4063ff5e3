"""How a sink gets a file: under which key, and of a list that is a state whether whole, as changes, or not at all."""

import hashlib
from enum import Enum

from syncd.model import Base


class Handing(Enum):
    """How a list that is a state is handed to a sink that wants changes only."""

    WHOLE = "whole"
    CHANGES = "changes"
    NOT = "not"
    """The sink has a later one."""


def plan_handing(base: Base | None, number: int, stamp: str) -> Handing:
    """Decide how to hand over a list, given the one that the sink has taken last.

    Changes are told against that one, whatever was missed between. Where the sink may hold a part of other changes, and
    where it is handed the same list again, only the whole list says for certain what there is.
    """
    if base is None:
        return Handing.WHOLE
    if (stamp, number) < (base.stamp, base.interchange_id):
        return Handing.NOT
    certain = base.interchange_id != number and base.trying in (None, number)
    return Handing.CHANGES if certain else Handing.WHOLE


def changes_key(base: str, key: str) -> str:
    """Return the key of changes: of the list that they lead to, and of the one that they start from."""
    return hashlib.sha256(f"{base}\n{key}".encode()).hexdigest()


def delivery_key(account: str, name: str, sha256: str) -> str:
    """Return what stays the same over every repetition of a delivery: account, name and content."""
    return hashlib.sha256("\n".join((account, name, sha256)).encode()).hexdigest()
