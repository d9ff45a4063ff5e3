"""The names of Umbreit's files: what they say, and how the next order is named.

Source: Umbreit, Technische Dokumentation 12/2021, 3.1 and 4.1.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

ORDER = re.compile(r"S_([0-9]{1,10})_([0-9]{14})")
ANSWER = re.compile(r"R_([0-9]{6})(M?)([0-9]{1,10})000([0-9]{6})")
"""Six digits of customer number at the left, nine of random number at the right; nothing separates the parts."""

STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class OrderName:
    """`S_<customer>_<YYYYMMDDHHMMSS>`."""

    customer: str
    stamp: str

    @classmethod
    def read(cls, name: str) -> "OrderName | None":
        """Read a name; None where it is none, or its date and time do not exist."""
        match = ORDER.fullmatch(name)
        return cls(match[1], match[2]) if match and _moment(match[2]) else None


@dataclass(frozen=True, slots=True)
class AnswerName:
    """`R_<customer>[M]<document>000nnnnnn`; with M it answers an order, else it is a delivery note."""

    customer: str
    order_response: bool
    document: str
    """Number of the delivery note, or of the order at Umbreit."""
    random: str

    @classmethod
    def read(cls, name: str) -> "AnswerName | None":
        """Read a name; None where it is none. Capitals count."""
        match = ANSWER.fullmatch(name)
        return cls(match[1], match[2] == "M", match[3], match[4]) if match else None


def next_order_name(template: str, customer: str, now: datetime, last_stamp: str | None, *, zone: tzinfo) -> str:
    """Name the next order of a customer: unique per second, also in the hour that October repeats.

    `template` has the places `{customer}` and `{stamp}`; `now` is aware; `zone` is the supplier's, whose wall clock the
    name shows; `last_stamp` is the greatest stamp ever used for this customer, which the new one always exceeds.
    """
    stamp = now.astimezone(zone).strftime(STAMP)
    last = _moment(last_stamp) if last_stamp else None
    if last is not None and stamp <= last.strftime(STAMP):
        stamp = (last + timedelta(seconds=1)).strftime(STAMP)
    return template.format(customer=customer, stamp=stamp)


def order_stamp(name: str) -> str | None:
    """Return the 14 digits of an order's name, to be remembered for the next one."""
    order = OrderName.read(name)
    return order.stamp if order else None


def _moment(stamp: str) -> datetime | None:
    """Read a stamp as wall-clock time; None where it does not exist."""
    try:
        return datetime.strptime(stamp, STAMP)  # noqa: DTZ007 -- a wall clock without a zone is what the name holds
    except ValueError:
        return None
