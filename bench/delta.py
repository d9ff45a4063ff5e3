"""What changed between two stock lists, against the obvious ways: `python -m bench.delta [--lines N] [--rounds N]`.

The later list has another stock for 5 % of the titles, lacks 1 %, and has 1 % that are new. Both ascend by EAN, as CB's
do; then both are in no order. Each sample runs in a fresh process, which also prints what it counted; unequal counts
void the run. The ways are shuffled in each round, ratios are formed inside a round, and the medians are printed. CPU
seconds are used, those of programs that are run included; read the ratios, not the times.

delta    what a sink with `delta = true` is handed: a record of each change, made from the two files
dicts    the obvious way: a dict from EAN to line for each file; changes are counted, and none is made a record
comm     `comm -3` of two files that are sorted: lines that differ, and no records
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from bench.parse import blocks, peak, shuffle
from bench.peers import gen
from syncd.formats import FORMATS, Context, Listing, changes
from syncd.model import Verdict

ROOT = Path(__file__).parent.parent
VERDICT = Verdict("digicom", "BHDART", accepted=True)

Found = dict[str, int]
"""Articles that are new, changed and gone."""


def delta(old: Path, new: Path) -> Found:
    before, now = (Listing(partial(blocks, path), Context(name=path.name), VERDICT) for path in (old, new))
    return Counter(str(change.change) for change in changes(FORMATS["digicom"], before, now))


def dicts(old: Path, new: Path) -> Found:
    was, now = ({line[11:24]: line for line in path.open("rb") if line[5:6] == b"2"} for path in (old, new))
    changed = sum(ean in was and was[ean] != line for ean, line in now.items())
    return {"new": len(now.keys() - was.keys()), "changed": changed, "gone": len(was.keys() - now.keys())}


def comm(old: Path, new: Path) -> Found:
    command = ["comm", "-3", "--nocheck-order", str(old), str(new)]
    said = subprocess.run(command, check=True, capture_output=True, env={"LC_ALL": "C"}).stdout.split(b"\n")
    was = {line[11:24] for line in said if line[5:6] == b"2"}
    now = {line[12:25] for line in said if line[:1] == b"\t" and line[6:7] == b"2"}
    return {"new": len(now - was), "changed": len(now & was), "gone": len(was - now)}


WAYS: dict[str, Callable[[Path, Path], Found]] = {"dicts": dicts, "delta": delta, "comm": comm}


def sample(way: str, old: Path, new: Path) -> None:
    """Run one way in this process and print what it took."""
    before, start = peak(), seconds()
    found = WAYS[way](old, new)
    took, megabytes = seconds() - start, (peak() - before) / 1024
    print(json.dumps({"seconds": took, "megabytes": megabytes, "found": dict(sorted(found.items()))}))


def seconds() -> float:
    usages = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(ways: list[str], old: Path, new: Path, rounds: int) -> dict[str, list[dict]]:
    samples: dict[str, list[dict]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in random.sample(ways, len(ways)):
            command = [sys.executable, "-m", "bench.delta", "--sample", way, str(old), str(new)]
            samples[way].append(json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout))
    found = [result["found"] for way in ways for result in samples[way]]
    assert all(each == found[0] for each in found), f"unequal counts: this run is void: {found}"
    print(", ".join(f"{count} {change}" for change, count in found[0].items()))
    return samples


def report(samples: dict[str, list[dict]]) -> None:
    for way, results in samples.items():
        ratios = [base["seconds"] / own["seconds"] for base, own in zip(samples["dicts"], results, strict=True)]
        memory, low, high = statistics.median(result["megabytes"] for result in results), min(ratios), max(ratios)
        print(
            f"  {way:6} {statistics.median(ratios):5.2f} × dicts ({low:.2f}–{high:.2f}), {memory:5.1f} MB above start"
        )


def write(path: Path, rows: Iterable[gen.StockRow], time: str) -> None:
    lines = [gen.bhd_line(row) for row in rows]
    content = (gen.bhd_header(time=time), *lines, f"#00019#0015{len(lines)}#0006160030\r\n")
    path.write_text("".join(content), encoding="latin-1", newline="")


def later(rows: Iterable[gen.StockRow]) -> Iterable[gen.StockRow]:
    chance = random.Random(7)
    for ean, *rest, stock in rows:
        luck = chance.random()
        if luck >= 0.01:
            yield (ean, *rest, stock % 698 + 1 if luck < 0.06 else stock)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sample", nargs=3, metavar=("WAY", "OLD", "NEW"))
    options.add_argument("--lines", type=int, default=990_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    if chosen.sample:
        way, old, new = chosen.sample
        sample(way, Path(old), Path(new))
        return
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old.bhd"), Path(folder, "new.bhd")
        rows = list(gen.bhd_rows(chosen.lines))
        fresh = [(gen.ean13(979900000000 + number), *rows[number][1:]) for number in range(chosen.lines // 100)]
        write(old, rows, "0458")
        write(new, [*later(rows), *fresh], "1400")
        print(f"\n{chosen.lines} lines, ascending: ", end="")
        report(measure(["dicts", "delta", "comm"], old, new, chosen.rounds))
        for path in (old, new):
            shuffle(path, 3, 1)
        print(f"\n{chosen.lines} lines in no order: ", end="")
        report(measure(["dicts", "delta"], old, new, chosen.rounds))


if __name__ == "__main__":
    main()
