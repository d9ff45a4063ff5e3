"""`syncd db upgrade`: an empty PostgreSQL database gets the tables; SQLite needs nothing."""

from pathlib import Path

from click.testing import CliRunner

from syncd.cli import syncd
from syncd.state import open_state
from tests.postgres import Cluster

ACCOUNT = """
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
user = "900900"
password = { file = "/run/secrets/umbreit" }
tls = "explicit"
customers = ["900900"]
"""


def upgrade(folder: Path, database: str) -> str:
    config = folder / "syncd.toml"
    config.write_text(f'state_dir = "{folder}/state"\n{database}{ACCOUNT}', encoding="utf-8")
    result = CliRunner().invoke(syncd, ["db", "upgrade", "--config", str(config)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_an_empty_server_gets_the_tables(tmp_path: Path, postgres: Cluster) -> None:
    with postgres.database() as url:
        assert "at this program's schema" in upgrade(tmp_path, f'database = "{url}"\n')
        open_state(tmp_path / "state", url).close()


def test_sqlite_needs_nothing(tmp_path: Path) -> None:
    assert "when it starts" in upgrade(tmp_path, "")
    assert not (tmp_path / "state" / "state.db").exists()
