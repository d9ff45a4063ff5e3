"""Stopped between two steps: what is not known to be sent, whole or the same is never taken for it."""

import asyncio
import os
import threading
from contextlib import contextmanager
from errno import EIO
from functools import partial
from pathlib import Path

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import LaterError, RefusedError
from syncd.jobs.outbox import waiting
from syncd.model import Direction, RemoteFile
from tests.jobs.shop import TWO, now, open_shop, order, stock
from tests.jobs.test_trouble import ANSWER, ORDER, answer
from tests.security.cases import USUAL
from tests.security.place import prepare, visit
from tests.servers import scripted
from tests.sim.disk import watched


async def test_an_order_whose_temporary_name_is_there_and_cannot_be_renamed_is_held_and_not_taken_for_sent(tmp_path):
    with scripted.scripted(USUAL | {"RNTO": scripted.hang_up}) as server:
        config = prepare(tmp_path, server)
        await visit(config)
        server.acts |= {"RNFR": scripted.answer("550 not yours"), "RNTO": scripted.answer("250 renamed")}
        for _ in range(2):
            await visit(config)
            (story,) = app.explain(load(config), ORDER)
            assert story.file.state == "held (doubt)"
        assert "T1.1 is there with" in str(story.file.reason)
        assert server.verbs.count("RNTO") == 1
        assert server.verbs.count("STOR") == 1


@pytest.mark.parametrize("verb", ["SIZE", "RNFR"])
async def test_an_order_that_may_have_been_renamed_is_never_held_as_unsent(tmp_path, verb):
    with scripted.scripted(dict(USUAL)) as server:
        config = prepare(tmp_path, server)
        server.acts["STOR"] = scripted.answer("553 no")
        for _ in range(2):
            await visit(config)
        server.acts |= {"STOR": scripted.takes(), "RNTO": scripted.hang_up}
        await visit(config)
        server.acts[verb] = scripted.answer("553 no")
        await visit(config)
        (story,) = app.explain(load(config), ORDER)
        assert story.file.state == "publishing"


async def test_an_order_put_where_a_journalled_one_still_lay_is_an_order_of_its_own(tmp_path):
    async with open_shop(tmp_path) as shop:
        (shop.outbox / ".syncd-umbreit.tmp").mkdir()  # without its witness an order stays in the outbox
        dropped = shop.drop()
        await shop.once("umbreit")
        assert dropped.exists()
        assert shop.states(ORDER) == ["stored"]
        (shop.outbox / ".syncd-umbreit.tmp").rmdir()
        other = order(("9783442756841", 9), reference="other")
        shop.drop(other)
        await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
        (held,) = [s.file for s in app.explain(load(shop.config), ORDER) if s.file.state == "held (guard)"]
        assert (tmp_path / "state" / "spool" / "out" / f"{held.id}.raw").read_bytes() == other


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, partial(os.symlink, "/dev/zero")], ids=["pipe", "folder", "link"])
async def test_what_is_no_file_where_a_journalled_order_lay_is_neither_read_nor_removed(tmp_path, put):
    async with open_shop(tmp_path) as shop:
        (shop.outbox / ".syncd-umbreit.tmp").mkdir()
        dropped = shop.drop()
        await shop.once("umbreit")
        (shop.outbox / ".syncd-umbreit.tmp").rmdir()
        dropped.unlink()
        put(dropped)
        await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
        assert shop.problems() == {}
        assert os.path.lexists(dropped)


def test_files_that_leave_the_outbox_while_it_is_looked_at_are_no_trouble(tmp_path):
    files = [tmp_path / f"S_{number}" for number in range(50)]

    def come_and_go():
        while not done.is_set():
            for act in (Path.touch, Path.unlink):
                for file in files:
                    act(file)

    done = threading.Event()
    shop = threading.Thread(target=come_and_go)
    shop.start()
    try:
        for _ in range(3000):
            waiting(tmp_path)
    finally:
        done.set()
        shop.join()


async def test_an_order_that_the_shop_takes_back_before_it_is_read_is_no_trouble(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(name=ORDER)
        second = shop.drop(order(("9783442756841", 9), reference="other"), f"{ORDER[:-1]}3")
        with just_before({"rename out/1.part": second.unlink}):
            tours = await shop.once("umbreit")
        assert tours["umbreit"].errors == []
        assert shop.problems() == {}
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]


@contextmanager
def just_before(events):
    """Have things happen in the moment before a call that changes files, each once."""

    def enter(_, label):
        for call in [call for call in events if call in label]:
            events.pop(call)()

    with watched(enter, lambda _: None):
        yield
    assert not events


def hidden(outbox):
    return [path.read_bytes() for path in outbox.glob(".syncd-removing.*")]


@pytest.mark.parametrize("stop", ["", "link outbox/.syncd-removing", "unlink outbox/.syncd-removing"])
async def test_an_order_put_in_the_place_of_another_while_that_is_removed_is_an_order_of_its_own(tmp_path, stop):
    def fail():
        raise OSError(EIO, "Input/output error")

    other = order(("9783442756841", 9), reference="other")
    async with open_shop(tmp_path) as shop:
        shop.drop()
        with just_before({"rename outbox/S_": lambda: shop.drop(other)} | ({stop: fail} if stop else {})):
            await shop.once("umbreit")
        assert ("outbox" in shop.problems()) == bool(stop)
        for _ in range(2):
            await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
        (held,) = [s.file for s in app.explain(load(shop.config), ORDER) if s.file.state == "held (guard)"]
        assert (tmp_path / "state" / "spool" / "out" / f"{held.id}.raw").read_bytes() == other
        assert hidden(shop.outbox) == []
        assert shop.problems().keys() == {"order-held"}


async def test_an_order_that_cannot_be_put_back_since_a_third_has_its_name_is_told_of_and_lost_by_nobody(tmp_path):
    second, third, fourth = (order(("9783442756841", 9), reference=name) for name in ("second", "third", "fourth"))
    async with open_shop(tmp_path) as shop:
        shop.drop()
        drops = {"rename outbox/S_": lambda: shop.drop(second), "link outbox/": lambda: shop.drop(third)}
        with just_before(drops):
            await shop.once("umbreit")
        assert hidden(shop.outbox) == [second]
        assert (shop.outbox / ORDER).read_bytes() == third
        (aside,) = shop.outbox.glob(".syncd-removing.*")
        assert str(aside) in shop.problems()["outbox"].message + shop.problems()["outbox"].remedy
        shop.drop(fourth, f"{ORDER[:-1]}4")
        await shop.once("umbreit")
        assert {taken.content for taken in shop.umbreit.orders} == {order(*TWO), fourth}, "what has its name goes out"
        assert shop.problems().keys() == {"outbox"}
        aside.rename(shop.outbox / f"{ORDER[:-1]}3")
        for _ in range(2):
            await shop.once("umbreit")
        assert {taken.content for taken in shop.umbreit.orders} == {order(*TWO), fourth, second}
        assert "held (guard)" in shop.states(ORDER)


async def test_half_a_delivery_note_found_whole_in_the_spool_is_not_taken_for_the_whole(tmp_path):
    async with open_shop(tmp_path) as shop:
        whole = answer() + answer().replace(b"24123456  0001", b"24123456  0002")
        async with app.workplace(load(shop.config)) as place:
            row = place.store.journal.announce("umbreit", "answers", RemoteFile(ANSWER, len(whole), now()), now())
            place.store.spool.write(Direction.IN, row.id, answer())  # and syncd stops before the journal knows
        await shop.once("umbreit")
        assert shop.states(ANSWER) == ["quarantined"]
        assert shop.raw() == {}
        assert "never confirmed" in shop.problems()["file-partial"].message
        shop.umbreit.out("900900")[ANSWER] = whole
        await shop.once("umbreit")
        assert shop.raw() == {ANSWER: whole}


@pytest.mark.parametrize("fault", ["421:PASV:1", "unheard:PASV:1", "421:STOR:1", "refused:STOR:1"])
async def test_an_order_whose_upload_never_began_is_no_doubt_and_goes_out_at_the_next_visit(tmp_path, fault):
    async with open_shop(tmp_path, cb={"faults": [fault]}) as shop:
        shop.drop(b"anything\r\n", "order-1.txt", tmp_path / "outbox-cb")
        tours = await shop.once("cb")
        assert isinstance(tours["cb"].errors[0], LaterError | RefusedError)
        assert shop.states("order-1.txt") == ["queued"]
        await shop.once("cb")
        assert [taken.content for taken in shop.cb.orders] == [b"anything\r\n"]
        assert shop.states("order-1.txt") == ["sent"]


async def test_what_came_before_a_reset_is_kept_byte_for_byte(tmp_path):
    def breaks(talk, _):
        talk.say("150 here it comes")
        connection = talk.accept()
        connection.sendall(answer()[:50])
        assert kept.wait(5)
        scripted.rst(connection)
        talk.say("426 cut")

    kept = threading.Event()
    with scripted.scripted(USUAL | {"RETR": breaks}) as server:
        tour = asyncio.create_task(visit(prepare(tmp_path, server)))
        drafts = tmp_path / "state" / "spool" / "in"
        async with asyncio.timeout(5):
            while not any(path.stat().st_size for path in drafts.glob("*.part")):
                await asyncio.sleep(0.01)
        kept.set()
        assert (await tour).errors
    (partial,) = (tmp_path / "state" / "quarantine").iterdir()
    assert partial.read_bytes() == answer()[:50]


async def test_a_file_that_reading_deletes_comes_whole_though_the_visit_is_stopped_in_the_middle_of_it(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["slow:0.1:RETR"]}) as shop:
        name = shop.cb.publish_stock(stock(100))
        content = shop.cb.out("shop")[name]
        visiting = asyncio.create_task(shop.once("cb"))
        drafts = tmp_path / "state" / "spool" / "in"
        async with asyncio.timeout(5):
            while not any(path.stat().st_size for path in drafts.glob("*.part")):
                await asyncio.sleep(0.01)
        visiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await visiting
        assert shop.states(name) == ["spooled"]
        assert [path.read_bytes() for path in drafts.iterdir()] == [content]
        await shop.once("cb")
        assert shop.raw() == {name: content}
        assert shop.problems() == {}
