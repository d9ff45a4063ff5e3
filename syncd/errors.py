"""The tree of errors, ordered by what the daemon does about each.

Five families: stop (nothing can go on), later (try again in time), quarantine (the bytes are kept, nobody gets them),
hold (a person must look before anything is sent again), person (an account waits for somebody to act).
Every error says what happened and where, and `remedy` says what an operator does next. Foreign exceptions stop at the
border of the room that knows the library: no other room ever sees an `aioftp` or `sqlalchemy` exception.

`code` is stable and documented; `exit_status` is what the command line returns (docs/cli.md).
"""

import errno
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from syncd.model import Finding


class SyncdError(Exception):
    """Anything syncd says to an operator; `str()` is the sentence, `remedy` the next step."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


# -- stop: the program cannot go on ---------------------------------------------------------------------------


class StopError(SyncdError):
    """Nothing can be done until somebody changes something."""


class ConfigError(StopError):
    """The configuration cannot be used; the message names file, line and key."""

    code = "config"
    exit_status = 2


class UsageError(StopError):
    """What was asked cannot be done: an unknown account, a file that is not there."""

    code = "usage"
    exit_status = 2


class StateLockedError(StopError):
    """Another syncd holds this state directory."""

    code = "state-locked"
    exit_status = 6


class StateDamagedError(StopError):
    """The state database is damaged, or of another version than the program."""

    code = "state-damaged"
    exit_status = 7


class ConflictError(StopError):
    """A step of an interchange was asked for that is not where the caller believes; nothing was changed."""

    code = "state-conflict"

    def __init__(self, message: str, *, expected: str, found: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.expected = expected
        self.found = found


# -- later: temporary, the next visit tries again ---------------------------------------------------------------


class LaterError(SyncdError):
    """It did not work now; nothing is lost and nothing is in doubt."""

    code = "later"
    exit_status = 3


class TooEarlyError(LaterError):
    """The login gate refuses: the supplier's login interval has not passed, or another session holds the account."""

    code = "login-window"

    def __init__(self, message: str, *, until: datetime, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.until = until


class ConnectionLostError(LaterError):
    """The connection could not be made, or broke; the session must not be used again."""

    code = "connection-lost"


class TimedOutError(LaterError):
    """The server did not answer in time; the session must not be used again."""

    code = "timed-out"


class BusyError(LaterError):
    """The server answered 421, or another 4xx reply: not now."""

    code = "server-busy"


class ProtocolError(LaterError):
    """The server broke the protocol (an unreadable reply, a port outside the range, plaintext behind AUTH TLS)."""

    code = "protocol"


class TlsError(LaterError):
    """No acceptable TLS: the handshake failed, or the certificate is not the one we trust."""

    code = "tls"


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a disk, a quota or a file system's longest file is full."""


class DiskFullError(LaterError):
    """The disk cannot take it; nothing was fetched that the server would delete."""

    code = "disk-full"


class SinkError(LaterError):
    """A sink could not take a delivery now; it is tried again, not before `retry_after` where the target named it."""

    code = "sink"

    def __init__(self, message: str, *, retry_after: timedelta | None = None, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class BaseMissingError(SinkError):
    """The target does not hold the list that these changes start from; it is handed the whole list at once."""

    code = "base-missing"


class SinkRefusedError(SinkError):
    """The target will never take this batch as it is."""

    code = "sink-refused"


# -- quarantine: the bytes are kept and handed to nobody --------------------------------------------------------


class QuarantineError(SyncdError):
    """The file is not what it must be; its bytes are kept in quarantine and nothing of it is handed on."""

    code = "quarantine"
    exit_status = 5


class RejectedError(QuarantineError):
    """The content breaks the format; `findings` say which line, which field and why."""

    code = "rejected"

    def __init__(self, message: str, *, findings: "Sequence[Finding]" = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.findings = tuple(findings)


class TruncatedError(QuarantineError):
    """A transfer ended short, whatever the server said of it."""

    code = "truncated"


class SpoolLostError(QuarantineError):
    """The bytes of one file are gone from the spool, or are not those that were put there; all others are unharmed."""

    code = "spool-lost"


# -- hold: it may have been taken; only evidence or a person decides --------------------------------------------


class DoubtError(SyncdError):
    """The command that makes an order count went out, and its reply did not come back."""

    code = "in-doubt"
    exit_status = 3


# -- person: an account waits for somebody ----------------------------------------------------------------------


class PersonError(SyncdError):
    """The account is paused and a problem is open until a person acts."""

    code = "person"
    exit_status = 4


class LoginRefusedError(PersonError):
    """The server refused the login (530)."""

    code = "login-refused"


class RefusedError(PersonError):
    """The server refused a command for good (5xx)."""

    code = "refused"
    exit_status = 1

    def __init__(self, message: str, *, reply: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.reply = reply


class ForbiddenError(PersonError):
    """We were about to send a command that this supplier forbids, or that a rehearsal must not send."""

    code = "forbidden"
    exit_status = 1


# -- after it --------------------------------------------------------------------------------------------------


def let_go(error: BaseException | None) -> None:
    """Forget the frames behind an error that was dealt with.

    They hold each other, and with them a TLS session, a MiB of it, until the garbage collector comes by. Errors may be
    each other's cause: a stream raises the one that it keeps again, while what came of it is handled.
    """
    while error is not None and error.__traceback__ is not None:
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
