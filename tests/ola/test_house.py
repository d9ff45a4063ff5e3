"""OLA's house, spoken to by hand: what it answers, what it notes, how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from syncd.simulate.ola import Fault, Manners, OlaHouse, Stock
from tests.ola.houses import HALF, NONE, THERE, a_house


class Hand:
    """Somebody who types."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def type(self, text: str, end: str = "\r\n") -> None:
        self.writer.write((text + end).encode("iso-8859-1"))
        await self.writer.drain()

    async def ask(self, text: str, end: str = "\r\n") -> str:
        await self.type(text, end)
        return await self.line()

    async def line(self) -> str:
        return (await self.reader.readline()).decode("iso-8859-1").removesuffix("\r\n")

    async def until(self, text: str) -> bytes:
        return await self.reader.readuntil(text.encode())


Arrive = Callable[..., Awaitable[Hand]]


@pytest.fixture
async def arrive() -> AsyncIterator[Arrive]:
    """Connect to a house, and hang up when the test is over."""
    hands: list[Hand] = []

    async def arrive(house: OlaHouse, password: str = "olatest", *, logged_in: bool = True) -> Hand:
        hands.append(hand := Hand(*await asyncio.open_connection(house.host, house.port)))
        if logged_in:
            await hand.until("Login: ")
            await hand.type("900900")
            await hand.until("Passwort: ")
            await hand.type(password)
        return hand

    yield arrive
    for hand in hands:
        hand.writer.close()
        with suppress(OSError):
            await hand.writer.wait_closed()


async def test_the_documents_session_word_for_word(arrive: Arrive):
    async with a_house(stock=Stock(counts={THERE: 28})) as house:
        hand = await arrive(house)
        assert await hand.ask("900900^9783842344549^2^2") == "900900^9783842344549^2^2^1^28^^"
        order = "900900^9783842344549^12^5"
        assert await hand.ask(order) == f"{order}^1^12^^Auftrag 11669853 Position 1"
        assert await hand.ask(order) == f"{order}^1^12^^Auftrag 11669853 Position 2"
        assert await hand.ask("ENDE") == "ENDE"
        assert await hand.reader.read() == b""
    assert [(taken.name, taken.repeat_of) for taken in house.orders] == [
        ("11669853/1", ""),
        ("11669853/2", "11669853/1"),
    ]
    assert house.violations == []


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (f"900900^{THERE}^1^2", "1^1^^"),
        (f"900900^{THERE}^1^12", "1^1^^^29.90"),
        (f"900900^{HALF}^5^2", "0^3^15^"),
        (f"900900^{NONE}^1^2", "0^0^15^^9783406618000"),
        (f"900900^{NONE}^1^12", "0^0^15^^34.30^9783406618000"),
        (f"900900^{THERE}^5^16^Mueller^^^12345", "1^5^^Mueller^29.90"),
        (f"900900^{HALF}^5^6", "0^3^10^"),
        (f"900900^{HALF}^5^17", "0^3^15^^33.70"),
        (f"900900^{NONE}^1^7", "0^0^15^^9783406618000"),
        ("900900^0488468^1^2", "1^1^^"),
        ("900900^359340019X^1^2", "2^^^Titelnummer nicht zu ermitteln"),
        ("900900^9783842344548^1^5", "2^^^Titelnummer nicht zu ermitteln"),
    ],
)
async def test_what_it_answers(arrive: Arrive, asked: str, answered: str):
    async with a_house(stock=Stock(standard={NONE: "9783406618000"})) as house:
        hand = await arrive(house)
        echo = "^".join(asked.split("^")[:4])
        assert await hand.ask(asked) == f"{echo}^{answered}"
    assert house.violations == []


@pytest.mark.parametrize(
    ("kind", "article", "entered"),
    [("2", HALF, 0), ("5", NONE, 1), ("6", NONE, 0), ("7", NONE, 1), ("6", HALF, 1), ("17", THERE, 1)],
)
async def test_what_counts_as_an_order(arrive: Arrive, kind: str, article: str, entered: int):
    async with a_house() as house:
        hand = await arrive(house)
        await hand.ask(f"900900^{article}^2^{kind}")
    assert len(house.orders) == entered


@pytest.mark.parametrize(
    ("line", "end", "rule"),
    [
        ("900900^9783842344549^1", "\r\n", "malformed-line"),
        ("900900^978-3842344549^1^2", "\r\n", "malformed-line"),
        ("900900^9783842344549^0^2", "\r\n", "malformed-line"),
        ("900900^9783842344549^1^3", "\r\n", "malformed-line"),
        ("900900^9783842344549^1^2^Mueller", "\r\n", "malformed-line"),
        ("900900^9783842344549^1^5^Bestellzeichen 16", "\r\n", "malformed-line"),
        ("900900^9783842344549^1^5^a^^", "\r\n", "malformed-line"),
        ("900900^9783842344549^1^5^^^123", "\r\n", "malformed-line"),
        ("900901^9783842344549^1^2", "\r\n", "unknown-customer"),
        ("900900^9783842344549^1^2", "\n", "line-end"),
    ],
)
async def test_what_it_notes(arrive: Arrive, line: str, end: str, rule: str):
    async with a_house() as house:
        hand = await arrive(house)
        await hand.ask(line, end)
    assert [violation.rule for violation in house.violations] == [rule]
    assert house.orders == []


async def test_two_sessions_of_one_login_are_noted_and_one_after_the_other_are_not(arrive: Arrive):
    async with a_house() as house:
        first = await arrive(house)
        assert await first.ask("ENDE") == "ENDE"
        second = await arrive(house)
        await second.ask(f"900900^{THERE}^1^2")
        assert house.violations == []
        third = await arrive(house)
        await third.ask(f"900900^{THERE}^1^2")
    assert [login.outcome for login in house.logins] == ["accepted", "accepted", "parallel"]
    assert [violation.rule for violation in house.violations] == ["parallel-session"]


async def test_a_wrong_password_brings_the_prompt_again_three_times(arrive: Arrive):
    async with a_house() as house:
        hand = await arrive(house, "falsch")
        for _ in range(2):
            await hand.until("Login: ")
            await hand.type("900900")
            await hand.until("Passwort: ")
            await hand.type("falsch")
        assert (await hand.reader.read()).endswith(b"Login incorrect\r\n")
    assert [login.outcome for login in house.logins] == ["refused"] * 3
    assert "falsch" not in str(house.books())


async def test_silence_is_ended_without_a_word(arrive: Arrive):
    async with a_house(idle=0.05) as house:
        hand = await arrive(house)
        assert await hand.reader.read() == b""


async def test_telnet_is_offered_and_agreeing_is_noted(arrive: Arrive):
    async with a_house(manners=Manners(telnet=True)) as house:
        hand = await arrive(house, logged_in=False)
        assert (await hand.until("Login: ")).startswith(b"\xff\xfb\x01")
        hand.writer.write(b"\xff\xfd\x01\xff\xfe\x03\xff\xff")
        await hand.type("900900")
        await hand.until("Passwort: ")
    assert [violation.rule for violation in house.violations] == ["telnet-negotiation"]


@pytest.mark.parametrize(
    ("kind", "orders", "seen"),
    [
        ("cut-before", 0, b""),
        ("cut-after", 1, b""),
        ("cut-within", 1, b"900900^9783842344549^12^5^1^1"),
        ("mute-before", 0, None),
        ("mute-after", 1, None),
    ],
)
async def test_a_fault_leaves_the_answer_out(arrive: Arrive, kind: str, orders: int, seen: bytes | None):
    async with a_house(Fault(kind)) as house:
        hand = await arrive(house)
        await hand.type("900900^9783842344549^12^5")
        try:
            async with asyncio.timeout(0.2):
                assert await hand.reader.read() == seen
        except TimeoutError:
            assert seen is None
        except ConnectionResetError:
            assert seen == b""
        assert len(house.orders) == orders
    assert [struck["fault"] for struck in house.books()["fault"]] == [kind]


async def test_the_other_faults_are_in_the_answer(arrive: Arrive):
    line = "900900^9783842344549^12^5"
    async with a_house(*(Fault(k, n) for n, k in enumerate(["wrong-echo", "garbage", "internal-error"], 1))) as house:
        hand = await arrive(house)
        assert (await hand.ask(line)).startswith("900900^8783842344549^12^5^1^12")
        assert await hand.ask(line) == "\x07\x07\x07"
        assert await hand.ask(line) == f"{line}^0^0^^Interner Fehler bei Auftragsanlage"
    assert len(house.orders) == 2, "the third was not entered"
