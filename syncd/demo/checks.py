"""Whether it is all true: each line of the table is asked of the sinks, of the houses' own books, or of the journal.

Nothing here believes the daemon's log. Expectations come from what the houses put out and took in.
"""

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from syncd.demo.shop import REFERENCE, Shop
from syncd.simulate import CbHouse, House, UmbreitHouse
from syncd.simulate.stocklist import Row


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    what: str
    expected: object
    found: object
    asked: str

    @property
    def holds(self) -> bool:
        """Tell whether what was found is what was expected."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the checks ask."""

    shop: Shop
    umbreit: UmbreitHouse
    cb: CbHouse
    built: bytes
    """The order file as `order build` wrote it."""
    answers: dict[str, bytes]
    """What Umbreit put out, by name."""
    stock_lists: dict[str, bytes]
    """What CB put out, by name."""
    newest: Sequence[Row]
    """The rows of CB's newest stock list."""
    interval: float
    exit_status: int | None


def check(evidence: Evidence) -> list[Check]:
    """Ask everybody."""
    return [*_orders(evidence), *_answers(evidence), *_stock(evidence), *_manners(evidence)]


def _orders(e: Evidence) -> list[Check]:
    orders, status = e.umbreit.orders, _status(e.shop)
    sent, content = (orders[0].name, orders[0].content) if orders else ("", b"")
    found = [row["state"] for row in _explain(e.shop, REFERENCE) if row["name"] == sent]
    return [
        Check("orders taken by Umbreit", 1, len(orders), "Umbreit's books"),
        Check("its bytes are the ones that were built", _hash(e.built), _hash(content), "Umbreit's books"),
        Check("the order is answered", ["confirmed"], found, "journal"),
        Check("the same bytes dropped again: held, not sent", 1, sum(a["held"] for a in status["accounts"]), "journal"),
    ]


def _answers(e: Evidence) -> list[Check]:
    kept = {path.name: path.read_bytes() for path in e.shop.inbox.glob("R_*") if path.suffix != ".jsonl"}
    wanted = sum(int(str(line["quantity"])) for order in e.umbreit.orders for line in order.lines)
    delivered = _ask(e.shop, "select coalesce(sum(quantity), 0) from syncd_despatch_line where bookable")
    short = _ask(e.shop, "select count(*) from syncd_report_line")
    there = [
        (e.umbreit.shelf.available(str(line["article"]), int(str(line["quantity"]))), int(str(line["quantity"])))
        for order in e.umbreit.orders
        for line in order.lines
    ]
    return [
        Check("answers in the folder, byte for byte", _hashes(e.answers), _hashes(kept), "folder"),
        Check(f"copies to book, of {wanted} ordered", sum(have for have, _ in there), delivered, "SQLite"),
        Check("positions reported short", sum(have < want for have, want in there), short, "SQLite"),
    ]


def _stock(e: Evidence) -> list[Check]:
    kept = {path.name: path.read_bytes() for path in e.shop.inbox.glob("*.bhd")}
    rows = _rows(e.shop, "select ean, available from syncd_stock_line order by ean")
    listed = sorted((row.ean, row.quantity) for row in e.newest)
    left = [name for name in e.cb.out("shop") if name in e.stock_lists]
    return [
        Check("stock lists in the folder, byte for byte", _hashes(e.stock_lists), _hashes(kept), "folder"),
        Check(
            "the newest list is the stock, row by row",
            _hash(repr(listed).encode()),
            _hash(repr(rows).encode()),
            "SQLite",
        ),
        Check("read files left at CB, which deletes them", 0, len(left), "CB's server"),
    ]


def _manners(e: Evidence) -> list[Check]:
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(e.cb.logins)]
    versions = sorted({login.tls for login in e.cb.logins})
    return [
        Check("rules of Umbreit broken", [], _broken(e.umbreit), "Umbreit's books"),
        Check("rules of CB broken", [], _broken(e.cb), "CB's books"),
        Check(f"logins at CB less than {e.interval:g} s apart", 0, sum(gap < e.interval for gap in gaps), "CB's books"),
        Check("TLS at CB", ["TLSv1"], versions, "CB's books"),
        Check("exit status after SIGTERM", 0, e.exit_status, "the system"),
    ]


def _broken(house: House) -> list[str]:
    return [violation.sentence for violation in house.violations]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _hashes(files: dict[str, bytes]) -> str:
    together = "".join(f"{name} {_hash(content)}\n" for name, content in sorted(files.items()))
    return f"{len(files)} ({_hash(together.encode())})"


def _rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{shop.database}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:  # the daemon never got that far
            return [(str(error),)]


def _ask(shop: Shop, query: str) -> Any:
    return _rows(shop, query)[0][0]


def _status(shop: Shop) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_syncd(shop, "status", "--json"))
    return answer


def _explain(shop: Shop, text: str) -> list[dict[str, Any]]:
    return [json.loads(line)["file"] for line in _syncd(shop, "explain", text, "--json").splitlines()]


def _syncd(shop: Shop, *arguments: str) -> str:
    command = [sys.executable, "-m", "syncd", *arguments, "--config", str(shop.config)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
