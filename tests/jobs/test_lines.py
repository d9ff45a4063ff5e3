"""The life of order lines against the house: answers over several files, what is not ours, and what sinks are told."""

import json
from datetime import date, timedelta

from syncd import app
from syncd.cli.status import tell
from syncd.config import load
from syncd.simulate.slips import Line, delivered, reported
from tests.jobs.shop import TWO, open_shop, order

ARTICLE = "9783442756841"
LATER = {"answer_after": timedelta(days=1), "deliver_after": timedelta(days=1)}
"""The house says nothing by itself: the test writes its answers."""


def line(reference="4233", article=ARTICLE):
    return Line("900900", "20261121", reference, article, "EN", 10, "muster")


def came(quantity, slip, on, position=1, **which):
    return delivered(line(**which), quantity=quantity, price=129500, on=on, slip=slip, position=position)


def kept(due="        "):
    return reported(line(), code=15, backorder="J").replace("J        0000", f"J{due}0000")


async def put_out(shop, **files):
    """Put answers out and fetch them."""
    for name, records in files.items():
        shop.umbreit.out("900900")[name] = "".join(records).encode("cp1252")
    await shop.once("umbreit")


def stories(shop, text):
    return app.explain(load(shop.config), text)


def words(shop, text="4233"):
    """What is told of an order, by line."""
    story = next(story for story in stories(shop, text) if story.file.direction == "out")
    return [told.words for told in story.lines]


def states(shop, *which):
    return [(each.line, each.state) for each in app.order_lines(load(shop.config), which, None)]


async def test_a_partly_delivered_order_reads_well(tmp_path, capsys):
    async with open_shop(tmp_path, umbreit=LATER) as shop:
        shop.drop(order((ARTICLE, 10), ("9783869170596", 1)))
        await shop.once("umbreit")
        assert words(shop) == [
            f"10 copies of {ARTICLE} (MUSTER): ordered, no answer yet.",
            "1 copy of 9783869170596 (MUSTER): ordered, no answer yet.",
        ]
        await put_out(shop, R_900900M123456000000001=[came(8, "", date(2026, 11, 24), 0), kept("20261203")])
        assert words(shop)[0] == (
            f"10 copies of {ARTICLE} (MUSTER): none came; 8 are announced; 2 are back-ordered, expected 3 Dec 2026. "
            "The supplier says: 15 Fehlt kurzfristig am Lager. Bestellung ist vorgemerkt."
        )
        await put_out(shop, R_90090024123456000000002=[came(8, "24123456", date(2026, 11, 24)), kept("20261203")])
        assert words(shop)[0] == (
            f"8 of 10 copies of {ARTICLE} (MUSTER) came on 24 Nov 2026 with delivery note 24123456, position 1; "
            "2 are back-ordered, expected 3 Dec 2026. The supplier says: 15 Fehlt kurzfristig am Lager. "
            "Bestellung ist vorgemerkt."
        )
        assert states(shop, "open") == [(1, "partly delivered"), (2, "sent")]
        assert states(shop, "short") == [(1, "partly delivered")]
        await put_out(shop, R_90090024123999000000003=[came(2, "24123999", date(2026, 12, 2), 7)])
        assert words(shop)[0] == (
            f"10 of 10 copies of {ARTICLE} (MUSTER) came 8 on 24 Nov 2026 with delivery note 24123456, position 1, "
            "2 on 2 Dec 2026 with delivery note 24123999, position 7."
        )
        assert states(shop) == [(1, "delivered"), (2, "sent")]
        for story in stories(shop, "4233"):
            tell(story)
        said = capsys.readouterr().out
        assert "S_900900_20261121101112 (no. 1, account umbreit, ORDER)\n  confirmed: The supplier answered it" in said
        assert f"  S_900900_20261121101112, line 1: 10 of 10 copies of {ARTICLE}" in said


async def test_asked_by_a_reference_files_tell_of_its_lines_alone(tmp_path):
    other = "9783869170596"
    async with open_shop(tmp_path, umbreit=LATER) as shop:
        shop.drop(order((ARTICLE, 1), (ARTICLE, 2), reference="4233") + order((other, 3), reference="4234"))
        await shop.once("umbreit")
        strange = [came(1, "24123456", date(2026, 11, 24), number, reference=f"PHONE{number}") for number in (2, 3)]
        await put_out(shop, R_90090024123456000000001=[came(1, "24123456", date(2026, 11, 24)), *strange])
        sent, answer = [(row.id, row.name) for row in reversed(app.status(load(shop.config)).recent)]

        def told(text):
            return [(s.file.id, s.references, [each.status.line for each in s.lines]) for s in stories(shop, text)]

        assert told("4234") == [(sent[0], ("4234",), [3])]
        assert told("4233") == [(answer[0], ("4233",), [1]), (sent[0], ("4233",), [1, 2])]
        for whole in map(str, sent):
            ((_, _, lines),) = told(whole)
            assert lines == [1, 2, 3]
        assert [len(story.strangers) for story in stories(shop, "4233")] == [0, 0]
        (story,) = stories(shop, "PHONE3")
        assert ([s for s in story.strangers if "PHONE3" in s], story.lines) == (story.strangers, [])
        assert len(stories(shop, answer[1])[0].strangers) == 2


async def test_what_comes_twice_or_again_in_another_file_is_counted_once(tmp_path):
    async with open_shop(tmp_path, umbreit=LATER) as shop:
        shop.drop(order((ARTICLE, 10)))
        await shop.once("umbreit")
        note = came(4, "24123456", date(2026, 11, 24))
        await put_out(shop, R_90090024123456000000001=[note])
        await put_out(shop, R_90090024123456000000002=[note, came(1, "24123456", date(2026, 11, 24), 2)])
        (found,) = app.order_lines(load(shop.config), (), None)
        assert (found.state, found.delivered) == ("partly delivered", 5)


async def test_answers_to_orders_of_the_telephone_are_kept_apart(tmp_path):
    async with open_shop(tmp_path, umbreit=LATER) as shop:
        shop.drop(order((ARTICLE, 10)))
        await shop.once("umbreit")
        strange = [
            came(3, "24123456", date(2026, 11, 24), 1, reference="PHONE"),
            came(2, "24123456", date(2026, 11, 24), 2, article="9783869170596"),
            came(1, "24123456", date(2026, 11, 24), 3, reference=""),
            reported(line("PHONE"), code=7, backorder="N"),
            came(1, "", date(2026, 11, 24), 0, reference="PHONE"),
        ]
        await put_out(shop, R_90090024123456000000001=strange)
        assert states(shop) == [(1, "sent")]
        (story,) = stories(shop, "R_90090024123456000000001")
        assert story.lines == []
        assert [said.removeprefix("not ordered through syncd ") for said in story.strangers] == [
            f"(reference PHONE, mark muster): 3 copies of {ARTICLE} came with delivery note 24123456",
            "(reference 4233, mark muster): 2 copies of 9783869170596 came with delivery note 24123456",
            f"(no reference, mark muster): 1 copy of {ARTICLE} came with delivery note 24123456",
            f"(reference PHONE, mark muster): {ARTICLE}: 07 Vergriffen, Bestellung abgelegt",
            f"(reference PHONE, mark muster): 1 copy of {ARTICLE} announced",
        ]


async def test_an_order_without_an_answer_is_unanswered_in_time_and_answered_after_all(tmp_path):
    async with open_shop(tmp_path, umbreit=LATER, config={"umbreit": 'unanswered_after = "1ms"'}) as shop:
        shop.drop(order((ARTICLE, 1)))
        await shop.once("umbreit")
        assert states(shop, "unanswered") == states(shop, "open") == [(1, "unanswered")]
        assert words(shop)[0].startswith(f"1 copy of {ARTICLE} (MUSTER): nothing was heard since it was ordered on ")
        await put_out(shop, R_90090024123456000000001=[came(1, "24123456", date(2026, 11, 24))])
        assert states(shop) == [(1, "delivered")]
        assert words(shop) == [
            f"1 copy of {ARTICLE} (MUSTER) came on 24 Nov 2026 with delivery note 24123456, position 1."
        ]


async def test_lines_wait_until_their_order_is_sent_and_those_of_refused_orders_are_none(tmp_path):
    async with open_shop(tmp_path, umbreit=LATER) as shop:
        shop.drop(order((ARTICLE, 1)))
        await shop.once("umbreit")
        shop.drop(order((ARTICLE, 1)), name="S_900900_20261121101113")
        shop.drop(order((ARTICLE, 1)).replace(b"VD24000", b"VD24001"), name="S_900900_20261121101114")
        await shop.once("umbreit")
        found = app.order_lines(load(shop.config), (), "umbreit")
        assert [(each.file, each.state, each.sent is not None) for each in found] == [
            ("S_900900_20261121101113", "waiting", False),
            ("S_900900_20261121101112", "sent", True),
        ]
        assert words(shop, "S_900900_20261121101113") == [f"1 copy of {ARTICLE} (MUSTER): not sent yet."]


EVENTS = '[sink.erp]\ntype = "directory"\npath = "{0}/erp"\nrecords = true\nevents = true\n'


def told(shop):
    """What the sink that asks was told, in order."""
    return [
        json.loads(text)
        for path in sorted((shop.folder / "erp").glob("LINES_*"))
        for text in path.read_text(encoding="utf-8").splitlines()
        if path.suffix != ".jsonl"
    ]


async def test_a_sink_that_asks_is_told_of_every_change_once(tmp_path):
    async with open_shop(tmp_path, umbreit=LATER, config={"sinks": EVENTS.format(tmp_path)}) as shop:
        (shop.folder / "erp").mkdir()
        shop.drop()
        await shop.once("umbreit")
        await put_out(shop, R_900900M123456000000001=[reported(line(), code=15, backorder="J")])
        await put_out(shop, R_90090024123456000000002=[came(1, "24123456", date(2026, 11, 24))])
        await put_out(shop, R_90090024123999000000003=[came(1, "24123999", date(2026, 11, 25))])
        await shop.once("umbreit")
        names = ("order_line", "change", "before", "after", "source")
        assert [tuple(each[name] for name in names) for each in told(shop)] == [
            (1, 1, "waiting", "sent", "S_900900_20261121101112"),
            (2, 1, "waiting", "sent", "S_900900_20261121101112"),
            (1, 2, "sent", "reported", "R_900900M123456000000001"),
            (1, 3, "reported", "partly delivered", "R_90090024123456000000002"),
            (1, 4, "partly delivered", "delivered", "R_90090024123999000000003"),
        ]
        last = told(shop)[-1]
        assert (last["reference"], last["article"], last["mark"]) == ("4233", ARTICLE, "MUSTER")
        assert (last["quantity"], last["delivered"], last["code"]) == (2, 2, 15)
        assert len(list((shop.folder / "erp").glob("R_*[0-9]"))) == 3
        assert not list(shop.inbox.glob("LINES_*"))
        (story,) = stories(shop, min(shop.folder.glob("erp/LINES_*[0-9]")).name)
        assert (story.file.state, story.file.kind) == ("done", "EVENTS")


async def test_a_sink_is_told_from_when_it_begins_to_ask(tmp_path):
    async with open_shop(tmp_path, umbreit=LATER) as shop:
        shop.drop()
        await shop.once("umbreit")
        (shop.folder / "erp").mkdir()
        shop.write_config(sinks=EVENTS.format(tmp_path))
        await put_out(shop, R_90090024123456000000001=[came(2, "24123456", date(2026, 11, 24))])
        assert [(each["before"], each["after"]) for each in told(shop)] == [("sent", "delivered")]


async def test_the_houses_own_answers_are_matched(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.answered()
        assert states(shop) == [(1, "delivered"), (2, "reported")]
        assert app.order_lines(load(shop.config), (), None)[0].delivered == TWO[0][1]
