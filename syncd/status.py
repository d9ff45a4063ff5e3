"""Questions to the journal: what is going on, what waits, and what a person must do. Values; the verbs print them.

The same answer serves the terminal, JSON and whoever asks next. Only the journal is asked, so a running daemon is not
disturbed, and a stopped one can be asked too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from syncd.attention import attention
from syncd.deliveries import SinkStatus, sinks_status, wants
from syncd.errors import UsageError
from syncd.hosts import HostStatus, hosts_status, missed
from syncd.jobs.missing import Expecting, whats_missing
from syncd.model import AccountState, Audit, ClockSample, Direction, Interchange, State, Step
from syncd.state import Store
from syncd.suppliers.rules import Supplier
from syncd.wording import counted


@dataclass(frozen=True, slots=True)
class Asked:
    """What the configuration says of an account whose status is asked for."""

    name: str
    supplier: Supplier
    enabled: bool
    login_interval: timedelta
    outbox: Path | None
    tls_exceptions: tuple[str, ...] = ()
    """Where its connections are less safe than they could be, and why."""
    expecting: Expecting | None = None
    """None: a watch list, which expects nothing."""


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account at a glance; `word` is one of ok, failing, paused, waiting, disabled, new."""

    name: str
    supplier: str
    word: str
    why: str
    last_success: datetime | None
    next_visit: datetime | None
    next_login: datetime
    """The login gate opens then."""
    tls: str | None
    """Of the last login."""
    tls_exception: str
    """Where its connections are less safe than they could be, and why; empty where they are not."""
    outbox: int | None
    """Files that wait in the outbox; None where it cannot be read."""
    unanswered: int
    """Orders sent and not answered yet."""
    held: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ProblemStatus:
    """One open problem, with what to do about it."""

    account: str | None
    code: str
    message: str
    remedy: str
    since: datetime
    count: int
    host: str = ""
    """Where it is, if it is one host's alone."""


@dataclass(frozen=True, slots=True)
class FileStatus:
    """One interchange in a list."""

    id: int
    account: str
    direction: str
    name: str
    state: str
    kind: str | None
    reason: str | None
    updated: datetime
    host: str = ""
    """Whose spool has its bytes; empty where there is but one host."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the audit trail."""

    at: datetime
    who: str
    verb: str
    account: str
    id: int | None
    """The interchange, where it was about one."""
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at a glance."""

    word: str
    """`ok` or `attention`."""
    problems: list[ProblemStatus]
    accounts: list[AccountStatus]
    sinks: list[SinkStatus]
    recent: list[FileStatus]
    said: list[Said]
    """What people had done lately, newest first."""
    hosts: list[HostStatus] = field(default_factory=list)
    """Those that share the database; empty with SQLite."""


def status(
    store: Store, asked: Iterable[Asked], sample: ClockSample, sinks: Mapping[str, str], recent: int = 10
) -> Status:
    """Answer how things are; `sinks` are the configured ones, by name with their types."""
    problems = [
        ProblemStatus(p.account, p.code, p.message, p.remedy, p.opened_at, p.count, p.host)
        for p in store.journal.problems()
    ]
    problems += [_attention(store, row) for row in store.journal.attention()]
    outlets = sinks_status(store, sinks)
    problems += [_sink_problem(sink, *asks) for sink in outlets if (asks := wants(sink))]
    hosts = hosts_status(store, sample.wall)
    problems += [ProblemStatus(None, *asks, host.seen, 1, host.name) for host in hosts if (asks := missed(host))]
    known, asked = _known(store), list(asked)
    problems += _missing(store, known, asked, sample.wall, problems)
    problems += _stranded(store, known, asked)
    accounts = [_account(store, known, one, sample) for one in asked]
    quiet = not problems and all(account.word in ("ok", "waiting", "new", "disabled") for account in accounts)
    files = [file_status(row) for row in store.journal.recent(recent)]
    words = [said(word) for word in store.journal.audits(limit=WORDS)]
    return Status("ok" if quiet else "attention", problems, accounts, outlets, files, words, hosts)


def _missing(
    store: Store, known: "_Known", asked: Iterable[Asked], now: datetime, told: Sequence[ProblemStatus]
) -> Iterator[ProblemStatus]:
    """Say what should have come and has not, where nobody has noticed it yet."""
    noticed = {(problem.account, problem.code) for problem in told}
    for one in asked:
        state = known.accounts.get(one.name)
        if one.enabled and one.expecting is not None and state is not None:
            for each in whats_missing(store, one.expecting, state, now):
                if (one.name, each.code) not in noticed:
                    yield ProblemStatus(one.name, each.code, each.message, each.remedy, now, 1)


def _stranded(store: Store, known: "_Known", asked: Iterable[Asked]) -> Iterator[ProblemStatus]:
    """Say what nobody looks after, since its account is no longer in the configuration: orders, undelivered files."""
    files = {each.interchange_id: each.account for each in store.journal.pending(store.journal.host)}
    for name in sorted(known.accounts.keys() - {one.name for one in asked}):
        orders = store.journal.open_orders(name)
        waiting = [*orders, *(store.journal.get(number) for number, owner in files.items() if owner == name)]
        if waiting:
            kinds = (counted(len(orders), "order"), counted(len(waiting) - len(orders), "undelivered file"))
            what = " and ".join(kind for kind in kinds if not kind.startswith("0 "))
            message = f"{what} left behind: the configuration has no such account"
            remedy = f"Give the account its name back: renamed, it is another. See: syncd history --account {name}"
            yield ProblemStatus(name, "account-gone", message, remedy, min(row.updated_at for row in waiting), 1)


WORDS = 5
"""Lines of the audit trail that `status` shows."""


def said(word: Audit) -> Said:
    """Describe one line of the audit trail."""
    return Said(word.at, word.who, word.verb, word.account, word.interchange_id, word.what, word.why)


def _attention(store: Store, row: Interchange) -> ProblemStatus:
    code, message, remedy = attention(store, row)
    return ProblemStatus(row.account, code, message, remedy, row.updated_at, 1, row.host)


def _sink_problem(sink: SinkStatus, code: str, message: str, remedy: str) -> ProblemStatus:
    """Say what a sink wants from a person, likewise read off its deliveries."""
    since = sink.dead_since or sink.oldest
    assert since is not None, "it wants something for a file that came in"
    return ProblemStatus(None, code, message, remedy, since, 1)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the journal says of all accounts, asked once."""

    accounts: Mapping[str, AccountState]
    counts: Mapping[str, Mapping[State | Step, int]]
    unanswered: Counter[str]


def _known(store: Store) -> _Known:
    journal = store.journal
    unanswered = Counter(row.account for row in journal.awaiting_answer())
    return _Known({account.name: account for account in journal.accounts()}, journal.counts(), unanswered)


def _account(store: Store, known: _Known, asked: Asked, sample: ClockSample) -> AccountStatus:
    state, counts = known.accounts.get(asked.name), known.counts.get(asked.name, {})
    logins = store.gate.logins(asked.name, 1)
    next_login = store.gate.next_login(asked.name, asked.login_interval, sample)
    if not asked.enabled:
        word, why = "disabled", "enabled = false"
    elif state is None or (state.last_success is None and not state.failures and not state.paused):
        word, why = "new", "never visited yet"
    elif state.paused:
        word, why = "paused", state.pause_reason or ""
    elif state.failures:
        word, why = "failing", f"{counted(state.failures, 'failure', 'failures in a row')}: {state.last_error}"
    elif next_login > sample.wall:
        word, why = "waiting", "for the supplier's login interval"
    else:
        word, why = "ok", ""
    return AccountStatus(
        name=asked.name,
        supplier=asked.supplier.name,
        word=word,
        why=why,
        last_success=state.last_success if state else None,
        next_visit=state.next_due if state else None,
        next_login=max(next_login, sample.wall),
        tls=logins[0].tls if logins else None,
        tls_exception="; ".join(asked.tls_exceptions),
        outbox=_waiting(asked.outbox),
        unanswered=known.unanswered[asked.name],
        held=counts.get(Step.HELD, 0),
        quarantined=counts.get(State.QUARANTINED, 0),
    )


def _waiting(outbox: Path | None) -> int | None:
    """Count the files of an outbox; None where who asks cannot read it: the daemon tells its own trouble with it."""
    from syncd.jobs.outbox import waiting

    try:
        return len(waiting(outbox)) if outbox is not None else 0
    except UsageError:
        return None


def file_status(row: Interchange) -> FileStatus:
    """Describe one interchange in a line."""
    state = f"{row.state} ({row.hold})" if row.hold else str(row.state)
    kind = row.kind or ("ORDER" if row.direction is Direction.OUT else None)
    return FileStatus(row.id, row.account, row.direction, row.name, state, kind, row.reason, row.updated_at, row.host)
