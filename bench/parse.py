"""Parsing against the naive parser and a C scanner: `python -m bench.parse [--lines N] [--rounds N]`.

Each sample runs in a fresh process, which also prints a checksum of what it found; unequal checksums void the run. The
ways are shuffled in each round, ratios are formed inside a round, and the medians are printed. CPU seconds are used,
because other programs share the machine; read the ratios, not the times.

judge    the verdict: every rule, check digits, dates, duplicates, count and reference
all      the verdict, then every record as a frozen dataclass, streamed
naive    what a careful person writes in ten minutes: rows kept in a list, few checks
c        one pass with the same checks as judge, columns out (gcc -O3)
"""

import argparse
import ctypes
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.peers import gen, naive
from syncd.formats import FORMATS, Context

ROOT = Path(__file__).parent.parent

FORMAT = {"bhd": "digicom", "els": "bwa-response"}
NAME = {"bhd": "8894126.bhd", "els": "R_90090024123456000123456"}
COUNT = {"bhd": "available", "els": "quantity"}
FRAME = {"bhd": (3, 1), "els": (0, 0)}
"""Lines before the records and behind them."""
TO_HOLD = {"bhd": 6.0, "els": 5.0}
"""× naive, for judge."""

Result = tuple[int, int | None]
"""Checksum: records, and the sum of their copies where the way looks at them."""


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 18):
            yield block


def judge(kind: str, path: Path) -> Result:
    verdict = FORMATS[FORMAT[kind]].judge(partial(blocks, path), Context(name=path.name))
    assert verdict.accepted
    return sum(verdict.counts.values()), None


def everything(kind: str, path: Path) -> Result:
    chosen, context, source = FORMATS[FORMAT[kind]], Context(name=path.name), partial(blocks, path)
    verdict = chosen.judge(source, context)
    rows = copies = 0
    for record in chosen.records(source, context, verdict):
        rows += 1
        copies += getattr(record, COUNT[kind])
    return rows, copies


def plainly(kind: str, path: Path) -> Result:
    rows = {"bhd": naive.bhd, "els": naive.els}[kind](str(path))
    return len(rows), sum(row.qty for row in rows)


def scan(kind: str, path: Path) -> Result:
    library = ctypes.CDLL(str(path.with_name("cscan.so")))
    content = path.read_bytes()
    size = content.count(b"\n")
    errors, error_count, lines = ctypes.create_string_buffer(16 * 16), ctypes.c_long(), ctypes.c_long()
    wide, narrow, byte = ctypes.c_int64 * size, ctypes.c_int32 * size, ctypes.c_uint8 * size
    length, copies = ctypes.c_long(len(content)), narrow()
    tail = (errors, ctypes.c_long(16), ctypes.byref(error_count))
    if kind == "bhd":
        rows = library.bhd_scan(
            content, length, wide(), narrow(), narrow(), byte(), copies, *tail, ctypes.byref(lines)
        )  # fmt: skip
    else:
        rows = library.els_scan(
            content, length, byte(), wide(), copies, wide(), narrow(), byte(), narrow(), narrow(), narrow(), *tail
        )  # fmt: skip
    return rows, sum(copies)


WAYS: dict[str, Callable[[str, Path], Result]] = {"naive": plainly, "judge": judge, "all": everything, "c": scan}


def sample(way: str, kind: str, path: Path) -> None:
    """Run one way in this process and print what it took."""
    before = peak()
    start = time.process_time()
    rows, copies = WAYS[way](kind, path)
    seconds = time.process_time() - start
    megabytes = (peak() - before) / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "rows": rows, "copies": copies}))


def peak() -> int:
    """Return the most memory this program has had, in KiB; `ru_maxrss` would count what the parent had at the fork."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def measure(kind: str, path: Path, ways: list[str], rounds: int) -> dict[str, list[dict[str, float]]]:
    samples: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in random.sample(ways, len(ways)):
            command = [sys.executable, "-m", "bench.parse", "--sample", way, kind, str(path)]
            samples[way].append(json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout))
    results = [result for way in ways for result in samples[way]]
    assert len({result["rows"] for result in results}) == 1, "unequal numbers of records: this run is void"
    assert len({result["copies"] for result in results} - {None}) == 1, "unequal sums of copies: this run is void"
    return samples


def report(kind: str, lines: int, samples: dict[str, list[dict[str, float]]]) -> None:
    print(f"\n{FORMAT[kind]}, {lines} lines" + (f"; to hold: judge ≥ {TO_HOLD[kind]} × naive" if lines > 1000 else ""))
    for way, results in samples.items():
        ratios = [base["seconds"] / own["seconds"] for base, own in zip(samples["naive"], results, strict=True)]
        memory = statistics.median(result["megabytes"] for result in results)
        low, high = min(ratios), max(ratios)
        print(
            f"  {way:6} {statistics.median(ratios):6.2f} × naive ({low:.2f}–{high:.2f}), {memory:6.1f} MB above start"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sample", nargs=3, metavar=("WAY", "KIND", "FILE"))
    options.add_argument("--lines", type=int, default=500_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    if chosen.sample:
        way, kind, path = chosen.sample
        sample(way, kind, Path(path))
        return
    with tempfile.TemporaryDirectory() as folder:
        ways = ["naive", "judge", "all"]
        if compiler := shutil.which("gcc"):
            source, library = Path(__file__).parent / "peers" / "cscan.c", Path(folder, "cscan.so")
            subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
            ways.append("c")
        for kind, lines in (("bhd", chosen.lines), ("els", chosen.lines * 2 // 5)):
            path = Path(folder, NAME[kind])
            gen.write(kind, lines, path)
            report(kind, lines, measure(kind, path, ways, chosen.rounds))
        report_largest(Path(folder))


def report_largest(folder: Path) -> None:
    """The longest file there can be, as it comes and with its records in no order: memory counts."""
    for kind in ("bhd", "els"):
        path = folder / NAME[kind]
        gen.write(kind, 999_999, path)
        report(kind, 999_999, measure(kind, path, ["naive", "judge", "all"], 1))
        shuffle(path, *FRAME[kind])
        print("  in no order:", end="")
        report(kind, 999_999, measure(kind, path, ["naive", "judge", "all"], 1))


def shuffle(path: Path, head: int, foot: int) -> None:
    """Bring the lines of a file in another order, but for some at its head and its foot."""
    lines = path.read_bytes().splitlines(keepends=True)
    middle = lines[head : len(lines) - foot]
    random.Random(1).shuffle(middle)
    path.write_bytes(b"".join([*lines[:head], *middle, *lines[len(lines) - foot :]]))


if __name__ == "__main__":
    main()
