"""The changes between two lists, applied to the earlier one, give the later one: for any lists, in any order."""

import random
from dataclasses import fields, replace

import pytest

from bench.peers import gen
from syncd.formats import FORMATS, AvailabilityLine, Change, Context, Listing, StockChange, StockLine, changes
from tests.formats.test_ola_answers import GOOD

DIGICOM = FORMATS["digicom"]


def listing(lines, format_=DIGICOM, name="x.bhd"):
    """Judge a list made of details, as bytes."""
    frame = (gen.bhd_header().encode(), f"#00019#0015{len(lines)}#0006160030\r\n".encode())
    content = b"".join((frame[0], *lines, frame[1])) if format_ is DIGICOM else b"".join(lines)
    context = Context(name=name)
    verdict = format_.judge(lambda: [content], context)
    assert verdict.accepted
    return Listing(lambda: [content], context, verdict)


def state(given, format_=DIGICOM):
    """What counts of a list: the last record of each key, without its line."""
    return {getattr(record, record.key[0]): replace(record, line=0) for record in given.records(format_)}


def applied(before, told):
    """Apply changes as a sink would, and insist that each of them is one."""
    after = dict(before)
    for number, change in enumerate(told, 1):
        key = getattr(change, change.key[0])
        assert change.line == number
        kept = {each.name: getattr(change, each.name) for each in fields(change) if each.name not in ("change", "line")}
        record = next(base for base in type(change).__mro__[1:])(line=0, **kept)
        match change.change:
            case Change.NEW:
                assert key not in after
                after[key] = record
            case Change.CHANGED:
                assert after[key] != record
                after[key] = record
            case Change.GONE:
                assert after.pop(key) == replace(record, **{name: getattr(before[key], name) for name in change.gone})
    return after


def detail(ean, available, chance):
    """One detail; seldom in an odd way: attributes turned round, bad, with letters, or with another line end."""
    plain, way = gen.bhd_line((ean, None, "20261121", "N", available)).encode(), chance.random()
    if way < 0.9:
        return plain
    return chance.choice((
        f"#00012#0522{available}#0521N#0200{ean}\r\n".encode(),
        f"#00012#0200{ean}#0521N\r\n".encode(),
        f"#00012#0200{ean[:-1]}x#0521N#0522{available}\r\n".encode(),
        f"#00012 #0200{ean}#0281#0521N#0522{available:06d}\n".encode(),
        plain.replace(b"#0522", b"#9999\xe4#0522"),
        plain.replace(b"\r\n", b"\r\r\n"),
    ))  # fmt: skip


def some_list(chance, eans, *, ascending, repeated):
    chosen = [ean for ean in eans if chance.random() < 0.7]
    chosen += chance.choices(eans, k=3) if repeated else []
    if ascending:
        chosen.sort()
    else:
        chance.shuffle(chosen)
    return listing([detail(ean, chance.choice((1, 2, 698)), chance) for ean in chosen])


@pytest.mark.parametrize("seed", range(60))
def test_changes_applied_to_the_earlier_list_give_the_later_one(seed):
    chance = random.Random(seed)
    eans = [gen.ean13(978900000000 + number * 7) for number in range(chance.choice((0, 1, 5, 60)))]
    way = {"ascending": seed % 3 > 0, "repeated": seed % 5 == 0 and bool(eans)}
    old, new = some_list(chance, eans, **way), some_list(chance, eans, **way)
    told = list(changes(DIGICOM, old, new))
    assert applied(state(old), told) == state(new)
    assert list(changes(DIGICOM, old, new)) == told, "the same each time"
    assert applied({}, changes(DIGICOM, listing([]), new)) == state(new)
    assert list(changes(DIGICOM, new, new)) == []


@pytest.mark.parametrize("order", ["ascending", "none", "repeated"])
def test_long_lists_are_compared_range_by_range(order):
    chance = random.Random(order)
    rows = list(gen.bhd_rows(45_000))
    later = [(*row[:4], row[4] + (chance.random() < 0.05)) for row in rows if chance.random() > 0.02]
    later += [(gen.ean13(979900000000 + number), None, None, "N", 5) for number in range(3)]
    for each in (rows, later):
        if order == "none":
            chance.shuffle(each)
        elif order == "repeated":
            each.insert(9, each[-9])
            chance.shuffle(each)
    old, new = (listing([gen.bhd_line(row).encode() for row in each]) for each in (rows, later))
    told = list(changes(DIGICOM, old, new))
    assert applied(state(old), told) == state(new)
    assert {change.change for change in told} == set(Change)


def test_without_an_earlier_list_everything_is_new():
    new = listing([gen.bhd_line(row).encode() for row in gen.bhd_rows(5)])
    told = list(changes(DIGICOM, None, new))
    assert applied({}, told) == state(new)
    assert all(isinstance(change, StockChange) and isinstance(change, StockLine) for change in told)


def test_what_is_gone_has_no_copies():
    one = gen.bhd_line(("9789881892331", None, "20261121", "N", 698)).encode()
    (gone,) = changes(DIGICOM, listing([one]), listing([]))
    assert isinstance(gone, StockChange)
    assert (gone.change, gone.available, gone.at_least) == (Change.GONE, 0, False)


def test_answers_of_a_watch_list_have_changes_too():
    ola = FORMATS["ola"]
    other, fewer = (GOOD.replace(b"9783842344549", ean) for ean in (b"9783406501593", b"9783869170596"))
    old, new = listing([GOOD, other], ola), listing([GOOD.replace(b"^2^2^1^2^", b"^2^2^1^3^"), fewer], ola)
    told = list(changes(ola, old, new))
    assert applied(state(old, ola), told) == state(new, ola)
    assert [isinstance(each, AvailabilityLine) and each.change for each in told] == [
        Change.CHANGED,
        Change.NEW,
        Change.GONE,
    ]
