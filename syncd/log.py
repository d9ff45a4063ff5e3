"""Logging: one canonical line for each interchange and step, in three dresses, with every secret blacked out.

Console on a terminal, JSON elsewhere, and under systemd lines that the journal understands (`<6>` first, no time: the
journal has its own). Lines of the libraries we use come through the same pipe, from WARNING up. `EVENTS` is the
catalogue of event ids; they are English and stable, and docs/logs.md names them all.

Rule 1: a value that was `hide`den appears in no line, not even inside an exception.
Rule 2: what a server sent cannot break a line or colour a terminal: control characters are escaped.
"""

import io
import json
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast
from urllib.parse import quote

from syncd.masking import BLACKED, SHORT, forms

EVENTS: Mapping[str, str] = {
    "login": "A session with a supplier's server began.",
    "visit.failed": "A visit ended early; the next one goes on where it stopped.",
    "visit.overtaken": "A visit ended at once: another syncd has the account, since this one stood still.",
    "listing.unread": "A listing has lines that cannot be read, or that name what no file may be called; told once.",
    "file.left": "A file was left at the supplier: no room for it, larger than any, or refused again.",
    "file.spooled": "An inbound file is on our disk.",
    "file.parsed": "An inbound file was judged whole, and its deliveries are due.",
    "file.repeats": (
        "Goods or reports of a file were handed over before: "
        "they are left out of its records; a raw copy still has them."
    ),
    "file.delivered": "A sink has an inbound file.",
    "list.same-stamp": "A stock list has the stamp of the one in use and other bytes: the later arrival counts.",
    "list.whole": "A sink that wants changes gets a whole list: it does not hold the one before, or we do not.",
    "list.late": "A sink that wants changes has a later stock list, and gets nothing of this one.",
    "file.delivery-failed": "A sink could not take a file now; it is tried again.",
    "file.dead-letter": "A sink does not take a file; it is not tried again before a person asks for it.",
    "file.removed": "An inbound file was removed from the server after it was accepted.",
    "file.partial": "A download broke; what came is in quarantine.",
    "file.held": "A stock list is accepted and handed to nobody until a person approves it.",
    "file.quarantined": "A file is not what it must be; its bytes are kept and nobody gets them.",
    "spool.tidied": "The bytes of files that are long done were removed from the spool; their rows stay.",
    "spool.put-aside": "The spool held a file unknown to the database, as in an older copy; it is in quarantine.",
    "state.restored": "The state is an older copy: every order that it believes unsent, or has forgotten, is held.",
    "order.queued": "An order is in the spool, checked, and goes out with the next visit.",
    "order.storing": "An order is about to be uploaded under a temporary name.",
    "order.stored": "An order lies whole on the server and does not count yet.",
    "order.publishing": "An order is about to count.",
    "order.sent": "An order counts at the supplier.",
    "order.unconfirmed": "The reply to an order's upload was lost; it is not sent again.",
    "order.confirmed": "The supplier's answer names the order.",
    "order.held": "A person must look at an order before anything is done with it.",
    "order.quarantined": "A file in the outbox may not be sent.",
    "lines.unanswered": "Nothing was heard of order lines for as long as the account allows.",
    "ola.reserved": "The supplier took a reservation.",
    "ola.not-reserved": "A reservation was refused, or never sent: nothing was ordered.",
    "ola.unclear": "The supplier failed while it entered a reservation; a person must ask.",
    "account.failed": "A mistake in syncd itself ended an account's turn; the others go on.",
    "daemon.started": "The daemon runs.",
    "daemon.stopped": "The daemon ended in order.",
    "state.away": "The state could not be written, a full disk or a busy database; the next heartbeat tries again.",
    "config.refused": "A changed configuration is wrong; the old one stays in force.",
    "outbox.not-watched": "An outbox cannot be watched; it is looked through at every heartbeat instead.",
}
"""Event id to sentence."""

_SECRET_KEY = re.compile(r"pass(word|wd|phrase)?$|secret|token|authorization|^acct$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}

_hidden: frozenset[str] = frozenset()

Event = MutableMapping[str, Any]


def hide(secret: str) -> None:
    """Black out a value in every line from now on: as it is, and as URLs, JSON and Python write it."""
    global _hidden  # noqa: PLW0603 - what is secret is secret to the whole process
    for form in forms(secret):
        _hidden |= {form, quote(form, safe="", errors="surrogateescape"), json.dumps(form)[1:-1], repr(form)[1:-1]}


def blacked(text: str) -> str:
    """Return a text with every hidden value blacked out; a short one only where it is the whole text."""
    if text in _hidden:
        return BLACKED
    for secret in sorted(_hidden, key=len, reverse=True):
        if len(secret) >= SHORT:
            text = text.replace(secret, BLACKED)
    return text


def configure(format: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:  # noqa: A002 - the key's name
    """Set up logging for the process: `auto`, `console`, `json` or `journal`; to stderr unless told otherwise."""
    import structlog

    out = stream or sys.stderr
    lossy = cast("TextIO", _Lossy(out))
    chosen = _format_for(out) if format == "auto" else format
    first: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        *([] if chosen == "journal" else [structlog.processors.TimeStamper(fmt="iso", utc=True)]),
        structlog.processors.format_exc_info,
        _black_out,
    ]
    last = _renderer(chosen, out)
    structlog.configure(
        processors=[*first, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(lossy),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _black_out, last],
    )
    _route_libraries(formatter, level, lossy)


class _Lossy(io.TextIOBase):
    """A stream whose lines are lost where it cannot be written, as on a full disk: nothing waits for the log."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._out.write(text)
            self._out.flush()
        return len(text)


def _route_libraries(formatter: logging.Formatter, level: str, stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))


def _format_for(stream: TextIO) -> str:
    if stream.isatty():
        return "console"
    return "journal" if _is_journal(stream) else "json"


def _is_journal(stream: TextIO) -> bool:
    """Tell whether systemd connected this very stream to the journal; a child inherits the variable as well."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _renderer(chosen: str, stream: TextIO) -> Any:
    import structlog

    match chosen:
        case "console":
            colors = stream.isatty() and not os.environ.get("NO_COLOR")
            return structlog.dev.ConsoleRenderer(colors=colors)
        case "journal":
            return _journal_line
        case _:
            return structlog.processors.JSONRenderer()


def _journal_line(_logger: object, _method: str, event: Event) -> str:
    """Write `<6>file.spooled account=cb file=A.bhd`: one line, whatever stands in it."""
    priority = _PRIORITIES[event.pop("level", "info")]
    words = [f"{key}={_word(value)}" for key, value in event.items() if key != "event"]
    return f"<{priority}>" + " ".join([_word(event["event"], plain=True), *words])


def _word(value: object, *, plain: bool = False) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    one_line = text.replace("\n", "\\n")
    return one_line if plain or re.fullmatch(r'[^\s"=]+', text) else json.dumps(text, ensure_ascii=False)


def _black_out(_logger: object, _method: str, event: Event) -> Event:
    """Hide secrets by key and by value."""
    private = [key for key in event if key.startswith("_")]
    kept = {key: event.pop(key) for key in private}
    clean = {key: BLACKED if _SECRET_KEY.search(key) else _clean(value) for key, value in event.items()}
    event.clear()
    event.update(clean | kept)
    return event


def _clean(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_text(key): BLACKED if _SECRET_KEY.search(str(key)) else _clean(v) for key, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item) for item in value]
        case _:
            return _text(value)


def _text(value: object) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", blacked(str(value)))
