"""The allow-list of commands, asked before a byte leaves.

Rule 1: a command that the session's endpoint does not list is never sent; a rehearsal is a session with a shorter list.
Rule 2: no argument can smuggle a second command (CR, LF, NUL) or a character the wire cannot carry.
Rule 3: files are named by bare names in the current directory: no separators, no leading dot, no control characters.
"""

import re

from syncd.errors import ForbiddenError
from syncd.suppliers.rules import PLUMBING

FILE_VERBS = frozenset({"SIZE", "RETR", "STOR", "RNFR", "RNTO", "DELE"})
_NAME = re.compile(r"(?![. ])[^\x00-\x1f\x7f-\x9f/\\]{1,255}(?<! )")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_bare_name(name: str) -> bool:
    """Tell whether a name can only mean a file in the current directory, and can be shown without harm."""
    return _NAME.fullmatch(name) is not None


class Guard:
    """What one session may send: the plumbing that every session needs, and the verbs its endpoint lists."""

    def __init__(self, commands: frozenset[str]) -> None:
        self._allowed = PLUMBING | commands

    def check(self, verb: str, argument: str) -> None:
        """Pass a command or raise ForbiddenError; a password never stands in the message."""
        if verb not in self._allowed:
            raise ForbiddenError(
                f"{verb} is not allowed in this session",
                remedy="nothing was sent; a rehearsal never writes, and the supplier's rules list what a visit may do",
            )
        shown = "" if verb in ("PASS", "USER") else f" {argument!r}"
        if _CONTROL.search(argument) or not _is_latin(argument):
            raise ForbiddenError(
                f"{verb}{shown}: control characters, or characters outside ISO 8859-1, cannot be sent",
                remedy="change the name, the user or the password in question",
            )
        if verb in FILE_VERBS and not is_bare_name(argument):
            raise ForbiddenError(
                f"{verb}{shown} does not name a file in the current directory",
                remedy="a name has no slash, no leading dot and at most 255 characters",
            )


def _is_latin(text: str) -> bool:
    return not text or max(text) <= "\xff"
