"""Files that are gone from the spool: only they are given up, in words, and everything else goes on."""

import pytest

from syncd import app, app_people
from syncd.config import load
from syncd.errors import SpoolLostError
from syncd.model import RemoteFile, State
from tests.jobs.shop import TWO, now, open_shop, order, stock
from tests.jobs.test_trouble import ANSWER, ORDER, answer
from tests.jobs.test_words import number

OTHER = "S_900900_20261121101113"


def spooled(shop, name):
    """The spool's file of the latest interchange of this name."""
    story = app.explain(load(shop.config), name)[0]
    return shop.folder / "state" / "spool" / ("out" if story.file.direction == "out" else "in") / f"{story.file.id}.raw"


def reason(shop, name):
    return app.explain(load(shop.config), name)[0].file.reason


async def make_due(shop):
    """Try deliveries again now, whatever their next attempt."""
    async with app.workplace(load(shop.config)) as place:
        for delivery in place.store.journal.pending():
            place.store.journal.delivery_failed(delivery.id, "again", now(), now())


async def queue(shop, *names):
    """Drop orders while the account is paused: they are taken, and wait."""
    app.pause(load(shop.config), "umbreit", "stock-taking")
    for place, name in enumerate(names):
        shop.drop(order(*TWO, reference=f"42{place}"), name)
    await shop.once("umbreit")
    app.resume(load(shop.config), "umbreit")


@pytest.mark.parametrize("harm", ["deleted", "changed"])
async def test_a_lost_order_is_put_aside_and_the_others_go_out(tmp_path, harm):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await queue(shop, ORDER, OTHER)
        if harm == "deleted":
            spooled(shop, ORDER).unlink()
        else:
            spooled(shop, ORDER).write_bytes(order(("9783442756841", 9)))
        name = shop.cb.publish_stock(stock())
        tours = await shop.once()
        assert [error for tour in tours.values() for error in tour.errors] == []
        assert [taken.name for taken in shop.umbreit.orders] == [OTHER]
        assert name in shop.raw("*.bhd"), "the other account goes on"
        assert shop.states(ORDER) == ["quarantined"]
        assert "its bytes" in reason(shop, ORDER)
        shop.drop(order(*TWO, reference="420"), ORDER)
        await shop.once("umbreit")
        assert sorted(taken.name for taken in shop.umbreit.orders) == [ORDER, OTHER], "dropped again, it goes out"


@pytest.mark.parametrize("harm", ["deleted", "changed"])
async def test_a_lost_file_that_no_sink_has_is_given_up_and_does_not_stop_later_ones(tmp_path, harm):
    async with open_shop(tmp_path) as shop:
        shop.inbox.rmdir()
        shop.inbox.write_text("in the way")
        first = shop.cb.publish_stock(stock(3), name="one.bhd")
        await shop.once("cb")
        if harm == "deleted":
            spooled(shop, first).unlink()
        else:
            spooled(shop, first).write_bytes(spooled(shop, first).read_bytes().replace(b"9", b"8", 1))
        shop.inbox.unlink()
        shop.inbox.mkdir()
        second = shop.cb.publish_stock(stock(4), name="two.bhd")
        await make_due(shop)
        await shop.once("cb")
        assert shop.states(first) == ["quarantined"]
        assert "its bytes" in reason(shop, first)
        assert list(shop.raw("*.bhd")) == [second]
        assert "its bytes" in shop.problems()["file-partial"].message


async def test_a_lost_file_is_fetched_again_where_it_still_lies_and_its_goods_are_handed_over_once(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.inbox.rmdir()
        shop.inbox.write_text("in the way")
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        spooled(shop, ANSWER).unlink()
        shop.inbox.unlink()
        shop.inbox.mkdir()
        await make_due(shop)
        await shop.once("umbreit")
        await shop.once("umbreit")
        assert shop.raw("R_*") == {ANSWER: answer()}
        assert shop.problems() == {}


@pytest.mark.parametrize("word", ["release", "ingest"])
async def test_a_lost_file_is_handed_over_once_its_bytes_were_put_back(tmp_path, word):
    async with open_shop(tmp_path) as shop:
        shop.inbox.rmdir()
        shop.inbox.write_text("in the way")
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        bytes_of = spooled(shop, ANSWER)
        bytes_of.unlink()
        del shop.umbreit.out("900900")[ANSWER]
        shop.inbox.unlink()
        await make_due(shop)
        await shop.once("umbreit")
        assert shop.states(ANSWER) == ["quarantined"]
        bytes_of.write_bytes(answer().replace(b"\r\n", b"\n"))
        with pytest.raises(SpoolLostError, match="are not those that came"):
            app_people.release(load(shop.config), number(shop, ANSWER), "from an editor")
        bytes_of.write_bytes(answer())
        if word == "release":
            app_people.release(load(shop.config), number(shop, ANSWER), "from the backup")
        else:
            (tmp_path / ANSWER).write_bytes(answer())
            await app_people.ingest(load(shop.config), "umbreit", [tmp_path / ANSWER], None, for_sinks=True)
        await shop.once("umbreit")
        assert shop.states(ANSWER) == ["done"]
        assert shop.raw("R_*") == {ANSWER: answer()}
        assert [record["record"] for record in shop.records()] == ["DespatchLine"]


async def test_a_file_that_is_lost_before_it_was_judged_stops_nobody(tmp_path):
    async with open_shop(tmp_path) as shop:
        async with app.workplace(load(shop.config)) as place:
            journal = place.store.journal
            row = journal.announce("umbreit", "answers", RemoteFile(ANSWER, 1, now()), now())
            gone = f"spool/in/{row.id}.raw"
            journal.advance(row.id, State.ANNOUNCED, State.SPOOLED, now(), sha256="0" * 64, spool=gone)
        shop.drop()
        tours = await shop.once("umbreit")
        assert tours["umbreit"].errors == []
        assert shop.states(ANSWER) == ["quarantined"]
        assert len(shop.umbreit.orders) == 1


async def test_an_undelivered_file_of_an_account_that_was_renamed_is_told(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.inbox.rmdir()
        shop.inbox.write_text("in the way")
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        shop.inbox.unlink()
        shop.config.write_text(shop.config.read_text().replace("[account.umbreit]", "[account.umbreit2]"))
        await shop.once("cb")
        assert shop.states(ANSWER) == ["parsed"], "the sink is there again, and nobody hands it over"
        assert shop.problems()["account-gone"].message.split(":")[0] == "1 undelivered file left behind"


async def test_orders_of_an_account_that_was_renamed_are_told(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await queue(shop, ORDER, OTHER)
        shop.config.write_text(shop.config.read_text().replace("[account.umbreit]", "[account.umbreit2]"))
        problem = shop.problems()["account-gone"]
        assert (problem.account, problem.message.split(":")[0]) == ("umbreit", "2 orders left behind")
        assert "syncd history --account umbreit" in problem.remedy
        shop.config.write_text(shop.config.read_text().replace("[account.umbreit2]", "[account.umbreit]"))
        assert shop.problems() == {}
