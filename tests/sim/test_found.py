"""Histories that once went wrong, each told for itself."""

from asyncio import sleep
from dataclasses import replace

import pytest

from tests.sim import scenes
from tests.sim.faults import At, Fair, Fault, Point
from tests.sim.scenes import put_goods
from tests.sim.shop import umbreit_order
from tests.sim.verdict import violations
from tests.sim.world import World


def lived(scene: str, point: Point, label: str, fault: Fault) -> World:
    world = scenes.SCENES[scene](At(point, label, fault))
    world.run()
    assert world.struck, "the fault must strike"
    assert not world.broken, "\n".join([*world.lines, *world.broken])
    return world


@pytest.mark.parametrize("call", ["succeeded", "set_due", "announce", "prove", "parsed", "delivered", "_enter"])
def test_a_full_disk_under_the_state_ends_no_daemon(call):
    assert lived("umbreit", Point.COMMIT, call, Fault.FULL).exits == []


@pytest.mark.parametrize("call", ["rename umbreit/S_", "unlink umbreit/.syncd-removing"])
def test_an_order_that_cannot_leave_the_outbox_is_sent_once_and_complained_of(call):
    world = lived("umbreit", Point.FILE, call, Fault.BROKEN)
    assert world.exits == []
    assert "outbox" in world.problems


@pytest.mark.parametrize("fault", [Fault.FULL, Fault.BROKEN])
def test_a_file_that_cannot_be_named_in_the_spool_is_kept_and_told(fault):
    world = lived("cb", Point.FILE, "rename in/", fault)
    assert world.told_lost == 1


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.SILENCE, Fault.CRASH_AFTER])
def test_an_upload_that_was_never_answered_is_a_doubt(fault):
    world = lived("cb", Point.CHUNK, "STOR", fault)
    assert world.held == 1
    assert len(world.houses["cb"].orders) <= 1


def test_an_order_that_waits_for_evidence_is_no_reason_to_log_in():
    world = lived("cb", Point.CHUNK, "control < 226 Transfer", Fault.CUT_BEFORE)
    assert world.held == 1
    assert len(world.houses["cb"].logins) < 25, "a day has 14 visits"


def test_an_upload_that_the_server_swept_before_it_was_published_is_made_again():
    async def sweep(world: World) -> None:
        world.order("umbreit", *umbreit_order(1, world.clock.true()))
        while not world.deaths:
            await sleep(1)
        world.houses["umbreit"].inside("900900").clear()

    world = World((scenes.UMBREIT,), sweep, violations, At(Point.CHUNK, "RNFR", Fault.CRASH_BEFORE))
    world.run()
    assert not world.broken, "\n".join([*world.lines, *world.broken])
    assert len(world.houses["umbreit"].orders) == 1


@pytest.mark.parametrize("reply", ["331", "230", "150", "226 Transfer"])
def test_a_copy_made_within_the_visit_that_sent_the_order_is_noticed_as_one(reply):
    lived("restored", Point.CHUNK, f"control < {reply}", Fault.COPY)


class Both:
    """Two faults, each at the first point that is called so; the second is looked for after the first."""

    def __init__(self, first: At, second: At) -> None:
        self.first, self.second = first, second

    def strike(self, point: Point, label: str) -> Fault | None:
        return (self.second if self.first.done else self.first).strike(point, label)


def lived_through_both(first: At, second: At) -> World:
    world = scenes.SCENES["restored"](Both(first, second))
    world.run()
    assert len(world.struck) == 2, "both faults must strike"
    assert not world.broken, "\n".join([*world.lines, *world.broken])
    return world


@pytest.mark.parametrize("when", ["STOR bestelling", "226 Transfer"])
def test_an_order_in_doubt_that_an_old_copy_knows_nothing_of_is_in_doubt_again(when):
    copy = At(Point.FILE, "mkdir state/quarantine", Fault.COPY)
    world = lived_through_both(copy, At(Point.CHUNK, when, Fault.CRASH_BEFORE))
    assert world.held == 1


async def _clock_set_right_again(world: World) -> None:
    world.clock.step(2 * 86400)
    await sleep(3600)
    world.clock.step(-2 * 86400)
    put_goods(world, "24000001", 1)


def test_a_clock_that_is_set_back_silences_nobody():
    world = World((scenes.KEEPING,), _clock_set_right_again, violations, Fair())
    world.run()
    assert not world.broken, "\n".join([*world.lines, *world.broken])
    assert world.clock.elapsed < 3 * 3600, "a heartbeat must notice"


def test_a_delivery_that_failed_while_the_clock_was_wrong_is_tried_again_soon():
    world = World((scenes.KEEPING,), _goods_while_the_clock_is_wrong, violations, At(Point.SINK, "", Fault.FAILS))
    world.run()
    assert not world.broken, "\n".join([*world.lines, *world.broken])
    assert world.clock.elapsed < 4 * 3600, "a heartbeat must notice"


async def _goods_while_the_clock_is_wrong(world: World) -> None:
    world.clock.step(2 * 86400)
    put_goods(world, "24000001", 1)
    while not world.struck:
        await sleep(1)
    world.clock.step(-2 * 86400)


async def _other_goods_under_the_name_of_before(world: World) -> None:
    put_goods(world, "24000001", 1)
    await sleep(3.5 * scenes.HOUR)
    put_goods(world, "24000002", 1)


def test_a_history_is_not_over_before_other_bytes_under_a_known_name_were_fetched():
    place = replace(scenes.KEEPING, schedule=scenes.HOURLY)
    world = World((place,), _other_goods_under_the_name_of_before, violations, Fair())
    world.run()
    assert not world.broken, "\n".join([*world.lines, *world.broken])
    assert len(world.recorder.goods) == 4
