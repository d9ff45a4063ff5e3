"""The house at a library, visited by the plainest of clients: sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import UsageError
from syncd.simulate.alma import ADDRESS, FAULTS, AlmaHouse, Fault, parse_faults
from syncd.simulate.words import sentence
from tests.simulate.clients import START

DOCS = Path(__file__).parents[2] / "docs" / "simulate.md"


@asynccontextmanager
async def opened(*faults: str, **changes: Any) -> AsyncIterator[AlmaHouse]:
    given: dict[str, Any] = {"accounts": {"01234567": "BTJ-PR", "Stad Ö": "bokus"}, "clock": lambda: START} | changes
    async with AlmaHouse(**given, faults=parse_faults(faults)) as house:
        yield house


async def say(house: AlmaHouse, *requests: bytes, patience: float = 5) -> bytes:
    """Send requests over one connection, say no more, and return all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    for request in requests:
        writer.write(request)
        await asyncio.sleep(0)
    writer.write_eof()
    said = b""
    try:
        async with asyncio.timeout(patience):
            while (came := await reader.read(65_536)) and len(said) < 1_000_000:
                said += came
    except (TimeoutError, ConnectionError):
        pass
    writer.transport.abort()
    return said


def post(body: bytes = b"account=01234567", target: str = ADDRESS) -> bytes:
    return f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def test_it_keeps_every_byte():
    request = (
        b"POST %s HTTP/1.1\r\nhost:h\r\ncontent-LENGTH:  22\r\nX: \xff\r\n\r\naccount=01234567\r\n\r\n\0\xe5"
        % ADDRESS.encode()
    )
    async with opened() as house:
        assert (await say(house, request[:9], request[9:60], request[60:])).startswith(b"HTTP/1.1 200 OK\r\n")
    (kept,) = house.posts
    assert (kept.content, kept.target, kept.account, kept.taken) == (request, ADDRESS, "01234567", True)
    assert kept.body == request.partition(b"\r\n\r\n")[2]
    assert house.violations == []
    assert house.books()["post"][0]["size"] == len(request)


async def test_an_account_may_stand_anywhere_in_any_coding():
    async with opened() as house:
        await say(house, f"GET {ADDRESS}konto=Stad+%C3%96 HTTP/1.1\r\n\r\n".encode(), post(b"<a>01234567</a>"))
    assert [kept.account for kept in house.taken] == ["Stad Ö", "01234567"]


async def test_the_same_again_is_noted():
    async with opened("refused:1") as house:
        said = await say(house, *[post()] * 3, post(b"01234567"))
    assert said.startswith(b"HTTP/1.1 400 Bad Request")
    assert [(kept.number, kept.taken, kept.repeat_of) for kept in house.posts] == [
        (1, False, 0),
        (2, True, 0),
        (3, True, 2),
        (4, True, 0),
    ]
    assert sentence(house.posts[2]).endswith("THE SAME was taken before as post 2")
    assert sentence(house.posts[0]).startswith("did not take post 1 for 01234567: ")


@pytest.mark.parametrize(
    ("request_", "status", "rule"),
    [
        (post(target="/alma/alma.svc/orderconfirm?"), b"404", "address"),
        (post(target=ADDRESS[:-1]), b"404", "address"),
        (post(b"account=1234567"), b"400", "unknown-account"),
        (b"nonsense\r\n\r\n", b"404", "address"),
    ],
    ids=["case", "no question mark", "seven digits", "no HTTP"],
)
async def test_what_it_can_judge_it_judges(request_: bytes, status: bytes, rule: str):
    async with opened() as house:
        assert (await say(house, request_)).split(b" ")[1] == status
    assert [violation.rule for violation in house.violations] == [rule]
    assert [kept.taken for kept in house.posts] == [False]


async def test_half_a_request_is_none_and_an_endless_one_ends():
    async with opened() as house:
        await say(house, post()[:-1])
        await say(house, b"x" * 3_000_000)
        chunked = post().replace(b"Content-Length: 16", b"Transfer-Encoding: chunked")
        assert (await say(house, chunked)).startswith(b"HTTP/1.1 411")
    assert house.taken == []


@pytest.mark.parametrize("account", ["1234567", "123456789", "1234567a"])
def test_an_account_at_btj_has_eight_digits(account: str):
    with pytest.raises(UsageError, match="8 digits"):
        AlmaHouse({account: "BTJ-PR"}, clock=lambda: START)


@pytest.mark.parametrize(
    ("fault", "said", "taken"),
    [
        ("unheard", b"", 0),
        ("lost-answer", b"", 1),
        ("mute", b"", 1),
        ("half-answer", b"HTTP/1.", 1),
        ("garbage", b"\x16\x03\x01 this is no HTTP\r\n\r\n", 1),
        ("endless-answer", b"HTTP/1.1 200 OK\r\n", 1),
        ("refused", b"HTTP/1.1 400", 0),
        ("busy", b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n", 0),
        ("server-error", b"HTTP/1.1 500", 0),
        ("gateway", b"HTTP/1.1 502", 1),
        ("redirect", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /login", 0),
        ("login-page", b"HTTP/1.1 200 OK", 0),
        ("slow", b"HTTP/1.1 200 OK", 1),
    ],
)
async def test_every_fault_strikes_once_where_it_was_told(fault: str, said: bytes, taken: int):
    async with opened(f"{fault}:2") as house:
        await say(house, post(b"01234567 a"))
        came = await say(house, post(b"01234567 b"), patience=1)
        assert came.startswith(said)
        assert bool(came) == bool(said)
        await say(house, post(b"01234567 c"))
    assert len(house.taken) == 2 + taken
    assert [struck["fault"] for struck in house.books()["fault"]] == [fault]


def test_faults_as_they_are_written():
    assert parse_faults(["mute", "busy:3"]) == (Fault("mute", 0), Fault("busy", 3))
    for wrong in ("mutes", "mute:x", ""):
        with pytest.raises(UsageError, match="there is no fault"):
            parse_faults([wrong])


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_described_as_it_describes_itself(name: str):
    assert f"| `{name}` | {FAULTS[name]} |" in DOCS.read_text(encoding="utf-8")
