"""What an idle daemon costs: two accounts, nothing to do. Prints resident memory, CPU time and wake-ups.

    python bench/idle.py [SECONDS]

The bounds: under 80 MB resident, under 0.5 % of a core. Both accounts have been visited once, at a simulated house, and
are due in an hour, so that nothing but waiting is measured: a look at everything every half minute.
"""

import asyncio
import random
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from syncd.simulate import UmbreitHouse

ACCOUNT = """\
[account.{name}]
supplier = "umbreit"
host = "127.0.0.1"
port = {port}
user = "{customer}"
password = {{ file = "{folder}/password" }}
tls = "none"
customers = ["{customer}"]
outbox = "{folder}/outbox-{name}"
schedule = {{ every = "1h" }}
"""


def field(pid: int, name: str) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1])


def cpu_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / 100


async def main(seconds: float) -> int:
    customers = {"900900": "invented", "900901": "invented"}
    house = UmbreitHouse(customers, clock=lambda: datetime.now(UTC), rng=random.Random(1))
    with tempfile.TemporaryDirectory() as name:
        async with house:
            config = prepare(Path(name), house.port, list(customers))
            command = (sys.executable, "-m", "syncd", "run", "--config", str(config))
            with config.with_suffix(".log").open("wb") as log:
                daemon = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
                try:
                    resident, share, wakes = await measure(daemon.pid, seconds)
                finally:
                    daemon.terminate()
                    await daemon.wait()
    print(f"resident {resident:.0f} MB (bound 80), {share:.2%} of a core (bound 0.50 %), {wakes:.1f} wake-ups a second")
    return 0 if resident < 80 and share < 0.005 else 1


def prepare(folder: Path, port: int, customers: list[str]) -> Path:
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text("invented")
    text = f'state_dir = "{folder}/state"\n'
    for customer in customers:
        (folder / f"outbox-{customer}").mkdir()
        text += ACCOUNT.format(folder=folder, name=customer, customer=customer, port=port)
    (folder / "syncd.toml").write_text(text)
    return folder / "syncd.toml"


async def measure(pid: int, seconds: float) -> tuple[float, float, float]:
    """Resident memory in MB, the share of a core, and wake-ups a second of the main thread."""
    await asyncio.sleep(8)
    before, woken = cpu_seconds(pid), field(pid, "voluntary_ctxt_switches")
    await asyncio.sleep(seconds)
    share = (cpu_seconds(pid) - before) / seconds
    wakes = (field(pid, "voluntary_ctxt_switches") - woken) / seconds
    return field(pid, "VmRSS") / 1024, share, wakes


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 62.0)))
