"""Bad input and bad luck: nothing is sent twice, nothing is lost, and somebody is told what to do."""

import os
from datetime import timedelta

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import DoubtError, LaterError, LoginRefusedError, TooEarlyError
from syncd.simulate.faults import Faults
from tests.jobs.shop import TWO, open_shop, order, stock

ORDER = "S_900900_20261121101112"
ANSWER = "R_90090024123456000123456"


def answer():
    """An ELS with one position, as in Umbreit's document, chapter 4.3.1."""
    head = f"L101{'24000':<10}VD{'900900':<10}VD20261121{'24123456':<10}0001{'4711':<10}9783442756841EN0002"
    return f"{head}000000000129500LPEUR003000001*1003MUSTER*90901*9999\r\n".encode("cp1252")


def codes(tour):
    return [error.code for error in tour.errors]


async def test_a_refused_login_pauses_that_account_and_the_other_goes_on(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["530"]}) as shop:
        shop.drop()
        name = shop.cb.publish_stock(stock())
        tours = await shop.once()
        assert isinstance(tours["umbreit"].errors[0], LoginRefusedError)
        assert tours["umbreit"].paused
        assert name in shop.raw("*.bhd")
        assert "login-refused" in shop.problems()
        logins = len(shop.umbreit.logins)
        again = await shop.once("umbreit")
        assert again["umbreit"].paused
        assert len(shop.umbreit.logins) == logins, "a paused account is not tried again"
        assert shop.states(ORDER) == ["queued"], "the order waits"

        shop.umbreit.faults = Faults.of([])
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        assert shop.problems() == {}


async def test_a_lost_reply_to_the_renaming_is_settled_by_the_temporary_name(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lost-rnto-reply:1"]}) as shop:
        shop.drop()
        tours = await shop.once("umbreit")
        assert isinstance(tours["umbreit"].errors[0], DoubtError)
        assert shop.states(ORDER) == ["publishing"]
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        await shop.answered()
        assert shop.states(ORDER) == ["confirmed"]


async def test_a_renaming_that_the_server_never_heard_is_repeated(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["unheard:1"]}) as shop:
        shop.drop()
        await shop.once("umbreit")
        assert shop.umbreit.orders == []
        assert shop.states(ORDER) == ["publishing"]
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1


@pytest.mark.parametrize("fault", ["lost-226:STOR:1", "cut-data-at:50:rst:STOR:1", "cut-both-at:50:STOR:1",
                                   "lost-rnfr-reply:1", "half-reply:STOR:1", "421:STOR:1"])  # fmt: skip
async def test_a_cut_upload_under_a_temporary_name_is_done_again(tmp_path, fault):
    async with open_shop(tmp_path, umbreit={"faults": [fault]}) as shop:
        shop.drop()
        tours = await shop.once("umbreit")
        assert isinstance(tours["umbreit"].errors[0], LaterError)
        assert shop.umbreit.orders == []
        await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
        assert [name for name in shop.umbreit.inside("900900") if name.startswith("T")] == [], "old drafts are removed"


async def test_a_half_stored_order_with_a_lying_226_is_not_published(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lying-226:STOR:1"]}) as shop:
        shop.drop()
        tours = await shop.once("umbreit")
        assert codes(tours["umbreit"]) == ["truncated"]
        assert "not published" in str(tours["umbreit"].errors[0])
        assert shop.umbreit.orders == []
        await shop.once("umbreit")
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]


async def test_an_order_to_cb_whose_226_was_lost_is_never_sent_again(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        shop.drop(b"anything\r\n", "order-1.txt", tmp_path / "outbox-cb")
        tours = await shop.once("cb")
        assert isinstance(tours["cb"].errors[0], DoubtError)
        assert shop.states("order-1.txt") == ["unconfirmed"]
        for _ in range(3):
            await shop.once("cb")
        assert len(shop.cb.orders) == 1
        assert shop.states("order-1.txt") == ["unconfirmed"]
        assert shop.cb.violations == []


async def test_a_short_file_with_a_lying_226_reaches_no_sink_and_is_fetched_again(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lying-226:RETR:1"]}) as shop:
        shop.umbreit.out("900900")[ANSWER] = answer()
        tours = await shop.once("umbreit")
        assert tours["umbreit"].quarantined == 1
        assert shop.raw() == {}
        assert "file-partial" in shop.problems()
        await shop.once("umbreit")
        assert shop.raw() == {ANSWER: answer()}
        assert shop.problems() == {}


async def test_a_transfer_that_breaks_keeps_what_came_and_says_so(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["cut-data-at:100:rst:RETR:1"]}) as shop:
        content = shop.cb.out("shop")[shop.cb.publish_stock(stock(50))]
        tours = await shop.once("cb")
        assert tours["cb"].errors
        assert shop.raw("*.bhd") == {}
        problem = shop.problems()["file-partial"]
        assert "ask the supplier" in problem.remedy
        state = tmp_path / "state"
        kept = [*(state / "spool" / "in").iterdir(), *(state / "quarantine").iterdir()]
        assert [partial.read_bytes() for partial in kept] == [content[:100]]


async def test_a_stock_list_with_a_wrong_count_changes_nothing_and_is_kept(tmp_path):
    async with open_shop(tmp_path) as shop:
        name = shop.cb.publish_stock(stock(5))
        shop.cb.out("shop")[name] = bad = shop.cb.out("shop")[name].replace(b"#00155#", b"#00156#")
        tours = await shop.once("cb")
        assert tours["cb"].quarantined == 1
        assert shop.raw("*.bhd") == {}
        problem = shop.problems()["quarantine"]
        assert "count-mismatch" in problem.message
        assert f"{name}:" in problem.message
        (row,) = [story.file for story in app.explain(load(shop.config), name)]
        kept = tmp_path / "state" / "spool" / "in" / f"{row.id}.raw"
        assert kept.read_bytes() == bad


async def test_an_order_with_a_14_digit_article_is_refused_with_its_line_and_not_sent(tmp_path):
    async with open_shop(tmp_path) as shop:
        bad = order(*TWO).replace(b"9783869170596EN", b"97838691705966EN")
        dropped = shop.drop(bad)
        tours = await shop.once("umbreit")
        assert tours["umbreit"].quarantined == 1
        assert not dropped.exists()
        assert shop.umbreit.orders == []
        problem = shop.problems()["order-rejected"]
        assert f"{ORDER}:2: " in problem.message
        shop.drop(order(*TWO))
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1, "the corrected order goes out, even under the same name"


async def test_the_same_bytes_again_are_held_and_never_sent(tmp_path):
    async with open_shop(tmp_path) as shop:
        for name in (ORDER, "S_900900_20261121101113"):
            shop.drop(name=name)
            await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        assert shop.states("S_900900_20261121101113") == ["held (guard)"]
        assert "order-held" in shop.problems()


async def test_a_name_that_was_used_with_other_content_is_held(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit")
        shop.drop(order(("9783442756841", 9), reference="other"))
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        assert "held (guard)" in shop.states(ORDER)


async def test_a_file_whose_name_is_no_order_is_refused(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(name="bestellung.txt")
        await shop.once("umbreit")
        assert "does not fit" in shop.problems()["order-rejected"].message


async def test_hostile_names_in_a_listing_are_left_alone(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["hostile-names"]}) as shop:
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        assert shop.raw() == {ANSWER: answer()}
        outside = [path for path in tmp_path.rglob("*") if "passwd" in path.name]
        assert outside == []
        assert "the listing of out has lines" in shop.problems()["listing-unread"].message, "one may be a file for us"
        shop.umbreit.faults = Faults.of([])
        await shop.once("umbreit")
        assert shop.problems() == {}


async def test_nothing_is_read_that_the_disk_could_not_keep(tmp_path):
    async with open_shop(tmp_path, config={"top": 'reserve = "900000GB"'}) as shop:
        name = shop.cb.publish_stock(stock())
        tours = await shop.once("cb")
        assert [left.problem for left in tours["cb"].visit.left] == ["disk-full"]
        assert name in shop.cb.out("shop"), "RETR would have deleted it"
        assert "disk-full" in shop.problems()
        shop.write_config()
        await shop.once("cb")
        assert name in shop.raw("*.bhd")
        assert shop.problems() == {}


@pytest.mark.parametrize("channels", ['["raw"]', '["stock", "raw"]'])
async def test_a_file_is_fetched_through_its_own_channel_alone(tmp_path, channels):
    """The pattern of `raw` takes every name; read through it, a list would be judged by nobody, and gone at CB."""
    async with open_shop(tmp_path, config={"cb": f"channels = {channels}"}) as shop:
        name = shop.cb.publish_stock(stock())
        shop.cb.out("shop")["receipt.txt"] = b"received\r\n"
        tours = await shop.once("cb")
        assert tours["cb"].errors == []
        chosen = "stock" in channels
        assert (name in shop.cb.out("shop")) is not chosen
        assert sorted(shop.raw()) == sorted([name, "receipt.txt"] if chosen else ["receipt.txt"])


async def test_a_visit_that_takes_too_long_begins_nothing_more_and_the_next_goes_on(tmp_path):
    config = {"umbreit": 'longest_visit = "1s"'}
    async with open_shop(tmp_path, umbreit={"faults": ["slow:0.15"]}, config=config) as shop:
        for number in range(4):
            shop.umbreit.out("900900")[f"{ANSWER}{number}"] = answer()
        tours = await shop.once("umbreit")
        assert codes(tours["umbreit"]) == ["timed-out"]
        assert "longest_visit" in str(tours["umbreit"].errors[0])
        assert len(shop.raw()) < 4
        assert "file-partial" not in shop.problems(), "what was begun was finished"
        shop.umbreit.faults = Faults.of([])
        await shop.once("umbreit")
        assert len(shop.raw()) == 4


async def test_a_login_inside_the_interval_is_refused_before_a_connection(tmp_path):
    async with open_shop(tmp_path, cb={"login_interval": timedelta(minutes=10)}) as shop:
        await shop.once("cb")
        tours = await shop.once("cb")
        (error,) = tours["cb"].errors
        assert isinstance(error, TooEarlyError)
        assert len(shop.cb.logins) == 1
        assert shop.cb.violations == []


async def test_a_failed_connection_counts_as_a_login(tmp_path):
    async with open_shop(tmp_path, cb={"login_interval": timedelta(minutes=10)}) as shop:
        await shop.cb.stop()
        first = await shop.once("cb")
        assert codes(first["cb"]) == ["connection-lost"]
        second = await shop.once("cb")
        assert codes(second["cb"]) == ["login-window"]


async def test_a_second_failure_in_a_row_is_a_problem_and_success_ends_it(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["421:2"]}) as shop:
        await shop.once("umbreit")
        assert shop.problems() == {}
        await shop.once("umbreit")
        assert "visit-failed" in shop.problems()
        await shop.once("umbreit")
        assert shop.problems() == {}


async def test_a_missing_outbox_is_told_and_the_visit_goes_on(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.outbox.rmdir()
        tours = await shop.once("umbreit")
        assert codes(tours["umbreit"]) == ["usage"]
        assert len(shop.umbreit.logins) == 1
        assert "mkdir -p" in shop.problems()["outbox"].remedy


@pytest.mark.parametrize("name", [b"Bestellung-M\xfcller.txt", b"S_900900_20261121101113\x1b[31m"])
async def test_a_name_that_cannot_be_written_down_stops_nobody(tmp_path, name):
    async with open_shop(tmp_path) as shop:
        odd = shop.outbox / os.fsdecode(name)
        odd.write_bytes(order(*TWO))
        shop.drop()
        tours = await shop.once("umbreit")
        assert codes(tours["umbreit"]) == ["usage"]
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER], "the others go out"
        assert odd.exists()
        assert "Rename it" in shop.problems()["outbox"].remedy, "the problem stays open while the file is there"
        [report] = await app.rehearse(load(shop.config), ["umbreit"], offline=True)
        assert report.outbox[0].startswith("leave it: ")
        odd.unlink()
        await shop.once("umbreit")
        assert shop.problems() == {}


async def test_a_sink_that_fails_gets_it_later_and_nothing_overtakes(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.inbox.rmdir()
        shop.inbox.write_text("in the way")
        shop.cb.publish_stock(stock(3), name="one.bhd")
        await shop.once("cb")
        assert "sink-inbox" in shop.problems()
        assert shop.states("one.bhd") == ["parsed"]
        shop.inbox.unlink()
        shop.inbox.mkdir()
        await shop.once("cb")
        assert shop.raw("*.bhd") == {}, "not before its next attempt"


@pytest.mark.parametrize("fault", ["refused:STOR", "refused:RNTO"])
async def test_an_order_that_the_server_refuses_for_good_stands_in_nobodys_way(tmp_path, fault):
    async with open_shop(tmp_path, umbreit={"faults": [fault]}) as shop:
        shop.drop()
        shop.umbreit.out("900900")[ANSWER] = answer()
        for _ in range(3):
            tours = await shop.once("umbreit")
            assert codes(tours["umbreit"]) == ["refused"]
        assert shop.states(ORDER) == ["held (guard)"]
        assert "553" in shop.problems()["order-held"].message
        await shop.once("umbreit")
        assert shop.raw() == {ANSWER: answer()}
        assert shop.umbreit.orders == []


async def test_an_order_that_was_refused_goes_after_the_others(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["refused:STOR:1"]}) as shop:
        shop.drop()
        await shop.once("umbreit")
        shop.drop(order(("9783442756841", 1), reference="second"), "S_900900_20261121101113")
        await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == ["S_900900_20261121101113", ORDER]


async def test_a_delivery_for_a_sink_that_is_gone_does_not_count_as_waiting(tmp_path):
    extra = '[sink.gone]\ntype = "directory"\npath = "/proc/nowhere"\n'
    async with open_shop(tmp_path, config={"sinks": extra}) as shop:
        shop.cb.publish_stock(stock())
        _, waiting = await app.once(load(shop.config), ["cb"])
        assert waiting == 1
        shop.write_config()
        _, waiting = await app.once(load(shop.config), ["cb"])
        assert waiting == 0
