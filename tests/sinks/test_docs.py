"""The pages about sinks are true: their examples run, and they name every setting."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncd.sinks import open_sink, sink_class, sink_types
from tests.postgres import Cluster
from tests.sinks.batches import answers_of, batch_of, goods
from tests.sinks.contract import deliver
from tests.sinks.endpoint import SECRET, Endpoint
from tests.sinks.library import Library

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "sinks").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def examples() -> Iterator[Any]:
    for page in PAGES:
        for number, text in enumerate(blocks(page, "toml")):
            yield pytest.param(text, id=f"{page.stem}-{number}")


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
    for name, secret in {"shop-db": "geheim", "shop-webhook": SECRET}.items():
        (tmp_path / name).write_text(secret)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return shop


def looks(shop: Path, database: str, endpoint: Endpoint, library: Library) -> Iterator[object]:
    """Look at every target for what an example delivered."""
    ours = {"bin", ".syncd", "libra", "titles.csv"}
    yield from (path for path in shop.rglob("*") if path.is_file() and not ours & set(path.parts))
    yield from endpoint.taken
    yield from library.house.taken
    with psycopg.connect(database) as connection:
        yield from connection.execute("SELECT 1 FROM pg_tables WHERE tablename = 'syncd_interchange'")


@pytest.mark.parametrize("text", list(examples()))
async def test_an_example_runs(
    text: str, tmp_path: Path, shop: Path, postgres: Cluster, endpoint: Endpoint, library: Library
):
    with postgres.database() as database:
        ours = {
            "/srv/shop": str(shop),
            "postgresql://syncd@db.example.org/shop": database,
            "https://erp.example.org/syncd": endpoint.settings["url"],
            "http://www.kommunbibliotek.se/ALMA/Alma.svc/OrderConfirm?": library.house.endpoint,
        }
        for theirs, our in ours.items():
            text = text.replace(theirs, our)
        table = tomllib.loads(text)["sink"]["shop"]
        sink = open_sink(table.pop("type"), table)
        for name in ("R_1", "R_2", "R_1"):
            await sink.deliver(answers_of(tmp_path, name=name, size=2))
        await sink.close()
        assert list(looks(shop, database, endpoint, library))


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
