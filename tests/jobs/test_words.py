"""A person's word: what each verb does, what it refuses, and what is remembered of it."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd import app, app_people
from syncd.config import load
from syncd.errors import ConflictError, RejectedError, SpoolLostError, UsageError
from syncd.jobs import words
from syncd.jobs.upload import Carrier
from syncd.model import Direction, Hold, State, Step, Word
from syncd.state import join_state
from syncd.state.witness import Order
from syncd.stories import meaning
from tests.jobs.parcels import parcels
from tests.jobs.shop import TWO, now, open_shop, order, stock
from tests.jobs.test_daemon import daemon, until
from tests.jobs.test_restored import wait
from tests.jobs.test_trouble import ANSWER, ORDER, answer

SECOND = "S_900900_20261121101113"
TO_PUBLISHING = (Step.STORED, Step.PUBLISHING)


def number(shop, name, place=0):
    return app.explain(load(shop.config), name)[place].file.id


def said(shop, name):
    return [(word.verb, word.why) for story in app.explain(load(shop.config), name) for word in story.said]


async def held_duplicate(shop):
    for name in (ORDER, SECOND):
        shop.drop(name=name)
        await shop.once("umbreit")
    return number(shop, SECOND)


def settings(shop):
    return load(shop.config)


# -- approve and discard ----------------------------------------------------------------------------------------


async def test_an_approved_duplicate_is_sent(tmp_path):
    async with open_shop(tmp_path) as shop:
        held = await held_duplicate(shop)
        row = app_people.approve(settings(shop), held, "two parcels")
        assert (row.state, row.name, row.hold, row.reason) == (Step.QUEUED, SECOND, None, None)
        await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER, SECOND]
        assert said(shop, SECOND) == [("approve", "two parcels")]
        (word,) = shop.status().said
        assert (word.id, word.account, word.what) == (held, "umbreit", f"{SECOND}: held to queued")
        with pytest.raises(UsageError, match="not held by a guard"):
            app_people.approve(settings(shop), held, "")


async def test_an_order_whose_name_was_used_gets_a_new_one(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit")
        shop.drop(order(("9783442756841", 9), reference="other"))
        await shop.once("umbreit")
        row = app_people.approve(settings(shop), number(shop, ORDER), "meant")
        assert row.name.startswith("S_900900_")
        assert row.name != ORDER
        await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER, row.name]
        assert shop.umbreit.violations == []


async def test_what_would_be_refused_now_is_not_approved(tmp_path):
    async with open_shop(tmp_path) as shop:
        held = await held_duplicate(shop)
        bad, name = b"no order\r\n", "S_900900_20261121101114"
        with join_state(tmp_path / "state") as store:
            row = store.journal.queue(
                "umbreit", "orders", name, len(bad), hashlib.sha256(bad).hexdigest(), [], "", "by yesterday's rules",
                now(), spool=lambda number: store.spool.write(Direction.OUT, number, bad),
            )  # fmt: skip
            store.journal.left_outbox(row.id)
        with pytest.raises(RejectedError, match="it stays held"):
            app_people.approve(settings(shop), row.id, "")
        assert shop.states(name) == ["held (guard)"]
        (tmp_path / "state" / "spool" / "out" / f"{held}.raw").write_bytes(order(*TWO, reference="changed"))
        with pytest.raises(SpoolLostError, match="not those that came"):
            app_people.approve(settings(shop), held, "")
        assert shop.states(SECOND) == ["held (guard)"]
        assert shop.status().said == []


async def test_what_is_held_may_be_put_away_and_is_no_problem_then(tmp_path):
    async with open_shop(tmp_path) as shop:
        held = await held_duplicate(shop)
        assert f"syncd quarantine discard {held}" in shop.problems()["order-held"].remedy
        app_people.discard(settings(shop), held, "a slip")
        assert shop.problems() == {}
        assert shop.states(SECOND) == ["discarded"]
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        for verb in (app_people.approve, app_people.resend, app_people.discard):
            with pytest.raises(UsageError, match=f"no. {held}"):
                verb(settings(shop), held, "again")
        with pytest.raises(UsageError, match="nor held by a guard"):
            app_people.discard(settings(shop), number(shop, ORDER), "?")


# -- settle and resend ------------------------------------------------------------------------------------------


async def doubtful(shop):
    shop.drop(b"anything\r\n", "order-1.txt", shop.folder / "outbox-cb")
    await shop.once("cb")
    return number(shop, "order-1.txt")


async def test_a_doubt_that_is_settled_as_taken_is_over(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        with pytest.raises(UsageError, match="not held by a guard") as error:
            app_people.approve(settings(shop), doubt, "")
        assert "syncd settle" in error.value.remedy
        app_people.settle(settings(shop), doubt, "CB has it, Mr Jansen on the phone", taken=True)
        assert shop.states("order-1.txt") == ["confirmed"]
        assert said(shop, "order-1.txt") == [("settle --taken", "CB has it, Mr Jansen on the phone")]
        (story,) = app.explain(load(shop.config), "order-1.txt")
        assert story.file.reason == "settled as taken: CB has it, Mr Jansen on the phone"
        assert "Somebody asked the supplier" in meaning(story.file)
        with pytest.raises(UsageError, match="not in doubt"):
            app_people.settle(settings(shop), doubt, "", taken=False)


async def test_a_doubt_that_is_settled_while_a_visit_is_under_way_stays_settled(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        async with app.workplace(load(shop.config)) as place:
            before = place.store.journal.get(doubt)
            account = app.accounts_of(load(shop.config))["cb"]
            app_people.settle(settings(shop), doubt, "CB knows nothing", taken=False)
            two_days_on = replace(place, clock=lambda: now() + timedelta(days=2))
            session = await place.connect(account.endpoint(account.commands()))
            after = await Carrier(two_days_on, account, session).carry(before)
            session.abort()
        assert (before.state, after.state) == (Step.UNCONFIRMED, State.QUARANTINED)
        assert shop.states("order-1.txt") == ["quarantined"]


async def test_a_doubt_that_is_settled_as_not_taken_waits_until_somebody_sends_it_again(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        problem = shop.problems()["order-in-doubt"]
        assert "order-1.txt may have been ordered or not: the reply to its upload was lost" in problem.message
        assert f"syncd settle {doubt}" in problem.remedy
        app_people.settle(settings(shop), doubt, "CB knows nothing", taken=False)
        for _ in range(2):
            await shop.once("cb")
        taken = len(shop.cb.orders)
        assert shop.states("order-1.txt") == ["quarantined"]
        assert f"syncd resend {doubt}" in shop.problems()["order-withdrawn"].remedy

        row = app_people.resend(settings(shop), doubt, "the customer waits")
        assert (row.name, row.state) == ("order-1.txt", Step.QUEUED)
        await shop.once("cb")
        assert len(shop.cb.orders) == taken + 1
        assert shop.cb.orders[-1].content == b"anything\r\n"
        assert shop.problems() == {}
        assert sorted(shop.states("order-1.txt")) == ["discarded", "sent"]
        with pytest.raises(UsageError, match="not an order in quarantine"):
            app_people.resend(settings(shop), doubt, "once more")


def test_an_order_that_the_state_forgot_counts_as_tried_once_it_is_settled(tmp_path):
    with parcels(tmp_path) as post:
        store, account, lost = post.place.store, post.accounts["cb"], Order(7, "orders", 3, "0" * 64, "order-1.txt")
        (row,) = store.journal.enter_missing("cb", [lost], "it is gone", now())
        away = words.settle(store, account, row, Word("ada", "settle", "CB knows nothing"), now(), taken=False)
        assert (away.state, away.attempt) == (State.QUARANTINED, 1), "an answer to it would be believed"


# -- what status advises ----------------------------------------------------------------------------------------


async def test_a_twin_of_a_doubt_is_not_to_be_approved_before_that_is_settled(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        shop.drop(b"anything\r\n", "order-2.txt", shop.folder / "outbox-cb")
        await shop.once("cb")
        twin = number(shop, "order-2.txt")
        with pytest.raises(UsageError, match="stays held"):
            app_people.approve(settings(shop), twin, "")
        remedy = shop.problems()["order-held"].remedy
        assert remedy.index(f"syncd settle {doubt}") < remedy.index(f"syncd approve {twin}")
        app_people.settle(settings(shop), doubt, "CB has it", taken=True)
        assert shop.problems()["order-held"].remedy.startswith(f"If it is meant: syncd approve {twin}")


@pytest.mark.parametrize(("steps", "temp_name"), [([Step.STORING], None), ([Step.STORING, *TO_PUBLISHING], "T1.1")])
async def test_a_twin_of_an_order_that_a_stop_may_have_sent_is_not_approved(tmp_path, steps, temp_name):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        first = number(shop, ORDER)
        shop.drop(name=SECOND)
        await shop.once("umbreit")
        with join_state(tmp_path / "state") as store:
            for step in steps:
                store.journal.advance(first, store.journal.get(first).state, step, now(), temp_name=temp_name)
        with pytest.raises(UsageError, match=f"may have been taken as no. {first}") as refused:
            app_people.approve(settings(shop), number(shop, SECOND), "")
        assert "the next visit tells" in refused.value.remedy
        assert shop.states(SECOND) == ["held (guard)"]


@pytest.mark.parametrize("kept", [None, b"something else"])
async def test_an_order_whose_bytes_are_gone_is_to_be_dropped_again(tmp_path, kept):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        app_people.settle(settings(shop), doubt, "CB knows nothing", taken=False)
        held = await held_duplicate(shop)
        for lost in (doubt, held):
            spooled = tmp_path / "state" / "spool" / "out" / f"{lost}.raw"
            spooled.unlink()
            if kept is not None:
                spooled.write_bytes(kept)
        for code, lost in (("order-withdrawn", doubt), ("order-held", held)):
            remedy = shop.problems()[code].remedy
            assert remedy.startswith("To order it, drop it again."), remedy
            assert f"syncd quarantine discard {lost}" in remedy
            assert "resend" not in remedy
            assert "approve" not in remedy


async def test_an_order_that_was_lost_before_it_was_sent_needs_no_correction(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        app.pause(settings(shop), "umbreit", "not now")
        shop.drop()
        await shop.once("umbreit")
        (tmp_path / "state" / "spool" / "out" / f"{number(shop, ORDER)}.raw").unlink()
        app.resume(settings(shop), "umbreit")
        await shop.once("umbreit")
        assert shop.problems()["order-rejected"].remedy.startswith("To order it, drop it again.")


async def test_an_order_that_came_again_since_is_not_to_be_sent_again(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        app_people.settle(settings(shop), doubt, "CB knows nothing", taken=False)
        shop.drop(b"anything\r\n", "order-2.txt", shop.folder / "outbox-cb")
        await shop.once("cb")
        assert "resend" not in shop.problems()["order-withdrawn"].remedy
        with pytest.raises(UsageError, match="is not sent again"):
            app_people.resend(settings(shop), doubt, "the customer waits")


async def unclear(shop):
    """An order whose renaming had no reply, an hour ago."""
    shop.drop()
    await shop.once("umbreit")
    with join_state(shop.folder / "state") as store:
        row = store.journal.find(ORDER)[0]
        reason = "the reply to the renaming was lost"
        store.journal.advance(row.id, Step.PUBLISHING, Step.HELD, now(), hold=Hold.DOUBT, reason=reason)
        return row.id


async def test_an_order_to_umbreit_is_sent_again_under_a_new_name_and_its_answer_finds_it(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["unheard:1"]}) as shop:
        doubt = await unclear(shop)
        app_people.settle(settings(shop), doubt, "asked", taken=False)
        row = app_people.resend(settings(shop), doubt, "asked")
        assert row.name != ORDER
        await shop.answered()
        assert [(taken.name, taken.content) for taken in shop.umbreit.orders] == [(row.name, order(*TWO))]
        assert shop.states(row.name) == ["confirmed"]
        assert shop.states(ORDER) == ["discarded"]
        assert "sent again as" in str(app.explain(settings(shop), ORDER)[0].history[-1])


async def test_an_answer_is_better_evidence_than_a_word(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lost-rnto-reply:1"]}) as shop:
        doubt = await unclear(shop)
        app_people.settle(settings(shop), doubt, "they see nothing", taken=False)
        await shop.answered()
        assert len(shop.umbreit.orders) == 1
        assert shop.states(ORDER) == ["confirmed"]
        assert shop.problems() == {}


async def test_what_is_on_its_way_as_another_is_not_sent_again(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        doubt = await doubtful(shop)
        app_people.settle(settings(shop), doubt, "no", taken=False)
        shop.drop(b"anything\r\n", "order-2.txt", tmp_path / "outbox-cb")
        await shop.once("cb")
        with pytest.raises(UsageError, match=r"same bytes came before as order-2\.txt"):
            app_people.resend(settings(shop), doubt, "again")


async def test_a_refused_order_is_not_sent_by_sending_it_again(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop(b"no order\r\n")
        shop.drop(name="bestellung.txt")
        await shop.once("umbreit")
        with pytest.raises(RejectedError, match="it stays in quarantine"):
            app_people.resend(settings(shop), number(shop, ORDER), "try")
        row = app_people.resend(settings(shop), number(shop, "bestellung.txt"), "only its name was wrong")
        await shop.once("umbreit")
        assert [(taken.name, taken.content) for taken in shop.umbreit.orders] == [(row.name, order(*TWO))]


# -- quarantine -------------------------------------------------------------------------------------------------


async def test_a_file_is_released_once_it_is_good_by_todays_rules(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.cb.publish_stock(stock(3), name="a.bhd")
        shop.write_config(cb='relation_id = "7654321"'.replace("relation_id", "# relation_id"))
        config = shop.config.read_text()
        shop.config.write_text(config.replace('relation_id = "1234567"', 'relation_id = "7654321"'))
        await shop.once("cb")
        wrong = number(shop, "a.bhd")
        assert [row.id for row in app_people.quarantined(settings(shop))] == [wrong]
        story, path = app_people.show(settings(shop), wrong)
        assert "wrong-receiver" in str(story.file.reason)
        assert path is not None
        assert path.read_bytes()
        with pytest.raises(RejectedError, match="stays in quarantine"):
            app_people.release(settings(shop), wrong, "try")
        assert shop.status().said == []

        shop.config.write_text(config)
        app_people.release(settings(shop), wrong, "our number was wrong")
        await shop.once("cb")
        assert set(shop.raw()) == {"a.bhd"}
        assert shop.problems() == {}
        assert said(shop, "a.bhd") == [("quarantine release", "our number was wrong")]
        with pytest.raises(UsageError, match="not a fetched file in quarantine"):
            app_people.release(settings(shop), wrong, "again")


async def test_a_short_file_is_released_only_by_a_persons_word_and_a_partial_never(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lying-226:RETR:1", "cut-data-at:10:rst:RETR:1"]}) as shop:
        shop.umbreit.out("900900")[ANSWER] = answer()
        await shop.once("umbreit")
        partial = number(shop, ANSWER)
        with pytest.raises((UsageError, RejectedError), match=f"no. {partial}"):
            app_people.release(settings(shop), partial, "it will do")
        app_people.discard(settings(shop), partial, "seen")
        assert shop.problems() == {}
        shop.umbreit.faults = type(shop.umbreit.faults).of([])
        await shop.once("umbreit")
        assert shop.raw() == {ANSWER: answer()}, "what was put away and is still there is fetched again"


async def test_half_an_answer_that_ends_between_two_records_is_not_released(tmp_path):
    whole = answer() + answer().replace(b"24123456  0001", b"24123456  0002")
    async with open_shop(tmp_path, umbreit={"faults": [f"cut-data-at:{len(answer())}:rst:RETR:1"]}) as shop:
        shop.umbreit.out("900900")[ANSWER] = whole
        await shop.once("umbreit")
        _, path = app_people.show(settings(shop), number(shop, ANSWER))
        assert path is not None
        assert path.read_bytes() == answer()
        with pytest.raises(UsageError, match="did not come whole"):
            app_people.release(settings(shop), number(shop, ANSWER), "it will do")


# -- beside a daemon --------------------------------------------------------------------------------------------


async def test_a_word_beside_a_daemon_is_heard_and_comes_second_only_once(tmp_path):
    async with open_shop(tmp_path, config={"umbreit": 'schedule = { every = "1s" }'}) as shop:
        held = await held_duplicate(shop)
        async with daemon(shop):
            app_people.approve(settings(shop), held, "meant")
            await until(lambda: len(shop.umbreit.orders) == 2)
        assert shop.umbreit.violations == []


async def test_who_comes_second_changes_nothing(tmp_path):
    async with open_shop(tmp_path) as shop:
        held = await held_duplicate(shop)
        word = Word("ann", "approve", "")
        account = app.accounts_of(settings(shop), ["umbreit"])["umbreit"]
        with join_state(tmp_path / "state") as store:
            seen = store.journal.get(held)
            words.discard(store, seen, word, now())
            with pytest.raises(ConflictError, match="it stands at discarded"):
                words.approve(store, account, seen, word, now(), lambda channel, name: name)
            with pytest.raises(ConflictError):
                store.journal.send_again(seen, "S_1", word, now(), spool=str)
            with pytest.raises(ConflictError):
                store.journal.hand_over(seen, [], now(), word)
            assert [each.verb for each in store.journal.audits()] == ["approve"]


async def test_a_pause_and_its_end_are_in_the_audit_trail(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["530:1"]}) as shop:
        await shop.once("umbreit")
        app.resume(settings(shop), "umbreit")
        app.pause(settings(shop), "umbreit", "stocktaking")
        trail = [(word.verb, word.account, word.id) for word in shop.status().said]
        assert trail == [("pause", "umbreit", None), ("resume", "umbreit", None), ("pause", "umbreit", None)]
        assert shop.status().said[0].why == "stocktaking"
        assert shop.status().said[2].who == "syncd"
        assert shop.status().said[0].at - shop.status().said[2].at < timedelta(minutes=5)
