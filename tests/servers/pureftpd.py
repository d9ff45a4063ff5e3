"""pure-ftpd 1.0.50. Its account comes from an answer on a Unix socket (`extauth`): no PAM, no slow hash, no user."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from syncd.suppliers.rules import Encryption
from tests.root import must_be_root
from tests.servers import LOOPBACK, PASSIVE, House, account_ids, free_port, ground, program, running
from tests.servers.certs import issue

USER, PASSWORD = "shop", "Buch-1450"


@contextlib.contextmanager
def pureftpd(
    *,
    tls: bool = False,
    ciphers: str = "",
    passive: range = PASSIVE,
    address: str = LOOPBACK,
    name: str = LOOPBACK,
) -> Iterator[House]:
    """Run it (as root), plain or with TLS required; `ciphers` is its -J, `name` is certified."""
    must_be_root("pure-ftpd becomes its account's user")
    with ground("pureftpd") as (own, home), _accounts(own / "auth", home):
        port = free_port()
        house = House(home, port, USER, PASSWORD)
        command = [program("pure-ftpd"), "-4", "-E", "-H", "-A", "-u", "1", "-S", f"{address},{port}"]
        command += [
            "-l",
            f"extauth:{own / 'auth'}",
            "-p",
            f"{passive.start}:{passive.stop - 1}",
            "-g",
            str(own / "pid"),
        ]
        if tls:
            files = issue(own, name)
            pair = own / "pair.pem"
            pair.write_bytes(files.key.read_bytes() + files.certificate.read_bytes())
            command += ["-Y", "3", "-2", str(pair)]
            command += ["-J", ciphers] if ciphers else []
            house.encryption = Encryption.EXPLICIT
            house.ca_file = str(files.ca)
        with running(command, port, own / "output", address):
            yield house


@contextlib.contextmanager
def _accounts(path: Path, home: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener, home), daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _answer(listener: socket.socket, home: Path) -> None:
    uid, gid = account_ids()
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb") as stream:
            asked = dict(line.decode().rstrip("\n").split(":", 1) for line in iter(stream.readline, b"end\n"))
            right = asked["account"] == USER and asked["password"] == PASSWORD
            answer = f"auth_ok:1\nuid:{uid}\ngid:{gid}\ndir:{home}\n" if right else "auth_ok:-1\n"
            stream.write(answer.encode() + b"end\n")
