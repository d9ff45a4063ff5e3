"""A real HTTP server for the webhook: it checks every signature, keeps what it took, and answers as it is told."""

import base64
import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from tests.sinks.assembled import lines_in
from tests.sinks.contract import Lines, Remote

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes.... ").decode()


@dataclass
class Reply:
    """How the next request is answered; it counts for the shop when `takes`."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    takes: bool = False
    hangs_up: bool = False


class Endpoint(Remote):
    """What a shop runs at the other end."""

    sink = "webhook"

    def __init__(self, trust: SSLContext | None = None) -> None:
        self.requests: list[Mapping[str, str]] = []
        self.taken: list[tuple[str, bytes]] = []
        self.replies: deque[Reply] = deque()
        self.trust = trust
        self.port = 0
        self._listen()
        scheme = "https" if trust else "http"
        self.settings: dict[str, Any] = {
            "url": f"{scheme}://localhost:{self.port}/in?shop=1"
            if trust
            else f"http://127.0.0.1:{self.port}/in?shop=1",
            "secret": SECRET,
            "records": 4,
            "timeout": 5,
        }

    def at(self, port: int) -> dict[str, Any]:
        return self.settings | {"url": f"http://127.0.0.1:{port}/in", "timeout": 0.5}

    def lines(self) -> Lines:
        return lines_in(self.taken)

    def outside(self) -> set[str]:
        return {path for path in (request[":path"] for request in self.requests) if path != "/in?shop=1"}

    @contextmanager
    def down(self) -> Iterator[None]:
        self.close()
        yield
        self._listen()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _listen(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler(self))
        self._server.daemon_threads = True
        if self.trust:
            self._server.socket = self.trust.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()


def check_signature(headers: Mapping[str, str], body: bytes) -> None:
    """Do what a receiver does by the text of Standard Webhooks."""
    identity, moment = headers["webhook-id"], headers["webhook-timestamp"]
    assert abs(time.time() - int(moment)) < 300
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = hmac.new(key, f"{identity}.{moment}.".encode() + body, hashlib.sha256).digest()
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert hmac.compare_digest(base64.b64decode(signature), expected)


def handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()} | {":path": self.path}
            endpoint.requests.append(headers)
            check_signature(headers, body)
            reply = endpoint.replies.popleft() if endpoint.replies else Reply(takes=True)
            if reply.takes:
                endpoint.taken.append((headers["idempotency-key"], body))
            if reply.hangs_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    return Handler
