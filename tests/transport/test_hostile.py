"""What a session makes of servers that break off, lie, stall and inject. No socket may stay open after any of it."""

import asyncio
import contextlib
import gc
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from syncd.errors import (
    BusyError,
    ConnectionLostError,
    DoubtError,
    ForbiddenError,
    LoginRefusedError,
    ProtocolError,
    RefusedError,
    SyncdError,
    TimedOutError,
    TlsError,
    TruncatedError,
)
from syncd.model import Mode
from syncd.suppliers.rules import Encryption
from syncd.transport.base import PROGRESS, Endpoint, Session
from syncd.transport.ftp import connect
from tests.servers import ALL_VERBS
from tests.servers.certs import issue
from tests.servers.scripted import (
    Act,
    Scripted,
    Talk,
    answer,
    hang_up,
    reset,
    rst,
    scripted,
    sends,
    silence,
    takes,
    was_reset,
)
from tests.transport.contract import read

Verb = Callable[[Session], Awaitable[object]]
PASSWORD = "Buch-1450"
TIMES_OUT = 0.4


def _sockets() -> int:
    count = 0
    for fd in Path("/proc/self/fd").iterdir():
        try:
            count += str(fd.readlink()).startswith("socket:")
        except OSError:
            continue
    return count


@pytest.fixture(autouse=True)
def no_socket_stays_open() -> Iterator[None]:
    before = _sockets()
    yield
    gc.collect()
    assert _sockets() <= before + 3  # the test's own event loop: a pair to wake it, and its poll


async def open_session(server: Scripted, **overrides: object) -> Session:
    settings: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "shop",
        "password": PASSWORD,
        "encryption": Encryption.EXPLICIT if server.tls else Encryption.NONE,
        "ca_file": str(server.tls.ca) if server.tls else None,
        "commands": ALL_VERBS,
        "connect_timeout": 5.0,
        "login_timeout": 5.0,
        "idle_timeout": 5.0,
    }
    return await connect(Endpoint(**(settings | overrides)))  # type: ignore[arg-type]  # a test's overrides


async def outcome(server: Scripted, verb: Verb, **overrides: object) -> SyncdError:
    session = await open_session(server, **overrides)
    with pytest.raises(SyncdError) as caught:
        await verb(session)
    with pytest.raises(ConnectionLostError):
        await session.size("anything")
    assert caught.value.remedy
    return caught.value


async def store(session: Session) -> None:
    await session.store("T1", b"order" * 1000, Mode.BINARY)


async def store_much(session: Session) -> None:
    await session.store("T1", bytes(50_000_000), Mode.BINARY)


async def rename_to(session: Session) -> None:
    await session.rename_to("S_1")


async def rename_from(session: Session) -> None:
    await session.rename_from("T1")


async def size(session: Session) -> None:
    await session.size("T1")


async def listing(session: Session) -> None:
    await session.listing()


async def fetch(session: Session) -> bytes:
    return await read(await session.retrieve("x.bhd", Mode.BINARY))


def then(*acts: Act) -> Act:
    def act(talk: Talk, argument: str) -> None:
        for one in acts:
            one(talk, argument)

    return act


def broken_download(talk: Talk, argument: str) -> None:
    talk.say("150 here it comes")
    with talk.accept() as connection:
        connection.sendall(b"half")
    talk.say("426 the disk had an error")


VERDICTS: dict[str, tuple[str, Act, Verb, type[SyncdError]]] = {
    "STOR: 226 lost": ("STOR", then(takes(None), hang_up), store, DoubtError),
    "STOR: 226 lost by reset": ("STOR", then(takes(None), reset), store, DoubtError),
    "STOR: half a 226": ("STOR", then(takes(None), answer(b"226 do"), hang_up), store, DoubtError),
    "STOR: 451 after the data": ("STOR", takes("451 disk error"), store, DoubtError),
    "STOR: 552 after the data": ("STOR", takes("552 quota"), store, DoubtError),
    "STOR: 200 after the data": ("STOR", takes("200 what?"), store, DoubtError),
    "STOR: refused for good": ("STOR", answer("553 not allowed"), store, RefusedError),
    "STOR: refused for now": ("STOR", answer("452 disk full"), store, BusyError),
    "STOR: no 150": ("STOR", hang_up, store, DoubtError),
    "STOR: done before it began": ("STOR", answer("226 done"), store, ProtocolError),
    "PASV: refused": ("PASV", answer("425 no port"), store, BusyError),
    "TYPE: refused": ("TYPE", answer("504 no"), store, RefusedError),
    "RNFR: 350 lost": ("RNFR", hang_up, rename_from, ConnectionLostError),
    "RNFR: not now": ("RNFR", answer("450 busy"), rename_from, BusyError),
    "RNFR: nonsense": ("RNFR", answer("200 ok"), rename_from, ProtocolError),
    "RNTO: 250 lost": ("RNTO", hang_up, rename_to, DoubtError),
    "RNTO: 250 lost by reset": ("RNTO", reset, rename_to, DoubtError),
    "RNTO: half a 250": ("RNTO", then(answer(b"250 renamed"), hang_up), rename_to, DoubtError),
    "RNTO: not now": ("RNTO", answer("451 local error"), rename_to, DoubtError),
    "RNTO: refused": ("RNTO", answer("553 exists"), rename_to, RefusedError),
    "RNTO: no reply at all": ("RNTO", answer(b"garbage\r\n"), rename_to, DoubtError),
    "SIZE: half a reply": ("SIZE", then(answer(b"213 1"), hang_up), size, ConnectionLostError),
    "SIZE: not known": ("SIZE", answer("502 what?"), size, ProtocolError),
    "SIZE: no number": ("SIZE", answer("213 ten"), size, ProtocolError),
    "SIZE: closing": ("SIZE", answer("421 idle too long"), size, BusyError),
    "SIZE: an endless line": ("SIZE", answer(b"213 " + b"9" * 40_000), size, ProtocolError),
    "SIZE: an endless reply": ("SIZE", answer(*(["213-more"] * 100)), size, ProtocolError),
    "SIZE: a long reply": ("SIZE", answer(*(["213-" + "x" * 1000] * 20)), size, ProtocolError),
    "RETR: cut by the server": ("RETR", broken_download, fetch, TruncatedError),
    "RETR: 226 lost": ("RETR", then(sends(b"x", final=None), hang_up), fetch, ConnectionLostError),
    "RETR: not now": ("RETR", answer("450 busy"), fetch, BusyError),
    "MLSD: cut by the server": ("MLSD", broken_download, listing, BusyError),
    "MLSD: refused": ("MLSD", answer("530 not here"), listing, RefusedError),
}


@pytest.mark.parametrize("case", VERDICTS)
async def test_each_outcome_has_its_verdict(case: str):
    verb, act, do, expected = VERDICTS[case]
    with scripted({verb: act}) as server:
        assert type(await outcome(server, do)) is expected


@pytest.mark.parametrize("case", VERDICTS)
async def test_each_outcome_has_the_same_verdict_under_tls(case: str, tmp_path: Path):
    verb, act, do, expected = VERDICTS[case]
    with scripted({verb: act}, tls=tmp_path) as server:
        assert type(await outcome(server, do)) is expected


SILENT: dict[str, tuple[str, Act, Verb, type[SyncdError]]] = {
    "a command": ("SIZE", silence, size, TimedOutError),
    "RNTO": ("RNTO", silence, rename_to, DoubtError),
    "STOR before it begins": ("STOR", silence, store, DoubtError),
    "STOR at its end": ("STOR", takes(None), store, DoubtError),
    "RETR at its end": ("RETR", sends(b"x", final=None), fetch, TimedOutError),
}


@pytest.mark.parametrize("case", SILENT)
async def test_silence_is_not_waited_for(case: str):
    verb, act, do, expected = SILENT[case]
    with scripted({verb: act}) as server:
        assert type(await outcome(server, do, idle_timeout=TIMES_OUT)) is expected


async def test_a_stalled_transfer_is_not_waited_for():
    over = threading.Event()

    def stall(talk: Talk, argument: str) -> None:
        talk.say("150 here it comes")
        with talk.accept() as connection:
            connection.sendall(b"half")
            over.wait(10)

    with scripted({"RETR": stall}) as server:
        assert isinstance(await outcome(server, fetch, idle_timeout=TIMES_OUT), TimedOutError)
        over.set()


async def test_a_silent_server_lets_nobody_in():
    with scripted({"BANNER": silence}) as server, pytest.raises(TimedOutError):
        await open_session(server, login_timeout=TIMES_OUT)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("verb", ["RETR", "STOR"])
async def test_cancelling_a_stalled_transfer_ends_it_at_once_and_with_a_reset(verb: str, tls: bool, tmp_path: Path):
    """CPython 3.11's `wait_for` swallows cancellations (cpython#86296): none of it may be in the way."""
    begun, over = threading.Event(), threading.Event()

    def stall(talk: Talk, name: str) -> None:
        talk.say("150 go on")
        with talk.accept() as connection:
            if verb == "RETR":
                connection.sendall(b"x" * 1000)
            begun.set()
            over.wait(10)
            talk.server.ended[name] = "reset" if was_reset(connection) else "end"

    async def upload(session: Session) -> None:
        await session.store("T1", b"x" * 50_000_000, Mode.BINARY)

    for _ in range(3):
        begun.clear()
        over.clear()
        with scripted({verb: stall}, tls=tmp_path if tls else None) as server:
            session = await open_session(server)
            task = asyncio.create_task((fetch if verb == "RETR" else upload)(session))
            while not begun.is_set():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            assert done
            assert task.cancelled()
            await asyncio.sleep(0)
            over.set()
            for thread in server.threads:
                await asyncio.to_thread(thread.join, 5)
            assert list(server.ended.values()) == ["reset"]
            assert server.resets == 1


async def test_a_slow_server_gets_the_whole_order(tmp_path: Path):
    """It reads nothing for three idle timeouts: what lies in the kernel's buffers must not be cut off."""
    order = os.urandom(300_000)
    with scripted({"STOR": takes(after=lambda: time.sleep(3))}, tls=tmp_path) as server:
        session = await open_session(server, idle_timeout=1)
        await session.store("T1", order, Mode.BINARY)
        assert server.stored["T1"] == order
        assert server.ended["T1"] == "end"
        await session.quit()


def sips(count: int) -> Act:
    """Return an act that takes so many bytes, waits, and so on, for a minute."""

    def act(talk: Talk, argument: str) -> None:
        talk.say("150 go on")
        with talk.accept() as connection, contextlib.suppress(OSError):
            for _ in range(1200):
                if not connection.recv(count):
                    break
                time.sleep(0.05)

    return act


def drips(block: bytes, times: int, pause: float = 0.05) -> Act:
    """Return an act that sends a block, waits, and so on."""

    def act(talk: Talk, argument: str) -> None:
        talk.say("150 here it comes")
        with talk.accept() as connection, contextlib.suppress(OSError):
            for _ in range(times):
                connection.sendall(block)
                time.sleep(pause)
        talk.say("226 done")

    return act


@pytest.mark.parametrize(("verb", "do"), [("RETR", fetch), ("MLSD", listing)])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_server_that_drips_is_not_waited_for(verb: str, do: Verb, tls: bool, tmp_path: Path):
    """Each byte comes within the idle timeout, and all of them would take a minute."""
    with scripted({verb: drips(b"x", 1200)}, tls=tmp_path if tls else None) as server:
        began = time.monotonic()
        error = await outcome(server, do, idle_timeout=TIMES_OUT)
        assert isinstance(error, TimedOutError)
        assert "4096 bytes" in str(error)
        assert time.monotonic() - began < 30


async def test_a_reset_that_comes_when_all_is_sent_is_a_doubt():
    """Nothing is left to send, so that only the end of the data meets the reset."""

    def reset_data(talk: Talk, argument: str) -> None:
        rst(talk.accept())
        talk.say("150 go on")

    with scripted({"STOR": reset_data}) as server:
        error = await outcome(server, lambda session: session.store("T1", b"", Mode.BINARY), idle_timeout=TIMES_OUT)
        assert isinstance(error, DoubtError)


async def test_a_server_that_is_slow_and_gets_on_is_waited_for():
    with scripted({"RETR": drips(b"x" * PROGRESS, 20)}) as server:
        session = await open_session(server, idle_timeout=TIMES_OUT)
        assert await fetch(session) == b"x" * PROGRESS * 20, "a second, with an idle timeout of less than half"
        session.abort()


@pytest.mark.parametrize(("verb", "do"), [("RETR", fetch), ("STOR", store_much)])
async def test_a_transfer_without_an_end_is_cut_however_well_it_gets_on(verb: str, do: Verb):
    with scripted({"RETR": drips(b"x" * PROGRESS, 1200), "STOR": sips(PROGRESS)}) as server:
        error = await outcome(server, do, longest_transfer=TIMES_OUT)
        assert isinstance(error, DoubtError if verb == "STOR" else TimedOutError)
        assert "no end in 0.4 s" in str(error)


# -- replies that are not answers -------------------------------------------------------------------------------


async def test_a_stale_reply_is_never_taken_for_an_answer():
    with scripted({"STOR": takes("226 done\r\n226 and again")}) as server:
        session = await open_session(server)
        await store(session)
        with pytest.raises(ProtocolError, match="and again"):
            await session.rename_to("S_1")
        assert "RNTO" not in server.verbs


async def test_a_goodbye_that_waits_is_no_doubt():
    with scripted({"STOR": takes("226 done\r\n421 idle too long")}) as server:
        session = await open_session(server)
        await store(session)
        with pytest.raises(BusyError, match="idle too long"):
            await session.rename_to("S_1")
        assert "RNTO" not in server.verbs


async def test_a_connection_that_was_closed_before_rnto_is_no_doubt():
    with scripted({"RNFR": then(answer("350 to?"), hang_up)}) as server:
        session = await open_session(server)
        await session.rename_from("T1")
        for thread in server.threads:
            await asyncio.to_thread(thread.join, 5)
        with pytest.raises(ConnectionLostError):
            await session.rename_to("S_1")


# -- logging in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acts", "error"),
    [
        ({"BANNER": answer("421 too many users")}, BusyError),
        ({"BANNER": answer("554 go away")}, RefusedError),
        ({"BANNER": answer("SSH-2.0-OpenSSH_9.2")}, ProtocolError),
        ({"BANNER": hang_up}, ConnectionLostError),
        ({"USER": answer("421 not now")}, BusyError),
        ({"USER": answer("530 unknown")}, LoginRefusedError),
        ({"PASS": answer("421 too many logins")}, BusyError),
        ({"PASS": answer(f"530 {PASSWORD} is wrong")}, LoginRefusedError),
        ({"PASS": answer("500 OOPS")}, RefusedError),
        ({"PASS": hang_up}, ConnectionLostError),
    ],
)
async def test_a_login_that_fails(acts: dict[str, Act], error: type[SyncdError]):
    with scripted(acts) as server:
        with pytest.raises(SyncdError) as caught:
            await open_session(server)
        assert type(caught.value) is error
        assert PASSWORD not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("password", "reply", "shown"),
    [
        (" Buch-1450 ", "530 Buch-1450", "530 ***"),
        (" Buch-1450 ", "530-no Buch-1450\r\n530  Buch-1450 ?", "530 no *** ***?"),
        (" ab ", "530 no  ab ", "530 no ***"),
        ("Buch 1450", "530-Buch\r\n 1450\r\n530 no", "530 *** no"),
        ("Grünkohl", "530 GrÃ¼nkohl", "530 ***"),
    ],
    ids=["at the end", "on two lines", "a short one", "over a line end", "in UTF-8"],
)
async def test_a_reply_repeats_a_password_in_another_spelling(password: str, reply: str, shown: str):
    with scripted({"PASS": answer(reply)}) as server:
        with pytest.raises(LoginRefusedError) as caught:
            await open_session(server, password=password)
        assert shown in str(caught.value)
        assert password.strip() not in str(caught.value).replace(shown, "")


async def test_nobody_listens():
    with scripted() as server:
        port = server.port
    server.port = port
    with pytest.raises(ConnectionLostError):
        await open_session(server)


@pytest.mark.parametrize(
    "banner",
    [
        answer("220-Willkommen", "220-071 42 596 Hotline", "071 42 596 Hotline", "2026 gibt es Neues", "220 bereit"),
        answer("220 Buchgroßhandel für Köln".encode("latin-1") + b"\r\n"),
        answer("120 two minutes", "220 ready"),
        answer("220-", " 220 not yet", "220"),
        answer("220"),
    ],
)
async def test_banners_of_all_kinds(banner: Act):
    with scripted({"BANNER": banner}) as server:
        session = await open_session(server)
        assert await session.size("T1") == 10
        await session.quit()


@pytest.mark.parametrize(
    ("acts", "error"),
    [
        ({"AUTH": answer("502 what?")}, TlsError),
        ({"AUTH": answer("421 not now")}, BusyError),
        ({"AUTH": answer("234 go ahead\r\n200 injected\r\n200 injected\r\n230 injected")}, ProtocolError),
        ({"AUTH": then(answer("234 go ahead"), hang_up)}, ConnectionLostError),
        ({"AUTH": then(answer("234 go ahead"), answer(b"no TLS here" * 20))}, SyncdError),
        ({"PBSZ": answer("500 what?")}, TlsError),
        ({"PROT": answer("534 no")}, TlsError),
        ({"PROT": answer("250 ok")}, TlsError),
    ],
)
async def test_no_password_without_good_tls(acts: dict[str, Act], error: type[SyncdError], tmp_path: Path):
    with scripted(acts, tls=tmp_path) as server:
        with pytest.raises(error):
            await open_session(server)
        assert "USER" not in server.verbs


async def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path):
    with scripted(tls=tmp_path) as server:
        with pytest.raises(TlsError, match="certificate"):
            await open_session(server, ca_file=None)
        assert "USER" not in server.verbs


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path):
    with scripted(tls=tmp_path, names=("ftp.example",)) as server:
        with pytest.raises(TlsError, match="certificate"):
            await open_session(server)
        assert "USER" not in server.verbs


async def test_a_pinned_certificate_is_trust_enough_and_another_is_not(tmp_path: Path):
    with scripted(tls=tmp_path) as server:
        assert server.tls is not None
        session = await open_session(server, ca_file=str(server.tls.certificate))
        assert await fetch(session) == b"0123456789"
        await session.quit()
        (tmp_path / "other").mkdir()
        other = issue(tmp_path / "other")
        with pytest.raises(TlsError, match="certificate"):
            await open_session(server, ca_file=str(other.certificate))


# -- passive mode -----------------------------------------------------------------------------------------------


def passive(form: str) -> Act:
    def act(talk: Talk, argument: str) -> None:
        high, low = divmod(talk.listen(), 256)
        talk.say(form.format(high=high, low=low))

    return act


@pytest.mark.parametrize(
    "form",
    [
        "227 Entering Passive Mode (10,1,2,3,{high},{low}).",
        "227 Entering Passive Mode. 127,0,0,1,{high},{low}",
        "227 =127,0,0,1,{high},{low}",
        "227 Entering (Passive) Mode (127,0,0,1,{high},{low})",
        "227-now\r\n227 127,0,0,1,{high},{low}",
    ],
)
async def test_all_forms_of_227_and_any_address_lead_to_the_peer(form: str):
    with scripted({"PASV": passive(form)}) as server:
        session = await open_session(server)
        assert await fetch(session) == b"0123456789"
        await session.quit()


@pytest.mark.parametrize("reply", ["227 ready", "227 (10,0,0,1,4)", "227 (127,0,0,1,999,1)", "229 (|||4096|)"])
async def test_a_227_without_an_address_is_no_answer(reply: str):
    with scripted({"PASV": answer(reply)}) as server:
        assert isinstance(await outcome(server, fetch), ProtocolError)


async def test_a_port_outside_the_range_is_never_dialled():
    with scripted() as server:
        error = await outcome(server, fetch, passive_ports=range(1000, 1024))
        assert isinstance(error, ProtocolError)
        assert "1000 to 1023" in str(error)
        assert "RETR" not in server.verbs


# -- what arrives ------------------------------------------------------------------------------------------------


async def test_without_tls_nothing_shows_that_a_file_is_short():
    """The server sends half and says 226: only the size of the listing tells, so the caller must compare it."""
    with scripted({"RETR": sends(b"01234")}) as server:
        session = await open_session(server)
        assert await fetch(session) == b"01234"
        assert await session.size("x.bhd") == 10
        await session.quit()


async def test_a_tls_download_without_close_notify_is_short_whatever_the_226_says(tmp_path: Path):
    with scripted({"RETR": sends(b"01234", goodbye=False)}, tls=tmp_path) as server:
        assert isinstance(await outcome(server, fetch), TruncatedError)


async def test_a_lenient_account_takes_it(tmp_path: Path):
    with scripted({"RETR": sends(b"01234", goodbye=False)}, tls=tmp_path) as server:
        session = await open_session(server, strict_tls_end=False)
        assert await fetch(session) == b"01234"
        await session.quit()


async def test_a_download_is_confirmed_only_when_it_was_read():
    with scripted() as server:
        session = await open_session(server)
        download = await session.retrieve("x.bhd", Mode.BINARY)
        with pytest.raises(ForbiddenError, match=r"x\.bhd"):
            await download.confirm()


async def test_what_broke_the_data_connection_is_told():
    def broken(talk: Talk, argument: str) -> None:
        talk.say("150 here it comes")
        reset_data = talk.accept()
        reset_data.sendall(b"half")
        talk.say("426 the tape drive is on fire")
        rst(reset_data)

    with scripted({"RETR": broken}) as server:
        assert "tape drive" in str(await outcome(server, fetch))


# -- listings ----------------------------------------------------------------------------------------------------


async def test_hostile_names_are_left_out_and_counted():
    lines = b"type=file;size=1; good\r\ntype=file;size=1; ../../etc/passwd\r\ntype=file;size=1; a\x1b[2Jb\r\njunk\r\n"
    with scripted({"MLSD": sends(lines)}) as server:
        session = await open_session(server)
        assert [file.name for file in await session.listing()] == ["good"]
        assert session.skipped == 3
        await session.quit()


async def test_a_server_without_mlsd_is_listed_on_the_same_passive_connection():
    acts = {"MLSD": answer("500 what?"), "LIST": sends(b"11-21-26  10:59PM       25700 x.bhd\r\n")}
    with scripted(acts) as server:
        session = await open_session(server)
        assert [(file.name, file.size) for file in await session.listing()] == [("x.bhd", 25700)]
        await session.listing()
        assert server.verbs[2:] == ["PASV", "MLSD", "LIST", "PASV", "LIST"]
        await session.quit()


@pytest.mark.parametrize(
    "acts",
    [
        {"MLSD": answer("502 what?"), "LIST": answer("502 what?"), "NLST": sends(b".\r\n..\r\nx.bhd\r\n")},
        {"MLSD": answer("500 what?"), "LIST": sends(b"?? x.bhd ??\r\n"), "NLST": sends(b"x.bhd\r\n")},
    ],
)
async def test_names_alone_are_the_last_resort(acts: dict[str, Act]):
    with scripted(acts) as server:
        session = await open_session(server)
        assert [(file.name, file.size) for file in await session.listing()] == [("x.bhd", None)]
        await session.quit()


@pytest.mark.parametrize("reply", ["450 no files", "550 no files found"])
async def test_a_refused_listing_of_a_good_directory_is_empty(reply: str):
    with scripted({"MLSD": answer(reply)}) as server:
        session = await open_session(server)
        await session.enter("out")
        assert await session.listing() == []
        assert await session.size("T1") == 10
        await session.quit()
