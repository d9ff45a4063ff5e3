"""The literals of `syncd.suppliers` against the sentences of the seeds."""

import re
from dataclasses import replace

import pytest

from syncd.model import Mode
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.cb import CB
from syncd.suppliers.rules import Consume, Publish, Verb
from syncd.suppliers.umbreit import UMBREIT


@pytest.mark.parametrize(
    ("filename", "mode"),
    [
        ("cover.jpg", Mode.BINARY),
        ("COVER.JPG", Mode.BINARY),
        ("boek.epub", Mode.BINARY),
        ("a.pdf", Mode.BINARY),
        ("a.zip", Mode.BINARY),
        ("stock.bhd", Mode.ASCII),
        ("a.zip.txt", Mode.ASCII),
        ("zip", Mode.ASCII),
        ("a.jpeg", Mode.ASCII),
    ],
)
def test_cb_decides_the_mode_by_the_last_extension(filename, mode):
    assert CB.mode(filename) is mode


def test_umbreit_transfers_everything_in_ascii():
    assert UMBREIT.mode("S_900900_20261121010203") is Mode.ASCII
    assert UMBREIT.mode("R_90090024123456000123456") is Mode.ASCII


def test_cb_may_neither_rename_nor_remove():
    assert not CB.verbs() & {Verb.RNFR, Verb.RNTO, Verb.DELE}


def test_umbreit_may_rename_and_remove_a_temporary_name():
    assert {Verb.RNFR, Verb.RNTO, Verb.DELE} <= UMBREIT.verbs()


def test_a_file_may_be_removed_where_the_account_may_ask_for_it():
    asked = replace(CB, inbound=(replace(CB.inbound[0], consume=Consume.WE_REMOVE),))
    assert Verb.DELE in asked.verbs()


def test_a_temporary_name_never_matches_a_published_one():
    for supplier in SUPPLIERS.values():
        for channel in supplier.outbound:
            if channel.publish is Publish.RENAME:
                assert not channel.takes("T1.1")


@pytest.mark.parametrize(
    "name", ["../x.bhd", "a/b.bhd", ".bhd", "a.BHD", "a b.bhd", "a.bhd\n", "ä.bhd", "x" * 65 + ".bhd"]
)
def test_cb_takes_only_names_of_its_own_alphabet(name):
    assert not CB.inbound[0].takes(name)


@pytest.mark.parametrize(("name", "channel"), [("a.bhd", "stock"), ("receipt.txt", "raw"), ("a b.txt", None)])
def test_a_file_at_cb_belongs_to_one_channel(name, channel):
    owner = CB.channel_of("out", name)
    assert (owner.name if owner else None) == channel
    assert CB.channel_of("in", name) is None


def test_every_pattern_compiles_and_every_zone_exists():
    import zoneinfo

    for supplier in SUPPLIERS.values():
        zoneinfo.ZoneInfo(supplier.timezone)
        for channel in (*supplier.inbound, *supplier.outbound):
            re.compile(channel.pattern)


def test_only_cb_goes_below_tls_1_2_and_says_why():
    low = [s for s in SUPPLIERS.values() if s.tls.minimum != "1.2"]
    assert low == [CB]
    assert CB.tls.reason
