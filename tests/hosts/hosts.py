"""Real hosts for tests: a state directory, an outbox and a `syncd run` each, one PostgreSQL database, one house."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from syncd.config import Settings, load
from tests.jobs.shop import PASSWORD, TWO, order

INTERVAL = 1
"""Seconds between two logins, at the house and in the configuration."""
LEASE = 2
"""Seconds without a sign of life until another host may take the account over."""


class Host:
    """One machine's share: its folder, and its daemon while it runs."""

    def __init__(self, folder: Path, name: str, url: str, port: int) -> None:
        self.folder, self.name = folder / name, name
        self.outbox = self.folder / "outbox"
        self.outbox.mkdir(parents=True)
        (self.folder / "inbox").mkdir()
        self.config = self.folder / "syncd.toml"
        self.config.write_text(self._toml(url, port), encoding="utf-8")
        self.process: asyncio.subprocess.Process | None = None

    @property
    def settings(self) -> Settings:
        return load(self.config)

    async def start(self) -> asyncio.subprocess.Process:
        """Run the real daemon, as a service manager does."""
        with (self.folder / "log").open("ab") as log:
            command = (sys.executable, "-m", "syncd", "run", "--config", str(self.config))
            self.process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        return self.process

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    async def end(self, number: signal.Signals) -> int:
        """End the daemon by a signal; return its exit status."""
        assert self.process is not None
        self.send(number)
        return await asyncio.wait_for(self.process.wait(), 60)

    def drop(self, number: int) -> str:
        """Drop an order that no other one is like."""
        name = f"S_900900_202611221200{number:02d}"
        draft = self.outbox / ".draft.tmp"
        draft.write_bytes(order(*TWO, reference=f"{number:05d}"))
        draft.rename(self.outbox / name)
        return name

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _toml(self, url: str, port: int) -> str:
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD)
        return f"""\
state_dir = "{self.folder}/state"
database = "{url}"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
port = {port}
user = "900900"
password = {{ file = "{password}" }}
tls = "none"
customers = ["900900"]
outbox = "{self.outbox}"
consume = "we-remove"
schedule = {{ every = "1s" }}
login_interval = "{INTERVAL}s"
lease = "{LEASE}s"
[sink.inbox]
type = "directory"
path = "{self.folder}/inbox"
"""
