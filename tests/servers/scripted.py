"""A server that does what a test tells it to: half replies, resets, injected plaintext, silence, odd listings.

Each command is an *act*, a function of the conversation and the argument; a test replaces those it needs. Sockets are
blocking and served by threads, so that a test can stop at any byte and end a connection with or without goodbye.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.certs import Certificate, issue

Act = Callable[["Talk", str], None]
_TCP_CLOSE = 7  # linux/include/net/tcp_states.h; a connection that got FIN would be in CLOSE_WAIT


def answer(*replies: str | bytes) -> Act:
    """Return an act that only says this."""

    def act(talk: "Talk", argument: str) -> None:
        for reply in replies:
            talk.say(reply)

    return act


def hang_up(talk: "Talk", argument: str) -> None:
    """End the control connection in good order, in the middle of things."""
    talk.control.shutdown(socket.SHUT_RDWR)


def reset(talk: "Talk", argument: str) -> None:
    """End the control connection with RST."""
    rst(talk.control)


def silence(talk: "Talk", argument: str) -> None:
    """Say nothing."""


def sends(data: bytes, *, goodbye: bool = True, final: str | None = "226 done") -> Act:
    """Return an act that sends data: with TLS close_notify or without, and a final reply or none."""

    def act(talk: "Talk", argument: str) -> None:
        talk.say("150 here it comes")
        with talk.accept() as connection:
            connection.sendall(data)
            if goodbye and isinstance(connection, ssl.SSLSocket):
                with contextlib.suppress(OSError):
                    connection.unwrap()
        if final:
            talk.say(final)

    return act


def takes(final: str | None = "226 done", after: Callable[[], None] = lambda: None) -> Act:
    """Return an act that takes data to its end (or its reset), having waited first."""

    def act(talk: "Talk", name: str) -> None:
        talk.say("150 go on")
        with talk.accept() as connection:
            after()
            talk.server.stored[name], talk.server.ended[name] = _drain(connection)
        if final:
            talk.say(final)

    return act


def _drain(connection: socket.socket) -> tuple[bytes, str]:
    data = bytearray()
    with contextlib.suppress(OSError):
        while block := connection.recv(2**16):
            data += block
        if isinstance(connection, ssl.SSLSocket):
            connection.unwrap()
    return bytes(data), "reset" if was_reset(connection) else "end"


def was_reset(connection: socket.socket) -> bool:
    """Tell whether the peer sent RST, which TLS does not show: the kernel is asked for the connection's state."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE


@dataclass
class Scripted:
    """The server; `acts` by verb replace the usual ones, `BANNER` is one of them."""

    acts: dict[str, Act] = field(default_factory=dict)
    tls: Certificate | None = None
    received: list[str] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    """How the data connection of an upload ended: `end` or `reset`."""
    resets: int = 0
    """Control connections that the client reset."""
    port: int = 0
    threads: list[threading.Thread] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        """Accept and serve until the listener is closed."""
        while True:
            try:
                control, _ = listener.accept()
            except OSError:
                return
            self.sockets.append(control)
            thread = threading.Thread(target=Talk(self, control).serve, daemon=True)
            self.threads.append(thread)
            thread.start()

    @property
    def verbs(self) -> list[str]:
        """The verbs that arrived."""
        return [line.partition(" ")[0] for line in self.received]


class Talk:
    """One control connection."""

    def __init__(self, server: Scripted, control: socket.socket) -> None:
        self.server = server
        self.control = control
        self.passive: socket.socket | None = None
        self.protected = False

    def serve(self) -> None:
        """Read commands and act."""
        acts = _USUAL | self.server.acts
        with self.control, contextlib.suppress(OSError):
            acts["BANNER"](self, "")
            for line in self._lines():
                self.server.received.append(line)
                verb, _, argument = line.partition(" ")
                acts.get(verb, answer("502 what?"))(self, argument)
        if self.passive is not None:
            self.passive.close()

    def _lines(self) -> Iterator[str]:
        pending = b""
        while True:
            end = pending.find(b"\r\n")
            if end >= 0:
                yield pending[:end].decode("latin-1")
                pending = pending[end + 2 :]
                continue
            try:
                block = self.control.recv(4096)
            except ConnectionResetError:
                block = b""
            if not block:
                self.server.resets += was_reset(self.control)
                return
            pending += block

    def say(self, reply: str | bytes) -> None:
        """Send a reply; bytes go as they are, text gets its CR LF."""
        self.control.sendall(reply if isinstance(reply, bytes) else reply.encode("latin-1") + b"\r\n")

    def listen(self) -> int:
        """Open a passive port and return it."""
        if self.passive is not None:
            self.passive.close()
        self.passive = socket.create_server(("127.0.0.1", 0))
        self.server.sockets.append(self.passive)
        return int(self.passive.getsockname()[1])

    def accept(self) -> socket.socket:
        """Accept the data connection, and secure it if PROT P was sent."""
        assert self.passive is not None
        connection, _ = self.passive.accept()
        if self.protected:
            connection = self.secure(connection)
        self.server.sockets.append(connection)
        return connection

    def secure(self, connection: socket.socket) -> ssl.SSLSocket:
        """Speak TLS from here."""
        assert self.server.tls is not None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server.tls.certificate, self.server.tls.key)
        return context.wrap_socket(connection, server_side=True)


def rst(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _pasv(talk: Talk, argument: str) -> None:
    high, low = divmod(talk.listen(), 256)
    talk.say(f"227 Entering Passive Mode (127,0,0,1,{high},{low}).")


def _auth(talk: Talk, argument: str) -> None:
    talk.say("234 go ahead")
    talk.control = talk.secure(talk.control)
    talk.server.sockets.append(talk.control)


def _prot(talk: Talk, argument: str) -> None:
    talk.protected = argument == "P"
    talk.say("200 protected")


def _quit(talk: Talk, argument: str) -> None:
    talk.say("221 bye")
    hang_up(talk, argument)


_USUAL: dict[str, Act] = {
    "BANNER": answer("220 scripted"),
    "AUTH": _auth,
    "PBSZ": answer("200 ok"),
    "PROT": _prot,
    "USER": answer("331 password?"),
    "PASS": answer("230 welcome"),
    "TYPE": answer("200 ok"),
    "CWD": answer("250 ok"),
    "PASV": _pasv,
    "MLSD": sends(b""),
    "RETR": sends(b"0123456789"),
    "STOR": takes(),
    "SIZE": answer("213 10"),
    "RNFR": answer("350 to?"),
    "RNTO": answer("250 renamed"),
    "DELE": answer("250 gone"),
    "QUIT": _quit,
}


@contextlib.contextmanager
def scripted(
    acts: dict[str, Act] | None = None, *, tls: Path | None = None, names: tuple[str, ...] = ()
) -> Iterator[Scripted]:
    """Run it; `tls` is a directory for a certificate (for these names), with which AUTH TLS works."""
    server = Scripted(acts or {}, issue(tls, *names) if tls else None)
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    main = threading.Thread(target=server.serve, args=(listener,), daemon=True)
    main.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        main.join(5)
        for connection in server.sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in server.threads:
            thread.join(5)
