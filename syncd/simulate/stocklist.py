"""CB's stock list BHDART 0608 in Digicom form, written by the tables of "Berichtdefinitie" in CB's document."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

CB_ID = "8894126"
MOST = 698
"""“Dit aantal heeft een maximum van 698 expl.”"""


@dataclass(frozen=True, slots=True)
class Row:
    """One article that can be delivered within 24 hours."""

    ean: str
    quantity: int
    changed: date | None = None
    top: str = "N"


def stock_list(rows: Iterable[Row], *, receiver: str, at: datetime, reference: str) -> bytes:
    """Write a whole message: header, two parties, one line an article, footer. at: CB's local time."""
    details = [_detail(row) for row in rows]
    lines = [
        f"#00010#0002BHDART#00030608#0004{at:%Y%m%d}#0005{at:%H%M}#0006{reference}#00070#00080",
        f"#00011#0009AFZ#0010{CB_ID}#0011CB",
        f"#00011#0009ONTV#0010{receiver}#0011CB",
        *details,
        f"#00019#0015{len(details)}#0006{reference}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("iso-8859-1")


def _detail(row: Row) -> str:
    changed = f"#0281{row.changed:%Y%m%d}" if row.changed is not None else ""
    return f"#00012#0200{row.ean}{changed}#0521{row.top}#0522{min(row.quantity, MOST)}"


def invented_rows(count: int, *, start: int = 0) -> list[Row]:
    """Invent articles with right check digits, ascending; quantities run through 0 to 698."""
    return [Row(ean(f"978900{start + number:06d}"), number * 7 % (MOST + 1)) for number in range(count)]


def ean(twelve: str) -> str:
    """Add the check digit to twelve digits."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)
