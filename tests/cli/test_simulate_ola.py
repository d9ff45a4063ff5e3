"""`syncd simulate ola` in one terminal, `syncd ola` in another; and what may go wrong in the house."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.errors import UsageError
from syncd.simulate.ola import Fault, Manners, parse_faults
from syncd.simulate.ola.manners import FAULTS, MANNERS
from tests.cli.test_simulate import opened
from tests.ola.houses import THERE

ACCOUNT = """
state_dir = "{folder}/state"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
tls = "none"
user = "shop"
password = {{ env = "NEVER_READ" }}
customers = ["900900"]
{ola}
"""


def syncd(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syncd", "ola", *arguments, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_one_terminal_asks_and_orders_what_the_other_has(tmp_path: Path):
    with opened("ola", tmp_path, "--fault", "telnet,echo,cut-after:4") as house:
        said = house.read_until("The password is")
        found = re.search(r"^\[account\.umbreit\.ola\]\n(?:.+\n)+", said, re.MULTILINE)
        assert found, said
        config = tmp_path / "syncd.toml"
        config.write_text(ACCOUNT.format(folder=tmp_path, ola=found[0]), encoding="utf-8")

        asked = syncd(config, "query", THERE)
        assert (asked.returncode, asked.stderr) == (0, "")
        assert "available" in asked.stdout
        lost = syncd(config, "reserve", THERE, f"{THERE}:2", "--account", "umbreit", "--yes")
        assert lost.returncode == 3, lost.stderr
        assert "its answer is not known" in lost.stderr

        house.read_until("fault cut-after struck")
        status, said = house.close()
    assert status == 0, said
    assert "logins: 2, orders taken: 1 (0 of them the same bytes again)" in said
    assert "violations: 0" in said
    assert [path.read_bytes() for path in (tmp_path / "orders").iterdir()] == [b"900900^9783842344549^1^5"]


def test_what_means_nothing_to_it_is_refused(tmp_path: Path):
    with opened("ola", tmp_path, "--tls", "explicit") as house:
        house.read_until("--tls means nothing to it")


def test_faults_as_they_are_written():
    manners, faults = parse_faults(["echo", "cut-after:2", "telnet", "garbage"])
    assert manners == Manners(echo=True, telnet=True)
    assert faults == (Fault("cut-after", 2), Fault("garbage", 1))
    for wrong in ("echoes", "cut-after:x", "echo:2", ""):
        with pytest.raises(UsageError, match="there is no fault"):
            parse_faults([wrong])


@pytest.mark.parametrize("name", [*FAULTS, *MANNERS])
def test_every_fault_is_described_as_it_describes_itself(name: str):
    sentence = FAULTS[name] if name in FAULTS else MANNERS[name][1]
    page = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {sentence} |" in page
