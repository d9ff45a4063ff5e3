"""The books in plain sentences, one for each kind of record."""

from collections.abc import Callable, Mapping
from typing import Any

from syncd.simulate.books import Command, Handed, Keeper, Login, Order, Placed, Post, Record, Struck, Violation


def _command(record: Command) -> str:
    return f"session {record.session}: {record.verb} {record.argument}".rstrip()


def _login(record: Login) -> str:
    how = f"over {record.tls}" if record.tls else "in clear"
    if record.outcome == "accepted":
        return f"{record.account} logged in {how}"
    return f"{record.account} was not let in ({record.outcome}), {how}"


def _violation(record: Violation) -> str:
    return f"VIOLATION {record.rule}: {record.sentence} ({record.command})"


def _order(record: Order) -> str:
    what = f"took {record.name}: {len(record.content)} bytes"
    if record.lines:
        copies = sum(int(str(line["quantity"])) for line in record.lines)
        what += f", order {record.number}, lines: {len(record.lines)}, copies: {copies}"
    if not record.whole:
        what += ", only the torso of a broken upload"
    return what + (f"; THE SAME BYTES were taken before as {record.repeat_of}" if record.repeat_of else "")


def _placed(record: Placed) -> str:
    return f"put {record.name} into out of {record.account}: {record.size} bytes"


def _handed(record: Handed) -> str:
    return f"{record.account} read {record.name}: {record.size} bytes" + ("" if record.whole else ", not to its end")


def _post(record: Post) -> str:
    done = f"took post {record.number}" if record.taken else f"did not take post {record.number}"
    what = f"{done} for {record.account or 'nobody'}: {len(record.content)} bytes, {record.target}"
    return what + (f"; THE SAME was taken before as post {record.repeat_of}" if record.repeat_of else "")


def _struck(record: Struck) -> str:
    return f"fault {record.fault} struck at {record.command or 'the greeting'}"


WORDS: Mapping[type[Record], Callable[[Any], str]] = {
    Command: _command,
    Login: _login,
    Violation: _violation,
    Order: _order,
    Placed: _placed,
    Handed: _handed,
    Post: _post,
    Struck: _struck,
}


def sentence(record: Record) -> str:
    """Say what a record says."""
    return WORDS[type(record)](record)


def summary(keeper: Keeper) -> str:
    """Say in one line what the books come to."""
    again = sum(bool(order.repeat_of) for order in keeper.orders)
    return (
        f"logins: {len(keeper.logins)}, orders taken: {len(keeper.orders)} ({again} of them the same bytes again), "
        f"files read: {len(keeper.handed)}, violations: {len(keeper.violations)}"
    )
