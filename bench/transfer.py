"""The transport alone, as ratios to public tools in the same run: `python bench/run.py transfer`.

- One large file (500 MB, `MEGABYTES`) down and up, plain and with TLS 1.2, against Python's ftplib with 256 KiB blocks
  (made to resume its TLS session, as ProFTPD demands). The bytes come from memory and are counted and dropped.
- Many files of 4 KB (2,000, `FILES`) down in one session, against one connection of lftp. Both write to a disk.
- A listing of many names (50,000, `NAMES`) on vsftpd, against lftp's `cls`.
- Control commands per file, counted from the servers' own logs.

Rounds alternate between the two sides, and the medians are compared.
"""

import asyncio
import ftplib
import io
import os
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from syncd.model import Mode
from syncd.transport.base import Session
from syncd.transport.ftp import connect
from tests.servers import House
from tests.servers.proftpd import proftpd
from tests.servers.vsftpd import vsftpd

BLOCK = 2**18
SIZE = int(os.environ.get("MEGABYTES", "500")) * 10**6
FILES = int(os.environ.get("FILES", "2000"))
NAMES = int(os.environ.get("NAMES", "50000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
COUNTED = 20
"""Files whose commands are counted; what a session costs once is not part of it."""


class ResumingFTP(ftplib.FTP_TLS):
    """ftplib as it must be for servers that want the control connection's TLS session on the data connection."""

    def ntransfercmd(self, cmd: str, rest: Any = None) -> tuple[Any, int | None]:
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session  # type: ignore[union-attr]
        return self.context.wrap_socket(connection, server_hostname=self.host, session=session), size


def ftplib_session(house: House) -> ftplib.FTP:
    if house.ca_file is None:
        client = ftplib.FTP()
        client.connect(house.endpoint().host, house.port)
        client.login(house.user, house.password)
        return client
    secured = ResumingFTP(context=ssl.create_default_context(cafile=house.ca_file))
    secured.connect("127.0.0.1", house.port)
    secured.login(house.user, house.password)
    secured.prot_p()
    return secured


def ftplib_down(house: House) -> None:
    client = ftplib_session(house)
    count = [0]

    def take(block: bytes) -> None:
        count[0] += len(block)

    client.retrbinary("RETR out/large.bin", take, BLOCK)
    client.quit()
    assert count[0] == SIZE


def ftplib_up(house: House) -> None:
    client = ftplib_session(house)
    client.storbinary("STOR in/ftplib.bin", io.BytesIO(LARGE), BLOCK)
    client.quit()


def ours(work: Callable[[Session], Any]) -> Callable[[House], None]:
    async def visit(house: House) -> None:
        session = await connect(house.endpoint(max_file=SIZE))
        await work(session)
        await session.quit()

    return lambda house: asyncio.run(visit(house))


async def down(session: Session) -> None:
    await session.enter("out")
    download = await session.retrieve("large.bin", Mode.BINARY)
    count = 0
    async for block in download.blocks():
        count += len(block)
    await download.confirm()
    assert count == SIZE


async def up(session: Session) -> None:
    await session.enter("in")
    await session.store("syncd.bin", LARGE, Mode.BINARY)


def _count(directory: str) -> int:
    return sum(1 for _ in Path(directory).iterdir())


async def fetch_all(session: Session) -> None:
    with tempfile.TemporaryDirectory() as target:
        await session.enter("out")
        for file in await session.listing():
            download = await session.retrieve(file.name, Mode.BINARY)
            with (Path(target) / file.name).open("wb") as sink:
                async for block in download.blocks():
                    sink.write(block)
            await download.confirm()
        assert _count(target) == FILES


def lftp_all(house: House) -> None:
    with tempfile.TemporaryDirectory() as target:
        lftp(house, f"lcd {target}; mget -c *")
        assert _count(target) == FILES


def lftp_names(house: House) -> None:
    assert lftp(house, "cls -1").count(b"\n") == NAMES


def lftp(house: House, script: str) -> bytes:
    whole = f"set net:connection-limit 1; set ftp:ssl-allow no; cd out; {script}; bye"
    address = f"ftp://{house.user}:{house.password}@127.0.0.1:{house.port}"
    done = subprocess.run(["lftp", "--norc", "-e", whole, address], check=True, stdout=subprocess.PIPE)
    return done.stdout


async def list_all(session: Session) -> None:
    await session.enter("out")
    assert len(await session.listing()) == NAMES


def compare(what: str, house: House, we: Callable[[House], None], peer: Callable[[House], None], name: str) -> None:
    seconds: dict[str, list[float]] = {"we": [], "peer": []}
    for _ in range(ROUNDS):
        for side, run in (("we", we), ("peer", peer)):
            begun = time.perf_counter()
            run(house)
            seconds[side].append(time.perf_counter() - begun)
    medians = {side: statistics.median(values) for side, values in seconds.items()}
    print(f"{what:42} {medians['we']:8.2f} s {medians['peer']:8.2f} s {medians['we'] / medians['peer']:8.2f} × {name}")


def large(protocol: str | None, label: str) -> None:
    with proftpd(protocol) as house:
        house.put("out", "large.bin", LARGE)
        compare(f"{SIZE // 10**6} MB down, {label}", house, ours(down), ftplib_down, "ftplib")
        compare(f"{SIZE // 10**6} MB up, {label}", house, ours(up), ftplib_up, "ftplib")


def small() -> None:
    with vsftpd() as house:
        for number in range(FILES):
            house.put("out", f"R_{number:06}", LARGE[number : number + 4096])
        compare(f"{FILES} files of 4 KB down, plain", house, ours(fetch_all), lftp_all, "lftp")


def names() -> None:
    with vsftpd() as house:
        for number in range(NAMES):
            house.put("out", f"R_{number:06}", b"")
        compare(f"{NAMES} names listed, plain", house, ours(list_all), lftp_names, "lftp")


async def publish(session: Session, mode: Mode) -> None:
    await session.enter("in")
    for number in range(COUNTED):
        await session.store(f"T{number}", b"order\r\n", mode)
        await session.size(f"T{number}")
        await session.rename_from(f"T{number}")
        await session.rename_to(f"S_{number}")


async def fetch_some(session: Session) -> None:
    await session.enter("out")
    for file in await session.listing():
        download = await session.retrieve(file.name, Mode.ASCII)
        async for _ in download.blocks():
            pass
        await download.confirm()


async def poll(session: Session) -> None:
    await session.enter("out")
    await session.listing()


def counted(what: str, house: House, work: Callable[[Session], Any], files: int, without: set[str]) -> None:
    """Count what the server logged, but for what a session costs once."""
    before = len(house.commands())
    ours(work)(house)
    verbs = [line.partition(" ")[0] for line in house.commands()[before:]]
    print(f"{what:42} {sum(verb not in without for verb in verbs) / files:8.2f} commands")


def commands() -> None:
    once = {"AUTH", "PBSZ", "PROT", "USER", "PASS", "CWD", "QUIT"}
    with vsftpd(tls=True) as house:
        counted("one ASCII order, size proven, renamed", house, lambda s: publish(s, Mode.ASCII), COUNTED, once)
        counted("one binary order, size proven, renamed", house, lambda s: publish(s, Mode.BINARY), COUNTED, once)
        counted("one cold poll with TLS, before QUIT", house, poll, 1, {"QUIT"})
        for number in range(COUNTED):
            house.put("out", f"R_{number}", b"answer\r\n")
        counted("one download, after the listing", house, fetch_some, COUNTED, {*once, "MLSD", "LIST"})


LARGE = os.urandom(2**20) * (SIZE // 2**20 + 1)
LARGE = LARGE[:SIZE]


def main() -> None:
    print(f"{'':42} {'syncd':>10} {'peer':>10} {'ratio':>8}")
    large(None, "plain")
    large("TLSv1.2", "TLS 1.2")
    small()
    names()
    commands()


if __name__ == "__main__":
    main()
