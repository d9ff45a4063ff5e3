"""Telnet, declined: RFC 854 and 855 in pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.transport.telnet import Telnet

CASES = {
    "none": (b"Login: ", b"Login: ", b""),
    "an offer": (b"\xff\xfb\x01Login: ", b"Login: ", b"\xff\xfe\x01"),
    "a wish": (b"\xff\xfd\x18Login: ", b"Login: ", b"\xff\xfc\x18"),
    "said twice": (b"\xff\xfb\x01\xff\xfb\x01", b"", b"\xff\xfe\x01\xff\xfe\x01"),
    "refusals need no reply": (b"\xff\xfc\x01\xff\xfe\x03a", b"a", b""),
    "a subnegotiation": (b"a\xff\xfa\x18\x01\xff\xff\x00\xff\xf0b", b"ab", b""),
    "commands in between": (b"a\xff\xf1b\xff\xf9c\xff\xf2", b"abc", b""),
    "a 255 that is meant": (b"L'Ha\xff\xff-les-Roses", b"L'Ha\xff-les-Roses", b""),
    "option 255": (b"\xff\xfd\xffa", b"a", b"\xff\xfc\xff"),
}


@pytest.mark.parametrize(("data", "text", "reply"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_what_is_heard_and_replied(data: bytes, text: bytes, reply: bytes, size: int):
    telnet = Telnet()
    heard = [telnet.hear(data[start : start + size]) for start in range(0, len(data), size)]
    assert b"".join(part for part, _ in heard) == text
    assert b"".join(part for _, part in heard) == reply


@given(st.binary(max_size=200), st.integers(0, 200))
def test_pieces_make_no_difference(data: bytes, cut: int):
    whole, pieces = Telnet(), Telnet()
    first, second = pieces.hear(data[:cut]), pieces.hear(data[cut:])
    assert whole.hear(data) == (first[0] + second[0], first[1] + second[1])


@given(st.binary(max_size=200).filter(lambda data: b"\xff" not in data))
def test_a_server_without_telnet_passes_through(data: bytes):
    assert Telnet().hear(data) == (data, b"")
