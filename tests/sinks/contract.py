"""What every sink must do: a sink's test subclasses `SinkContract` and says what its target is."""

import asyncio
import dataclasses
import json
import signal
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.errors import ConfigError, SinkError, SinkRefusedError
from syncd.sinks import Batch, Sink, open_sink
from syncd.sinks.base import Checking
from tests.sinks import batches

Lines = Counter[tuple[str, int]]
"""What the shop got: how many times each line of each file."""

BIG = 100_000
GROWTH = 20 * 1024
"""KiB that a batch of 100,000 records may add to the peak of a small one; its records alone would take more."""

HOSTILE = [
    "../../escape",
    "/etc/cron.d/escape",
    "..",
    ".",
    "",
    ".hidden",
    "a/b",
    "a\\b",
    "nul\0byte",
    "line\nfeed",
    "bell\x07",
    "right\u202eto left",
    "x" * 300,
    "lone\udc80surrogate",
    " blank ",
]


class Target(ABC):
    """The other side of a sink, as the shop sees it."""

    sink: ClassVar[str]
    maker: ClassVar[str] = "batch_of"
    """What makes the batches that this sink hands over: a function of `tests.sinks.batches`."""
    settings: dict[str, Any]

    def batch(self, folder: Path, **changes: Any) -> Batch:
        """Make a batch."""
        made: Batch = getattr(batches, self.maker)(folder, **changes)
        return made

    @abstractmethod
    def lines(self) -> Lines:
        """Look at everything the shop got since the target was made."""

    @abstractmethod
    def down(self) -> AbstractContextManager[None]:
        """Take the target away for a while."""

    @abstractmethod
    def outside(self) -> set[str]:
        """Name what lies around the target and must never change."""


def lines_of(batch: Batch) -> Lines:
    return Counter((batch.name, line) for line in range(1, sum(batch.counts.values()) + 1))


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Sink]:
    sink = open_sink(target.sink, target.settings)
    try:
        yield sink
    finally:
        await sink.close()


async def deliver(target: Target, *batches: Batch) -> None:
    async with opened(target) as sink:
        for batch in batches:
            await sink.deliver(batch)


def run_child(target: Target, folder: Path, **order: Any) -> subprocess.CompletedProcess[str]:
    order |= {"type": target.sink, "settings": target.settings, "folder": str(folder), "maker": target.maker}
    command = [sys.executable, "-m", "tests.sinks.child", json.dumps(order)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


class SinkContract:
    """Inherit, give a fixture `target`, and the wrong settings with the key that a refusal must name."""

    wrong: ClassVar[list[tuple[dict[str, Any], str]]]
    reads_records: ClassVar[bool] = True
    looks: ClassVar[bool] = True
    """It can look at its target without an effect."""
    large: ClassVar[dict[str, Any]] = {}
    """Settings for a stock list, where the target's are for small files."""

    async def test_delivers_every_line_once(self, target: Target, tmp_path: Path):
        first, second = (
            target.batch(tmp_path),
            target.batch(tmp_path, name="R_900900M2412000000456", kind="ERM", size=3),
        )
        await deliver(target, first, second)
        assert target.lines() == lines_of(first) + lines_of(second)

    async def test_the_same_batch_twice_has_its_effect_once(self, target: Target, tmp_path: Path):
        batch = target.batch(tmp_path)
        await deliver(target, batch, batch)
        seen = target.lines()
        await deliver(target, batch)
        assert seen == target.lines() == lines_of(batch)

    def test_refuses_wrong_settings_by_name(self, target: Target):
        for change, key in [*self.wrong, ({"nonsense": 1}, "nonsense")]:
            with pytest.raises(ConfigError, match=key) as caught:
                open_sink(target.sink, target.settings | change)
            assert caught.value.remedy

    async def test_a_target_that_is_down_is_tried_again(self, target: Target, tmp_path: Path):
        batch = target.batch(tmp_path)
        async with opened(target) as sink:
            with target.down(), pytest.raises(SinkError) as caught:
                await sink.deliver(batch)
            assert caught.value.remedy
            await sink.deliver(batch)
        assert target.lines() == lines_of(batch)

    async def test_a_target_that_goes_down_between_two_batches(self, target: Target, tmp_path: Path):
        first, second = (
            target.batch(tmp_path),
            target.batch(tmp_path, name="R_90090024123457000000124", kind="ERM", size=4),
        )
        async with opened(target) as sink:
            await sink.deliver(first)
            with target.down(), pytest.raises(SinkError):
                await sink.deliver(second)
            await sink.deliver(second)
        assert target.lines() == lines_of(first) + lines_of(second)

    async def test_looks_at_its_target_without_an_effect(self, target: Target):
        async with opened(target) as sink:
            assert isinstance(sink, Checking) == self.looks
            if not isinstance(sink, Checking):
                return
            assert await sink.check()
            with target.down(), pytest.raises(SinkError) as caught:
                await sink.check()
        assert caught.value.remedy
        assert target.lines() == Counter()

    @pytest.mark.parametrize("place", [{"record": 0}, {"record": 6}, {"record": 12}, {"after": True}], ids=str)
    async def test_killed_in_the_middle(self, target: Target, tmp_path: Path, place: dict[str, Any]):
        batch = target.batch(tmp_path, size=12)
        killed = run_child(target, tmp_path, batch={"size": 12}, **place)
        expected = -signal.SIGKILL if self.reads_records or "after" in place else 0
        assert killed.returncode == expected, killed.stderr
        assert target.lines() in (Counter(), lines_of(batch))
        await deliver(target, batch)
        assert target.lines() == lines_of(batch)

    async def test_a_failing_parser_leaves_nothing_behind(self, target: Target, tmp_path: Path):
        def records() -> Iterator[Any]:
            yield from list(batch.records())[:7]
            raise RuntimeError("damaged")

        batch = target.batch(tmp_path)
        if self.reads_records:
            with pytest.raises(RuntimeError, match="damaged"):
                await deliver(target, dataclasses.replace(batch, records=records))
            assert target.lines() == Counter()
        await deliver(target, batch)
        assert target.lines() == lines_of(batch)

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    async def test_a_hostile_name_stays_inside(self, target: Target, tmp_path: Path, name: str):
        batch = target.batch(tmp_path, name=name, size=3)
        before = target.outside()
        with suppress(SinkError):
            await deliver(target, batch)
        assert target.outside() == before

    def test_a_large_batch_takes_little_memory(self, target: Target, tmp_path: Path):
        target.settings |= self.large
        ran = run_child(target, tmp_path, batch={"size": BIG, "kind": "BHDART", "name": "big"})
        assert ran.returncode == 0, ran.stderr
        assert int(ran.stdout) < GROWTH

    async def test_reads_records_beside_the_event_loop(self, target: Target, tmp_path: Path):
        threads: set[int] = set()

        def records() -> Iterator[Any]:
            threads.add(threading.get_ident())
            return batch.records()

        batch = target.batch(tmp_path)
        await deliver(target, dataclasses.replace(batch, records=records))
        assert threading.get_ident() not in threads
        assert bool(threads) == self.reads_records

    async def test_cancelled_and_delivered_again(self, target: Target, tmp_path: Path):
        batch = target.batch(tmp_path, size=40)
        async with opened(target) as sink:
            task = asyncio.create_task(sink.deliver(batch))
            await asyncio.sleep(0.001)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await sink.deliver(batch)
        assert target.lines() == lines_of(batch)


GARBAGE = [
    b"",
    b"\0" * 64,
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
    b"HTTP/1.1 two hundred\r\n\r\n",
    b"INFO {\r\n",
    b"INFO " + b"[" * 5_000 + b"\r\n",
    b"AMQP\0\0\x09\x01",
    b"\x01\0\0\xff\xff\xff\xff",
]


class Remote(Target):
    """A target that is reached over the network."""

    @abstractmethod
    def at(self, port: int) -> dict[str, Any]:
        """Return the settings for a target on another port of this machine, which gives up after half a second."""


class NetworkContract(SinkContract):
    """What a sink must do, too, when its target is a server."""

    async def test_a_target_that_never_answers_is_given_up(self, target: Remote, tmp_path: Path):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            sink = open_sink(target.sink, target.at(silent.getsockname()[1]))
            async with asyncio.timeout(5):
                with pytest.raises(SinkError) as caught:
                    await sink.deliver(target.batch(tmp_path))
            assert caught.value.remedy
            await sink.close()

    @pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:12]))
    async def test_a_target_that_talks_garbage_is_tried_again(self, target: Remote, tmp_path: Path, garbage: bytes):
        writers: list[asyncio.StreamWriter] = []

        async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            writer.write(garbage)
            with suppress(ConnectionError):
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server, asyncio.timeout(5):
            sink = open_sink(target.sink, target.at(server.sockets[0].getsockname()[1]))
            with pytest.raises(SinkError) as caught:
                await sink.deliver(target.batch(tmp_path))
            await sink.close()
            for writer in writers:
                writer.transport.abort()
            await asyncio.sleep(0.01)  # for the loop to close them
        assert caught.value.remedy
        assert not isinstance(caught.value, SinkRefusedError)

    async def test_a_library_that_is_missing_is_named_with_the_line_that_installs_it(self, target: Target):
        absent = dict.fromkeys(("httpx2", "nats", "aio_pika"))
        with pytest.MonkeyPatch.context() as patch:
            for name in absent:
                patch.setitem(sys.modules, name, None)
            with pytest.raises(ConfigError) as caught:
                open_sink(target.sink, target.settings)
        assert caught.value.remedy == f"pip install 'syncd[{target.sink}]'"
