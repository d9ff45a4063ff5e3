"""The points of a history: where the machine asks whether a fault strikes, and what the fault then does.

What a process does by way of its executor, its sinks and the network passes here. A process that died passes nothing
any more: see `process`.
"""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from syncd.simulate.books import Record
from tests.sim.clock import VirtualClock
from tests.sim.faults import CRASHES, Crash, Fault, Plan, Point
from tests.sim.loop import VirtualLoop
from tests.sim.network import Network
from tests.sim.process import CURRENT, Process
from tests.sim.shop import refused
from tests.sim.wire import STALL


class Points:
    """Where faults strike, and the timeline of a history."""

    plan: Plan
    clock: VirtualClock
    loop: VirtualLoop
    network: Network
    verbose: bool

    def __init__(self) -> None:
        self.points = 0
        self.deaths = 0
        self.struck: list[str] = []
        self.lines: list[str] = []
        self.trace = hashlib.sha256()
        self.process: Process | None = None
        self._inline = 0
        self._doing = ""
        self._effects = 0

    # -- points ---------------------------------------------------------------------------------------------

    def strike(self, point: Point, label: str) -> Fault | None:
        """Pass a point."""
        fault = self.plan.strike(point, label)
        self.points += 1
        self.trace.update(f"{self.clock.elapsed:.6f} {point} {label} {fault}\n".encode())
        if self.verbose:
            self.say(f"  {self.points - 1} {point} {label}")
        if fault is not None:
            self.struck.append(f"{fault} at {point} {label}")
            self.say(f"FAULT {fault} at point {self.points - 1}: {point} {label}")
        if fault is Fault.COPY:
            self.copy_state()
            return None
        return fault

    def copy_state(self) -> None:
        """Copy the state as it is at this moment."""
        raise NotImplementedError

    def _strike_wire(self, point: Point, label: str) -> Fault | None:
        fault = self.strike(point, label)
        if fault is Fault.CRASH_BEFORE:
            self._die(self.process)
            if point is Point.CONNECT:
                raise Crash
        elif fault is Fault.CRASH_AFTER:
            self.loop.call_later(1e-6, self._die, self.process)
        return fault

    def _call(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a call of an executor."""
        process = CURRENT.get()
        if process is None:
            return call(*args)
        process.check()
        self._inline += 1
        self._doing = name_of(call)
        before = self._effects
        try:
            result = call(*args)
        finally:
            self._inline -= 1
            process.check()
        if self._effects > before and self.strike(Point.CALL, self._doing) in CRASHES:
            self._die(process)
            raise Crash
        return result

    def _enter_change(self, point: Point, label: str) -> Fault | None:
        if not self._inline:
            return None
        return self._enter(point, label)

    def _enter(self, point: Point, label: str) -> Fault | None:
        assert self.process is not None
        self.process.check()
        self._effects += 1
        fault = self.strike(point, label)
        if fault is Fault.CRASH_BEFORE:
            self._die(self.process)
            raise Crash
        if fault is Fault.STALL and point is Point.FILE:
            self.clock.elapsed += STALL
        return fault

    def _leave(self, fault: Fault | None) -> None:
        if fault is Fault.CRASH_AFTER:
            self._die(self.process)
            raise Crash

    @contextmanager
    def _watched_commits(self) -> Iterator[None]:
        """Have every commit be a point; SQLAlchemy's own events would be asked at every statement, too."""
        dialect: Any = SQLiteDialect_pysqlite
        real = dialect.do_commit

        def do_commit(this: SQLiteDialect_pysqlite, connection: Any) -> None:
            self._commit(connection)
            real(this, connection)

        dialect.do_commit = do_commit
        try:
            yield
        finally:
            del dialect.do_commit

    def _commit(self, connection: Any) -> None:
        if not self._inline or not _changed(connection):
            return
        fault = self._enter(Point.COMMIT, self._doing)
        if fault in (Fault.FULL, Fault.BROKEN):
            full = fault is Fault.FULL
            said = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
            said.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
            raise said

    async def _enter_sink(self, label: str) -> Callable[[], None]:
        process = CURRENT.get()
        assert process is not None
        process.check()
        fault = self.strike(Point.SINK, label)
        if fault is Fault.STALL:
            await asyncio.sleep(STALL)
        elif fault is Fault.FAILS:
            raise refused(label)
        elif fault is Fault.CRASH_BEFORE:
            self._die(process)
            raise Crash

        def leave() -> None:
            if fault is Fault.FAILS_LATE:
                raise refused(label)
            self._leave(fault)

        return leave

    def _die(self, process: Process | None) -> None:
        if process is not None and process.alive:
            self.deaths += 1
            self.say(f"syncd dies, life {process.number}")
            process.die()
            self.network.drop_owner(process, silent=False)

    # -- telling --------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Add a line to the timeline."""
        self.lines.append(f"{self.clock.true():%m-%d %H:%M:%S.%f} {text}")

    def _tell(self, record: Record) -> None:
        if record.kind != "command" or self.verbose:
            values = [(name, getattr(record, name)) for name in record.__slots__]
            shown = [f"{name}={value}" for name, value in values if not isinstance(value, (bytes, list))]
            self.say(f"house: {record.kind} {' '.join(shown)}")

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, (Crash, ConnectionError)):
            self.say(f"LOOP {context.get('message')}: {error!r}")

    @contextmanager
    def _logged(self) -> Iterator[None]:
        def keep(_: Any, level: str, entry: MutableMapping[str, Any]) -> Any:
            self.say(f"log {level}: {entry.pop('event')} {' '.join(f'{k}={v}' for k, v in entry.items())}")
            raise structlog.DropEvent

        structlog.configure(processors=[keep])
        try:
            yield
        finally:
            structlog.reset_defaults()


def _changed(connection: Any) -> bool:
    """Tell whether the transaction that is about to be committed changed a row: only then the disk is written to."""
    changes: int = connection.dbapi_connection.total_changes
    before = connection.info.get("changes", 0)
    connection.info["changes"] = changes
    return bool(changes != before)


def name_of(call: Callable[..., Any]) -> str:
    """Name what `Workplace.do` was asked to call."""
    inner = [cell.cell_contents for cell in call.__closure__ or ()]
    return next((each.__name__ for each in inner if hasattr(each, "__name__")), getattr(call, "__name__", "call"))
