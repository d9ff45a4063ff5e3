"""The library: the contract against its house, and what becomes of a record whose answer is lost."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.errors import SinkError, SinkRefusedError
from syncd.sinks.alma.posted import Posted
from syncd.sinks.base import Checking
from tests.sinks.batches import answers_of
from tests.sinks.contract import NetworkContract, deliver, lines_of, opened
from tests.sinks.library import Library


@contextmanager
def visited(folder: Path, *faults: str, **settings: Any) -> Iterator[Library]:
    library = Library(folder, *faults, **settings)
    try:
        yield library
    finally:
        library.close()


class TestContract(NetworkContract):
    wrong: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"endpoint": "ftp://h/ALMA/Alma.svc/OrderConfirm?"}, "endpoint"),
        ({"endpoint": "http://user:geheim@h/ALMA"}, "endpoint"),
        ({"endpoint": "http:///ALMA/Alma.svc/OrderConfirm?"}, "endpoint"),
        ({"endpoint": "http://h/ALMA\r\nX: y"}, "endpoint"),
        ({"endpoint": "http://h/ålma"}, "endpoint"),
        ({"endpoint": "http://h/ALMA#OrderConfirm?"}, "endpoint"),
        ({"endpoint": "http://h:99999/ALMA"}, "endpoint"),
        ({"endpoint": "http://h"}, "endpoint"),
        ({"account": "12345"}, "account"),
        ({"account": 12345678}, "account"),
        ({"supplier": " "}, "supplier"),
        ({"path": "libra"}, "path"),
        ({"request": "soap"}, "request"),
        ({"request": "template"}, "template"),
        ({"template": "/srv/form.xml"}, "template"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"fields": {"ISBN": "isbnn"}}, "fields"),
        ({"fields": {}}, "fields"),
        ({"content_type": "text/xml; charset=iso-8859-1"}, "content_type"),
        ({"required": ["shelf"]}, "required"),
        ({"record_supplier": "BIBSYS"}, "record_supplier"),
        ({"timeout": 0}, "timeout"),
    ]

    @pytest.fixture
    def target(self, library: Library) -> Library:
        return library


DOUBTFUL = ("unheard", "lost-answer", "half-answer", "garbage", "gateway", "mute")


@pytest.mark.parametrize("fault", DOUBTFUL)
async def test_a_lost_answer_is_a_doubt_that_a_person_ends(tmp_path: Path, fault: str):
    batch = answers_of(tmp_path, size=4)
    with visited(tmp_path, f"{fault}:2", timeout=0.5) as library:
        with pytest.raises(SinkError, match="article 9780000000002") as lost:
            await deliver(library, batch)
        assert not isinstance(lost.value, SinkRefusedError)
        assert len(library.house.posts) == 2 - (fault == "unheard")
        for _ in range(2):
            with pytest.raises(SinkRefusedError, match="may be in Libra") as doubt:
                await deliver(library, batch)
        assert library.house.requests == 4
        ((key, record),) = Posted(library.path).doubts().items()
        assert f"syncd alma settle {key[:12]}" in doubt.value.remedy
        assert record["isbn"] == "9780000000002"
        Posted(library.path).settle(key, taken=fault != "unheard")
        await deliver(library, batch, batch)
        assert library.lines() == lines_of(batch)
        assert Posted(library.path).doubts() == {}


async def test_a_library_that_is_mute_makes_one_doubt_at_a_try(tmp_path: Path):
    with visited(tmp_path, "mute", timeout=0.1) as library:
        for number in (1, 2):
            with pytest.raises(SinkError, match="did not answer within"):
                await deliver(library, answers_of(tmp_path))
            assert len(Posted(library.path).doubts()) == number


async def test_nothing_is_in_doubt_where_nobody_was_there(library: Library, tmp_path: Path):
    with library.down(), pytest.raises(SinkError):
        await deliver(library, answers_of(tmp_path))
    assert Posted(library.path).doubts() == {}


async def test_a_process_that_is_killed_leaves_a_doubt(tmp_path: Path):
    with visited(tmp_path, "mute:2", timeout=60) as library:
        order = {"type": "alma", "settings": library.settings, "folder": str(tmp_path), "maker": library.maker}
        command = [sys.executable, "-m", "tests.sinks.child", json.dumps(order | {"batch": {"size": 3}, "after": True})]
        process = subprocess.Popen(command)
        while len(library.house.posts) < 2:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait(20)
        with pytest.raises(SinkRefusedError, match="article 9780000000002"):
            await deliver(library, answers_of(tmp_path, size=3))
        assert library.lines() == lines_of(answers_of(tmp_path, size=3))


@pytest.mark.parametrize(
    ("fault", "kind", "others"),
    [
        ("refused", SinkRefusedError, 3),
        ("server-error", SinkError, 3),
        ("busy", SinkError, 1),
        ("redirect", SinkError, 1),
    ],
)
async def test_what_was_not_taken_is_no_doubt(tmp_path: Path, fault: str, kind: type[SinkError], others: int):
    batch = answers_of(tmp_path, size=4)
    with visited(tmp_path, f"{fault}:2") as library:
        with pytest.raises(SinkError) as caught:
            await deliver(library, batch)
        assert type(caught.value) is kind
        assert caught.value.retry_after == (timedelta(seconds=5) if fault == "busy" else None)
        assert len(library.house.taken) == others
        assert Posted(library.path).doubts() == {}
        await deliver(library, batch)
        assert library.lines() == lines_of(batch)


async def test_a_library_that_refuses_everything_is_not_asked_for_ever(tmp_path: Path):
    with visited(tmp_path, "refused") as library:
        with pytest.raises(SinkRefusedError, match="400: Bad record; and 9 more"):
            await deliver(library, answers_of(tmp_path, size=30))
        assert len(library.house.posts) == 10


async def test_a_page_to_log_in_is_no_answer_where_one_is_known(tmp_path: Path):
    with visited(tmp_path, "login-page:2", answer="OK") as library:
        with pytest.raises(SinkError, match="answered 200, without 'OK'"):
            await deliver(library, answers_of(tmp_path))
        assert len(Posted(library.path).doubts()) == 1
        assert len(library.house.taken) == 1


async def test_an_answer_without_an_end_is_one(tmp_path: Path):
    with visited(tmp_path, "endless-answer:1") as library:
        await deliver(library, answers_of(tmp_path, size=2))
        assert len(library.house.taken) == 2


async def test_a_title_that_is_missing_holds_back_its_record_only(tmp_path: Path):
    titles, batch = tmp_path / "titles.csv", answers_of(tmp_path, size=3)
    titles.write_text("isbn,title\n9780000000001,Ett\n9780000000003,Tre\n")
    with visited(tmp_path, titles=str(titles), required=["title"]) as library:
        with pytest.raises(SinkError, match=r"article 9780000000002.*not known: title") as caught:
            await deliver(library, batch)
        assert "title file" in caught.value.remedy
        assert not isinstance(caught.value, SinkRefusedError)
        assert len(library.house.taken) == 2
        titles.write_text("isbn,title\n9780000000002,Två\n")
        await deliver(library, batch)
        assert library.lines() == lines_of(batch)
        assert b"title=Tv%C3%A5" in library.house.taken[-1].body


@pytest.mark.parametrize("target", ["/ALMA/Alma.svc/OrderConfirm?", "/ALMA/Alma.svc/OrderConfirm?%c5=%2f&&x=|'\"{}"])
@pytest.mark.parametrize("request_", ["form", "query"])
async def test_the_address_is_sent_byte_for_byte(tmp_path: Path, target: str, request_: str):
    with visited(tmp_path, request=request_) as library:
        library.settings["endpoint"] = f"http://127.0.0.1:{library.house.port}{target}"
        await deliver(library, answers_of(tmp_path, size=1))
        (post,) = library.house.taken
        assert post.target.startswith(target)
        assert (post.target == target) == (request_ == "form")
        assert post.content.startswith(b"POST " if request_ == "form" else b"GET ")


async def test_what_was_posted_is_written_down_first(tmp_path: Path):
    with visited(tmp_path) as library:
        library.path.write_text("no folder")
        with pytest.raises(SinkError, match="libra") as caught:
            await deliver(library, answers_of(tmp_path))
        assert "written down" in caught.value.remedy
        assert library.house.requests == 0


async def test_files_that_answer_no_order_are_left_alone(library: Library, tmp_path: Path):
    batch = answers_of(tmp_path, kind="RAW", records=lambda: pytest.fail("nobody asked for them"))
    async with opened(library) as sink:
        await sink.deliver(batch)
    assert library.house.requests == 0


async def test_a_look_at_the_library_tells_it_nothing(library: Library, tmp_path: Path):
    async with opened(library) as sink:
        assert isinstance(sink, Checking)
        assert "records in doubt: 0" in await sink.check()
        with library.down(), pytest.raises(SinkError, match=r"127\.0\.0\.1"):
            await sink.check()
    library.settings |= {"request": "template", "template": str(tmp_path / "nowhere.xml")}
    async with opened(library) as sink:
        assert isinstance(sink, Checking)
        with pytest.raises(SinkError, match="nowhere"):
            await sink.check()
    assert library.house.requests == 0
