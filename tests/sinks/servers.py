"""Real brokers for the tests, on loopback, in a temporary directory, ended by their process id.

Without an installation the tests fail and say what to install: they are never skipped.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import trustme

T = TypeVar("T")

USER, PASSWORD = "syncd", "geheim"


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from a test, whether or not an event loop runs around it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


class Broker(ABC):
    """A broker of our own; what it took it keeps when it is killed and started again."""

    package: str
    program: str

    def __init__(self) -> None:
        assert shutil.which(self.program), f"{self.package} is not installed; as root: apt-get install {self.package}"
        self.folder = Path(tempfile.mkdtemp(prefix=f"syncd-{self.package}-"))
        self.port = free_port()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command, env = self.command(), os.environ | self.environment()
            self._server = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 200  # RabbitMQ takes 5 s of a processor, and a busy machine has none to give
        while not self._listens():
            assert self._server.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """Send SIGKILL to the server, and to what it started."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        while self._listens():  # what the server started dies a moment later
            time.sleep(0.01)

    def freeze(self) -> None:
        """Let the server keep its connections and do nothing."""
        os.killpg(self._server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self._server.pid, signal.SIGCONT)

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @abstractmethod
    def command(self) -> list[str]: ...

    def environment(self) -> Mapping[str, str]:
        return {}

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def certificate(self) -> tuple[str, str]:
        """Make a key and a certificate for localhost; its authority is in `ca.pem`."""
        authority, certificate, key = trustme.CA(), self.folder / "certificate.pem", self.folder / "key.pem"
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return str(certificate), str(key)


class NatsServer(Broker):
    package = program = "nats-server"
    tls = False

    def command(self) -> list[str]:
        where = ["-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self.folder / "data")]
        certificate, key = self.certificate() if self.tls else ("", "")
        encrypted = ["--tls", "--tlscert", certificate, "--tlskey", key] if self.tls else []
        return [self.program, "-js", *where, *encrypted, "--user", USER, "--pass", PASSWORD]


class EncryptedNatsServer(NatsServer):
    tls = True


class RabbitServer(Broker):
    package = "rabbitmq-server"
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self) -> None:
        super().__init__()
        self._epmd_port = free_port()
        self._epmd = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)])
        (self.folder / "plugins").write_text("[].")
        certificate, key = self.certificate()
        self.tls_port = free_port()
        rabbit = f"""
            {{default_user, <<"{USER}">>}}, {{default_pass, <<"{PASSWORD}">>}},
            {{ssl_listeners, [{{"127.0.0.1", {self.tls_port}}}]}},
            {{ssl_options, [{{certfile, "{certificate}"}}, {{keyfile, "{key}"}}]}}"""
        (self.folder / "rabbitmq.config").write_text(f"[{{rabbit, [{rabbit}]}}].")  # read faster than the newer form

    def command(self) -> list[str]:
        return [self.program]

    def environment(self) -> Mapping[str, str]:
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"syncd{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def end(self) -> None:
        super().end()
        self._epmd.terminate()
        self._epmd.wait()


class Proxy:
    """A port that leads to another one of this machine, until it is shut."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.port = free_port()
        self._open()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Break every connection and take none."""
        self.close()
        yield
        self._open()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for pump in self._pumps:
            pump.join()

    def _open(self) -> None:
        self._ends: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [here, there]
                for source, sink in ((here, there), (there, here)):
                    self._pumps.append(threading.Thread(target=pump, args=(source, sink), daemon=True))
                    self._pumps[-1].start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes one way until either end is closed."""
    with suppress(OSError):
        while block := source.recv(1 << 16):
            sink.sendall(block)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()
