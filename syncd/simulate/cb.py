"""CB's house: files are placed into `in` and moved away at once; stock lists wait in `out` and go when they are read.

Written from "Beschikbaarheid artikelen voor 24-uurslevering t.b.v. boekverkopers" and its English part "Data exchange
via FTP". The form of orders and of receipts is not given there: orders are kept as they come, a receipt is invented.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import ClassVar, Unpack
from zoneinfo import ZoneInfo

from syncd.simulate.books import Order
from syncd.simulate.host import Tls
from syncd.simulate.house import House, Settings
from syncd.simulate.rules import Rule, verbs
from syncd.simulate.session import Session
from syncd.simulate.stocklist import Row, invented_rows, stock_list
from syncd.simulate.tree import Clock, resolve

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SLOTS = (time(1), time(5), time(14), time(16, 30), time(18), time(20), time(23))
"""“omstreeks 01:00, 05:00, 14:00, 16:30, 18:00, 20:00 en 23:00 uur”."""
BINARY = (".epub", ".jpg", ".pdf", ".zip")
NAME = re.compile(r"[0-9A-Za-z._-]+")

DEMANDS = Settings(
    tls=Tls.EXPLICIT,  # “Encryption … ftp(e)s … is mandatory”
    tls_versions=("1.0", "1.0"),  # “At this moment CB only supports TLSv1”
    passive_ports=range(41000, 42001),  # “data channels are limited to a port range 41000:42000”
    login_interval=timedelta(minutes=10),  # “not be more than once every 10 minutes”
)
"""What CB's document says of the connection; a caller may set it otherwise."""


def _bad_name(session: Session, argument: str) -> bool:
    name = posixpath.basename(resolve(session.cwd, argument))
    stem, dot, extension = name.rpartition(".")
    return NAME.fullmatch(name) is None or not (stem and dot and extension) or extension != extension.lower()


def _wrong_type(session: Session, argument: str) -> bool:
    return session.ascii == argument.lower().endswith(BINARY)


def _not_in(session: Session, argument: str) -> bool:
    assert isinstance(session.house, House)
    return bool(session.account) and not session.house.is_in(session, resolve(session.cwd, argument))


class CbHouse(House):
    """CB on loopback, with explicit TLS 1.0 and one login in ten minutes unless told otherwise.

    relations: account to relation id; an account that is not named there has its own name as directory, and 9999999 as
    id in its lists. removes: when a file that is read goes: `before-226`, `after-226`, or `at-open` as soon as the
    reading begins. takes_torso: a broken upload is taken too. receipts: a receipt is put into `out` for every order.
    slots: a stock list of `stock()` is published at each of these times of day in Amsterdam.
    """

    NAME = "cb"
    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "no-rename",
            verbs("RNFR RNTO"),
            "a file that was placed is never renamed",
            "Data exchange via FTP: “not allowed to edit them or change the name”",
            reply=(550, "Renaming is not allowed."),
        ),
        Rule(
            "no-change",
            verbs("APPE REST DELE STOU SITE"),
            "a file that was placed is never changed, continued or removed",
            "Data exchange via FTP: “not allowed to edit them”",
            reply=(550, "Not allowed."),
        ),
        Rule(
            "file-name",
            verbs("STOR"),
            "a name has 0-9 A-Z a-z . - _ and an extension without capitals",
            "Bestandsnaam",
            broken=_bad_name,
            reply=(553, "File name not allowed."),
        ),
        Rule(
            "place",
            verbs("STOR"),
            "files are placed into `in` and nowhere else",
            "Data exchange via FTP: “/Relation Id/in/ (folder where orderfiles … can be put)”",
            broken=_not_in,
            reply=(550, "Put files into in/."),
        ),
        Rule(
            "transfer-type",
            verbs("STOR RETR"),
            "binary is for .epub .jpg .pdf .zip, everything else goes in ASCII",
            "Transfer modus",
            broken=_wrong_type,
        ),
    )

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        clock: Clock,
        rng: Random,
        relations: Mapping[str, str] | None = None,
        removes: str = "before-226",
        takes_torso: bool = True,
        receipts: bool = False,
        slots: tuple[time, ...] = (),
        stock: Callable[[], Iterable[Row]] = tuple,
        **settings: Unpack[Settings],
    ) -> None:
        self.relations = {account: (relations or {}).get(account, account) for account in accounts}
        super().__init__(accounts, clock=clock, rng=rng, **(DEMANDS | settings))
        self.removes = removes
        self.takes_torso = takes_torso
        self.receipts = receipts
        self.slots = slots
        self.stock = stock
        self._reference = 160000 + rng.randrange(1000)

    async def start(self) -> None:
        """Open the door, and plan the next stock list where there are slots."""
        await super().start()
        self._plan(self.clock())

    def folders(self, account: str) -> tuple[str, ...]:
        """Name the directories: in and out below the relation id."""
        home = self.home(account)
        return (home, f"{home}/in", f"{home}/out")

    def home(self, account: str) -> str:
        """Return /<relation id>."""
        return "/" + self.relations[account]

    # -- orders ---------------------------------------------------------------------------------------------

    def stored(self, session: Session, path: str, content: bytes, whole: bool) -> None:
        """Move a file away at once; whether CB takes the torso of a broken upload is not known."""
        if not whole and not self.takes_torso:
            return
        self._reference += 1
        order = Order(
            at=self.clock(),
            account=session.account,
            name=posixpath.basename(path),
            content=content,
            customer=self.relations[session.account],
            lines=[],
            whole=whole,
            number=str(self._reference),
            repeat_of=self.taken_before(content),
        )
        self.ledger.write(order)
        if self.receipts:
            receipt = f"Ontvangen: {order.name}, {len(content)} bytes, {order.number}\r\n"
            self.put(session.account, f"ontvangst-{order.number}.txt", receipt.encode())

    # -- stock lists ----------------------------------------------------------------------------------------

    def publish_stock(self, rows: Iterable[Row | tuple[str, int]], *, account: str = "", name: str = "") -> str:
        """Put a stock list into `out` of an account, by default the first; return its file name."""
        account = account or next(iter(self.accounts))
        relation = self.relations[account]
        at = self.clock().astimezone(AMSTERDAM)
        self._reference += 1
        listed = [row if isinstance(row, Row) else Row(*row) for row in rows]
        receiver = relation if relation.isdecimal() else "9999999"
        name = name or f"bhdart{relation}u{self._reference % 10000:04d}{at:%Y%m%d}.bhd"
        self.put(account, name, stock_list(listed, receiver=receiver, at=at, reference=f"{self._reference:06d}"))
        return name

    def revised(self, content: bytes) -> bytes:
        """Return another stock list."""
        self._reference += 1
        at = self.clock().astimezone(AMSTERDAM)
        receiver = content.partition(b"ONTV#0010")[2].partition(b"#")[0].decode()
        return stock_list(invented_rows(3), receiver=receiver, at=at, reference=f"{self._reference:06d}")

    def _plan(self, after: datetime) -> None:
        if self.slots:
            slot = self._next_slot(after.astimezone(AMSTERDAM))
            self.later(max(slot - self.clock(), timedelta(0)), lambda: self._publish_slot(slot))

    def _next_slot(self, after: datetime) -> datetime:
        days: tuple[date, ...] = (after.date(), after.date() + timedelta(days=1))
        times = [datetime.combine(day, slot, AMSTERDAM) for day in days for slot in sorted(self.slots)]
        return min(when for when in times if when > after).astimezone(UTC)

    def _publish_slot(self, slot: datetime) -> None:
        for account in self.accounts:
            self.publish_stock(self.stock(), account=account)
        self._plan(slot)

    # -- reading --------------------------------------------------------------------------------------------

    def reading(self, session: Session, path: str) -> bytes:
        """Return what a reader gets; the file goes with it where the house removes at once."""
        content = super().reading(session, path)
        if self.removes == "at-open":
            self._remove(session, path)
        return content

    def sent(self, session: Session, path: str, content: bytes, whole: bool) -> None:
        """Remove a file that went out whole, as far as the house can see."""
        super().sent(session, path, content, whole)
        if whole and self.removes == "before-226":
            self._remove(session, path)

    def done(self, session: Session, path: str, whole: bool) -> None:
        """Remove a file whose 226 is out."""
        if self.removes == "after-226":
            self._remove(session, path)

    def _remove(self, session: Session, path: str) -> None:
        session.directory(path).pop(posixpath.basename(path), None)
