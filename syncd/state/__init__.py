"""What we remember: the journal of every file, the login gate, and the bytes themselves (docs/state.md).

Everything here is synchronous and has no clock: callers run it on one thread of their own and pass aware times in.
SQLite is the default, PostgreSQL a URL; no exception of either leaves this room.
"""

from syncd.state.gate import Gate
from syncd.state.journal import Journal
from syncd.state.journal_hosts import SILENT
from syncd.state.spool import Draft, Spool, is_partial
from syncd.state.store import Store, join_state, open_state, read_state, upgrade

__all__ = [
    "SILENT",
    "Draft",
    "Gate",
    "Journal",
    "Spool",
    "Store",
    "is_partial",
    "join_state",
    "open_state",
    "read_state",
    "upgrade",
]
