"""Durations and sizes as people write them: `90s`, `5m`, `1h`; `64MB`, `1GiB`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

DURATION = r"^[0-9]+(ms|s|m|h|d)$"
SIZE = r"^[0-9]+(B|KB|MB|GB|KiB|MiB|GiB)$"

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_BYTES = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6, "KiB": 2**10, "KB": 10**3, "B": 1}


def parse_duration(text: object) -> timedelta:
    """Read a duration; raise ValueError with an example."""
    if not isinstance(text, str) or not re.match(DURATION, text):
        raise ValueError('should be a duration as text, such as "90s", "5m" or "1h"')
    number, unit = re.findall(r"[0-9]+|[a-z]+", text)
    if int(number) > timedelta(days=366) // _UNITS[unit]:
        raise ValueError("should be a year at most")
    return int(number) * _UNITS[unit]


def show_duration(duration: timedelta) -> str:
    """Write a duration in the largest unit that leaves a whole number."""
    unit = next((unit for unit, length in _UNITS.items() if duration and not duration % length), "s")
    return f"{duration // _UNITS[unit]}{unit}"


def parse_size(text: object) -> int:
    """Read a size in bytes; raise ValueError with an example."""
    if not isinstance(text, str) or not re.match(SIZE, text):
        raise ValueError('should be a size as text, such as "64MB" or "1GiB"')
    number, unit = re.findall(r"[0-9]+|[A-Za-z]+", text)
    return int(number) * _BYTES[unit]


def show_size(size: int) -> str:
    """Write a size in the largest unit that leaves a whole number."""
    unit = next((unit for unit, length in _BYTES.items() if size and size % length == 0), "B")
    return f"{size // _BYTES[unit]}{unit}"


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(show_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION}),
]
Size = Annotated[
    int,
    PlainValidator(parse_size),
    PlainSerializer(show_size),
    WithJsonSchema({"type": "string", "pattern": SIZE}),
]
