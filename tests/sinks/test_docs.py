"""The pages about sinks are true: their examples run, and they name every setting."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncd.sinks import Batch, open_sink, sink_class, sink_types
from tests.formats.canonical import ELS_NAME
from tests.postgres import Cluster
from tests.sinks.batches import answers_of, batch_of, goods
from tests.sinks.contract import deliver
from tests.sinks.endpoint import SECRET, Endpoint
from tests.sinks.library import Library
from tests.sinks.queues import Queue, Stream
from tests.sinks.servers import PASSWORD, NatsServer, RabbitServer
from tests.sinks.test_real_records import read

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "sinks").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def examples(*names: str) -> Iterator[Any]:
    for name in names:
        for number, text in enumerate(blocks(DOCS / "sinks" / f"{name}.md", "toml")):
            yield pytest.param(text, id=f"{name}-{number}")


def test_every_type_has_its_page():
    assert [page.stem for page in PAGES] == sink_types()
    assert all(f"(sinks/{name}.md)" in (DOCS / "sinks.md").read_text() for name in sink_types())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_setting_is_described_with_its_default(page: Path):
    for name, field in sink_class(page.stem).Settings.model_fields.items():
        row = re.search(rf"^\| `{name}` \| ([^|]*) \|", page.read_text(), re.MULTILINE)
        assert row, f"{page.name} does not describe {name}"
        default = "required" if field.is_required() else _toml(field.default)
        assert row[1].strip("`") == default


def _toml(value: object) -> str:
    if value is None:
        return "none"
    return json.dumps(value) if isinstance(value, (str, bool, list)) else f"{value:g}"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make what the examples name: folders, the program of `command`, credentials."""
    shop = tmp_path / "shop"
    for folder in ("bin", "taken"):
        (shop / folder).mkdir(parents=True)
    program = shop / "bin" / "take"
    program.write_text(blocks(DOCS / "sinks" / "command.md", "sh")[0].replace("/srv/shop", str(shop)))
    program.chmod(0o755)
    (shop / "titles.csv").write_text(blocks(DOCS / "sinks" / "alma.md", "csv")[0])
    for name, secret in {"shop-db": "geheim", "shop-broker": PASSWORD, "shop-webhook": SECRET}.items():
        (tmp_path / name).write_text(secret)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return shop


@pytest.fixture
def database(postgres: Cluster) -> Iterator[str]:
    with postgres.database() as url:
        yield url


async def run(text: str, folder: Path, made: Callable[..., Batch] = batch_of) -> None:
    """Make the sink of an example and deliver two files, one of them twice."""
    table = tomllib.loads(text)["sink"]["shop"]
    sink = open_sink(table.pop("type"), table)
    for name in ("R_1", "R_2", "R_1"):
        await sink.deliver(made(folder, name=name, size=2))
    await sink.close()


EXPECTED = Counter((name, line) for name in ("R_1", "R_2") for line in (1, 2))


@pytest.mark.parametrize("text", list(examples("directory", "sql", "command", "parquet")))
async def test_an_example_runs(text: str, tmp_path: Path, shop: Path, database: str):
    text = text.replace("/srv/shop", str(shop)).replace("postgresql://syncd@db.example.org/shop", database)
    await run(text, tmp_path)
    with psycopg.connect(database) as connection:
        tables = connection.execute("SELECT 1 FROM pg_tables WHERE tablename = 'syncd_interchange'").fetchall()
    files = [path for path in shop.rglob("*") if path.is_file() and not {"bin", ".syncd"} & set(path.parts)]
    assert tables or files


@pytest.mark.parametrize("text", list(examples("alma")))
async def test_the_example_of_alma_runs(text: str, tmp_path: Path, shop: Path, library: Library):
    theirs = "http://www.kommunbibliotek.se/ALMA/Alma.svc/OrderConfirm?"
    await run(text.replace("/srv/shop", str(shop)).replace(theirs, library.house.endpoint), tmp_path, answers_of)
    assert library.house.taken


@pytest.mark.parametrize("text", list(examples("webhook")))
async def test_the_example_of_webhook_runs(text: str, tmp_path: Path, shop: Path, endpoint: Endpoint):
    await run(text.replace("https://erp.example.org/syncd", endpoint.settings["url"]), tmp_path)
    assert endpoint.lines() == EXPECTED


@pytest.mark.parametrize("text", list(examples("nats")))
async def test_the_example_of_nats_runs(text: str, tmp_path: Path, shop: Path, nats_server: NatsServer):
    stream = Stream(nats_server, "syncd")
    await run(text.replace("broker.example.org:4222", f"127.0.0.1:{nats_server.port}"), tmp_path)
    assert stream.lines() == EXPECTED


@pytest.mark.timeout(300)
@pytest.mark.parametrize("text", list(examples("amqp")))
async def test_the_example_of_amqp_runs(text: str, tmp_path: Path, shop: Path, rabbit_server: RabbitServer):
    queue = Queue(rabbit_server, "syncd")
    await run(text.replace("broker.example.org:5672", f"127.0.0.1:{queue.proxy.port}"), tmp_path)
    assert queue.lines() == EXPECTED
    queue.proxy.close()


async def test_the_query_of_parquet_adds_up(tmp_path: Path):
    sink = open_sink("parquet", {"path": str(tmp_path / "lake")})
    await sink.deliver(read(tmp_path, ELS_NAME))
    await sink.close()
    words: dict[str, Any] = {"FOLDER": tmp_path / "lake"}
    exec(compile(blocks(DOCS / "sinks" / "parquet.md", "python")[0], "parquet.md", "exec"), words)
    assert words["spent"] == Decimal("152.49")  # 10 of 12.95 and one bundle of 22.99


async def test_the_receiver_of_webhook_knows_a_request_from_a_forgery(tmp_path: Path, endpoint: Endpoint):
    words: dict[str, Any] = {}
    exec(compile(blocks(DOCS / "sinks" / "webhook.md", "python")[0], "webhook.md", "exec"), words)
    await deliver(endpoint, batch_of(tmp_path, size=1))
    headers, (_, body) = endpoint.requests[0], endpoint.taken[0]
    assert words["is_from_syncd"](headers, body, SECRET)
    assert not words["is_from_syncd"](headers, body + b" ", SECRET)
    assert not words["is_from_syncd"](dict(headers) | {"webhook-timestamp": "1614265330"}, body, SECRET)


async def test_the_script_of_command_takes_a_file_once(tmp_path: Path):
    (tmp_path / "taken").mkdir()
    program = tmp_path / "take"
    program.write_text(blocks(DOCS / "sinks" / "command.md", "sh")[0].replace("/srv/shop", str(tmp_path)))
    program.chmod(0o755)
    sink = open_sink("command", {"command": [str(program), "--from", "wholesaler"]})
    batch = batch_of(tmp_path)
    await sink.deliver(batch)
    await sink.deliver(batch)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == [batch.key]


async def test_the_sink_that_the_docs_write_works(tmp_path: Path):
    words: dict[str, Any] = {}
    exec(compile(blocks(DOCS / "sinks.md", "python")[0], "docs/sinks.md", "exec"), words)
    paper = tmp_path / "paper"
    sink = words["PrinterSink"](words["PrinterSettings"](device=str(paper)))
    batch = batch_of(tmp_path, records=lambda: iter([goods(1), goods(2)]))
    await sink.deliver(batch)
    await sink.close()
    assert paper.read_text().splitlines() == [f"{batch.key} {line} {9780000000000 + line} 2" for line in (1, 2)]
