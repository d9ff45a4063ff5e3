"""Kill a process at every call that can change the disk: python -m tests.state.crashes DIRECTORY URL.

A child does one shop's work: it takes an order from the outbox, fetches a file, delivers it. A profiler counts its
calls of C functions that write, sync, rename, remove or execute, and at the n-th one the child kills itself: SIGKILL,
real files, real locks. Then the state is opened again, recovered by its rules, and examined. n goes up until the child
lives.
What is wrong is printed, one line each; the last line is the number of kills.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import text

from syncd.model import Direction, RemoteFile, State, Step
from syncd.state import Store, open_state
from syncd.state.engine import server_engine
from tests.state.samples import NOON, order, sha256, verdict

CALLS = frozenset({"write", "fsync", "rename", "unlink", "open", "mkdir", "execute", "commit", "ftruncate", "pwrite"})
ORDER, ANSWER = b"B101 order\r\n" * 50, b"L101 answer\r\n" * 5000
REMOTE = RemoteFile("R_0905500007000123456", len(ANSWER), NOON)


def work(store: Store, outbox: Path) -> None:
    item = order(store, outbox.name, outbox.read_bytes())
    outbox.unlink()
    store.journal.left_outbox(item.id)
    file = store.journal.announce("shop", "answers", REMOTE, NOON)
    draft = store.spool.draft(Direction.IN, file.id)
    for start in range(0, len(ANSWER), 16384):
        draft.append(ANSWER[start : start + 16384])
    draft.sync()
    spool = draft.commit()
    store.journal.advance(file.id, State.ANNOUNCED, State.SPOOLED, NOON, spool=spool, sha256=draft.sha256)
    store.journal.prove(file.id, NOON)
    store.journal.parsed(file.id, verdict("4711", goods=[(1, 1), (2, 2)]), [("files", "k")], NOON)
    (waiting,) = store.journal.pending()
    store.journal.delivered(waiting.id, NOON)


def killed_at(number: int, directory: Path, url: str | None, outbox: Path) -> bool:
    """Do the work in a child that kills itself at its n-th call; tell whether it came to that."""
    child = os.fork()
    if child == 0:
        calls = count(1)

        def profile(_frame: FrameType, event: str, function: Any) -> None:
            if event == "c_call" and function.__name__ in CALLS and next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with open_state(directory, url) as store:
                sys.setprofile(profile)
                work(store, outbox)
                sys.setprofile(None)
        except BaseException as error:  # noqa: BLE001 - a child that fails says why
            print(f"{number}: the child failed: {error!r}", flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def recover(store: Store, outbox: Path) -> None:
    """Settle what a crash left, as the journal and the spool say it is done."""
    for item, source in store.journal.in_outbox("shop"):
        assert Path(source).name == outbox.name
        outbox.unlink(missing_ok=True)
        store.journal.left_outbox(item.id)
    for file in store.journal.unfinished("shop"):
        if file.state is State.ANNOUNCED:
            _recover_announced(store, file.id)


def _recover_announced(store: Store, number: int) -> None:
    if spool := store.spool.adopt(Direction.IN, number):
        whole = sha256(store.spool.read(spool))
        store.journal.advance(number, State.ANNOUNCED, State.SPOOLED, NOON, spool=spool, sha256=whole)
    elif partial := store.spool.keep_leftover(Direction.IN, number):
        kept = (partial, store.spool.sha256(partial))
        store.journal.quarantine(number, State.ANNOUNCED, "truncated", "cut by a crash", NOON, kept)


def wrongs(store: Store, outbox: Path) -> Iterator[str]:
    """Say what is not as it must be after recovery."""
    orders = [item for item in store.journal.recent() if item.direction is Direction.OUT]
    if len(orders) + outbox.exists() != 1:
        yield f"the order is there {len(orders)} times in the journal, {outbox.exists()} in the outbox"
    for item in orders:
        if item.spool is None or store.spool.read(item.spool) != ORDER or item.state not in Step:
            yield f"the order's bytes are not what was dropped: {item}"
    if store.spool.leftovers():
        yield f"drafts are left: {store.spool.leftovers()}"
    for file in (item for item in store.journal.recent() if item.direction is Direction.IN):
        data = store.spool.read(file.spool) if file.spool else b""
        if not ANSWER.startswith(data) or (data != ANSWER and file.state in (State.SPOOLED, State.PARSED, State.DONE)):
            yield f"the file's bytes are not what was sent: {file}"
        if (file.state is State.PARSED) != bool(store.journal.pending()):
            yield f"deliveries do not fit the state: {file}"
        if file.state in (State.PARSED, State.DONE) and store.journal.verdict(file.id).references != ("4711",):
            yield f"the verdict is not there: {file}"


def empty(url: str | None) -> None:
    if url is not None:
        engine = server_engine(url)
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE interchange, account, gate, login, problem RESTART IDENTITY CASCADE"))
        engine.dispose()


def main() -> None:
    root, url = Path(sys.argv[1]), sys.argv[2] or None
    fresh = root / "fresh"
    with open_state(fresh, url) as store:
        store.journal.register({"shop": "umbreit"})
    kills = 0
    for number in count(1):
        directory, outbox = root / "state", root / "S_123456_20261122120000"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(fresh, directory)
        empty(url)
        outbox.write_bytes(ORDER)
        killed = killed_at(number, directory, url, outbox)
        with open_state(directory, url) as store:
            store.journal.register({"shop": "umbreit"})
            recover(store, outbox)
            for wrong in wrongs(store, outbox):
                print(f"{number}: {wrong}", flush=True)
        if not killed:
            break
        kills += 1
    print(kills)


if __name__ == "__main__":
    main()
