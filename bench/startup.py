"""How much longer `syncd --version` takes than Python itself: the median of many turns, taken alternately."""

import statistics
import subprocess
import sys
import time

TURNS = 25
LIMIT = 6.0


def seconds(*arguments: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> int:
    bare, version = [], []
    for _ in range(TURNS):
        bare.append(seconds("-c", "pass"))
        version.append(seconds("-m", "syncd", "--version"))
    ratio = statistics.median(version) / statistics.median(bare)
    print(f"python -c pass     {statistics.median(bare) * 1000:7.1f} ms")
    print(f"syncd --version    {statistics.median(version) * 1000:7.1f} ms   {ratio:.1f} x (limit {LIMIT})")
    return ratio >= LIMIT


if __name__ == "__main__":
    sys.exit(main())
