"""Every one-byte change of a valid file is seen where it is made, said, or refused: never a change in another field."""

import dataclasses

import pytest

from syncd.formats.answers import L101, M101
from syncd.formats.orders import B101
from tests.formats.canonical import BUNDLE, DESPATCH, ELS_NAME, ORDER_NAME, ORDERS, REPORT, STOCK_BYTES, read, wire

BYTES = b"\x00\n\r\x1a *#09AJ\xe4\xff"
MADE_OF = {"at_least": {"available"}, "meaning": {"code"}, "bookable": {"note"}}
"""Fields that follow from others."""

OPTIONAL = {"mark", "back_order", "note_date", "parcel", "bundle", "extras"}
OPTIONS = {"1003": "mark", "1045": "back_order", "9042": "note_date", "9045": "parcel"}
BUNDLE_FROM = "1019"
STOCK = {"0200": "ean", "0281": "changed", "0521": "top_title", "0522": "available"}


def owners(layout, record: bytes) -> list[str | None]:
    """Name the field that each byte of a BWA record belongs to; None where it is structure."""
    names: list[str | None] = [None] * len(record)
    for column in layout.columns:
        names[column.start : column.stop] = [column.name] * (column.stop - column.start)
    place, owner = layout.length, None
    for token in record[layout.length :].split(b"*")[1:]:
        owner = "bundle" if token.startswith(BUNDLE_FROM.encode()) else owner
        name = owner or OPTIONS.get(token[:4].decode())
        names[place + 5 : place + 1 + len(token)] = [name] * max(0, len(token) - 4)
        place += 1 + len(token)
    return names


def changed(before, after) -> set[str]:
    """Name the fields in which two records differ."""
    fields = {field.name for field in dataclasses.fields(before)}
    return {name for name in fields if getattr(before, name) != getattr(after, name)}


def one_byte_changes(content: bytes):
    for place in range(len(content)):
        for byte in BYTES:
            if content[place] != byte:
                yield place, content[:place] + bytes([byte]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("kind", "layout", "record", "name"),
    [
        ("bwa-order", B101, ORDERS[0], ORDER_NAME),
        ("bwa-response", L101, DESPATCH, ELS_NAME),
        ("bwa-response", L101, BUNDLE, ELS_NAME),
        ("bwa-response", M101, REPORT, ELS_NAME),
    ],
)
def test_a_changed_byte_of_a_record(kind, layout, record, name):
    content = wire(record)
    names = owners(layout, content)
    usual, (before,) = read(kind, content, name)
    for place, spoilt in one_byte_changes(content):
        verdict, records = read(kind, spoilt, name)
        if not verdict.accepted or verdict.codes != usual.codes:
            assert set(verdict.codes) != set() or not usual.codes
            continue
        (after,) = records
        allowed = {names[place], *(field for field, source in MADE_OF.items() if names[place] in source)}
        if names[place] is None and place >= layout.length:
            allowed = OPTIONAL  # a star or an id: which options there are, and never a column
        assert changed(before, after) <= allowed, (place, spoilt[place])


def test_a_changed_byte_of_a_stock_list():
    lines = STOCK_BYTES.split(b"\r\n")
    short = b"\r\n".join([*lines[:4], lines[-2].replace(b"#001515", b"#00151"), b""])
    usual, (before,) = read("digicom", short)
    assert not usual.findings
    begin = short.index(b"#00012#0200")
    for place, spoilt in one_byte_changes(short):
        verdict, records = read("digicom", spoilt)
        if not verdict.accepted or verdict.codes:
            assert verdict.codes
            continue
        (after,) = records
        token = short.rindex(b"#", 0, place + 1)
        owner = STOCK.get(short[token + 1 : token + 5].decode()) if begin <= place else None
        allowed = {owner, *(field for field, source in MADE_OF.items() if owner in source)}
        differing = changed(before, after)
        assert differing <= allowed or short[place : place + 1] == b"#", (place, spoilt[place])


@pytest.mark.parametrize("kind", ["bwa-order", "bwa-response"])
def test_no_record_survives_a_cut_inside_it(kind):
    content, name = {"bwa-order": (wire(*ORDERS), ORDER_NAME), "bwa-response": (wire(REPORT, BUNDLE), ELS_NAME)}[kind]
    whole = {0, *(index + 1 for index, byte in enumerate(content) if byte == 0x0A)}
    complete = {place - cut for place in whole for cut in (0, 1, 2)}
    for end in set(range(1, len(content))) - complete:
        assert not read(kind, content[:end], name)[0].accepted
