"""A shop that takes messages: it remembers their ids, and an interchange counts for it when all its parts are there."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests.sinks.contract import Lines


def lines_in(messages: Iterable[tuple[str, bytes]]) -> Lines:
    """Count the lines of each whole interchange among messages, given as (id, body)."""
    parts: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for identity, body in messages:
        part = json.loads(body)
        key, _, span = identity.partition(".")
        first, _, last = span.partition("-")
        assert part["interchange"]["key"] == key
        assert len(part["records"]) == int(last) - int(first) + 1
        known = parts[key].setdefault(part["part"], part)
        assert known == part, f"another message of the id {identity}"
    return sum(map(_lines, parts.values()), Counter())


def _lines(parts: dict[int, dict[str, Any]]) -> Lines:
    final = [number for number, part in parts.items() if part["final"]]
    if final != [len(parts)]:
        return Counter()
    records = [record for number in sorted(parts) for record in parts[number]["records"]]
    return Counter((parts[1]["interchange"]["name"], record["line"]) for record in records)
