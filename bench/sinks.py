"""How fast sinks take a stock list, as ratios to a public tool in the same run: `python bench/run.py sinks`.

- A snapshot into PostgreSQL that replaces one of the same size, against `psql \\copy` of the same rows as CSV,
  into an empty table with the same columns and the same primary key.
- Changes of 5 % of its rows, as a sink with `delta = true` is handed them, against the load of the whole snapshot.
- Records as JSON Lines on the disk, fsynced, against the standard library's `json` in a loop.
- Records as Parquet, fsynced, against pyarrow: `Table.from_pylist` of the same rows as dicts and `write_table`; and
  against `write_table` alone, of a table that is ready in memory.

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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from syncd.formats.records import Change, StockChange, StockLine
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


def batch(records: Sequence[StockLine], number: int) -> Batch:
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
        changes(sink, records)
        asyncio.run(sink.close())


def changes(sink: Sink, records: list[StockLine]) -> None:
    """Load every snapshot whole, and what is another in the one after it; every twentieth title is."""
    some = [
        StockChange(number, each.ean, each.counted, each.changed, each.top_title, each.available + 1, False)
        for number, each in enumerate(records[::20], 1)
    ]
    some = [replace(each, change=Change.CHANGED) for each in some]
    first = 1_000

    def whole(number: int) -> float:
        return timed(lambda: deliver(sink, batch(records, first + 2 * number)))

    def changed(number: int) -> float:
        base = batch(records, first + 2 * number)
        after = batch(some, first + 2 * number + 1)
        given = replace(after, snapshot=False, base=base.key, counts=base.counts)
        return timed(lambda: deliver(sink, given))

    compare("changes of 5 % into PostgreSQL / the whole snapshot", whole, changed)


def parquet(folder: Path, records: list[StockLine]) -> None:
    import pyarrow as pa
    from pyarrow import parquet as library

    sink = open_sink("parquet", {"path": str(folder / "columns")})

    def from_rows(number: int) -> None:
        rows = [{name: getattr(record, name) for name in NAMES} for record in records]
        on_the_disk(pa.Table.from_pylist(rows), number)

    def on_the_disk(table: Any, number: int) -> None:
        path = folder / f"theirs{number}.parquet"
        library.write_table(table, path, compression="zstd")
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def ours(number: int) -> float:
        return timed(lambda: deliver(sink, batch(records, number)))

    compare("Parquet / Table.from_pylist and write_table", lambda n: timed(lambda: from_rows(n)), ours)
    ready = pa.Table.from_pylist([{name: getattr(record, name) for name in NAMES} for record in records])
    compare(
        "Parquet / write_table of a ready table",
        lambda n: timed(lambda: on_the_disk(ready, n)),
        lambda n: ours(n + ROUNDS + 1),
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
        parquet(Path(folder), records)
        postgres(running, Path(folder), records)


if __name__ == "__main__":
    main()
