"""Deliveries: order, patience, dead letters, time limits; each sink by itself."""

import asyncio
from datetime import timedelta

import pytest

from syncd.errors import SinkError, SinkRefusedError, StateDamagedError
from syncd.jobs.base import together
from syncd.jobs.deliver import ROUND
from syncd.model import Word
from syncd.sinks.base import Terms
from tests.jobs.parcels import Told, parcels


def away(_):
    raise SinkError("the shop's system is away", remedy="wait")


def not_this(*names, error=SinkError):
    def behave(batch):
        if batch.name in names:
            raise error(f"{batch.name} hurts")

    return behave


async def test_a_lane_keeps_its_order_and_a_failure_holds_back_only_its_own(tmp_path):
    sink, other = Told(not_this("a")), Told()
    with parcels(tmp_path, shop=sink, archive=other) as post:
        await post.arrive("a", "b")
        await post.arrive("c", account="second")
        assert await post.deliver() == 2
        assert sink.names == ["c"]
        assert other.names == ["a", "c", "b"], "lanes take turns"
        sink.behave = None
        assert await post.deliver() == 2, "its time has not come"
        post.later(1)
        assert await post.deliver() == 0
        assert sink.names == ["c", "a", "b"]


async def test_a_sink_that_is_down_for_days_makes_no_dead_letter_and_loses_nothing(tmp_path):
    sink = Told(away)
    with parcels(tmp_path, terms=Terms(tries=4), shop=sink) as post:
        for day in range(3):
            await post.arrive(*(f"{day}-{slot}" for slot in range(3)))
            for _ in range(8):
                await post.deliver()
                post.later(180)
        assert post.dead() == []
        problems = post.place.store.journal.problems()
        assert [problem.code for problem in problems] == ["sink-shop"], "one problem, however often it is seen"
        assert len(sink.keys) <= 3 * 8 * 2, "a sink that is down is not pestered: at most the first two are tried"
        sink.behave = None
        assert await post.deliver() == 0
        assert sink.names == [f"{day}-{slot}" for day in range(3) for slot in range(3)]
        assert post.place.store.journal.problems() == []


async def test_what_a_sink_does_not_take_while_it_takes_the_next_is_a_dead_letter_after_its_tries(tmp_path):
    sink = Told(not_this("a"))
    with parcels(tmp_path, terms=Terms(tries=3), shop=sink) as post:
        first, *_ = await post.arrive("a", "b", "c")
        for attempts in (1, 2):
            assert await post.deliver() == 3
            assert [each.attempts for each in post.place.store.journal.pending()] == [attempts, 0, 0]
            post.later()
        assert await post.deliver() == 0
        assert sink.names == ["b", "c"]
        (dead,) = post.dead()
        assert (dead.interchange_id, dead.attempts, dead.last_error) == (first.id, 3, "a hurts")
        assert post.place.store.journal.problems() == [], "the list of dead letters tells"
        post.later()
        await post.deliver()
        assert len(set(sink.keys)) == 3
        assert sink.keys.count(dead.key) == 3, "it is tried no more"


async def test_what_nothing_comes_after_is_a_dead_letter_when_another_lane_was_served_meanwhile(tmp_path):
    sink = Told(not_this("a"))
    with parcels(tmp_path, terms=Terms(tries=3), shop=sink) as post:
        await post.arrive("a")
        for _ in range(5):
            await post.deliver()
            post.later()
        assert post.dead() == [], "the sink has taken nothing else: it may be down"
        await post.arrive("b", account="second")
        await post.deliver()
        post.later()
        await post.deliver()
        assert [each.last_error for each in post.dead()] == ["a hurts"]


async def test_what_is_refused_is_a_dead_letter_at_once_and_the_lane_goes_on(tmp_path):
    sink = Told(not_this("a", error=SinkRefusedError))
    with parcels(tmp_path, shop=sink) as post:
        await post.arrive("a", "b")
        assert await post.deliver() == 0
        assert sink.names == ["b"]
        assert [(each.attempts, each.last_error) for each in post.dead()] == [(1, "a hurts")]


async def test_the_targets_own_word_when_to_come_again_is_obeyed(tmp_path):
    def busy(_):
        raise SinkError("429", retry_after=timedelta(hours=3))

    sink = Told(busy)
    with parcels(tmp_path, terms=Terms(tries=1), shop=sink) as post:
        await post.arrive("a", "b")
        served = await post.serve("shop")
        assert served.again == post.when[0] + timedelta(hours=3)
        post.later(179)
        await post.deliver()
        assert len(sink.keys) == 1
        post.later(2)
        await post.deliver()
        assert len(sink.keys) == 2
        assert post.dead() == [], "to be told to wait is no refusal"


async def test_a_plan_that_was_made_while_the_clock_was_wrong_is_not_believed(tmp_path):
    sink = Told(away)
    with parcels(tmp_path, shop=sink) as post:
        post.later(60 * 24 * 30)
        await post.arrive("a")
        await post.deliver()
        sink.behave = None
        post.later(-60 * 24 * 30)
        assert await post.deliver() == 0


async def test_a_delivery_that_never_ends_is_cut_off(tmp_path):
    sink = Told(lambda _: asyncio.sleep(3600))
    with parcels(tmp_path, terms=Terms(time_limit=timedelta(milliseconds=20)), shop=sink) as post:
        await post.arrive("a")
        assert await post.deliver() == 1
        (problem,) = post.place.store.journal.problems()
        assert "longer than" in problem.message
        assert "time_limit" in problem.remedy


async def test_a_time_out_of_the_sinks_own_is_not_taken_for_ours(tmp_path):
    def own(_):
        raise TimeoutError("my database")

    with parcels(tmp_path, shop=Told(own)) as post:
        await post.arrive("a")
        await post.deliver()
        assert "TimeoutError: my database" in post.place.store.journal.problems()[0].message


async def test_a_slow_sink_does_not_hold_a_quick_one(tmp_path):
    let_go = asyncio.Event()
    slow, quick = Told(lambda _: let_go.wait()), Told()
    with parcels(tmp_path, slow=slow, quick=quick) as post:
        await post.arrive("a")
        waiting = asyncio.create_task(post.serve("slow"))
        for name in ("b", "c"):
            await post.arrive(name)
            await post.serve("quick")
        assert quick.names == ["a", "b", "c"]
        assert slow.names == []
        let_go.set()
        await waiting


async def test_everything_ends_before_the_first_error_is_raised():
    ended = []

    async def work(name, error=None):
        await asyncio.sleep(0)
        ended.append(name)
        if error:
            raise error

    with pytest.raises(StateDamagedError, match="one"):
        await together([work("a", StateDamagedError("one")), work("b"), work("c", StateDamagedError("two"))])
    assert ended == ["a", "b", "c"]


async def test_a_long_queue_is_served_to_its_end(tmp_path):
    sink = Told()
    with parcels(tmp_path, shop=sink) as post:
        names = [f"{number}" for number in range(ROUND + 5)]
        await post.arrive(*names)
        assert await post.deliver() == 0
        assert sink.names == names


@pytest.mark.parametrize("verb", ["hurry", "revive"])
async def test_on_a_persons_word_it_is_tried_now(tmp_path, verb):
    sink = Told(not_this("a", error=SinkRefusedError if verb == "revive" else SinkError))
    with parcels(tmp_path, shop=sink) as post:
        (row,) = await post.arrive("a")
        await post.deliver()
        sink.behave = None
        journal, word = post.place.store.journal, Word("ann", "sinks retry --dead", "mended")
        if verb == "hurry":
            assert journal.hurry(["shop"], post.when[0]) == 1
        else:
            assert journal.hurry(["shop"], post.when[0]) == 0, "dead letters are not meant"
            assert journal.revive(["shop"], word, post.when[0]) == 1
            assert [(said.who, said.what, said.why) for said in journal.audits(number=row.id)] == [
                ("ann", "a: to shop again", "mended")
            ]
        assert await post.deliver() == 0
        assert sink.names == ["a"]
