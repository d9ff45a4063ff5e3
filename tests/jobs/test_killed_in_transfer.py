"""A real syncd is killed (SIGKILL) in the middle of a transfer with a real server; the next one goes on.

The middle is certain: a proxy passes so many bytes and no more, until the process is dead. Then the server sees half a
file and an orderly end. The server's directories and the shop's folder are the judges.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from syncd import app
from syncd.config import load
from tests.jobs.shop import order
from tests.jobs.test_real_servers import STOCK, config
from tests.jobs.test_trouble import ANSWER, ORDER, answer
from tests.proxy import Trouble, proxy, street
from tests.root import NEEDS_ROOT
from tests.servers import House
from tests.servers.proftpd import proftpd
from tests.servers.pureftpd import pureftpd
from tests.servers.vsftpd import vsftpd

PATIENCE = 60
PASSIVE = range(41000, 41020)
SERVERS: dict[str, Callable[..., AbstractContextManager[House]]] = {
    "proftpd": proftpd,
    "proftpd, TLS": partial(proftpd, "TLSv1.2"),
    "vsftpd, strict TLS": partial(vsftpd, tls=True),
    "pure-ftpd": pureftpd,
}
MANY = order(*(("9783442756841", count % 9 + 1) for count in range(400)))
"""Some 35 KB, so that a half is a half behind TLS, too."""
ANSWERS = answer() * 250
HALF = 20_000
"""Bytes on the wire: behind the handshake, and before the end."""


class Stop:
    """Stops what goes this way over a data connection half-way, until the syncd that spoke there is dead."""

    def __init__(self, *, up: bool) -> None:
        self.trouble = Trouble(at=HALF, up=up, silence=PATIENCE)

    def __call__(self, control: bool) -> Trouble:
        return Trouble() if control or self.trouble.over.is_set() else self.trouble


@contextlib.asynccontextmanager
async def syncd(path: Path):
    """Run `syncd once`; whatever happens, no process stays."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syncd", "once", "--config", str(path),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def killed_in_the_middle(path: Path, stop: Stop) -> None:
    """Run syncd until the proxy has passed half, and kill it."""
    async with syncd(path) as process, asyncio.timeout(PATIENCE):
        await stop.trouble.struck.wait()
        assert process.returncode is None
        process.kill()
        await process.wait()
    stop.trouble.over.set()


async def whole_visit(path: Path) -> None:
    """Run syncd to its end, which must be a good one."""
    async with syncd(path) as process, asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()


def on_disk(content: bytes) -> set[bytes]:
    """Return what a server may keep of a text."""
    return {content, content.replace(b"\r\n", b"\n")}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=NEEDS_ROOT if "pure" in kind else ()) for kind in SERVERS])
async def test_a_kill_in_the_middle_loses_nothing_and_sends_nothing_twice(kind: str, tmp_path: Path):
    front, back = street()
    with SERVERS[kind](passive=PASSIVE, address=back, name=front) as server:
        path = config(tmp_path, server, 'supplier = "umbreit"\ncustomers = ["900900"]', front)
        (tmp_path / "outbox" / ORDER).write_bytes(MANY)

        stop = Stop(up=True)
        async with proxy(front, back, server.port, PASSIVE, stop):
            await killed_in_the_middle(path, stop)
            assert ORDER not in server.names("in"), "half an order never counts"

        server.put("out", ANSWER, ANSWERS)
        stop = Stop(up=False)
        async with proxy(front, back, server.port, PASSIVE, stop):
            await killed_in_the_middle(path, stop)
            assert server.names("in") == [ORDER], "the order was taken, and the torso removed"
            assert delivered(tmp_path) == {}

        async with proxy(front, back, server.port, PASSIVE, lambda _: Trouble()):
            await whole_visit(path)
        assert server.names("in") == [ORDER]
        assert server.read("in", ORDER) in on_disk(MANY)
        stores = [line for line in server.commands() if line.startswith("STOR")]
        assert len(stores) in (0, 2), "pure-ftpd keeps no log of commands"
        assert delivered(tmp_path).keys() == {ANSWER}
        assert on_disk(delivered(tmp_path)[ANSWER]) & on_disk(ANSWERS)


async def test_a_kill_in_the_middle_of_an_order_to_cb_is_a_doubt_and_never_repeated(tmp_path: Path):
    front, back = street()
    with proftpd("TLSv1", passive=PASSIVE, address=back, name=front) as server:
        path = config(tmp_path, server, 'supplier = "cb"\nrelation_id = "9999999"', front)
        (tmp_path / "outbox" / "order-1.txt").write_bytes(MANY)
        stop = Stop(up=True)
        async with proxy(front, back, server.port, PASSIVE, stop):
            await killed_in_the_middle(path, stop)
        server.put("out", "stock.bhd", STOCK)
        async with proxy(front, back, server.port, PASSIVE, lambda _: Trouble()):
            await whole_visit(path)
        assert [line for line in server.commands() if line.startswith("STOR")] == ["STOR order-1.txt"]
        assert [story.file.state for story in app.explain(load(path), "order-1.txt")] == ["unconfirmed"]
        assert delivered(tmp_path) == {"stock.bhd": STOCK}, "everything else goes on"


def delivered(folder: Path) -> dict[str, bytes]:
    """Return what the shop has in its folder."""
    return {path.name: path.read_bytes() for path in (folder / "inbox").iterdir() if not path.name.startswith(".")}
