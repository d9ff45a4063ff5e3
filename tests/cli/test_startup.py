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
