"""Judge what lies in the spool: whole or quarantined, and in one transaction whose delivery it is.

Works from the spool alone, so it may be repeated at any time, without a login.
"""

from collections.abc import Iterator

import structlog

from syncd.errors import SpoolLostError
from syncd.formats import FORMATS, Record
from syncd.jobs.base import OLA_CHANNEL, Account, Workplace
from syncd.jobs.fetch import keep_partial
from syncd.life import ANSWERS, Answer, answer
from syncd.model import Direction, Finding, Interchange, Parsed, Severity, State, Verdict
from syncd.plan.guards import guard_snapshot
from syncd.state import Spool

log = structlog.get_logger()


async def recover(place: Workplace, account: Account, *, watched: bool = False) -> None:
    """Take up what a stop left behind: adopt complete spool files, keep partial ones, judge what was not judged.

    A watch list's answers and an account's files have a worker each, which takes up its own: `watched` says whose.
    """
    for row in await place.do(place.store.journal.unfinished, account.name):
        if (row.channel == OLA_CHANNEL) is not watched:
            continue
        if row.state is State.ANNOUNCED:
            row = await _take_up(place, row)
        if row.state is State.SPOOLED:
            await judge(place, account, row)


async def _take_up(place: Workplace, row: Interchange) -> Interchange:
    spool, journal = place.store.spool, place.store.journal
    whole = await place.do(spool.adopt, Direction.IN, row.id)
    if whole is None:
        kept = await place.do(spool.keep_leftover, Direction.IN, row.id)
        await keep_partial(place, row, kept, "syncd was stopped while it was being fetched")
        return await place.do(journal.get, row.id)
    sha256 = await place.do(spool.sha256, whole)
    return await place.do(
        journal.advance, row.id, State.ANNOUNCED, State.SPOOLED, place.clock(),
        note="found whole in the spool after a stop", sha256=sha256, spool=whole, proven=False,
    )  # fmt: skip


async def judge(place: Workplace, account: Account, row: Interchange) -> Interchange:
    """Judge one spooled interchange and write down the verdict, with the deliveries it brings about."""
    try:
        verdict = await place.do(examine, place.store.spool, account, row)
    except SpoolLostError as error:
        return await give_up(place, row, error)
    if not row.proven and not _proves_itself(verdict):
        return await _quarantine(
            place, row, "unproven", "the server never confirmed that this is the whole file", verdict
        )
    if (reason := first_error(row.name, verdict)) is not None:
        return await _quarantine(place, row, "rejected", reason, verdict)
    try:
        return await _accept(place, account, row, verdict)
    except SpoolLostError as error:
        return await give_up(place, row, error)


def examine(spool: Spool, account: Account, row: Interchange) -> Verdict:
    """Ask the format what it says of a spooled file; nothing is written down."""
    assert row.spool is not None
    name = row.spool
    format_ = FORMATS[account.inbound_channel(row.channel).format]
    return format_.judge(lambda: spool.blocks(name), account.context(row.name))


def _proves_itself(verdict: Verdict) -> bool:
    """Tell whether the content shows that it is whole: an accepted Digicom message has a counted footer."""
    return verdict.accepted and verdict.stamp is not None


async def _accept(place: Workplace, account: Account, row: Interchange, verdict: Verdict) -> Interchange:
    deliveries = account.deliveries(row)
    hold = await hold_reason(place, account, row, verdict) if deliveries else None
    confirms = [c.name for c in account.outbound if row.channel in c.confirmed_by]
    if account.supplier.ola is not None:
        confirms.append(OLA_CHANNEL)  # a reservation's reference comes back on the delivery note (5.4, 4d)
    parsed = await place.do(
        place.store.journal.parsed,
        row.id, verdict, deliveries, place.clock(), confirms=confirms, hold=hold,
        answers=_answers(place.store.spool, account, row, verdict),
    )  # fmt: skip
    warnings = sum(verdict.codes.values())
    log.info(
        "file.parsed", account=row.account, channel=row.channel, interchange=row.id, file=row.name,
        kind=verdict.kind, records=sum(verdict.counts.values()), warnings=warnings,
    )  # fmt: skip
    _warn(row, parsed)
    for order in parsed.confirmed:
        log.info("order.confirmed", account=row.account, interchange=order.id, file=order.name, by=row.name)
    return await place.do(place.store.journal.get, row.id)


def _warn(row: Interchange, parsed: Parsed) -> None:
    about = {"account": row.account, "channel": row.channel, "interchange": row.id, "file": row.name}
    if parsed.interchange.hold is not None:
        log.warning("file.held", **about, reason=parsed.interchange.reason)
    if parsed.alike is not None:
        log.warning("list.same-stamp", **about, other=parsed.alike)
    if parsed.suppressed:
        log.warning("file.repeats", **about, records=len(parsed.suppressed))


def _answers(spool: Spool, account: Account, row: Interchange, verdict: Verdict) -> Iterator[Answer]:
    """Read what a file says of order lines, if it is one that does."""
    if not any(verdict.counts.get(record.__name__) for record in ANSWERS):
        return
    for record in records(spool, account, row, verdict):
        said = answer(record)
        if said is not None:
            yield said


def records(spool: Spool, account: Account, row: Interchange, verdict: Verdict) -> Iterator[Record]:
    """Read the records of an accepted file from the spool."""
    assert row.spool is not None
    name = row.spool
    format_ = FORMATS[account.inbound_channel(row.channel).format]
    return format_.records(lambda: spool.blocks(name), account.context(row.name), verdict)


async def hold_reason(place: Workplace, account: Account, row: Interchange, verdict: Verdict) -> str | None:
    """Say why an accepted file must not be handed on without a person's word."""
    if verdict.stamp is None or row.channel == OLA_CHANNEL:  # how long a watch list is, the shop itself decides
        return None
    in_use = await place.do(place.store.journal.snapshot_rows, row.account, row.channel, verdict.kind)
    return guard_snapshot(sum(verdict.counts.values()), in_use, account.guard)


async def _quarantine(place: Workplace, row: Interchange, code: str, reason: str, verdict: Verdict) -> Interchange:
    journal = place.store.journal
    await place.do(journal.quarantine, row.id, State.SPOOLED, code, reason, place.clock(), verdict=verdict)
    log.warning(
        "file.quarantined", account=row.account, channel=row.channel, interchange=row.id, file=row.name, reason=reason
    )
    return await place.do(journal.get, row.id)


async def give_up(place: Workplace, row: Interchange, error: SpoolLostError) -> Interchange:
    """Put a file aside whose bytes are gone from the spool, and say so; the others go on."""
    log.warning(
        "file.quarantined", account=row.account, channel=row.channel, interchange=row.id, file=row.name,
        reason=str(error),
    )  # fmt: skip
    return await place.do(place.store.journal.lost, row.id, str(error), place.clock())


def first_error(name: str, verdict: Verdict) -> str | None:
    """Say why a file was rejected, with the first error in full; None when it was not."""
    if verdict.accepted:
        return None
    errors = [finding for finding in verdict.findings if finding.severity is Severity.ERROR]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{describe(name, errors[0])}{more}"


def describe(name: str, finding: Finding) -> str:
    """Say where and what: `file:line: code: message`."""
    where = name if finding.line is None else f"{name}:{finding.line}"
    return f"{where}: {finding.code}: {finding.message}"
