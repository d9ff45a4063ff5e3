"""One visitor of OLA's house: the login, the lines, the answers, and every way of ending."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from syncd.simulate.books import Books, Command, Order
from syncd.simulate.ola.manners import Manners, Stock
from syncd.simulate.ola.records import Entry, TitleError, read_line, sentence_about
from syncd.simulate.ola.telnet import OFFERS, TelnetEar
from syncd.simulate.tree import Clock
from syncd.simulate.wire import Cut, Wire

CODEPAGE = "iso-8859-1"
TRIES = 3
"""How often a login may be tried on one connection."""
KEPT, NOT_KEPT = 15, 10
"""Report codes: “Fehlt kurzfristig am Lager”, and the order is kept, or is not (4.5)."""


class Host(Protocol):
    """What a visit needs of the house it is made to."""

    accounts: dict[str, str]
    clock: Clock
    stock: Stock
    manners: Manners
    idle: timedelta
    ledger: Books

    @property
    def orders(self) -> list[Order]:
        """Return every reservation so far."""
        ...

    def admit(self, user: str, password: str, visit: "Visit") -> bool:
        """Try a login and write it down."""
        ...

    def strike(self, account: str, command: str) -> str:
        """Count a question and return the fault that strikes at it, or nothing."""
        ...

    def violate(self, account: str, rule: str, sentence: str, command: str) -> None:
        """Write down that a rule was broken."""
        ...

    def next_order(self) -> int:
        """Return the number of a session's order."""
        ...


class Visit:
    """One visitor: login, then lines, until ENDE, five silent minutes, or a fault."""

    def __init__(self, house: Host, wire: Wire, number: int) -> None:
        self.house = house
        self.wire = wire
        self.number = number
        self.user = ""
        self._ear = TelnetEar()
        self._buffer = bytearray()
        self._order = 0
        self._position = 0
        self._echoing = False

    async def run(self) -> None:
        """Serve the visitor; whoever leaves early is no failure of the house."""
        try:
            await self._greet()
            if await self._login():
                await self._serve()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.user = ""
            self.wire.close()

    async def _greet(self) -> None:
        if self.house.manners.telnet:
            await self.wire.send(OFFERS)
        await self._say(self.house.manners.greeting)

    async def _login(self) -> bool:
        manners = self.house.manners
        for _ in range(TRIES):
            self._echoing = manners.echo
            await self._say(manners.login_prompt)
            user = await self._line()
            self._echoing = False
            await self._say(manners.password_prompt)
            password = await self._line()
            if self.house.admit(user, password, self):
                self.user = user
                self._echoing = manners.echo
                await self._say("\r\n" + manners.welcome if manners.welcome else "")
                return True
            await self._say("\r\nLogin incorrect\r\n")
        return False

    async def _serve(self) -> None:
        while (line := await self._line()) != "ENDE":
            self.house.ledger.write(Command(self.house.clock(), self.user, self.number, "OLA", line))
            fault = self.house.strike(self.user, line)
            if await self._strike(fault, "before"):
                return
            answer = self._judge(line, fault)
            await asyncio.sleep(self.house.manners.delay)
            if await self._strike(fault, "after", answer):
                return
            await self._say(_spoilt(answer, fault) + "\r\n")
        self.user = ""
        await self._say("ENDE\r\n")

    async def _strike(self, fault: str, moment: str, answer: str = "") -> bool:
        """Cut the line or fall silent, where the fault says so; True when the visit is over."""
        if fault == f"mute-{moment}":
            self.wire.cut(Cut.SILENCE)
            await self.wire.gone.wait()
            return True
        if fault == "cut-within" and moment == "after":
            await self._say(answer[: len(answer) // 2])
            return True
        if fault == f"cut-{moment}":
            self.wire.cut(Cut.RST)
            return True
        return False

    # -- what is answered -----------------------------------------------------------------------------------

    def _judge(self, line: str, fault: str) -> str:
        entry = read_line(line)
        if wrong := sentence_about(entry):
            self.house.violate(self.user, "malformed-line", wrong, line)
            return entry.answer("2", "", "", "Satzaufbau fehlerhaft")
        if entry.customer not in self.house.accounts:
            self.house.violate(self.user, "unknown-customer", "the customer number is not known", line)
            return entry.answer("2", "", "", "Kundennummer unbekannt")
        try:
            article = entry.title()
        except TitleError:
            return entry.answer("2", "", "", "Titelnummer nicht zu ermitteln")
        return self._order_it(entry, article, fault) if entry.orders else self._look_up(entry, article)

    def _look_up(self, entry: Entry, article: str) -> str:
        there = self.house.stock.shelf.available(article, entry.wanted)
        shown = self.house.stock.counts.get(article, there)
        if there == entry.wanted:
            return entry.answer("1", str(shown), "", "", *self._further(entry, article))
        return entry.answer("0", str(shown), str(KEPT), "", *self._further(entry, article))

    def _order_it(self, entry: Entry, article: str, fault: str) -> str:
        if fault == "internal-error":
            return entry.answer("0", "0", "", "Interner Fehler bei Auftragsanlage")
        there = self.house.stock.shelf.available(article, entry.wanted)
        keeps = entry.keeps(by_default=self.house.stock.keeps_orders)
        text = self._enter(entry, article) if there or keeps else ""
        if there == entry.wanted:
            return entry.answer("1", str(there), "", entry.mark or text, *self._further(entry, article))
        return entry.answer("0", str(there), str(KEPT if keeps else NOT_KEPT), "", *self._further(entry, article))

    def _enter(self, entry: Entry, article: str) -> str:
        self._order = self._order or self.house.next_order()
        self._position += 1
        content = entry.line.encode(CODEPAGE)
        same = next((order.name for order in self.house.orders if order.content == content), "")
        name = f"{self._order}/{self._position}"
        line = {"article": article, "quantity": entry.wanted, "mark": entry.mark, "reference": entry.reference}
        self.house.ledger.write(
            Order(self.house.clock(), self.user, name, content, entry.customer, [line], True, str(self._order), same)
        )
        return f"Auftrag {self._order} Position {self._position}"

    def _further(self, entry: Entry, article: str) -> list[str]:
        price = self.house.stock.shelf.price(article)
        prices = [f"{price // 10000}.{price // 100 % 100:02}"] if entry.wants_price else []
        standard = self.house.stock.standard.get(article)
        return prices + ([standard] if standard else [])

    # -- lines ----------------------------------------------------------------------------------------------

    async def _say(self, text: str) -> None:
        data = text.encode(CODEPAGE).replace(b"\xff", b"\xff\xff")
        if self.house.manners.telnet and text:
            data = b"\xff\xf1" + data  # IAC NOP may come anywhere
        for piece in _bytes_of(data) if self.house.manners.dribble else [data] if data else []:
            await self.wire.send(piece)
            await asyncio.sleep(0)

    async def _line(self) -> str:
        """Return the next line; raises TimeoutError after the idle time, ConnectionError when the visitor is gone."""
        while (end := self._buffer.find(b"\n")) < 0:
            async with asyncio.timeout(self.house.idle.total_seconds()):
                data = await self.wire.read()
            if not data:
                raise ConnectionResetError("the visitor is gone")
            typed, objection = self._ear.hear(data)
            if objection:
                self.house.violate(self.user, "telnet-negotiation", objection, "")
            self._buffer += typed
            if self._echoing:
                await self._say(typed.decode(CODEPAGE))
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r"):
            self.house.violate(self.user, "line-end", "a line does not end with CR LF", "")
        return line.removesuffix(b"\r").decode(CODEPAGE)


def _bytes_of(data: bytes) -> list[bytes]:
    return [data[start : start + 1] for start in range(len(data))]


def _spoilt(answer: str, fault: str) -> str:
    spoil: dict[str, Callable[[str], str]] = {
        "wrong-echo": lambda text: text.replace("^9", "^8", 1),
        "garbage": lambda text: "\x07" * 3,
        "extra-line": lambda text: f"{text}\r\n{text}",
    }
    return spoil[fault](answer) if fault in spoil else answer
