"""A shop with every kind of sink, from one configuration, through a week of slots, orders, faults and outages."""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from syncd.model import Step
from syncd.simulate import CbHouse, UmbreitHouse
from tests.sim.shop import ARTICLES, CUSTOMER
from tests.sinks.contract import Target
from tests.sinks.databases import Database, Postgres, Sqlite
from tests.sinks.endpoint import Endpoint
from tests.sinks.library import Library
from tests.sinks.queues import Queue, Stream
from tests.sinks.servers import NatsServer, RabbitServer
from tests.sinks.test_command import Program
from tests.sinks.test_directory import Folder
from tests.sinks.test_parquet import Columns
from tests.sinks.week import PASSWORD, Clock, Town, slots

NO_WAIT = timedelta()


def place(folder: Path, name: str) -> Path:
    (folder / name / "mount").mkdir(parents=True)
    return folder / name / "mount" / "shop"


@pytest.fixture
def targets(
    tmp_path: Path, postgres_database: Postgres, endpoint: Endpoint, library: Library,
    nats_server: NatsServer, rabbit_server: RabbitServer,
) -> dict[str, Target]:  # fmt: skip
    made: dict[str, Target] = {
        "raw": Folder(place(tmp_path, "raw")),
        "records": Folder(place(tmp_path, "records"), raw=False, records=True),
        "program": Program(place(tmp_path, "program"), records=True),
        "columns": Columns(place(tmp_path, "columns")),
        "postgres": postgres_database,
        "changes": Sqlite(place(tmp_path, "changes").with_suffix(".db")),
        "webhook": endpoint,
        "stream": Stream(nats_server),
        "queue": Queue(rabbit_server),
        "library": library,
    }
    for name in ("webhook", "stream", "queue"):
        made[name].settings["records"] = 100
    return made


@pytest.mark.timeout(900)
async def test_a_week_of_the_whole_shop(tmp_path: Path, targets: dict[str, Target], figures):
    clock, dice = Clock(next(slots())), random.Random(49)
    async with (
        UmbreitHouse(
            {CUSTOMER: PASSWORD}, clock=clock, rng=dice, answer_after=NO_WAIT, deliver_after=NO_WAIT
        ) as umbreit,
        CbHouse(
            {"shop": PASSWORD}, clock=clock, rng=dice, relations={"shop": "1234567"}, ca_file=tmp_path / "ca.pem"
        ) as cb,
    ):
        town = Town(tmp_path, umbreit, cb, targets, clock)
        town.open({"changes": {"delta": True, "events": True}})
        stock = await town.week(dice)
        await town.calm()
        assert umbreit.violations == cb.violations == []
        assert Counter(order.name for order in umbreit.orders) == Counter(town.orders)
    files, lines = town.files, town.lines()
    assert {path.name: path.read_bytes() for path in folder(targets, "raw").files()} == files
    for name in ("records", "program", "columns", "webhook", "stream", "queue"):
        assert targets[name].lines() == lines, name
    for name in ("postgres", "changes"):
        database = targets[name]
        assert isinstance(database, Database)
        assert dict(database.query("SELECT ean, available FROM syncd_stock_line")) == stock
        assert answers_in(database) == Counter({key: n for key, n in lines.items() if key[0].startswith("R_")})
    assert confirmed(targets["library"]) == Counter(
        (f"Kunde{number}", article) for number in range(len(town.orders)) for article in ARTICLES
    )
    assert told(targets["changes"]) == Counter(
        {"delivered": len(town.orders), "reported": len(town.orders), "partly delivered": len(town.orders)}
    )
    said = town.syncd("explain", town.orders[1])
    assert f"2 of 4 copies of {ARTICLES[2]} (Kunde1) came on" in said
    assert "2 are back-ordered" in said
    assert {story.file.state for name in town.orders for story in town.explain(name)} == {Step.CONFIRMED}
    figures(
        f"a week: {len(town.orders)} orders, {len(files)} files, {sum(lines.values())} lines to {len(targets)} sinks"
    )


def folder(targets: dict[str, Target], name: str) -> Folder:
    found = targets[name]
    assert isinstance(found, Folder)
    return found


def answers_in(database: Database) -> Counter[tuple[str, int]]:
    rows = [
        row
        for table in ("despatch", "report")
        for row in database.query(
            f"SELECT i.name, t.line FROM syncd_{table}_line t JOIN syncd_interchange i ON i.id = t.interchange"
        )
    ]
    return Counter((name, line) for name, line in rows)


def told(database: Target) -> Counter[str]:
    """Count where the lines of all orders stand, by the last event of each."""
    assert isinstance(database, Database)
    columns = "order_number, order_line, change, after"
    last: dict[tuple[int, int], str] = {}
    for order, line, _, after in sorted(database.query(f"SELECT {columns} FROM syncd_order_line_event")):
        last[order, line] = after
    return Counter(last.values())


def confirmed(library: Target) -> Counter[tuple[str, str]]:
    assert isinstance(library, Library)
    posts = [parse_qs(post.body.decode()) for post in library.house.taken]
    return Counter((post["mark"][0], post["isbn"][0]) for post in posts)
