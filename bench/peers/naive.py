"""The naive parsers that every parse ratio is measured against: what a careful person writes in ten minutes.

naive.py bhd|els FILE      parse FILE, print rows, seconds of CPU and a checksum.
Both take a path and return a list with one dataclass instance per record.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass
class Stock:
    ean: str
    peil: dt.date | None
    mut: dt.date | None
    top: str
    qty: int


@dataclass
class Delivery:
    kind: str
    note: str
    pos: int | None
    ref: str
    article: str
    qualifier: str
    qty: int
    price: Decimal | None
    discount: Decimal | None
    vat: str | None
    code: str | None
    mark: str | None
    options: list[tuple[str, str]]


def day(text: str) -> dt.date:
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))


def bhd(path: str) -> list[Stock]:
    rows = []
    with Path(path).open(encoding="latin-1") as file:
        for number, line in enumerate(file, 1):
            d = {p[:4]: p[4:] for p in line.rstrip("\r\n").split("#")[1:]}
            if d["0001"] != "2":
                continue
            ean, mut, peil, qty = d["0200"], d.get("0281"), d.get("0500"), int(d["0522"])
            if len(ean) != 13 or not ean.isdigit() or qty > 698:
                raise ValueError(f"line {number}")
            rows.append(Stock(ean, day(peil) if peil else None, day(mut) if mut else None, d["0521"], qty))
    return rows


def els(path: str) -> list[Delivery]:
    rows = []
    with Path(path).open(encoding="latin-1") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\r\n")
            if not line.endswith("*9999"):
                raise ValueError(f"line {number}: no *9999")
            kind = line[:4]
            if kind == "L101":
                day(line[28:36])
                options = [(p[:4], p[4:]) for p in line[108:].split("*")[1:]]
                rows.append(
                    Delivery(
                        kind,
                        line[36:46].strip(),
                        int(line[46:50]),
                        line[50:60].strip(),
                        line[60:73].strip(),
                        line[73:75],
                        int(line[75:79]),
                        Decimal(line[79:94]) / 10000,
                        Decimal(line[99:107]) / 10000,
                        line[107],
                        None,
                        dict(options).get("1003"),
                        options,
                    )
                )
            elif kind == "M101":
                options = [(p[:4], p[4:]) for p in line[79:].split("*")[1:]]
                rows.append(
                    Delivery(
                        kind,
                        line[28:38].strip(),
                        None,
                        line[38:48].strip(),
                        line[48:61].strip(),
                        line[61:63],
                        int(line[75:79]),
                        None,
                        None,
                        None,
                        line[63:66],
                        dict(options).get("1003"),
                        options,
                    )
                )
            else:
                raise ValueError(f"line {number}")
    return rows


if __name__ == "__main__":
    start = time.process_time()
    out = {"bhd": bhd, "els": els}[sys.argv[1]](sys.argv[2])
    print(len(out), f"{time.process_time() - start:.3f}", sum(r.qty for r in out))
