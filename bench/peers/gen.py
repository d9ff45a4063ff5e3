"""Writes large valid files, the same for every run: `python bench/peers/gen.py bhd|els LINES FILE [SEED]`."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

StockRow = tuple[str, "str | None", "str | None", str, int]

NAMES = ["MEIER", "Müller", "Schröder", "testBZ", "Groß", "4711", "A-12", "Buchclub", "Léa", "Abholfach 7"]


def ean13(body: int) -> str:
    digits = f"{body:012d}"
    total = sum(map(int, digits[0::2])) + 3 * sum(map(int, digits[1::2]))
    return digits + str((10 - total % 10) % 10)


def dates(rng: random.Random, count: int = 2000) -> list[str]:
    return [f"{rng.randint(2012, 2026):04d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}" for _ in range(count)]


def bhd_header(reference: str = "160030", day: str = "20261121", time: str = "0458") -> str:
    return (
        f"#00010#0002BHDART#00030608#0004{day}#0005{time}#0006{reference}#00070#00080\r\n"
        "#00011#0009AFZ#00108894126#0011CB\r\n"
        "#00011#0009ONTV#00109999999#0011CB\r\n"
    )


def bhd_rows(count: int, seed: int = 4, counted: float = 0.02, unchanged: float = 0.01) -> Iterator[StockRow]:
    """Yield EAN, day counted, day changed, top title and stock; EANs ascend, as CB's do."""
    rng = random.Random(seed)
    days = dates(rng)
    body = 978900000000
    for _ in range(count):
        body += rng.randint(1, 9)
        stock = min(698, int(rng.paretovariate(0.7)))
        yield (
            ean13(body),
            "20261120" if rng.random() < counted else None,
            None if rng.random() < unchanged else days[rng.randrange(len(days))],
            "J" if rng.random() < 0.03 else "N",
            stock,
        )


def bhd_line(row: StockRow) -> str:
    ean, counted, changed, top, stock = row
    optional = (f"#0500{counted}" if counted else "") + (f"#0281{changed}" if changed else "")
    return f"#00012#0200{ean}{optional}#0521{top}#0522{stock}\r\n"


def bhd(count: int, seed: int = 4) -> Iterator[str]:
    yield bhd_header()
    yield from map(bhd_line, bhd_rows(count, seed))
    yield f"#00019#0015{count}#0006160030\r\n"


def els_line(rng: random.Random, number: int) -> str:
    ean = ean13(978300000000 + rng.randrange(10**8))
    note = f"24{123456 + number // 40:06d}"
    name = NAMES[rng.randrange(len(NAMES))]
    if rng.random() < 0.8:
        return despatch_line(rng, number, ean, note, name)
    expected = f"2026{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}" if rng.random() < 0.5 else " " * 8
    return (
        f"M101{'24000':<10}VD{'900900':<10}VD{note:<10}{212121 + number % 999:<10}{ean}EN"
        f"{rng.choice((1, 7, 10, 15, 17, 20, 99)):03d}{rng.choice('JN')}{expected}0000"
        f"*1003{name:<15}*90901*904220261120*9999\r\n"
    )


def despatch_line(rng: random.Random, number: int, ean: str, note: str, name: str) -> str:
    bundle = rng.random() < 0.005
    price = rng.randrange(300, 9900) * 100
    line = (
        f"L101{'24000':<10}VD{'900900':<10}VD20261120{note:<10}{number % 40 + 1:04d}{202020 + number % 999:010d}"
        f"{ean}EN{rng.randint(1, 20):04d}{price:015d}{'LP' if rng.random() < 0.9 else 'FP'}EUR"
        f"{rng.choice((300000, 325000, 400000)):08d}{'6' if bundle else rng.choice('0112')}"
        f"*1003{name}*90901*904000000000*9043{0:015d}"
    )
    if rng.random() < 0.5:
        line += f"*90450052{rng.randrange(10**6):06d}"
    for part, form in ((1, "PHY"), (2, "DIG")) if bundle else ():
        line += (
            f"*1019{part}*1029{price // 3}*1030NO*1032EUR*1029{price // 2}*1030LP*1032EUR"
            f"*1101{ean}-{part}*1102VB*1151{form}"
        )
    return line + "*9999\r\n"


def els(count: int, seed: int = 3) -> Iterator[str]:
    rng = random.Random(seed)
    for number in range(count):
        yield els_line(rng, number)


def write(kind: str, count: int, path: Path, seed: int | None = None) -> None:
    make = {"bhd": bhd, "els": els}[kind]
    with path.open("w", encoding="latin-1", newline="") as file:
        file.writelines(make(count) if seed is None else make(count, seed))


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else None)
