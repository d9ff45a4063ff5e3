"""What the spool keeps: canaries against removing what anything still waits for, and bounds that hold."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

from syncd import app
from syncd.config import load
from syncd.errors import SinkError, SinkRefusedError
from syncd.jobs.keep import tidy
from syncd.model import Direction, Hold, RemoteFile, State, Step, Verdict, Word
from syncd.retention import Retention
from tests.jobs.parcels import Told, parcels
from tests.security.cases import USUAL
from tests.security.place import RAW, prepare, visit
from tests.servers import scripted

YEAR = 366 * 24 * 60
NUMBERS = count(1)


def there(post, row):
    """Tell whether the bytes of a file are on the disk; its row must say the same."""
    row = post.place.store.journal.get(row.id)
    path = post.place.store.spool.path(f"spool/{row.direction}/{row.id}.raw")
    assert path.exists() == (row.spool is not None)
    return path.exists()


async def tidied(post, **retention):
    return await tidy(replace(post.place, retention=Retention(**retention), reserve=0))


def order(post, *steps, **columns):
    """Have an order go these steps."""
    journal, spool = post.place.store.journal, post.place.store.spool

    def keep(number):
        return spool.write(Direction.OUT, number, b"B101")

    name = f"order-{next(NUMBERS)}"
    row = journal.queue("cb", "orders", name, 4, name, (), f"/outbox/{name}", None, post.when[0], spool=keep)
    for step in steps:
        row = journal.advance(row.id, row.state, step, post.when[0], **(columns if step is steps[-1] else {}))
    return row


def stock_list(post, stamp, *, sinks=("shop",), hold=None):
    """Have a stock list come and be taken by these sinks."""
    journal, spool, name = post.place.store.journal, post.place.store.spool, f"list-{stamp}"

    def keep(number):
        return spool.write(Direction.IN, number, stamp.encode())

    row = journal.receive("cb", "stock", name, 12, name, post.when[0], spool=keep)
    verdict = Verdict("bhdart", "BHDART", accepted=True, counts={"StockLine": 1}, stamp=stamp)
    journal.parsed(row.id, verdict, [(sink, name) for sink in sinks], post.when[0], hold=hold)
    for delivery in journal.pending():
        if delivery.interchange_id == row.id:
            journal.delivered(delivery.id, post.when[0], (stamp, name))
    return row


async def test_what_is_long_done_goes_and_its_row_says_so(tmp_path):
    with parcels(tmp_path, shop=Told()) as post:
        done, newest = await post.arrive("a", "z")
        await post.deliver()
        post.later(60 * 24 * 89)
        assert await tidied(post) == 0
        post.later(60 * 24 * 2)
        assert await tidied(post) == 1
        assert (there(post, done), there(post, newest)) == (False, True)
        event = post.place.store.journal.history(done.id)[-1]
        assert (event.after, event.note) == (State.DONE, "its bytes are kept no longer: older than spool.keep")
        assert await tidied(post) == 0


async def test_what_waits_is_kept_however_old_and_however_full(tmp_path):
    def behave(batch):
        if batch.name == "dead":
            raise SinkRefusedError("never")
        raise SinkError("away")

    with parcels(tmp_path, shop=Told(behave)) as post:
        dead, waiting = await post.arrive("dead", "waiting")
        await post.deliver()
        journal, when = post.place.store.journal, post.when[0]
        held = order(post, Step.STORING, Step.HELD, hold=Hold.DOUBT, reason="who knows")
        needed = [
            dead, waiting, held, order(post), order(post, Step.STORING), order(post, Step.STORING, Step.UNCONFIRMED),
            order(post, State.QUARANTINED), stock_list(post, "202611220800"),
            stock_list(post, "202611220900", hold="too short", sinks=()),
        ]  # fmt: skip
        (fetched,) = await post.arrive("broken", account="second")
        journal.quarantine(fetched.id, State.PARSED, "rejected", "by hand", when)
        post.later(YEAR)
        assert await tidied(post, keep=timedelta(0), most=0) == 0
        assert all(there(post, row) for row in (*needed, fetched))


async def test_the_list_that_a_sink_took_last_is_kept_beside_the_one_in_use(tmp_path):
    with parcels(tmp_path, shop=Told(), other=Told()) as post:
        lists = [
            stock_list(post, "202611220600", sinks=("shop", "other")),
            stock_list(post, "202611220700", sinks=("shop", "other")),
            stock_list(post, "202611220800", sinks=("shop",)),
            stock_list(post, "202611220900", sinks=()),
        ]
        await post.arrive("newest")
        await post.deliver()
        post.later(YEAR)
        await tidied(post)
        assert [there(post, row) for row in lists] == [False, True, True, True]


async def test_an_order_goes_when_it_is_answered_and_unanswered_by_its_age_alone(tmp_path):
    with parcels(tmp_path, shop=Told()) as post:
        sent = order(post, Step.STORING, Step.SENT)
        answered = order(post, Step.STORING, Step.SENT, Step.CONFIRMED)
        put_away = order(post, State.QUARANTINED)
        post.place.store.journal.decide(put_away, State.DISCARDED, Word("ann", "discard", "old"), post.when[0])
        await post.arrive("newest")
        await tidied(post, most=0)
        assert [there(post, row) for row in (sent, answered, put_away)] == [True, False, False]
        post.later(YEAR)
        await tidied(post)
        assert not there(post, sent)


async def test_the_oldest_go_first_when_there_are_too_many_bytes_or_too_few_left(tmp_path):
    with parcels(tmp_path, shop=Told()) as post:
        files = await post.arrive("a", "b", "c", "d", "newest")
        await post.deliver()
        size = len("content of a\r\n")
        await tidied(post, most=sum(post.place.store.spool.sizes().values()) - size - 1)
        assert [there(post, row) for row in files] == [False, False, True, True, True]
        assert await tidy(replace(post.place, reserve=2**60)) == 2, "the disk is nearly full: all that may go goes"
        assert there(post, files[-1])


async def test_what_broke_off_goes_once_the_whole_file_has_come(tmp_path):
    with parcels(tmp_path, shop=Told()) as post:
        journal, spool = post.place.store.journal, post.place.store.spool
        broken = []
        for name in ("a", "b", "b"):
            row = journal.announce("cb", "raw", RemoteFile(name), post.when[0])
            draft = spool.draft(Direction.IN, row.id)
            draft.append(b"half")
            partial = draft.keep_partial() or ""
            cut = ("partial", "cut", post.when[0], (partial, draft.sha256))
            broken.append(journal.quarantine(row.id, row.state, *cut))
        await post.arrive("a", "newest")
        await post.deliver()
        post.later(YEAR)
        await tidied(post)
        assert [spool.path(row.spool or "").exists() for row in broken] == [False, False, True]


async def test_a_server_that_sends_the_same_half_at_every_visit_fills_no_disk(tmp_path):
    halves = [RAW[:50], RAW[:60], RAW[:50], RAW[:50]]
    with scripted.scripted(USUAL) as server:
        config = prepare(tmp_path, server)
        for half in halves:
            server.acts["RETR"] = scripted.sends(half)
            await visit(config)
    spool = tmp_path / "state" / "spool" / "in"
    assert [path.read_bytes() for path in sorted(spool.iterdir())] == halves
    async with app.workplace(load(config)) as place:
        assert await tidy(replace(place, retention=Retention(most=0))) == 2
    assert [path.read_bytes() for path in sorted(spool.iterdir())] == halves[1:2] + halves[3:]


async def test_a_file_that_is_handed_again_meanwhile_keeps_its_bytes(tmp_path):
    sink = Told()
    with parcels(tmp_path, shop=sink) as post:
        done, _ = await post.arrive("a", "newest")
        await post.deliver()
        journal, key = post.place.store.journal, sink.keys[0]
        seen = journal.expendable()
        post.later()
        assert journal.replay("shop", [(done.id, key)], Word("ann", "replay", "lost"), post.when[0]) == [done.id]
        journal.forget(seen, "a test", post.when[0], remove=post.place.store.spool.remove)
        assert there(post, done)
        assert await post.deliver() == 0


async def test_what_has_no_bytes_is_not_handed_again(tmp_path):
    sink = Told()
    with parcels(tmp_path, shop=sink) as post:
        done, _ = await post.arrive("a", "newest")
        await post.deliver()
        await tidied(post, keep=timedelta(0))
        word = Word("ann", "replay", "lost")
        assert post.place.store.journal.replay("shop", [(done.id, sink.keys[0])], word, post.when[0]) == []
        assert await post.deliver() == 0
