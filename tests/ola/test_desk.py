"""Reservations in the journal: the intent before the line, the outcome after it, and a doubt that stays a doubt."""

import asyncio
import itertools
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.app import now
from syncd.errors import ConnectionLostError, DoubtError, LaterError, LoginRefusedError, TooEarlyError, UsageError
from syncd.formats.ola import Ask, Outcome
from syncd.jobs.ola import OlaDesk
from syncd.model import Hold, Interchange, State, Step
from syncd.simulate.books import Command, Record
from syncd.simulate.ola import Fault, Manners
from syncd.state import read_state
from syncd.stories import stories
from tests.ola.desks import a_desk
from tests.ola.houses import NONE, THERE, a_house, question


def orders(state: Path) -> list[Interchange]:
    with read_state(state) as store:
        return sorted(store.journal.recent(), key=lambda row: row.id)


async def test_a_reservation_is_confirmed_and_its_line_kept(tmp_path: Path):
    async with a_house() as house, a_desk(tmp_path, house) as desk:
        done = await desk.reserve(question(THERE, 12, Ask.RESERVE, mark="Mueller", reference="12345"))
        assert desk.place.store.spool.read(done.row.spool or "") == b"900900^9783842344549^12^5^Mueller^^^12345\r\n"
    (row,) = orders(tmp_path)
    assert (row.state, row.hold, row.channel, row.account) == (Step.CONFIRMED, None, "ola", "umbreit")
    with read_state(tmp_path) as store:
        (story,) = stories(store, "12345")
        assert [told.status.mark for told in story.lines] == ["Mueller"]
        assert "Mueller" not in repr(story.history), "an order mark may be a customer's name: its line alone keeps it"
        assert [(login.account, login.outcome) for login in store.gate.logins("umbreit/ola")] == [
            ("umbreit/ola", "done")
        ]
    assert [order.customer for order in house.orders] == ["900900"]
    assert house.violations == []


async def test_it_is_written_down_before_a_byte_of_it_is_sent(tmp_path: Path):
    seen: list[str] = []

    def look(record: Record) -> None:
        if isinstance(record, Command):
            with read_state(tmp_path) as store:
                seen.append(", ".join(f"{row.state} {row.hold}" for row in store.journal.recent()))

    async with a_house() as house, a_desk(tmp_path, house) as desk:
        house.ledger.listeners.append(look)
        await desk.reserve(question(ask=Ask.RESERVE))
    assert seen == ["", "held doubt"], "nothing at the query that proves the login, the doubt at the reservation"


LOST = ["cut-before", "cut-after", "cut-within", "mute-before", "mute-after", "wrong-echo", "garbage"]


@pytest.mark.parametrize("kind", LOST)
async def test_a_lost_answer_is_held_and_the_same_is_not_reserved_again(tmp_path: Path, kind: str):
    async with a_house(Fault(kind, 2)) as house:
        async with a_desk(tmp_path, house) as desk:
            with pytest.raises(DoubtError):
                await desk.reserve(question(ask=Ask.RESERVE))
        async with a_desk(tmp_path, house) as desk:
            with pytest.raises(UsageError, match="still in doubt"):
                await desk.reserve(question(ask=Ask.RESERVE))
            other = await desk.reserve(question(ask=Ask.RESERVE, reference="2"))
            assert other.row.state is Step.CONFIRMED
    first, _ = orders(tmp_path)
    assert (first.state, first.hold) == (Step.HELD, Hold.DOUBT)
    asked = [command.argument for command in house.commands]
    assert asked.count("900900^9783842344549^1^5") == 1
    assert house.violations == []


async def test_what_the_house_refuses_was_not_ordered(tmp_path: Path):
    async with a_house() as house, a_desk(tmp_path, house) as desk:
        done = await desk.reserve(question("9783842344548", ask=Ask.RESERVE))
        assert done.answer.outcome is Outcome.REFUSED
    (row,) = orders(tmp_path)
    assert (row.state, row.hold) == (State.ABANDONED, None)
    assert row.reason == "the house refused it: Titelnummer nicht zu ermitteln"
    assert house.orders == []


async def test_an_internal_error_of_the_house_stays_a_doubt(tmp_path: Path):
    async with a_house(Fault("internal-error", 2)) as house, a_desk(tmp_path, house) as desk:
        done = await desk.reserve(question(NONE, ask=Ask.RESERVE))
        assert done.answer.outcome is Outcome.UNCLEAR
    assert [(row.state, row.hold) for row in orders(tmp_path)] == [(Step.HELD, Hold.DOUBT)]


async def test_a_refused_login_orders_nothing_and_leaves_no_trace_but_the_login(tmp_path: Path):
    async with a_house() as house:
        house.accounts["900900"] = "another"
        async with a_desk(tmp_path, house) as desk:
            with pytest.raises(LoginRefusedError):
                await desk.reserve(question(ask=Ask.RESERVE))
            assert [login.outcome for login in desk.place.store.gate.logins("umbreit/ola")] == ["login-refused"]
    assert orders(tmp_path) == []


async def test_no_two_sessions_of_an_account(tmp_path: Path):
    async with a_house() as house, a_desk(tmp_path, house) as desk:
        assert len([answer async for answer in desk.ask([question()])]) == 1
        beside = type(desk)(desk.place, desk.account)
        with pytest.raises(TooEarlyError, match="is logged in"):
            await anext(beside.ask([question()]))
    assert len(house.logins) == 1
    assert house.violations == []


async def test_a_session_that_lost_its_lease_reserves_nothing(tmp_path: Path):
    async with a_house() as house, a_desk(tmp_path, house) as desk:
        await anext(desk.ask([question()]))
        desk.place.store.gate.forget_leases()
        with pytest.raises(Exception, match="took the account over"):
            await desk.reserve(question(ask=Ask.RESERVE))
    assert orders(tmp_path) == []
    assert house.orders == []


async def test_who_is_stopped_while_the_answer_is_due_still_learns_it(tmp_path: Path):
    async with a_house(manners=Manners(delay=0.1)) as house, a_desk(tmp_path, house) as desk:
        reserving = asyncio.create_task(desk.reserve(question(ask=Ask.RESERVE)))
        while len(house.commands) < 2:
            await asyncio.sleep(0.01)
        reserving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reserving
    assert [row.state for row in orders(tmp_path)] == [Step.CONFIRMED]
    assert len(house.orders) == 1


async def test_a_house_that_hangs_up_before_the_line_is_sent_has_taken_nothing(tmp_path: Path):
    def slow_now():
        time.sleep(0.4)  # in the journal's thread: the house has time to leave
        return now()

    async with a_house(idle=0.2) as house, a_desk(tmp_path, house) as safe, OlaDesk(safe.place, safe.account) as desk:
        assert await anext(desk.ask([question()]))
        desk.place = replace(safe.place, clock=slow_now)
        with pytest.raises(ConnectionLostError, match="nothing was reserved"):
            await desk.reserve(question(ask=Ask.RESERVE))
    (row,) = orders(tmp_path)
    assert (row.state, row.hold) == (State.ABANDONED, None)
    assert (row.reason or "").startswith("nothing was sent")
    assert house.orders == []


async def test_while_answers_come_the_account_is_kept_and_once_it_is_lost_the_session_ends(tmp_path: Path):
    moments = itertools.count()

    def leaping_now():
        return now() + timedelta(minutes=2) * next(moments)

    async with (
        a_house() as house,
        a_desk(tmp_path, house) as safe,
        OlaDesk(replace(safe.place, clock=leaping_now), safe.account) as desk,
    ):
        asking = desk.ask([question(str(number)) for number in range(1, 4)])
        assert (await anext(asking)).quantity == 1
        safe.place.store.gate.forget_leases()
        with pytest.raises(LaterError, match="took the account over"):
            await anext(asking)
    assert house.violations == []
