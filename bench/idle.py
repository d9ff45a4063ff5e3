"""What an idle daemon costs: two accounts, nothing to do. Prints resident memory, CPU time and wake-ups.

    python bench/idle.py [SECONDS]

The bounds: under 80 MB resident, under 0.5 % of a core. The accounts point at a closed port and are not due, so that
nothing but waiting is measured.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """\
state_dir = "{folder}/state"
[account.{name}]
supplier = "umbreit"
host = "127.0.0.1"
port = 9
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


def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").touch(mode=0o600)
        (folder / "password").write_text("invented")
        parts = [CONFIG.format(folder=folder, name=n, customer=c) for n, c in (("one", "900900"), ("two", "900901"))]
        for account in ("one", "two"):
            (folder / f"outbox-{account}").mkdir()
        (folder / "syncd.toml").write_text(parts[0] + parts[1].split("\n", 1)[1])
        command = [sys.executable, "-m", "syncd", "run", "--config", str(folder / "syncd.toml")]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as daemon:
            try:
                time.sleep(5)
                before, woken = cpu_seconds(daemon.pid), field(daemon.pid, "voluntary_ctxt_switches")
                time.sleep(seconds)
                share = (cpu_seconds(daemon.pid) - before) / seconds
                wakes = (field(daemon.pid, "voluntary_ctxt_switches") - woken) / seconds
                resident = field(daemon.pid, "VmRSS") / 1024
            finally:
                daemon.terminate()
    print(f"resident {resident:.0f} MB (bound 80), {share:.2%} of a core (bound 0.50 %), {wakes:.1f} wake-ups a second")
    return 0 if resident < 80 and share < 0.005 else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 65.0))
