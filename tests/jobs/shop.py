"""A shop for tests: a folder, a configuration that goes through the real loader, and both houses on loopback."""

import asyncio
import json
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd import app
from syncd.config import load
from syncd.simulate import CbHouse, UmbreitHouse
from syncd.simulate.stocklist import invented_rows

PASSWORD = "nur-ein-test"


def now():
    return datetime.now(UTC)


def order(*articles, reference="4233", date="20261121", customer="900900"):
    """B101 records by hand, as Umbreit's document prints them, with the padding it lost."""
    lines = [
        f"B101{customer:<10}VD{'24000':<10}VD{date}{reference:<10}{article:<13}EN{quantity:04d}ST*1003MUSTER*9999"
        for article, quantity in articles
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


TWO = (("9783442756841", 2), ("9783869170596", 1))
"""The first is on the simulated shelf, the second is not."""


class Shop:
    """The shop's folder and its houses."""

    def __init__(self, folder: Path, umbreit: UmbreitHouse, cb: CbHouse) -> None:
        self.folder, self.umbreit, self.cb = folder, umbreit, cb
        self.outbox, self.inbox = folder / "outbox", folder / "inbox"
        self.config = folder / "syncd.toml"

    def write_config(self, *, umbreit="", cb="", top="", sinks=""):
        password = self.folder / "password"
        if not password.exists():
            password.touch(mode=0o600)
            password.write_text(PASSWORD)
        self.config.write_text(
            f"""\
state_dir = "{self.folder}/state"
{top}
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
port = {self.umbreit.port}
user = "900900"
password = {{ file = "{password}" }}
tls = "none"
customers = ["900900"]
outbox = "{self.outbox}"
{umbreit}
[account.cb]
supplier = "cb"
host = "127.0.0.1"
port = {self.cb.port}
user = "shop"
password = {{ file = "{password}" }}
ca_file = "{self.folder}/ca.pem"
relation_id = "1234567"
outbox = "{self.folder}/outbox-cb"
login_interval = "{self.cb.login_interval.total_seconds():g}s"
{cb}
[sink.inbox]
type = "directory"
path = "{self.inbox}"
records = true
{sinks}"""
        )
        return self.config

    def drop(self, content=None, name="S_900900_20261121101112", outbox=None):
        """Put a file into the outbox as the shop does."""
        folder = outbox or self.outbox
        draft = folder / ".draft.tmp"
        draft.write_bytes(order(*TWO) if content is None else content)
        draft.rename(folder / name)
        return folder / name

    async def once(self, *accounts):
        """One turn with the named accounts; return the tours by account."""
        tours, _ = await app.once(load(self.config), accounts)
        return {tour.account: tour for tour in tours}

    async def answered(self):
        """Take turns until everything that Umbreit put out has come; the house answers when it likes."""
        for _ in range(50):
            await self.once("umbreit")
            if self.umbreit.out("900900") and self.raw("R_*") == dict(self.umbreit.out("900900").items()):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("the answers never came")

    def status(self):
        return app.status(load(self.config))

    def states(self, text):
        return [story.file.state for story in app.explain(load(self.config), text)]

    def problems(self):
        return {problem.code: problem for problem in self.status().problems}

    def raw(self, pattern="*"):
        """What the directory sink has, without its record files."""
        return {p.name: p.read_bytes() for p in self.inbox.glob(pattern) if p.is_file() and p.suffix != ".jsonl"}

    def records(self, pattern="*"):
        lines = [
            json.loads(line)
            for path in sorted(self.inbox.glob(f"{pattern}.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        return [line for line in lines if line["record"] != "Interchange"]


@asynccontextmanager
async def open_shop(folder, *, umbreit=None, cb=None, config=None):
    """Open both houses and the shop; `umbreit` and `cb` are settings of the houses."""
    for name in ("outbox", "outbox-cb", "inbox"):
        (folder / name).mkdir()
    dice = random.Random(7)
    quick = {"answer_after": timedelta(0), "deliver_after": timedelta(0)}
    at_cb = {"login_interval": timedelta(0), "passive_ports": range(41000, 42001)} | (cb or {})
    async with (
        UmbreitHouse({"900900": PASSWORD}, clock=now, rng=dice, **(quick | (umbreit or {}))) as umbreit_house,
        CbHouse(
            {"shop": PASSWORD}, clock=now, rng=dice, relations={"shop": "1234567"}, ca_file=folder / "ca.pem", **at_cb
        ) as cb_house,
    ):
        shop = Shop(folder, umbreit_house, cb_house)
        shop.write_config(**(config or {}))
        yield shop


def stock(count=5, **more):
    return invented_rows(count, **more)
