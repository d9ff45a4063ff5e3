"""The client against OLA's house: every manner, every fault, pipelining, idleness; and nothing ever asked twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncd.errors import (
    ConnectionLostError,
    DoubtError,
    LaterError,
    LoginRefusedError,
    ProtocolError,
    SyncdError,
    TimedOutError,
)
from syncd.formats.ola import Answer, Ask, Outcome, Question
from syncd.formats.ola_session import Login
from syncd.simulate.ola import Fault, Manners, OlaHouse, Stock
from syncd.transport.ola import OlaEndpoint, OlaLine, connect
from syncd.transport.ola_client import OlaClient
from tests.ola.houses import HALF, NONE, PASSWORD, THERE, a_house, question

MANNERS = {
    "plain": Manners(),
    "telnet": Manners(telnet=True),
    "echo": Manners(echo=True),
    "byte by byte": Manners(dribble=True, telnet=True, echo=True),
    "words around the login": Manners(
        greeting="Willkommen ^o^\r\nBitte anmelden, login mit Kundennummer\r\n",
        login_prompt="ola login: ",
        password_prompt="Password for this account: ",
        welcome="Last login: Mon Nov 16 08:00:01\r\n",
    ),
    "slow": Manners(delay=0.02),
}


def endpoint(house: OlaHouse, password: str = PASSWORD, **changes: Any) -> OlaEndpoint:
    return OlaEndpoint(house.host, house.port, Login("900900", password), settle=0.02, **changes)


@asynccontextmanager
async def a_line(house: OlaHouse, **changes: Any) -> AsyncIterator[OlaLine]:
    line = await connect(endpoint(house, **changes))
    try:
        yield line
    finally:
        await line.leave()


async def answers(line: OlaLine, *questions: Question) -> list[Answer]:
    return [answer async for answer in line.ask(questions)]


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
async def test_every_type_of_question_under_every_manner(manners: Manners):
    stock = Stock(standard={NONE: "9783406618000"})
    async with a_house(manners=manners, stock=stock) as house, a_line(house) as line:
        found = await answers(line, question(), question(HALF, 4), question(NONE, price=True))
        assert [(each.result, each.quantity, each.code) for each in found] == [(1, 1, None), (0, 2, 15), (0, 0, 15)]
        assert (str(found[2].price), found[2].standard_ean) == ("34.30", "9783406618000")
        for ask in (Ask.RESERVE, Ask.RESERVE_ONLY, Ask.RESERVE_OR_BACK_ORDER):
            for price in (False, True):
                taken = await line.reserve(question(THERE, 2, ask, price=price, mark="Müller", reference="12345"))
                assert (taken.outcome, taken.text, taken.price is not None) == (Outcome.TAKEN, "Müller", price)
    assert len(house.orders) == 6
    assert house.violations == []
    assert [login.outcome for login in house.logins] == ["accepted"]


@pytest.mark.parametrize("manners", [Manners(), Manners(echo=True), Manners(delay=0.001)])
async def test_many_questions_in_one_session_are_answered_in_order(manners: Manners):
    asked = [question(str(number), 1 + number % 7) for number in range(1, 301)]
    async with a_house(manners=manners) as house, a_line(house) as line:
        found = await answers(line, *asked)
    assert [each.question for each in found] == asked
    assert len(house.commands) == 300
    assert house.violations == []


async def test_a_wrong_password_is_refused_and_not_tried_again():
    async with a_house() as house:
        with pytest.raises(LoginRefusedError):
            await connect(endpoint(house, "falsch"))
    assert [login.outcome for login in house.logins] == ["refused"]


async def test_a_refusal_that_comes_late_is_seen_at_the_first_question():
    async def slow_refusal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for said in (b"Login: ", b"Passwort: "):
            writer.write(said)
            await reader.readline()
        await reader.readline()
        writer.write(b"\r\nLogin: ")
        await reader.read()
        writer.close()

    async with served(slow_refusal) as port:
        line = await connect(OlaEndpoint("127.0.0.1", port, Login("900900", "falsch"), settle=0.01))
        with pytest.raises(LoginRefusedError):
            await answers(line, question())
        await line.leave()


@asynccontextmanager
async def served(serve) -> AsyncIterator[int]:
    tasks: list[asyncio.Task[None]] = []

    def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.get_running_loop().create_task(serve(reader, writer)))

    server = await asyncio.start_server(came, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*tasks)


async def test_a_server_without_prompts_is_too_late_and_the_remedy_is_named():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with served(silent) as port:
        with pytest.raises(TimedOutError, match="login_prompt"):
            await connect(OlaEndpoint("127.0.0.1", port, Login("900900", PASSWORD), login_timeout=0.05))


async def test_nobody_there_is_a_lost_connection():
    async with a_house() as house:
        gone = endpoint(house)
    with pytest.raises(ConnectionLostError):
        await connect(gone)


LOST = {
    "cut-before": (ConnectionLostError, 0),
    "cut-after": (ConnectionLostError, 1),
    "cut-within": (ConnectionLostError, 1),
    "mute-before": (TimedOutError, 0),
    "mute-after": (TimedOutError, 1),
    "wrong-echo": (ProtocolError, 1),
    "garbage": (ProtocolError, 1),
}


@pytest.mark.parametrize(("kind", "error", "orders"), [(kind, *rest) for kind, rest in LOST.items()], ids=LOST)
async def test_a_reservation_whose_answer_is_lost_is_a_doubt_and_never_sent_again(
    kind: str, error: type[SyncdError], orders: int
):
    async with a_house(Fault(kind, 2)) as house:
        async with a_line(house, answer_timeout=0.2) as line:
            await answers(line, question())
            with pytest.raises(DoubtError) as doubt:
                await line.reserve(question(ask=Ask.RESERVE))
            assert isinstance(doubt.value.__cause__, error)
            assert not line.usable
            with pytest.raises(ConnectionLostError, match="nothing was reserved"):
                await line.reserve(question(ask=Ask.RESERVE))
        assert len(house.orders) == orders, "the house knows; we do not"
        assert len(house.commands) == 2


@pytest.mark.parametrize(("kind", "error", "orders"), [(kind, *rest) for kind, rest in LOST.items()], ids=LOST)
async def test_a_query_whose_answer_is_lost_is_plainly_not_answered(kind: str, error: type[SyncdError], orders: int):
    async with a_house(Fault(kind, 3)) as house, a_line(house, answer_timeout=0.2) as line:
        asking = line.ask([question(str(number)) for number in range(9001, 9006)])
        assert [(await anext(asking)).question.article for _ in range(2)] == ["9001", "9002"]
        with pytest.raises(error):
            await anext(asking)
    assert house.orders == []


async def test_an_internal_error_of_the_house_is_unclear():
    async with a_house(Fault("internal-error", 2)) as house, a_line(house) as line:
        await answers(line, question())
        assert (await line.reserve(question(ask=Ask.RESERVE))).outcome is Outcome.UNCLEAR


async def test_an_answer_too_many_ends_the_session_but_costs_no_answer():
    async with a_house(Fault("extra-line", 2)) as house, a_line(house) as line:
        found = await answers(line, question(), question())
        assert len(found) == 2
        with pytest.raises(LaterError):
            await answers(line, question())


async def test_a_session_must_be_proven_by_a_query_before_it_may_reserve():
    async with a_house() as house, a_line(house) as line:
        assert not line.proven
        with pytest.raises(RuntimeError, match="not now"):
            await line.reserve(question(ask=Ask.RESERVE))
    assert house.commands == []


async def test_a_cancelled_question_ends_the_session():
    async with a_house(manners=Manners(delay=5)) as house, a_line(house) as line:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await answers(line, question())
        assert not line.usable


async def test_stopping_in_the_middle_ends_the_session_only_where_answers_are_due():
    async with a_house() as house, a_line(house) as line:
        first = line.ask([question()])
        assert (await anext(first)).quantity == 1
        await first.aclose()
        assert line.usable
        second = line.ask([question(), question(), question()])
        await anext(second)
        await second.aclose()
        assert not line.usable


async def test_leaving_says_ende():
    async with a_house() as house, a_line(house) as line:
        await answers(line, question())
        await line.leave()
        assert not line.usable
        async with a_line(house) as again:
            await answers(again, question())
    assert house.violations == []


async def test_a_house_that_hung_up_is_noticed_before_anything_is_reserved():
    async with a_house(idle=0.05) as house, a_line(house) as line:
        await answers(line, question())
        await asyncio.sleep(0.15)
        assert not line.usable
        with pytest.raises(ConnectionLostError):
            await line.reserve(question(ask=Ask.RESERVE))
    assert house.orders == []


async def noted() -> None:
    """Stand for whoever writes a reservation down."""


# -- on demand --------------------------------------------------------------------------------------------------


async def test_on_demand_one_session_serves_many_and_silence_ends_it_with_ende():
    async with a_house(idle=5) as house, OlaClient(lambda: a_line(house), idle=0.05) as client:
        assert house.logins == [], "nothing is opened before something is asked"
        for _ in range(3):
            assert len([answer async for answer in client.ask([question()])]) == 1
        assert len(house.logins) == 1
        await asyncio.sleep(0.2)
        assert (await client.reserve(question(ask=Ask.RESERVE), noted)).outcome is Outcome.TAKEN
        assert len(house.logins) == 2
    assert [command.argument.rpartition("^")[2] for command in house.commands] == ["2", "2", "2", "2", "5"]
    assert house.violations == []


async def test_on_demand_reconnects_after_a_loss_but_repeats_nothing():
    async with a_house(Fault("cut-after", 2)) as house, OlaClient(lambda: a_line(house)) as client:
        with pytest.raises(DoubtError):
            await client.reserve(question(ask=Ask.RESERVE), noted)
        assert len([answer async for answer in client.ask([question()])]) == 1
    assert len(house.orders) == 1
    assert len(house.logins) == 2


async def test_on_demand_one_thing_at_a_time():
    async with a_house() as house, OlaClient(lambda: a_line(house)) as client:
        await asyncio.gather(*(client.reserve(question(ask=Ask.RESERVE), noted) for _ in range(5)))
    assert len(house.orders) == 5
    assert len(house.logins) == 1
