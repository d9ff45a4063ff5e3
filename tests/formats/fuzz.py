"""Spoils files without end and reads them: `python -m tests.formats.fuzz [--minutes N] [--seed N]`, or `make fuzz`.

Each parser gets an equal share of the minutes. It starts from the files of the corpus and from large plain ones, and
must hold three promises on each: no exception, a verdict that agrees with its findings and records, and the same from
the fast and from the exact way, whatever the blocks. What breaks one is kept in a file that is named.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from syncd.formats import FORMATS, Context
from syncd.formats.digicom import DigicomFormat
from syncd.formats.responses import ResponseFormat
from tests.formats.canonical import ELS_NAME, ERM_NAME
from tests.formats.test_properties import SAMPLES, fuzz
from tests.formats.test_two_ways import both_ways, delivery_note, spoil, stock_list

CORPUS = Path(__file__).parent / "corpus"
TWO_WAYS = {"digicom": DigicomFormat, "bwa-response": ResponseFormat}
LARGE = {"digicom": stock_list, "bwa-response": delivery_note}
PARSERS = [kind for kind in FORMATS if kind != "raw"]
"""What is kept raw is not parsed."""
SIZES = (1 << 18, 4096, 100, 1)


def seeds(kind: str) -> list[tuple[bytes, str]]:
    """Return content and name of files to begin with."""
    found = [SAMPLES[kind]]
    for expected in sorted(CORPUS.glob("*/expected.json")):
        if json.loads(expected.read_text(encoding="utf-8"))["format"] == kind:
            (path,) = (path for path in expected.parent.iterdir() if path != expected)
            found.append((path.read_bytes(), path.name))
    if kind in LARGE:
        found += [(LARGE[kind](lines, 1), ELS_NAME) for lines in (3, 40, 300)] * 20
    return found


def attempts(kind: str, rng: random.Random) -> Iterator[tuple[bytes, str]]:
    """Yield spoilt files without end; some are spoilt twice, or made of two."""
    known = seeds(kind)
    while True:
        content, name = rng.choice(known)
        if rng.random() < 0.1:
            content += rng.choice(known)[0]
        if content:
            content = spoil(content, rng)
        yield content, rng.choice((name, name, name, ERM_NAME, ""))


def check(kind: str, content: bytes, name: str, size: int) -> None:
    """Raise AssertionError, or whatever the parser raises, where a promise is broken."""
    fuzz(kind, content, name)
    if kind in TWO_WAYS:
        fast, exact = both_ways(TWO_WAYS[kind], content, Context(name=name), size)
        assert fast == exact, "the fast and the exact way differ"


def run(kind: str, seconds: float, rng: random.Random) -> int:
    """Spoil and read for some seconds and return how many files that were."""
    end = time.monotonic() + seconds
    for count, (content, name) in enumerate(attempts(kind, rng)):
        if time.monotonic() > end:
            return count
        size = rng.choice(SIZES)
        try:
            check(kind, content, name, size)
        except Exception:
            with tempfile.NamedTemporaryFile(prefix=f"fuzz-{kind}-", delete=False) as kept:
                kept.write(content)
            print(f"{kind}: name {name!r}, blocks of {size}: {kept.name}", file=sys.stderr)
            raise
    raise AssertionError("there is always one more")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=time.time_ns())
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    for kind in PARSERS:
        count = run(kind, chosen.minutes * 60 / len(PARSERS), random.Random(chosen.seed))
        print(f"{kind}: {count} spoilt files, every promise held", flush=True)


if __name__ == "__main__":
    main()
