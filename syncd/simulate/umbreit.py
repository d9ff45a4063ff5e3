"""Umbreit's house: orders come by rename into `in` and are taken at once; responses and delivery slips go to `out`.

Written from "Technische Dokumentation Bestelldaten, ELS, OLA", Stand 12/2021, chapters 2 to 4. What is unavailable is
answered at once by an ERM (4.2.2); what is delivered comes a little later on the ELS (4.2.1).
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from random import Random
from typing import ClassVar, Unpack
from zoneinfo import ZoneInfo

from syncd.simulate import slips
from syncd.simulate.books import Order
from syncd.simulate.house import House, Settings
from syncd.simulate.rules import Rule, verbs
from syncd.simulate.session import Session
from syncd.simulate.shelf import Shelf
from syncd.simulate.tree import Clock, resolve

BERLIN = ZoneInfo("Europe/Berlin")
SHORT_BACKORDERED = 15
"""“Fehlt kurzfristig am Lager. Bestellung ist vorgemerkt” (4.5)."""
SHORT = 10
"""“Fehlt kurzfristig am Lager. Bestellung ist nicht vorgemerkt” (4.5)."""


def _target(session: Session, argument: str) -> tuple[bool, str]:
    assert isinstance(session.house, House)
    path = resolve(session.cwd, argument)
    return session.house.is_in(session, path), posixpath.basename(path)


def _order_name(session: Session, argument: str) -> bool:
    inside, name = _target(session, argument)
    return inside and name.startswith("S_")


def _misleading_name(session: Session, argument: str) -> bool:
    inside, name = _target(session, argument)
    return inside and name.startswith(("R_", "."))


def _binary(session: Session, argument: str) -> bool:
    return _target(session, argument)[0] and not session.ascii


def _bad_order_name(session: Session, argument: str) -> bool:
    return _order_name(session, argument) and not slips.ORDER_NAME.fullmatch(_target(session, argument)[1])


def _used_name(session: Session, argument: str) -> bool:
    assert isinstance(session.house, UmbreitHouse)
    name = _target(session, argument)[1]
    return any(order.name == name for order in session.house.orders)


class UmbreitHouse(House):
    """Umbreit on loopback. An account's name is the customer number.

    shelf: what is there. answer_after, deliver_after: from an order to its ERM and to its ELS. repeats_reports: the ELS
    tells the undeliverable lines again (4.2.2 calls it optional).
    """

    NAME = "umbreit"
    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "stored-as-order",
            verbs("STOR STOU"),
            "an order was stored under its S_ name: it is taken before anybody could verify it",
            "3.1: “erst nach erfolgreich abgeschlossener Übertragung so zu benennen”",
            broken=_order_name,
        ),
        Rule(
            "temporary-name",
            verbs("STOR STOU"),
            "a temporary name begins with R_ or a dot",
            "4.1: R_ names are our answers",
            broken=_misleading_name,
        ),
        Rule(
            "order-type",
            verbs("STOR STOU APPE"),
            "an order was not transferred in ASCII (TYPE A)",
            "3.1: “im ASCII-Modus übertragen”",
            broken=_binary,
        ),
        Rule(
            "order-name",
            verbs("RNTO STOR"),
            "the name is not S_<customer>_<YYYYMMDDHHMMSS>",
            "3.1: “S_Kundennummer_JJJJMMDDHH24MiSS”",
            broken=_bad_order_name,
        ),
        Rule(
            "order-name-used",
            verbs("RNTO STOR"),
            "an order of this name was taken before",
            "3.1: “sollte eindeutig sein”",
            broken=_used_name,
        ),
    )

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        clock: Clock,
        rng: Random,
        shelf: Shelf | None = None,
        answer_after: timedelta = timedelta(seconds=0.5),
        deliver_after: timedelta = timedelta(seconds=1),
        repeats_reports: bool = False,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(accounts, clock=clock, rng=rng, **settings)
        self.shelf = shelf or Shelf()
        self.answer_after = answer_after
        self.deliver_after = deliver_after
        self.repeats_reports = repeats_reports
        self._number = 24000000 + rng.randrange(1000) * 100

    def stored(self, session: Session, path: str, content: bytes, whole: bool) -> None:
        """Keep a file; one that is stored under an S_ name is an order already, whole or not."""
        super().stored(session, path, content, whole)
        if self._is_order(session, path):
            self._take(session, path, whole)

    def renamed(self, session: Session, old: str, new: str) -> None:
        """Rename; a file that becomes S_… in `in` is taken at once."""
        super().renamed(session, old, new)
        if self._is_order(session, new):
            self._take(session, new, whole=True)

    def _is_order(self, session: Session, path: str) -> bool:
        return self.is_in(session, path) and posixpath.basename(path).startswith("S_")

    def _take(self, session: Session, path: str, whole: bool) -> None:
        name = posixpath.basename(path)
        content = session.directory(path).pop(name)
        lines, wrong = slips.read_order(content)
        for sentence in wrong:
            self.violate(session, "order-content", f"{name}: {sentence}")
        match = slips.ORDER_NAME.fullmatch(name)
        order = Order(
            at=self.clock(),
            account=session.account,
            name=name,
            content=content,
            customer=match[1] if match else session.account,
            lines=[asdict(line) for line in lines],
            whole=whole,
            number=self._next_number(),
            repeat_of=self.taken_before(content),
        )
        self.ledger.write(order)
        self._answer(order, lines)

    def _next_number(self) -> str:
        self._number += 1
        return str(self._number)

    # -- answers --------------------------------------------------------------------------------------------

    def _answer(self, order: Order, lines: list[slips.Line]) -> None:
        if any(self._there(line) < line.quantity for line in lines):
            self.later(self.answer_after, lambda: self._respond(order, lines))
        if any(self._there(line) for line in lines):
            self.later(self.deliver_after, lambda: self._deliver(order, lines))

    def _there(self, line: slips.Line) -> int:
        return self.shelf.available(line.article, line.quantity)

    def _today(self) -> date:
        return self.clock().astimezone(BERLIN).date()

    def _report(self, line: slips.Line, slip: str = "", on: date | None = None) -> str:
        backorder = line.backorder or "J"
        code = SHORT_BACKORDERED if backorder == "J" else SHORT
        return slips.reported(line, code=code, backorder=backorder, slip=slip, on=on)

    def _respond(self, order: Order, lines: list[slips.Line]) -> None:
        text = ""
        for line in lines:
            there = self._there(line)
            if there == line.quantity:
                continue
            if there:  # a delivered part is told as L101 without a slip number, for information (4.2.2)
                text += slips.delivered(line, quantity=there, price=self.shelf.price(line.article), on=self._today())
            text += self._report(line)
        self._place(order, slips.response_name(f"{order.customer:0>6}", order.number, self._dice()), text)

    def _deliver(self, order: Order, lines: list[slips.Line]) -> None:
        slip = self._next_number()
        text = ""
        position = 0
        for line in lines:
            there = self._there(line)
            if there:
                position += 1
                price = self.shelf.price(line.article)
                text += slips.delivered(
                    line, quantity=there, price=price, on=self._today(), slip=slip, position=position
                )
            if there < line.quantity and self.repeats_reports:
                text += self._report(line, slip, self._today())
        self._place(order, slips.slip_name(f"{order.customer:0>6}", slip, self._dice()), text)

    def _dice(self) -> int:
        return self.rng.randrange(1000000)

    def _place(self, order: Order, name: str, text: str) -> None:
        self.put(order.account, name, text.encode(slips.CODEPAGE, "replace"))

    def revised(self, content: bytes) -> bytes:
        """Return the same paper with another slip number, or with other reports."""
        renumbered = re.sub(rb"24[0-9]{6}(?=  )", self._next_number().encode(), content)
        return renumbered if renumbered != content else content.replace(b"015J", b"010N")
