"""A verb pays for what it needs and for nothing else."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "aioftp", "sqlalchemy", "alembic", "apscheduler", "structlog", "rich", "msgspec", "asyncio")
SCRIPT = """
import sys
from syncd.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end.code
print(*[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--version"], ["completion", "fish"]])
def test_no_heavy_library_is_imported(arguments):
    script = SCRIPT.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.split()) == (0, [])


CLIENTS = ("httpx2", "nats", "aio_pika", "aiormq", "pyarrow", "psycopg")
CONFIG = """
state_dir = "{folder}"

[account.umbreit]
supplier = "umbreit"
host = "ftp.example.org"
tls = "explicit"
user = "900900"
customers = ["900900"]
password = {{ env = "UMBREIT" }}

[sink.webhook]
type = "webhook"
url = "https://erp.example.org/syncd"
secret = {{ env = "WEBHOOK" }}
"""


@pytest.mark.parametrize("verb", [["config", "check"], ["config", "show"]], ids=" ".join)
def test_no_verb_imports_what_only_a_delivery_needs(verb, tmp_path):
    config = tmp_path / "syncd.toml"
    config.write_text(CONFIG.format(folder=tmp_path))
    script = SCRIPT.format(arguments=[*verb, "--config", str(config)], heavy=CLIENTS)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.split()) == (0, [])
