"""An OLA session without a socket: what to say after what was heard, as a table of states (5.1, 5.3).

Rule 1: bytes in, answers and bytes out. No socket, no clock: who reads and how long one waits is the transport's.
Rule 2: the document quotes no prompts and no words of refusal, so both prompts are settings, and a login counts as
refused when a prompt comes a second time. It shows nothing after a good login, so only the first answer proves it.
Rule 3: until then one query at a time is under way, and no reservation: a line typed into a login prompt is lost.
Rule 4: queries are pipelined and answered in order; a reservation is under way alone.
Rule 5: what does not fit ends the session; `failure` says why, `pending` whose answers are lost. Nothing is repeated.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from syncd.errors import ConfigError, ConnectionLostError, LoginRefusedError, ProtocolError, SyncdError
from syncd.formats.ola import ENCODING, END, Answer, Question, read_answer
from syncd.masking import masked

MAX_LINE = 4096
"""Bytes; a longer line is no line of this protocol."""
BLANK = " \r\t\0"
LONGEST_PROMPT = 200
"""Characters of an unfinished line in which a prompt is looked for."""
LOGIN_PROMPT = r"login[^:>?]*[:>?]"
PASSWORD_PROMPT = r"passwor[dt][^:>?]*[:>?]"  # noqa: S105 - a pattern, not a password
WINDOW = 64
"""Queries that may be under way at once."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in; the prompts are regular expressions for the end of what is shown, without regard to case."""

    user: str
    password: str = field(repr=False)
    login_prompt: str = LOGIN_PROMPT
    password_prompt: str = PASSWORD_PROMPT

    def __post_init__(self) -> None:
        """Refuse what cannot be typed into a telnet session. Raises ConfigError."""
        for name in ("user", "password"):
            if not re.fullmatch(r"[ -~\xa0-\xfe]+", getattr(self, name)):
                raise ConfigError(f"OLA: the {name} must be ISO 8859-1 without control characters and 'ÿ', not empty")


class Phase(Enum):
    """Where a session stands."""

    LOGIN = auto()
    """The login prompt is awaited."""
    PASSWORD = auto()
    """The user name was sent, the password prompt is awaited."""
    UNPROVEN = auto()
    """The password was sent, and no answer was seen yet."""
    PROVEN = auto()
    """A question was answered: the login stands."""
    LEAVING = auto()
    """ENDE was sent."""
    OVER = auto()
    """Ended in order."""
    BROKEN = auto()
    """Ended by `failure`."""


class Heard(Enum):
    """What came from the house."""

    LOGIN_PROMPT = auto()
    PASSWORD_PROMPT = auto()
    PROMPT_AGAIN = auto()
    """Once more exactly what was shown before the user name, or before the password."""
    ECHO = auto()
    """A question that is under way, once, as it was sent."""
    ANSWER = auto()
    """A line with `^` in it."""
    END = auto()
    TEXT = auto()
    """Any other line."""
    HANG_UP = auto()


class Act(Enum):
    """What to do about it."""

    SKIP = auto()
    SEND_USER = auto()
    SEND_PASSWORD = auto()
    ANSWER = auto()
    """Read it as the answer to the oldest question."""
    REFUSED = auto()
    LOST = auto()
    LOST_UNPROVEN = auto()


TABLE: Mapping[tuple[Phase, Heard], tuple[Phase, Act]] = MappingProxyType(
    {
        (Phase.LOGIN, Heard.TEXT): (Phase.LOGIN, Act.SKIP),
        (Phase.LOGIN, Heard.LOGIN_PROMPT): (Phase.PASSWORD, Act.SEND_USER),
        (Phase.LOGIN, Heard.HANG_UP): (Phase.BROKEN, Act.LOST),
        (Phase.PASSWORD, Heard.TEXT): (Phase.PASSWORD, Act.SKIP),
        (Phase.PASSWORD, Heard.PASSWORD_PROMPT): (Phase.UNPROVEN, Act.SEND_PASSWORD),
        (Phase.PASSWORD, Heard.PROMPT_AGAIN): (Phase.BROKEN, Act.REFUSED),
        (Phase.PASSWORD, Heard.HANG_UP): (Phase.BROKEN, Act.LOST_UNPROVEN),
        (Phase.UNPROVEN, Heard.TEXT): (Phase.UNPROVEN, Act.SKIP),
        (Phase.UNPROVEN, Heard.ECHO): (Phase.UNPROVEN, Act.SKIP),
        (Phase.UNPROVEN, Heard.ANSWER): (Phase.PROVEN, Act.ANSWER),
        (Phase.UNPROVEN, Heard.PROMPT_AGAIN): (Phase.BROKEN, Act.REFUSED),
        (Phase.UNPROVEN, Heard.END): (Phase.BROKEN, Act.LOST_UNPROVEN),
        (Phase.UNPROVEN, Heard.HANG_UP): (Phase.BROKEN, Act.LOST_UNPROVEN),
        (Phase.PROVEN, Heard.ECHO): (Phase.PROVEN, Act.SKIP),
        (Phase.PROVEN, Heard.ANSWER): (Phase.PROVEN, Act.ANSWER),
        (Phase.PROVEN, Heard.END): (Phase.BROKEN, Act.LOST),
        (Phase.PROVEN, Heard.HANG_UP): (Phase.BROKEN, Act.LOST),
        (Phase.LEAVING, Heard.TEXT): (Phase.LEAVING, Act.SKIP),
        (Phase.LEAVING, Heard.END): (Phase.OVER, Act.SKIP),
        (Phase.LEAVING, Heard.HANG_UP): (Phase.OVER, Act.SKIP),
    }
)
"""What follows from where we stand and what was heard; a pair that is missing breaks the protocol."""

FAILURES: Mapping[Act, tuple[type[SyncdError], str, str]] = MappingProxyType(
    {
        Act.REFUSED: (
            LoginRefusedError,
            "OLA: the login was refused: the prompt came again",
            "Check user and password in [account.NAME.ola]; they need not be those of the FTP server.",
        ),
        Act.LOST: (ConnectionLostError, "OLA: the server hung up", "Ask again later."),
        Act.LOST_UNPROVEN: (
            ConnectionLostError,
            "OLA: the server hung up before it answered anything",
            "If this goes on, check user and password in [account.NAME.ola].",
        ),
    }
)
"""What ends a session, in words: error, message, remedy."""


@dataclass(slots=True)
class _UnderWay:
    question: Question
    line: str
    echoed: bool = False


class OlaSession:
    """One session: feed it with `receive`, send what `take` returns, ask with `ask`, end with `leave`."""

    def __init__(self, login: Login, window: int = WINDOW) -> None:
        self.phase = Phase.LOGIN
        self.failure: SyncdError | None = None
        self._login = login
        self._window = window
        self._buffer = bytearray()
        self._outgoing = bytearray()
        self._answers: list[Answer] = []
        self._pending: deque[_UnderWay] = deque()
        self._prompts: set[str] = set()
        self._awaited: dict[Phase, tuple[str | None, Heard]] = {
            Phase.LOGIN: (login.login_prompt, Heard.LOGIN_PROMPT),
            Phase.PASSWORD: (login.password_prompt, Heard.PASSWORD_PROMPT),
            Phase.UNPROVEN: (None, Heard.PROMPT_AGAIN),
        }

    @property
    def pending(self) -> tuple[Question, ...]:
        """The questions whose answers are due, oldest first."""
        return tuple(each.question for each in self._pending)

    def take(self) -> bytes:
        """Return what is to be sent now, once."""
        outgoing = bytes(self._outgoing)
        self._outgoing.clear()
        return outgoing

    def may_ask(self, question: Question) -> bool:
        """Tell whether this question may be sent now."""
        if self.phase is Phase.UNPROVEN:
            return not self._pending and not question.ask.orders
        if self.phase is not Phase.PROVEN:
            return False
        if question.ask.orders or (self._pending and self._pending[0].question.ask.orders):
            return not self._pending
        return len(self._pending) < self._window

    def ask(self, question: Question) -> None:
        """Put a question into `take`; only where `may_ask` allows it."""
        if not self.may_ask(question):
            raise RuntimeError(f"not now: {self.phase.name}, {len(self._pending)} under way")
        self._pending.append(_UnderWay(question, question.line))
        self._outgoing += bytes(question)

    def leave(self) -> None:
        """Put ENDE into `take`; only when nothing is under way."""
        if self.phase not in {Phase.UNPROVEN, Phase.PROVEN} or self._pending:
            raise RuntimeError(f"not now: {self.phase.name}, {len(self._pending)} under way")
        self.phase = Phase.LEAVING
        self._outgoing += END.encode() + b"\r\n"

    def receive(self, data: bytes) -> list[Answer]:
        """Take what came, in pieces of any size, and return the answers in it; then look at `failure`."""
        self._buffer += data
        while self.failure is None and (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r").replace(b"\0", b"").lstrip(b" ")
            del self._buffer[: end + 1]
            if line:
                self._hear(self._classify(line.decode(ENCODING)), line)
        self._look_for_a_prompt()
        if len(self._buffer) > MAX_LINE:
            self._fail(ProtocolError("OLA: the server sends a line without end"))
        answers, self._answers = self._answers, []
        return answers

    def receive_eof(self) -> None:
        """Note that the house hung up; then look at `failure`."""
        self._hear(Heard.HANG_UP, b"")

    # -- what was heard -------------------------------------------------------------------------------------

    def _classify(self, text: str) -> Heard:
        if self._is_echo(text):
            return Heard.ECHO
        if text.rstrip(" ") == END:
            return Heard.END
        if "^" in text and self._pending:
            return Heard.ANSWER
        return self._prompt(text, start=r"\A\W*") or Heard.TEXT

    def _is_echo(self, text: str) -> bool:
        for each in self._pending:
            if each.line == text and not each.echoed:
                each.echoed = True
                return True
        return False

    def _look_for_a_prompt(self) -> None:
        """Judge the unfinished line: a prompt is what no line end follows."""
        if heard := self._prompt(self._buffer[-LONGEST_PROMPT:].decode(ENCODING)):
            self._buffer.clear()
            self._hear(heard, b"")

    def _prompt(self, text: str, start: str = "") -> Heard | None:
        shown = text.strip(BLANK)
        if not shown or len(text) > LONGEST_PROMPT or self.phase not in self._awaited:
            return None
        if shown in self._prompts:
            return Heard.PROMPT_AGAIN
        pattern, heard = self._awaited[self.phase]
        if pattern is None or not re.search(rf"{start}(?:{pattern})\Z", shown, re.IGNORECASE):
            return None
        self._prompts.add(shown)
        return heard

    def _hear(self, heard: Heard, line: bytes) -> None:
        if self.phase in {Phase.OVER, Phase.BROKEN}:
            return
        step = TABLE.get((self.phase, heard))
        if step is None:
            said = masked(line.decode(ENCODING), self._login.password)[:80]
            self._fail(ProtocolError(f"OLA: the server said {said!r}, which is no answer, and was not asked for"))
        else:
            self.phase, act = step
            self._act(act, line)

    def _act(self, act: Act, line: bytes) -> None:
        if act is Act.SEND_USER:
            self._outgoing += self._login.user.encode(ENCODING) + b"\r\n"
        elif act is Act.SEND_PASSWORD:
            self._outgoing += self._login.password.encode(ENCODING) + b"\r\n"
        elif act is Act.ANSWER:
            self._answer(line)
        elif act in FAILURES:
            error, message, remedy = FAILURES[act]
            self._fail(error(message, remedy=remedy))

    def _answer(self, line: bytes) -> None:
        try:
            self._answers.append(read_answer(self._pending[0].question, line))
            self._pending.popleft()
        except ProtocolError as error:
            self._fail(ProtocolError(masked(str(error), self._login.password), remedy=error.remedy))

    def _fail(self, error: SyncdError) -> None:
        self.phase = Phase.BROKEN
        self.failure = self.failure or error
