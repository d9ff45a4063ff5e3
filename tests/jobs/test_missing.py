"""Problems of what has not come: opened once, told anew when it gets worse, closed by what comes; in a real state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from syncd.jobs.missing import ANSWER, ARRIVAL, Expecting, notice_missing
from syncd.model import ClockSample, Direction, Step
from syncd.status import Asked, status
from syncd.suppliers.umbreit import UMBREIT
from tests.jobs.lists import EANS, post
from tests.jobs.shop import open_shop

ROWS = {EANS[0]: 1}


def at(there, day, hour, minute=0):
    """Set the clock, in UTC: one hour behind the Netherlands' in November."""
    there.when[0] = datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def told(there):
    """Ask as `status` does, which writes nothing."""
    account = there.account
    expecting = Expecting(account.supplier, account.inbound, account.late_after, account.unanswered_after)
    asked = Asked("cb", account.supplier, True, timedelta(0), None, expecting=expecting)
    return [
        (p.code, p.message)
        for p in status(there.place.store, [asked], ClockSample(there.when[0], "", 0.0), {}).problems
    ]


async def notice(there):
    await notice_missing(there.place, there.account)
    return there.problems()


async def test_a_late_list_is_a_problem_once_and_the_next_list_ends_it(tmp_path):
    with post(tmp_path) as there:
        at(there, 19, 3)
        there.visit()
        await there.arrive(ROWS, "202611190058")
        at(there, 19, 4, 20)
        there.visit()
        assert await notice(there) == {}
        at(there, 19, 4, 45)
        assert [code for code, _ in told(there)] == [ARRIVAL], "status tells it before anybody has noticed"
        for _ in range(3):
            problem = (await notice(there))[ARRIVAL]
            there.later(minutes=1)
        assert (problem.count, problem.opened_at) == (1, datetime(2026, 11, 19, 4, 45, tzinfo=UTC))
        assert "the list of 2026-11-19 05:00 has not come; the last one is of 2026-11-19 00:58" in problem.message
        assert "CB" in problem.remedy
        assert len(told(there)) == 1

        at(there, 19, 13, 50)
        there.visit()
        problem = (await notice(there))[ARRIVAL]
        assert (problem.count, "from 2026-11-19 05:00 to 2026-11-19 14:00" in problem.message) == (2, True)
        await there.arrive(ROWS, "202611191402")
        assert await notice(there) == {}
        assert told(there) == []


async def test_a_list_that_is_rejected_or_held_has_come_and_an_old_one_has_not(tmp_path):
    with post(tmp_path) as there:
        at(there, 19, 3)
        there.visit()
        await there.arrive(ROWS, "202611190058")
        at(there, 19, 4, 46)
        there.visit()
        await there.arrive(ROWS, "202611182258")
        assert ARRIVAL in await notice(there), "last night's list, fetched this morning"
        await there.receive("cut.bhd", b"#00010#0002BHDART\r\n")
        assert ARRIVAL not in await notice(there)


async def test_a_paused_account_expects_nothing(tmp_path):
    with post(tmp_path) as there:
        at(there, 19, 3)
        there.visit()
        at(there, 19, 4, 46)
        there.visit()
        assert ARRIVAL in await notice(there)
        there.place.store.journal.pause("cb", "holidays", "shop", there.when[0])
        assert await notice(there) == {}


async def test_a_new_account_a_night_without_syncd_and_failed_visits_alarm_nobody(tmp_path):
    with post(tmp_path) as there:
        at(there, 18, 18)
        assert await notice(there) == {}
        there.visit("connection-lost")
        assert await notice(there) == {}
        there.visit()
        await there.arrive(ROWS, "202611181758")
        at(there, 19, 7)
        assert await notice(there) == {}, "it has not looked yet"
        await there.arrive(ROWS, "202611190458")
        there.visit()
        assert await notice(there) == {}


async def test_an_account_says_how_late_a_list_may_be(tmp_path):
    with post(tmp_path) as there:
        there.account = replace(there.account, late_after=timedelta(hours=3))
        at(there, 19, 3)
        there.visit()
        at(there, 19, 6, 59)
        there.visit()
        assert await notice(there) == {}
        there.later(minutes=2)
        assert ARRIVAL in await notice(there)


async def test_an_order_that_is_not_answered_is_a_problem_until_it_is(tmp_path):
    with post(tmp_path) as there:
        store, there.account = there.place.store, replace(there.account, supplier=UMBREIT, inbound=UMBREIT.inbound)
        at(there, 19, 10)
        there.visit()
        order = send(there, "S_900900_20261119101112", "4233")
        at(there, 23, 9)
        there.visit()
        assert await notice(there) == {}
        at(there, 23, 11)
        assert await notice(there) == {}, "not looked at since it was due"
        there.visit()
        problem = (await notice(there))[ANSWER]
        assert order.name in problem.message
        assert "never sent again" in problem.remedy
        store.journal.advance(order.id, Step.SENT, Step.CONFIRMED, there.when[0])
        assert await notice(there) == {}


def send(there, name, reference):
    journal, spool, now = there.place.store.journal, there.place.store.spool, there.when[0]

    def keep(number):
        return spool.write(Direction.OUT, number, b"B1")

    row = journal.queue("cb", "orders", name, 2, "0" * 64, (reference,), name, None, now, spool=keep)
    for step in (Step.STORING, Step.STORED, Step.PUBLISHING, Step.SENT):
        row = journal.advance(row.id, row.state, step, now)
    return row


async def test_a_shop_in_use_has_no_such_problem(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit", "cb")
        assert not {ARRIVAL, ANSWER} & shop.problems().keys()
