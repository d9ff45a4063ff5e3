"""Umbreit's paper: order records B101 read, delivery slips L101 and reports M101 written.

By the positions of chapters 3.2, 4.3 and 4.4 of the Technische Dokumentation (12/2021), in a few lines of the house's
own: it knows no other code of ours.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

UMBREIT = "24000"
CODEPAGE = "cp1252"
QUALIFIERS = ("EN", "IB", "UM", "RK")
ORDER_NAME = re.compile(r"S_([0-9]{1,10})_([0-9]{14})")


@dataclass(frozen=True, slots=True)
class Line:
    """One order line as the house read it; `backorder` is `J`, `N` or empty."""

    customer: str
    ordered: str
    reference: str
    article: str
    qualifier: str
    quantity: int
    mark: str = ""
    backorder: str = ""


def read_order(content: bytes) -> tuple[list[Line], list[str]]:
    """Read an order file; return its lines, and what is wrong with it in sentences that name the line."""
    lines: list[Line] = []
    wrong: list[str] = []
    if not content.endswith(b"\n"):
        wrong.append("the file does not end with a line end")
    for number, raw in enumerate(content.decode(CODEPAGE, "replace").splitlines(), 1):
        try:
            lines.append(read_line(raw))
        except ValueError as problem:
            wrong.append(f"line {number}: {problem}")
    return lines, wrong if lines or wrong else ["the file is empty"]


def read_line(raw: str) -> Line:
    """Read one B101 record; raises ValueError saying what is wrong with it."""
    fixed, star, rest = raw[:67], raw[67:68], raw[68:]
    checks = {
        "the record does not begin with B101": fixed[0:4] == "B101",
        "the mandatory part is not 67 characters long": star == "*",
        "the record does not end with *9999": raw.endswith("*9999"),
        "a party is not qualified VD": (fixed[14:16], fixed[26:28]) == ("VD", "VD"),
        f"the receiver is not {UMBREIT}": fixed[16:26] == f"{UMBREIT:<10}",
        "the customer number is not a number": fixed[4:14].rstrip(" ").isdecimal(),
        "the order date is not a date": _is_date(fixed[28:36]),
        "the article number is missing": fixed[46:47].strip(" ") != "",
        "the article qualifier is unknown": fixed[59:61] in QUALIFIERS,
        "the quantity is not a number from 0001": re.fullmatch("[0-9]{4}", fixed[61:65]) is not None
        and fixed[61:65] != "0000",
        "the quantity is not qualified ST": fixed[65:67] == "ST",
    }
    for sentence, good in checks.items():
        if not good:
            raise ValueError(sentence)
    values = {token[:4]: token[4:] for token in rest.split("*")}
    return Line(
        customer=fixed[4:14].rstrip(" "),
        ordered=fixed[28:36],
        reference=fixed[36:46].rstrip(" "),
        article=fixed[46:59].rstrip(" "),
        qualifier=fixed[59:61],
        quantity=int(fixed[61:65]),
        mark=values.get("1003", ""),
        backorder=values.get("1045", ""),
    )


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007  a date alone has no zone
    except ValueError:
        return False
    return len(text) == 8


def delivered(
    line: Line, *, quantity: int, price: int, on: date, slip: str = "", position: int = 0, discount: int = 300000
) -> str:
    """Write L101 (4.3.1). price: ten-thousandths of a euro; discount: of a percent. Without a slip it informs (ERM)."""
    return (
        f"L101{UMBREIT:<10}VD{line.customer:<10}VD{on:%Y%m%d}{slip:<10}{position:04d}{line.reference:<10}"
        f"{line.article:<13}{line.qualifier}{quantity:04d}{price:015d}LPEUR{discount:08d}1"
        f"{_mark(line)}*90901*904000000000*90430000000000000000*9999\r\n"
    )


def reported(line: Line, *, code: int, backorder: str, slip: str = "", on: date | None = None) -> str:
    """Write M101 (4.4); the delivered part is always 0000, the slip's date stands in 9042 where there is a slip."""
    dated = f"*9042{on:%Y%m%d}" if on is not None else ""
    return (
        f"M101{UMBREIT:<10}VD{line.customer:<10}VD{slip:<10}{line.reference:<10}{line.article:<13}{line.qualifier}"
        f"{code:03d}{backorder}{'':<8}0000{_mark(line)}*90901{dated}*9999\r\n"
    )


def _mark(line: Line) -> str:
    return f"*1003{line.mark}" if line.mark else ""


def slip_name(customer: str, slip: str, dice: int) -> str:
    """Name an ELS (4.1): the random number has six digits and three zeros before it."""
    return f"R_{customer}{slip}000{dice:06d}"


def response_name(customer: str, number: str, dice: int) -> str:
    """Name an ERM (4.1)."""
    return f"R_{customer}M{number}000{dice:06d}"
