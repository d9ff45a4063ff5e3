"""How fast sinks take a stock list, as ratios to a public tool in the same run: `python bench/run.py sinks`.

- A snapshot into PostgreSQL that replaces one of the same size, against `psql \\copy` of the same rows as CSV,
  into an empty table with the same columns and the same primary key.
- Records as JSON Lines on the disk, fsynced, against the standard library's `json` in a loop.

Rounds alternate between the two sides, and the medians are compared. Records are made before the clock starts.
"""

import asyncio
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from syncd.formats.records import StockLine
from syncd.sinks import Batch, Sink, open_sink
from tests.postgres import Cluster, cluster

ROWS = int(os.environ.get("ROWS", "500000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
NAMES = [item.name for item in fields(StockLine)]


def stock_lines(count: int) -> list[StockLine]:
    """Make a stock list of invented titles, sorted by EAN as CB's are."""
    chance, ean, lines = random.Random(4), 9789000000000, []
    for line in range(1, count + 1):
        ean += chance.randint(1, 90)
        available = min(698, int(chance.paretovariate(0.7)))
        changed = date(2026, 11, 22) - timedelta(days=chance.randint(0, 4000))
        lines.append(StockLine(line, str(ean), None, changed, "N", available, available == 698))
    return lines


def batch(records: list[StockLine], number: int) -> Batch:
    def opened() -> Iterator[Any]:
        return iter(records)

    name = f"stock{number}.bhd"
    counts = {"StockLine": len(records)}
    return Batch(
        name,
        "cb",
        "cb",
        "stock",
        "BHDART",
        name,
        "0" * 64,
        Path(os.devnull),
        {},
        counts,
        True,
        opened,
        f"2026{number:08}",
    )


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(title: str, theirs: Callable[[int], float], ours: Callable[[int], float]) -> None:
    """Alternate between both sides and print their medians and ratio: more than 1 is faster than theirs."""
    rounds = [(theirs(number), ours(number)) for number in range(ROUNDS + 1)][1:]
    their, our = (statistics.median(side) for side in zip(*rounds, strict=True))
    each = sorted(one / other for one, other in rounds)
    print(
        f"{title}: {their / our:.2f} x ({each[0]:.2f}–{each[-1]:.2f}; {ROWS / our:,.0f} rows/s, {our:.2f} s)",
        flush=True,
    )


def write_csv(path: Path, records: list[StockLine]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        for record in records:
            values = [getattr(record, name) for name in NAMES]
            writer.writerow(["cb", "cb", 1, *(None if value == () else value for value in values)])


def postgres(running: Cluster, folder: Path, records: list[StockLine]) -> None:
    write_csv(folder / "stock.csv", records)
    with running.database() as url:

        def psql(command: str) -> None:
            subprocess.run(
                [running.programs / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", command], check=True
            )

        sink = open_sink("sql", {"url": url})
        deliver(sink, batch(records, 0))
        psql("CREATE TABLE public_tool (LIKE syncd_stock_line INCLUDING INDEXES)")
        columns = ", ".join(["account", "supplier", "interchange", *NAMES])

        def theirs(_: int) -> float:
            psql("TRUNCATE public_tool")
            return timed(lambda: psql(f"\\copy public_tool ({columns}) from '{folder}/stock.csv' with (format csv)"))

        compare(
            "snapshot into PostgreSQL / psql \\copy",
            theirs,
            lambda n: timed(lambda: deliver(sink, batch(records, n + 1))),
        )
        asyncio.run(sink.close())


def json_lines(folder: Path, records: list[StockLine]) -> None:
    sink = open_sink("directory", {"path": str(folder / "shop"), "raw": False, "records": True})

    def stdlib() -> None:
        with (folder / "stdlib.jsonl").open("w") as file:
            for record in records:
                file.write(json.dumps({name: getattr(record, name) for name in NAMES}, default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())

    ours = lambda n: timed(lambda: deliver(sink, batch(records, n)))  # noqa: E731
    compare("JSON Lines in a folder / json.dumps", lambda _: timed(stdlib), ours)
    asyncio.run(sink.close())


def deliver(sink: Sink, given: Batch) -> None:
    asyncio.run(sink.deliver(given))


def main() -> None:
    records = stock_lines(ROWS)
    with tempfile.TemporaryDirectory() as folder, cluster() as running:
        json_lines(Path(folder), records)
        postgres(running, Path(folder), records)


if __name__ == "__main__":
    main()
