"""Short lives: forks of a process that has everything imported, each killed by itself at its last point.

A life takes one turn with two accounts and delivers. A point is a change of a file, a commit, an FTP command, each
before and after.
"""

import asyncio
import gc
import json
import mmap
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event

from syncd.app import clock_sample
from syncd.jobs.base import Account, Workplace
from syncd.jobs.deliver import deliver
from syncd.jobs.tour import tour
from syncd.plan.guards import Guard
from syncd.sinks.directory import DirectorySettings, DirectorySink
from syncd.state import open_state
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Encryption
from syncd.transport.base import Endpoint, Permit, Session, granted
from syncd.transport.ftp import connect
from tests.sim.disk import watched
from tests.sim.faults import Fault, Point
from tests.sim.machine import share_statements
from tests.sim.points import name_of
from tests.sim.shop import CUSTOMER

PASSWORD = "geheim"
USERS = {"umbreit": "900900", "cb": "shop"}


class Deadline:
    """Counts points and kills this very process at the last one; `note` is shared with whoever waits for it."""

    def __init__(self, last: int, note: mmap.mmap) -> None:
        self.left = last
        self.passed = 0
        self._note = note

    def pass_by(self, label: str) -> None:
        """Pass a point, or die there."""
        self.passed += 1
        self._note.seek(0)
        self._note.write(f"{self.passed} {label}".encode()[:199].ljust(199))
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Inline(Executor):
    """Runs the store's calls in this thread, and knows which one is running."""

    doing = ""

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """Run the call now."""
        self.doing = name_of(call)
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **named))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits it
            future.set_exception(error)
        return future


class Mortal:
    """A session in which every verb is a point, before and after."""

    def __init__(self, session: Session, deadline: Deadline) -> None:
        self._session = session
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._session, name)
        if not asyncio.iscoroutinefunction(inner):
            return inner

        async def verb(*args: Any) -> Any:
            self._deadline.pass_by(f"before {name}")
            result = await inner(*args)
            self._deadline.pass_by(f"after {name}")
            return result

        return verb


def account(name: str, port: int, root: Path) -> Account:
    """Return one of the two accounts."""
    supplier = SUPPLIERS[name]
    consume = {"umbreit": Consume.WE_REMOVE, "cb": Consume.SERVER_REMOVES}[name]

    def endpoint(commands: frozenset[str]) -> Endpoint:
        return Endpoint(
            "127.0.0.1", port, USERS[name], PASSWORD, Encryption.NONE, commands=commands,
            passive_ports=supplier.passive_ports,
        )  # fmt: skip

    inbound = tuple(replace(channel, consume=consume) for channel in supplier.inbound if not channel.optional)
    customers = frozenset({CUSTOMER}) if name == "umbreit" else None
    return Account(
        name, supplier, endpoint, inbound, supplier.outbound, 0.0, customers, None, root / "out" / name, ("folder",),
        guard=Guard(most_orders=10**6),  # one comes with every life, and life after life may end before the outbox
    )  # fmt: skip


async def live(root: Path, ports: dict[str, int], deadline: Deadline, executor: Inline) -> None:
    """Take one turn with each account, and deliver."""

    async def mortal(endpoint: Endpoint, permit: Permit = granted) -> Session:
        deadline.pass_by("before connect")
        session = Mortal(await connect(endpoint, permit), deadline)
        deadline.pass_by("after connect")
        return session

    with open_state(root / "state") as store:
        share_statements(store)
        store.journal.register({name: name for name in USERS})
        sink = DirectorySink(DirectorySettings(path=root / "shop"))
        place = Workplace(
            store=store, executor=executor, clock=lambda: datetime.now(UTC), sample=clock_sample, connect=mortal,
            holder=f"kill9/{os.getpid()}", sinks={"folder": sink}, reserve=0,
        )  # fmt: skip
        accounts = {name: account(name, ports[name], root) for name in USERS}
        for each in accounts.values():
            await tour(place, each, due=True)
        await deliver(place, accounts)
        await sink.close()


def child(root: Path, ports: dict[str, int], last: int, note: mmap.mmap) -> None:
    """Live until the end, or until the last point."""
    deadline, executor = Deadline(last, note), Inline()

    def commit(_: Connection) -> None:
        deadline.pass_by(f"{executor.doing}: commit")

    def enter(_: Point, label: str) -> Fault | None:
        deadline.pass_by(f"{executor.doing}: before {label.partition(' ')[0]}")
        return None

    def leave(_: Fault | None) -> None:
        deadline.pass_by(f"{executor.doing}: after a change")

    event.listen(Engine, "commit", commit)
    with watched(enter, leave):
        asyncio.run(live(root, ports, deadline, executor))


def serve(orders: int, answers: int, note: mmap.mmap) -> None:
    """Be the fork server: read a job a line, fork a life, say how it ended.

    A job without a last point is lived by the server itself: what that compiles, every fork has.
    """
    structlog.configure(processors=[_drop])
    with os.fdopen(orders) as jobs, os.fdopen(answers, "w") as replies:
        for line in jobs:
            job = json.loads(line)
            root, ports, last = Path(job["root"]), job["ports"], job["last"]
            status = _fork(root, ports, last, note) if last else _prepare(root, ports, note)
            replies.write(f"{status}\n")
            replies.flush()


def _fork(root: Path, ports: dict[str, int], last: int, note: mmap.mmap) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child(root, ports, last, note)
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _prepare(root: Path, ports: dict[str, int], note: mmap.mmap) -> int:
    asyncio.run(live(root, ports, Deadline(0, note), Inline()))
    gc.collect()
    gc.freeze()
    return 0


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent
