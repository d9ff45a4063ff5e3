"""A process that delivers one batch and kills itself with SIGKILL on the way: `python -m tests.sinks.child JSON`.

The order says where: at a record (`record`), after the delivery but before anybody knows of it (`after`), or before the
n-th change of the file system below a folder (`change`, `below`), seen through an audit hook. Without a place it
measures: the growth of its own peak memory, in KiB, is printed.
"""

import asyncio
import dataclasses
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from syncd.sinks import Batch, open_sink
from tests.sinks import batches

CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link"}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(batch: Batch, stop: int) -> Batch:
    def records() -> Iterator[Any]:
        for number, record in enumerate(batch.records()):
            if number == stop:
                die()
            yield record
        if stop >= sum(batch.counts.values()):
            die()

    return dataclasses.replace(batch, records=records)


def die_at_change(number: int, below: str) -> None:
    seen = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if (event in CHANGES or writes) and str(args[0]).startswith(below):
            seen += 1
            if seen == number:
                die()

    sys.addaudithook(hook)


async def deliver(order: dict[str, Any]) -> None:
    sink = open_sink(order["type"], order["settings"])
    batch = getattr(batches, order["maker"])(Path(order["folder"]), **order["batch"])
    if "change" in order:
        die_at_change(order["change"], order["below"])
    await sink.deliver(dying_at(batch, order["record"]) if "record" in order else batch)
    if order.get("after"):
        die()
    await sink.close()


async def measure(order: dict[str, Any]) -> None:
    sink = open_sink(order["type"], order["settings"])
    folder, make = Path(order["folder"]), getattr(batches, order["maker"])
    big = make(folder, **order["batch"])
    await sink.deliver(make(folder, **order["batch"] | {"size": 2_000, "name": "small"}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await sink.deliver(big)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    await sink.close()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    killed = any(place in given for place in ("record", "change", "after"))
    asyncio.run(deliver(given) if killed else measure(given))
