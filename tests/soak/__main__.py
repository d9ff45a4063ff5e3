"""`python -m tests.soak --minutes 60`: the real daemon on real sockets behind a proxy that breaks them."""

import argparse
import asyncio
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from tests.soak.run import soak


def main() -> int:
    """Soak, and print the figures as JSON; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a house's TLS handshake that was cut is worth no line
    root = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"the daemon's log, the state and the shop are in {root}; they go when all is well", file=sys.stderr)
    outcome = asyncio.run(soak(root, args.minutes * 60, args.seed))
    print(json.dumps(outcome.as_json(), indent=1))
    if not outcome.broken:
        shutil.rmtree(root)
    return int(bool(outcome.broken))


if __name__ == "__main__":
    sys.exit(main())
