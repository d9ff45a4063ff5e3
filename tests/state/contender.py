"""A process that wants the same account as others: python -m tests.state.contender DIRECTORY URL SECONDS SEED.

It logs in as often as the gate allows, tells each session's start and end on its output, and now and then kills itself
in the middle. With SECONDS 0 it opens the state, says so, and waits to be killed.
"""

import os
import random
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.errors import TooEarlyError
from syncd.model import ClockSample, Lease
from syncd.state import Store, join_state, open_state

INTERVAL = timedelta(seconds=0.25)
LEASE = timedelta(seconds=0.5)


def sample() -> ClockSample:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ClockSample(datetime.now(UTC), boot_id, time.clock_gettime(time.CLOCK_BOOTTIME))


def session(store: Store, lease: Lease, chance: random.Random) -> None:
    """Log in, stay a moment, leave; or die, before the login, after it, or in the middle."""
    fate = chance.random()
    if fate < 0.04:
        os.kill(os.getpid(), signal.SIGKILL)
    began = time.clock_gettime(time.CLOCK_BOOTTIME)  # the connection would be opened here
    time.sleep(0.03 * chance.random())
    assert store.gate.renew(lease, LEASE, sample())
    print(lease.fence, began, "login", flush=True)
    if fate < 0.08:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05 * chance.random())
    print(lease.fence, time.clock_gettime(time.CLOCK_BOOTTIME), "end", flush=True)
    store.gate.release(lease, sample(), "done")


def contend(store: Store, seconds: float, chance: random.Random) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(TooEarlyError):
            session(store, store.gate.acquire("shop", f"process {os.getpid()}", INTERVAL, LEASE, sample()), chance)
        time.sleep(0.01 + 0.03 * chance.random())


def main() -> None:
    directory, url, seconds, seed = Path(sys.argv[1]), sys.argv[2] or None, float(sys.argv[3]), sys.argv[4]
    if seconds:
        with join_state(directory, url) as store:
            contend(store, seconds, random.Random(seed))
    else:
        with open_state(directory, url):
            print("open", flush=True)
            signal.pause()


if __name__ == "__main__":
    main()
