"""Independent clients: Python's ftplib in a thread, without a line of syncd."""

import asyncio
import ftplib
import io
import random
import ssl
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from syncd.simulate import CbHouse, UmbreitHouse

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ORDER = (
    b"B101900900    VD24000     VD2026112251        9783442756841EN0002ST*1003Meier*1045J*9999\r\n"
    b"B101900900    VD24000     VD2026112252        9783865213891EN0001ST*1045N*9999\r\n"
    b"B101900900    VD24000     VD2026112253        9783784471587EN0005ST*1003Adler*9999\r\n"
)
"""Three lines: there, missing (9 last but one), half there (8 last but one)."""
ORDER_NAME = "S_900900_20261122100000"


class Hands:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def ahead(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def umbreit(clock: Callable[[], datetime] | None = None, **settings: Any) -> UmbreitHouse:
    quick = {"answer_after": timedelta(0), "deliver_after": timedelta(0)}
    return UmbreitHouse({"900900": "geheim"}, clock=clock or Hands(), rng=random.Random(1), **(quick | settings))


def cb(clock: Callable[[], datetime] | None = None, **settings: Any) -> CbHouse:
    relations = {"shop": "9999999"}
    return CbHouse({"shop": "geheim"}, clock=clock or Hands(), rng=random.Random(1), relations=relations, **settings)


def context(ca_file: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(ca_file))
    made.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    return made


class ReusingTls(ftplib.FTP_TLS):
    """FTP_TLS that resumes the control connection's session on data connections."""

    def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.context.wrap_socket(conn, server_hostname=self.host, session=self.sock.session), size


def plain(house: UmbreitHouse | CbHouse, login: bool = True) -> ftplib.FTP:
    ftp = ftplib.FTP(timeout=20, encoding="latin-1")
    ftp.connect("127.0.0.1", house.port)
    if login:
        ftp.login("900900", "geheim")
    return ftp


def tls(
    house: UmbreitHouse | CbHouse, ca_file: Path, user: str = "shop", kind: type[ftplib.FTP_TLS] = ftplib.FTP_TLS
) -> ftplib.FTP_TLS:
    ftp = kind(context=context(ca_file), timeout=20, encoding="latin-1")
    ftp.connect("127.0.0.1", house.port)
    ftp.login(user, "geheim")
    ftp.prot_p()
    return ftp


def store(ftp: ftplib.FTP, name: str, content: bytes, mode: str = "A") -> None:
    ftp.voidcmd(f"TYPE {mode}")
    with ftp.transfercmd(f"STOR {name}") as conn:
        conn.sendall(content)
        if isinstance(conn, ssl.SSLSocket):
            conn.unwrap()
    ftp.voidresp()


def fetch(ftp: ftplib.FTP, name: str, mode: str = "A") -> bytes:
    ftp.voidcmd(f"TYPE {mode}")
    content = io.BytesIO()
    with ftp.transfercmd(f"RETR {name}") as conn:
        while block := conn.recv(65536):
            content.write(block)
        if isinstance(conn, ssl.SSLSocket):
            conn.unwrap()
    ftp.voidresp()
    return content.getvalue()


def order_up(ftp: ftplib.FTP, name: str = ORDER_NAME, content: bytes = ORDER) -> None:
    """Send an order as Umbreit wants it."""
    ftp.cwd("in")
    store(ftp, "t1", content)
    ftp.voidcmd("TYPE I")
    assert ftp.size("t1") == len(content)
    ftp.rename("t1", name)


T = TypeVar("T")


async def run(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await asyncio.to_thread(call, *arguments, **named)


async def until(true: Callable[[], object]) -> None:
    """Wait for something that the house does by itself."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)
