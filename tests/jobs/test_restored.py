"""Yesterday's state, restored: no order is sent twice, no login is too early, and a person is told."""

import asyncio
import os
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from syncd import app, app_people
from syncd.config import load
from syncd.errors import DoubtError, SpoolLostError, TooEarlyError, UsageError
from syncd.model import RemoteFile
from syncd.simulate.books import Command
from syncd.simulate.faults import Faults
from syncd.state import join_state, witness
from tests.jobs.shop import TWO, now, open_shop, order, stock
from tests.jobs.test_halfway import just_before
from tests.jobs.test_trouble import ORDER

LATER = "S_900900_20261121101113"


def copied(shop):
    """Copy the state while syncd is stopped."""
    return shutil.copytree(shop.folder / "state", shop.folder / "backup")


def copied_while_open(shop):
    """Copy the state as docs/state.md says for a running syncd: the database first, the files after it."""
    backup = shop.folder / "backup"
    backup.mkdir()
    with sqlite3.connect(shop.folder / "state" / "state.db") as database:
        database.execute("VACUUM INTO ?", (str(backup / "state.db"),))
    database.close()
    for name in ("spool", "quarantine"):
        shutil.copytree(shop.folder / "state" / name, backup / name)
    return backup


def restore(shop):
    shutil.rmtree(shop.folder / "state")
    shutil.copytree(shop.folder / "backup", shop.folder / "state")


async def wait(shop, account, outbox, name, content):
    """Drop an order that is taken and not sent: the account is paused."""
    app.pause(load(shop.config), account, "stock-taking")
    shop.drop(content, name, outbox)
    await shop.once(account)
    assert shop.states(name) == ["queued"]


@pytest.mark.parametrize("copy", [copied, copied_while_open])
async def test_an_order_to_umbreit_that_was_sent_since_the_copy_is_held(tmp_path, copy):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        copy(shop)
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        restore(shop)
        app.resume(load(shop.config), "umbreit")
        for _ in range(3):
            await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER]
        assert set(shop.states(ORDER)) <= {"held (doubt)", "confirmed"}, "its answer may have settled it meanwhile"
        shop.drop(order(*TWO, reference="5000"), LATER)
        await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER, LATER], "what comes after is sent as ever"


async def test_an_order_to_cb_that_was_sent_since_the_copy_is_held(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("cb")
        await wait(shop, "cb", tmp_path / "outbox-cb", "order-1.txt", b"anything\r\n")
        copied(shop)
        app.resume(load(shop.config), "cb")
        await shop.once("cb")
        restore(shop)
        app.resume(load(shop.config), "cb")
        for _ in range(2):
            await shop.once("cb")
        assert len(shop.cb.orders) == 1
        assert shop.states("order-1.txt") == ["held (doubt)"]
        assert "older copy" in shop.problems()["order-in-doubt"].message


async def test_an_order_whose_upload_had_begun_when_the_copy_was_made_is_held(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lost-rnfr-reply:1"]}) as shop:
        shop.drop()
        await shop.once("umbreit")
        assert shop.states(ORDER) == ["stored"]
        copied(shop)
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1
        restore(shop)
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1


async def test_a_copy_made_between_two_orders_of_one_visit(tmp_path):
    """The session is the same one: the journal's own line tells that the copy is older."""
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        backup = copied(shop)
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        with (
            sqlite3.connect(backup / "state.db") as database,
            sqlite3.connect(tmp_path / "state" / "state.db") as newer,
        ):
            (fence,) = newer.execute("SELECT fence FROM gate WHERE account = 'umbreit'").fetchone()
            database.execute("UPDATE gate SET fence = ? WHERE account = 'umbreit'", (fence,))
        database.close()
        newer.close()
        restore(shop)
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1


async def test_an_order_that_was_approved_since_the_copy_is_not_approved_twice(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        shop.drop()
        await shop.once("umbreit")
        shop.drop(name=LATER)
        await shop.once("umbreit")
        (held,) = (story.file for story in app.explain(load(shop.config), LATER))
        assert held.state == "held (guard)"
        copied(shop)
        app_people.approve(load(shop.config), held.id, "it is meant")
        await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER, LATER]
        restore(shop)
        app_people.approve(load(shop.config), held.id, "it is meant")
        await shop.once("umbreit")
        await shop.once("umbreit")
        with pytest.raises(UsageError, match="not held by a guard"):
            app_people.approve(load(shop.config), held.id, "really")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER, LATER]


async def test_an_order_that_was_sent_again_since_the_copy_is_not_sent_a_third_time(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("cb")
        await wait(shop, "cb", tmp_path / "outbox-cb", "order-1.txt", b"anything\r\n")
        with join_state(shop.folder / "state") as state:
            state.journal.hold_unsent("cb", "for the test", now())
        (held,) = (story.file for story in app.explain(load(shop.config), "order-1.txt"))
        app_people.settle(load(shop.config), held.id, "CB has not got it", taken=False)
        copied(shop)
        app.resume(load(shop.config), "cb")
        app_people.resend(load(shop.config), held.id, "so it is sent again")
        await shop.once("cb")
        assert len(shop.cb.orders) == 1
        restore(shop)
        app.resume(load(shop.config), "cb")
        await shop.once("cb")
        with pytest.raises(UsageError, match="not an order in quarantine"):
            app_people.resend(load(shop.config), held.id, "so it is sent again")
        await shop.once("cb")
        assert len(shop.cb.orders) == 1


CB_ORDER = "order-1.txt"


async def doubted(shop, *names):
    """Go back to a copy of before these orders to CB came; return their numbers, as held now."""
    restore(shop)
    await shop.once("cb")
    assert [shop.states(name) for name in names] == [["held (doubt)"]] * len(names)
    assert "drop it again" in shop.problems()["order-in-doubt"].message
    return [app.explain(load(shop.config), name)[0].file.id for name in names]


async def test_an_order_in_doubt_that_the_copy_does_not_know_is_held_without_its_bytes(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        await shop.once("cb")
        copied(shop)
        shop.drop(b"anything\r\n", CB_ORDER, tmp_path / "outbox-cb")
        await shop.once("cb")
        (number,) = await doubted(shop, CB_ORDER)
        await shop.once("cb")
        assert shop.states(CB_ORDER) == ["held (doubt)"], "once"
        app_people.settle(load(shop.config), number, "CB has not got it", taken=False)
        assert "its bytes are gone: drop it again" in shop.problems()["order-withdrawn"].message
        with pytest.raises(SpoolLostError, match="nothing of no") as error:
            app_people.resend(load(shop.config), number, "so it is sent again")
        assert error.value.remedy == "Drop the order again."
        shop.drop(b"anything\r\n", CB_ORDER, tmp_path / "outbox-cb")
        before = len(shop.cb.orders)
        await shop.once("cb")
        assert len(shop.cb.orders) == before + 1
        assert sorted(shop.states(CB_ORDER)) == ["quarantined", "sent"]


async def test_orders_that_only_waited_when_the_state_was_lost_are_told_each(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("cb")
        copied(shop)
        app.pause(load(shop.config), "cb", "stock-taking")
        names = ("order-1.txt", "order-2.txt", "a name, für niemanden.txt")  # the last is refused
        for name in names:
            shop.drop(name.encode(), name, tmp_path / "outbox-cb")
            await shop.once("cb")
        await doubted(shop, *names)
        assert shop.cb.orders == []


async def test_an_order_that_was_only_taken_since_the_copy_is_told(tmp_path):
    """Nothing was published since: but for its list of orders the witness says what the copy knows."""
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit")
        copied(shop)
        await wait(shop, "umbreit", shop.outbox, LATER, order(*TWO, reference="5000"))
        restore(shop)
        await shop.once("umbreit")
        assert shop.states(LATER) == ["held (doubt)"]


async def test_the_orders_are_held_before_the_witness_agrees(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        copied(shop)
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        restore(shop)
        states = []
        with just_before({"rename outbox/.syncd-umbreit": lambda: states.extend(shop.states(ORDER))}):
            await shop.once("umbreit")
        assert states == ["held (doubt)"]


async def test_an_order_that_was_sent_and_settled_since_the_copy_is_no_doubt(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("cb")
        copied(shop)
        shop.drop(b"anything\r\n", "order-1.txt", tmp_path / "outbox-cb")
        await shop.once("cb")
        restore(shop)
        await shop.once("cb")
        assert (len(shop.cb.orders), shop.states("order-1.txt")) == (1, [])
        problem = shop.problems()["state-restored"]
        assert (problem.account, problem.remedy.endswith("syncd resume cb")) == ("cb", True)
        app.resume(load(shop.config), "cb")
        await shop.once("cb")
        assert shop.problems() == {}


async def test_what_is_dropped_again_while_it_is_in_doubt_cannot_be_approved(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["lost-226:STOR:1"]}) as shop:
        await shop.once("cb")
        copied(shop)
        shop.drop(b"anything\r\n", CB_ORDER, tmp_path / "outbox-cb")
        await shop.once("cb")
        (number,) = await doubted(shop, CB_ORDER)
        shop.drop(b"anything\r\n", CB_ORDER, tmp_path / "outbox-cb")
        await shop.once("cb")
        (again,) = (s.file.id for s in app.explain(load(shop.config), CB_ORDER) if s.file.state == "held (guard)")
        with pytest.raises(UsageError, match=f"may have been taken as no. {number}") as error:
            app_people.approve(load(shop.config), again, "it is meant")
        assert f"syncd settle {number}" in error.value.remedy
        app_people.settle(load(shop.config), number, "CB has not got it", taken=False)
        app_people.approve(load(shop.config), again, "it is meant")


async def test_a_copy_that_has_gone_on_elsewhere_is_noticed_too(tmp_path):
    """Another host on the same database has logged in often since the copy was put back."""
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        copied(shop)
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        restore(shop)
        with sqlite3.connect(tmp_path / "state" / "state.db") as database:
            database.execute("UPDATE gate SET fence = fence + 10 WHERE account = 'umbreit'")
            again = "INSERT INTO event (interchange_id, at, after) VALUES (1, 1795348800000000, 'queued')"
            for _ in range(20):
                database.execute(again)
        database.close()
        app.resume(load(shop.config), "umbreit")
        for _ in range(2):
            await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1


async def test_rehearsals_do_not_make_a_restored_state_look_new(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        copied(shop)
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        restore(shop)
        app.resume(load(shop.config), "umbreit")
        for _ in range(3):
            (report,) = await app.rehearse(load(shop.config), ["umbreit"], offline=False)
            assert report.login_used
        await shop.once("umbreit")
        assert len(shop.umbreit.orders) == 1


async def test_nothing_is_held_where_nothing_was_restored(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["lost-rnto-reply:1"]}) as shop:
        shop.drop()
        tours = await shop.once("umbreit")
        assert isinstance(tours["umbreit"].errors[0], DoubtError)
        shop.umbreit.faults = Faults.of([])
        await shop.once("umbreit")
        copied(shop)
        restore(shop)
        shop.drop(order(*TWO, reference="5000"), LATER)
        await shop.once("umbreit")
        assert [taken.name for taken in shop.umbreit.orders] == [ORDER, LATER]


async def test_a_restored_state_costs_one_login_interval_since_it_forgot_its_logins(tmp_path):
    async with open_shop(tmp_path, cb={"login_interval": timedelta(seconds=3)}) as shop:
        async with app.workplace(load(shop.config)):
            pass
        await wait(shop, "cb", tmp_path / "outbox-cb", "order-1.txt", b"anything\r\n")
        copied(shop)
        app.resume(load(shop.config), "cb")
        await shop.once("cb")
        restore(shop)
        app.resume(load(shop.config), "cb")
        tours = await shop.once("cb")
        assert isinstance(tours["cb"].errors[0], TooEarlyError)
        assert shop.cb.violations == []


async def test_a_witness_that_cannot_be_written_keeps_the_order_here(tmp_path):
    async with open_shop(tmp_path) as shop:
        for name, outbox, content in ((ORDER, shop.outbox, None), ("order-1.txt", tmp_path / "outbox-cb", b"x\r\n")):
            account = "umbreit" if name == ORDER else "cb"
            (outbox / f".syncd-{account}.tmp").mkdir()
            shop.drop(content, name, outbox)
            tours = await shop.once(account)
            assert "Let syncd's user write" in tours[account].errors[0].remedy
            assert shop.states(name) == ["stored" if account == "umbreit" else "queued"]
            (outbox / f".syncd-{account}.tmp").rmdir()
            await shop.once(account)
        assert (len(shop.umbreit.orders), len(shop.cb.orders)) == (1, 1)


END = "syncd knows by this file whether its state is an old copy.\n"
FIRST = "session 1 event 1 at 1795348800000000\n"


@pytest.mark.parametrize(
    "words",
    [
        "nonsense",
        FIRST,
        f"session 99999999999999999999 event 1\n{END}",
        f"session 1 event 1 at 999999999999999999\n{END}",
        f"{FIRST}order 1 orders 5 {'a' * 64} \x1b[2J\n{END}",
        f"{FIRST}order 1 orders 5 {'a' * 64} ../name\n{END}",
        f"{FIRST}order 1 orders\n{END}",
        "\udcff",
    ],
)
async def test_a_witness_that_is_not_understood_keeps_everything_here(tmp_path, words):
    async with open_shop(tmp_path) as shop:
        witness = shop.outbox / ".syncd-umbreit"
        written = words.encode("utf-8", "surrogateescape")
        witness.write_bytes(written)
        shop.drop()
        await shop.once("umbreit", "cb")
        assert (shop.umbreit.orders, shop.umbreit.logins, len(shop.cb.logins)) == ([], [], 1)
        problem = shop.problems()["outbox"]
        assert str(witness) in problem.message
        assert "empty it" in problem.remedy
        assert witness.read_bytes() == written, "the evidence stays"
        witness.write_bytes(b"")
        await shop.once("umbreit")
        assert "outbox" not in shop.problems()
        assert len(shop.umbreit.orders) == 1


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("elsewhere")])
async def test_a_witness_that_is_no_file_keeps_everything_here(tmp_path, make):
    async with open_shop(tmp_path) as shop:
        make(shop.outbox / ".syncd-umbreit")
        shop.drop()
        tours = await shop.once("umbreit")
        assert "Give the file to syncd's user" in tours["umbreit"].errors[0].remedy
        assert shop.umbreit.logins == []


async def test_a_witness_that_was_emptied_has_every_order_held(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        await wait(shop, "umbreit", shop.outbox, ORDER, order(*TWO))
        (shop.outbox / ".syncd-umbreit").write_bytes(b"")
        app.resume(load(shop.config), "umbreit")
        await shop.once("umbreit")
        assert shop.states(ORDER) == ["held (doubt)"]


@pytest.mark.parametrize(("account", "verb"), [("umbreit", "RNTO"), ("cb", "STOR"), ("cb", "USER")])
async def test_the_witness_is_told_before_the_command(tmp_path, account, verb):
    outbox, name = {"umbreit": ("outbox", ORDER), "cb": ("outbox-cb", "order-1.txt")}[account]
    told = []

    def hear(record):
        if isinstance(record, Command) and record.verb == verb:
            said = witness.ask(witness.path_of(tmp_path / outbox, account))
            with join_state(tmp_path / "state") as store:
                event = store.journal.last_event(1)[0]
                told.append(said and (said.fence == store.gate.fence(account), verb == "USER" or said.event == event))

    async with open_shop(tmp_path, cb={"login_interval": timedelta(seconds=3)}) as shop:
        getattr(shop, account).ledger.listeners.append(hear)
        shop.drop(name=name, outbox=tmp_path / outbox)
        await shop.once(account)
    assert told == [(True, True)]


async def test_the_witness_lists_an_order_before_it_leaves_the_outbox(tmp_path):
    async with open_shop(tmp_path) as shop:
        listed = []

        def look():
            said = witness.ask(witness.path_of(shop.outbox, "umbreit"))
            listed.extend([each.name for each in said.orders] if said else [])

        shop.drop()
        with just_before({f"rename outbox/{ORDER}": look}):
            await shop.once("umbreit")
        assert listed == [ORDER]


async def test_a_login_that_only_fetched_is_remembered_too(tmp_path):
    async with open_shop(tmp_path, cb={"login_interval": timedelta(seconds=3)}) as shop:
        async with app.workplace(load(shop.config)):
            pass
        copied(shop)
        await shop.once("cb")
        restore(shop)
        tours = await shop.once("cb")
        assert isinstance(tours["cb"].errors[0], TooEarlyError)
        assert (len(shop.cb.logins), shop.cb.violations) == (1, [])
        for logins in (2, 3):
            await asyncio.sleep(3.1)
            await shop.once("cb")
            assert (len(shop.cb.logins), shop.cb.violations) == (logins, []), "noticed once"


async def test_a_login_that_only_fetched_is_remembered_where_an_order_was_before(tmp_path):
    async with open_shop(tmp_path, cb={"login_interval": timedelta(seconds=1)}) as shop:
        shop.drop(b"anything\r\n", CB_ORDER, tmp_path / "outbox-cb")
        await shop.once("cb")
        await asyncio.sleep(1.1)
        copied(shop)
        await shop.once("cb")
        restore(shop)
        tours = await shop.once("cb")
        assert isinstance(tours["cb"].errors[0], TooEarlyError)
        assert (len(shop.cb.logins), shop.cb.violations) == (2, [])
        assert "state-restored" in shop.problems()


async def test_an_answer_to_an_order_that_the_copy_forgot_is_not_flatly_a_strangers(tmp_path):
    async with open_shop(tmp_path) as shop:
        await shop.once("umbreit")
        copied(shop)
        shop.drop()
        await shop.once("umbreit")
        restore(shop)
        await shop.answered()
        strangers = [
            told for name in shop.raw("R_*") for s in app.explain(load(shop.config), name) for told in s.strangers
        ]
        assert strangers
        assert all("unless before an older copy of its state was put back" in told for told in strangers)
        app.resume(load(shop.config), "umbreit")
        assert shop.problems() == {}


async def test_a_file_that_the_copy_does_not_know_is_not_taken_for_another(tmp_path):
    """The copied spool holds a list of after the database was copied: its number is given again."""
    async with open_shop(tmp_path) as shop:
        await shop.once("cb")
        backup = copied_while_open(shop)
        unknown = shop.cb.publish_stock(stock(3))
        content = shop.cb.out("shop")[unknown]
        await shop.once("cb")
        shutil.rmtree(backup / "spool")
        shutil.copytree(shop.folder / "state" / "spool", backup / "spool")
        restore(shop)
        async with app.workplace(load(shop.config)) as place:
            lost = RemoteFile("bhdart1234567u999920261122.bhd", 10**6, None)
            number = place.store.journal.announce("cb", "stock", lost, now()).id
            assert not (shop.folder / "state" / "spool" / "in" / f"{number}.raw").exists()
        await shop.once("cb")
        assert shop.states(lost.name) == ["quarantined"], "syncd was stopped before a byte of it came"
        (stray,) = (shop.folder / "state" / "quarantine").glob("stray-*.raw")
        assert stray.read_bytes() == content


async def test_orders_that_another_host_holds_during_a_visit_are_left_alone(tmp_path):
    """It has found out that the state is an older copy; the visit that carries them goes on."""
    async with open_shop(tmp_path) as shop:
        shop.drop()
        shop.drop(order(*TWO, reference="5000"), LATER)

        def hold(record):
            if isinstance(record, Command) and record.verb == "STOR":
                with join_state(tmp_path / "state") as store:
                    store.journal.hold_unsent("umbreit", "an older copy", now())

        shop.umbreit.ledger.listeners.append(hold)
        await shop.once("umbreit")
        assert shop.states(ORDER) == shop.states(LATER) == ["held (doubt)"]
        assert shop.umbreit.orders == []
