"""Archived files: judged, recorded and handed on by the rules of fetched ones, without a login."""

import os

import pytest

from syncd import app_people
from syncd.config import load
from syncd.errors import StateLockedError, UsageError
from syncd.simulate.stocklist import invented_rows, stock_list
from syncd.state import open_state
from tests.jobs.shop import now, open_shop
from tests.jobs.test_trouble import ANSWER, answer

OTHER = "R_90090024123456000999999"


def stocks(count, day="20261121"):
    return stock_list(invented_rows(count), at=now(), receiver="1234567", reference="7").replace(
        now().strftime("#0004%Y%m%d").encode(), f"#0004{day}".encode()
    )


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


def put(folder, name, content, order=0):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_700_000_000 + order, 1_700_000_000 + order))
    return path


async def ingest(shop, *paths, account="umbreit", channel=None, deliver=True):
    found, waiting = await app_people.ingest(load(shop.config), account, paths, channel, for_sinks=deliver)
    assert waiting == 0
    return found


def outcomes(found):
    return {each.path.name: each.outcome for each in found}


async def test_archived_files_are_handed_to_the_sinks_and_nobody_logs_in(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        put(archive / "2025", ANSWER, answer())
        put(archive, ".hidden", b"x")
        (found,) = await ingest(shop, archive)
        assert (found.outcome, found.row.state) == ("accepted", "done")
        assert shop.raw() == {ANSWER: answer()}
        assert shop.umbreit.logins == []
        (found,) = await ingest(shop, archive)
        assert found.outcome == "known"
        assert shop.states(ANSWER) == ["done"]
        assert (archive / "2025" / ANSWER).read_bytes() == answer(), "the archive is left as it is"


async def test_the_same_goods_under_two_names_are_booked_once(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        put(archive, ANSWER, answer(), 1)
        put(archive, OTHER, answer(), 2)
        first, second = await ingest(shop, archive)
        assert (first.suppressed, second.suppressed) == (0, 1)
        assert len([record for record in shop.records() if record["bookable"]]) == 1


async def test_without_a_word_for_the_sinks_they_get_nothing_and_later_they_get_all(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        path = put(archive, ANSWER, answer())
        (found,) = await ingest(shop, path, deliver=False)
        assert (found.outcome, found.row.state) == ("accepted", "done")
        assert shop.raw() == {}
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        assert shop.raw() == {}, "the shop has it already"
        assert outcomes(await ingest(shop, path, deliver=False)) == {ANSWER: "known"}

        (found,) = await ingest(shop, path)
        assert (found.outcome, found.suppressed) == ("accepted", 0)
        assert shop.raw() == {ANSWER: answer()}
        assert len([record for record in shop.records() if record["bookable"]]) == 1
        assert outcomes(await ingest(shop, path)) == {ANSWER: "known"}
        (word,) = shop.status().said
        assert (word.verb, word.id) == ("ingest", found.row.id)


async def test_an_older_stock_list_is_archived_and_not_applied(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        new = put(archive, "new.bhd", stocks(5, "20261121"), 1)
        old = put(archive, "old.bhd", stocks(5, "20261120"), 2)
        found = await ingest(shop, new, old, account="cb")
        assert outcomes(found) == {"new.bhd": "accepted", "old.bhd": "accepted"}
        assert "a newer snapshot is in use" in found[1].why
        assert set(shop.raw()) == {"new.bhd"}
        assert outcomes(await ingest(shop, old, account="cb")) == {"old.bhd": "known"}
        assert set(shop.raw()) == {"new.bhd"}


async def test_an_empty_stock_list_waits_here_too(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        path = put(archive, "empty.bhd", stocks(0))
        assert outcomes(await ingest(shop, path, account="cb", deliver=False)) == {"empty.bhd": "accepted"}
        (found,) = await ingest(shop, path, account="cb")
        assert (found.outcome, "no article" in found.why) == ("held", True)
        assert shop.raw() == {}
        assert outcomes(await ingest(shop, path, account="cb")) == {"empty.bhd": "held"}
        app_people.approve(load(shop.config), found.row.id, "it is right")
        await shop.once("cb")
        assert set(shop.raw()) == {"empty.bhd"}


async def test_a_rejected_file_changes_nothing_and_a_good_one_goes_on(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        put(archive, OTHER, b"broken\r\n", 1)
        put(archive, ANSWER, answer(), 2)
        put(archive, "readme.txt", b"not ours", 3)
        found = await ingest(shop, archive)
        assert outcomes(found) == {OTHER: "rejected", ANSWER: "accepted", "readme.txt": "refused"}
        assert "fits no channel" in found[2].why
        assert set(shop.raw()) == {ANSWER}
        assert "quarantine" in shop.problems()
        again = await ingest(shop, archive / OTHER)
        assert again[0].row.id == found[0].row.id, "the same bytes are not put into quarantine twice"
        (tmp_path / "state" / "spool" / "in" / f"{found[0].row.id}.raw").unlink()
        again = await ingest(shop, archive / OTHER)
        assert again[0].row.id != found[0].row.id, "unless the ones of before are gone"


async def test_a_channel_may_be_named_and_must_exist(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        path = put(archive, "receipt.txt", b"anything")
        assert outcomes(await ingest(shop, path, account="cb")) == {"receipt.txt": "refused"}
        assert outcomes(await ingest(shop, path, account="cb", channel="raw")) == {"receipt.txt": "accepted"}
        with pytest.raises(UsageError, match="no channel paper"):
            await ingest(shop, path, account="cb", channel="paper")
        with pytest.raises(UsageError, match="there is no"):
            await ingest(shop, archive / "missing")


async def test_not_beside_a_daemon(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        path = put(archive, ANSWER, answer())
        with open_state(tmp_path / "state"), pytest.raises(StateLockedError):
            await ingest(shop, path)


async def test_a_file_that_never_came_whole_is_made_good_by_its_copy(tmp_path, archive):
    async with open_shop(tmp_path, umbreit={"faults": ["lying-226:RETR"]}) as shop:
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        problem = shop.problems()["file-partial"]
        assert "syncd ingest FILE --account umbreit --deliver" in problem.remedy
        await ingest(shop, put(archive, ANSWER, answer()))
        assert shop.raw() == {ANSWER: answer()}
        assert shop.problems() == {}


REPORT = f"M101{'24000':<10}VD{'900900':<10}VD{'':<10}{'4711':<10}9783869170657EN015J201612240000*1003MUSTER*9999\r\n"


async def test_what_came_before_is_left_out_of_the_records_and_a_raw_copy_still_has_it(tmp_path, archive, said):
    async with open_shop(tmp_path) as shop:
        both = answer() + REPORT.encode()
        files = {"R_900900M24123456000123456": REPORT.encode(), ANSWER: both, OTHER: answer()}
        paths = [put(archive, name, content, order) for order, (name, content) in enumerate(files.items())]
        first, second, third = await ingest(shop, *paths)
        assert (first.suppressed, second.suppressed, third.suppressed) == (0, 1, 1)
        tail = "what came before is left out of its records, and a raw copy still has it"
        assert second.why == f"1 report was told before; {tail}"
        assert third.why == f"1 position was handed over before; {tail}"
        assert [record["record"] for record in shop.records()].count("ReportLine") == 1
        assert shop.raw() == files
        repeats = [(line["file"], line["records"]) for line in said if line["event"] == "file.repeats"]
        assert repeats == [(ANSWER, 1), (OTHER, 1)]


async def test_another_list_with_the_stamp_of_the_one_in_use_is_told(tmp_path, archive, said):
    async with open_shop(tmp_path) as shop:
        paths = [put(archive, f"{count}.bhd", stocks(count), count) for count in (50, 51)]
        first, second = await ingest(shop, *paths, account="cb")
        assert (first.outcome, second.outcome) == ("accepted", "accepted")
        assert second.why == (
            f"warning: its stamp is that of no. {first.row.id}, and its content is another; the later arrival counts"
        )
        assert [line["other"] for line in said if line["event"] == "list.same-stamp"] == [first.row.id]


async def test_a_pipe_that_was_named_is_refused_in_words(tmp_path, archive):
    async with open_shop(tmp_path) as shop:
        os.mkfifo(archive / ANSWER)
        (found,) = await ingest(shop, archive / ANSWER)
        assert (found.outcome, found.row) == ("refused", None)
        assert found.why == "it is a pipe or a device; only files and folders are taken in"
        assert await ingest(shop, archive) == [], "in a folder it does not count"
