"""Every fault, seen by an independent client: what goes wrong on its side, and what stands in the house's books."""

import ftplib
import socket
import ssl
import struct
import time
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import UsageError
from syncd.simulate import Tls
from syncd.simulate.books import Struck
from syncd.simulate.faults import FAULTS, plan
from syncd.simulate.wrong import HOSTILE, LURES
from tests.simulate import clients
from tests.simulate.clients import ORDER, ORDER_NAME, Hands, run, until

GONE = (EOFError, ConnectionError)
BIG = b"".join(b"%06d line of an invented file\r\n" % number for number in range(20000))


def house_with(*faults, clock=None, **settings):
    return clients.umbreit(clock, faults=faults, **settings)


def struck(house):
    return [record.fault for record in house.ledger.of(Struck)]


async def test_lost_226_the_file_is_there():
    async with house_with("lost-226:1") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises(GONE):
            await run(clients.store, ftp, "in/t1", ORDER)
        ftp.close()
        assert house.inside("900900")["t1"] == ORDER
        again = await run(clients.plain, house)
        await run(clients.store, again, "in/t2", ORDER)
        await run(again.quit)
    assert struck(house) == ["lost-226"]


async def test_lost_226_of_a_reading():
    async with house_with("lost-226:rst:RETR") as house:
        house.out("900900")["R_x"] = BIG
        ftp = await run(clients.plain, house)
        await run(clients.store, ftp, "in/t1", ORDER)
        with pytest.raises(GONE):
            await run(clients.fetch, ftp, "out/R_x")
        ftp.close()
    assert [each.whole for each in house.handed] == [True]


async def test_lost_rnto_reply_the_order_is_taken():
    async with house_with("lost-rnto-reply") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises(GONE):
            await run(clients.order_up, ftp)
        ftp.close()
    assert [order.name for order in house.orders] == [ORDER_NAME]


async def test_lost_rnfr_reply_nothing_is_renamed():
    async with house_with("lost-rnfr-reply") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises(GONE):
            await run(clients.order_up, ftp)
        ftp.close()
        assert house.inside("900900")["t1"] == ORDER
    assert house.orders == []


async def test_unheard_the_command_had_no_effect():
    async with house_with("unheard:rst") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises(GONE):
            await run(clients.order_up, ftp)
        ftp.close()
        assert house.inside("900900")["t1"] == ORDER
    assert house.orders == []


async def test_silence_is_neither_an_end_nor_an_answer():
    async with house_with("lost-rnto-reply:silence") as house:
        ftp = await run(clients.plain, house)
        await run(clients.store, ftp, "in/t1", ORDER)
        await run(ftp.sendcmd, "RNFR in/t1")
        assert ftp.sock is not None
        ftp.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            await run(ftp.sendcmd, f"RNTO in/{ORDER_NAME}")
        ftp.close()
        await until(lambda: not house._visitors)
    assert len(house.orders) == 1


@pytest.mark.parametrize("kind", ["fin", "rst"])
async def test_cut_data_at_leaves_a_torso(kind):
    async with house_with(f"cut-data-at:50000:{kind}:1") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises((ftplib.error_temp, ConnectionError)):
            await run(clients.store, ftp, "in/t1", BIG * 20)
        ftp.close()
        await until(lambda: house.inside("900900"))
        assert house.inside("900900")["t1"] == BIG[:50000]


@pytest.mark.parametrize("kind", ["fin", "rst"])
async def test_cut_data_at_ends_a_reading(kind):
    async with house_with(f"cut-data-at:5000:{kind}") as house:
        house.out("900900")["R_x"] = BIG
        ftp = await run(clients.plain, house)
        with pytest.raises((ftplib.error_temp, ConnectionError)):
            await run(clients.fetch, ftp, "out/R_x")
        ftp.close()
        await until(lambda: house.handed)
    assert [each.whole for each in house.handed] == [False]


async def test_cut_data_at_with_silence_stalls():
    async with house_with("cut-data-at:5000:silence") as house:
        house.out("900900")["R_x"] = BIG
        ftp = await run(clients.plain, house)
        await run(ftp.voidcmd, "TYPE A")
        conn = await run(ftp.transfercmd, "RETR out/R_x")
        got = b""
        while len(got) < 5000:
            got += await run(conn.recv, 65536)
        conn.settimeout(0.3)
        with pytest.raises(TimeoutError):
            await run(conn.recv, 65536)
        assert got == BIG[:5000]
        conn.close()
        with pytest.raises(ftplib.error_temp, match="426"):
            await run(ftp.voidresp)
        await run(ftp.quit)


async def test_cut_control_at_a_byte():
    async with house_with("cut-control-at:60") as house:
        sock = await run(socket.create_connection, ("127.0.0.1", house.port))
        sock.sendall(b"USER 900900\r\nPASS geheim\r\nPWD\r\n")
        heard = b""
        while block := await run(sock.recv, 4096):
            heard += block
        sock.close()
    assert len(heard) == 60


async def test_cut_both_at_a_byte():
    async with house_with("cut-both-at:5000:rst") as house:
        house.out("900900")["R_x"] = BIG
        ftp = await run(clients.plain, house)
        with pytest.raises(GONE):
            await run(clients.fetch, ftp, "out/R_x")
        ftp.close()


async def test_half_reply():
    async with house_with("half-reply") as house:
        ftp = await run(clients.plain, house)
        conn = await run(ftp.transfercmd, "STOR in/t1")
        conn.close()
        assert ftp.file is not None
        line = await run(ftp.file.readline)
        assert line.startswith("226 Tr")
        assert "\n" not in line
        ftp.close()


async def test_lying_226_stores_half_and_sends_half():
    async with house_with("lying-226") as house:
        house.out("900900")["R_x"] = ORDER
        ftp = await run(clients.plain, house)
        await run(clients.store, ftp, "in/t1", ORDER)
        assert house.inside("900900")["t1"] == ORDER[: len(ORDER) // 2]
        assert await run(clients.fetch, ftp, "out/R_x") == ORDER[: len(ORDER) // 2]
        await run(ftp.quit)


async def test_421_at_the_greeting_and_at_a_command():
    async with house_with("421:1", "421:STOR") as house:
        turned_away = ftplib.FTP()
        with pytest.raises(ftplib.error_temp, match="421"):
            await run(turned_away.connect, "127.0.0.1", house.port)
        turned_away.close()
        ftp = await run(clients.plain, house)
        with pytest.raises(ftplib.error_temp, match="421"):
            await run(clients.store, ftp, "in/t1", ORDER)
        ftp.close()


async def test_530_the_right_password_is_refused():
    async with house_with("530:1") as house:
        ftp = await run(clients.plain, house, login=False)
        with pytest.raises(ftplib.error_perm, match="530"):
            await run(ftp.login, "900900", "geheim")
        await run(ftp.login, "900900", "geheim")
        await run(ftp.quit)
    assert [login.outcome for login in house.logins] == ["refused", "accepted"]


async def test_login_ban_ends_with_time():
    clock = Hands()
    async with house_with("login-ban:60", clock=clock) as house:
        for _ in range(2):
            ftp = await run(clients.plain, house, login=False)
            refused = bool(house.logins)
            if refused:
                with pytest.raises(ftplib.error_perm, match="530"):
                    await run(ftp.login, "900900", "geheim")
            else:
                await run(ftp.login, "900900", "geheim")
            await run(ftp.quit)
        clock.ahead(seconds=61)
        ftp = await run(clients.plain, house)
        await run(ftp.quit)
    assert [login.outcome for login in house.logins] == ["accepted", "refused", "accepted"]


async def test_slow():
    async with house_with("slow:0.05") as house:
        house.out("900900")["R_x"] = BIG[:4000]
        start = time.monotonic()
        ftp = await run(clients.plain, house)
        assert await run(clients.fetch, ftp, "out/R_x") == BIG[:4000]
        await run(ftp.quit)
    assert time.monotonic() - start > 0.5


async def test_vanish_on_arrival():
    async with house_with("vanish-on-arrival:1") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises(ftplib.error_perm, match="550"):
            await run(clients.order_up, ftp)
        await run(ftp.quit)
    assert house.orders == []


async def test_delete_on_read():
    async with house_with("delete-on-read") as house:
        house.out("900900")["R_x"] = BIG
        ftp = await run(clients.plain, house)
        assert await run(clients.fetch, ftp, "out/R_x") == BIG
        assert await run(ftp.nlst, "out") == []
        await run(ftp.quit)


async def test_growing_file():
    async with house_with("growing-file:1") as house:
        ftp = await run(clients.plain, house)
        house.put("900900", "R_x", ORDER)
        assert await run(clients.fetch, ftp, "out/R_x") == ORDER[: len(ORDER) // 2]
        await until(lambda: house.out("900900")["R_x"] == ORDER)
        assert await run(clients.fetch, ftp, "out/R_x") == ORDER
        await run(ftp.quit)


async def test_same_name_new_content():
    async with house_with("same-name-new-content:1") as house:
        ftp = await run(clients.plain, house)
        await run(clients.order_up, ftp)
        await until(lambda: len(house.out("900900")) == 2)
        await run(ftp.cwd, "../out")
        name = (await run(ftp.nlst))[0]
        first = await run(clients.fetch, ftp, name)
        second = await run(clients.fetch, ftp, name)
        assert first != second
        assert second == await run(clients.fetch, ftp, name)
        await run(ftp.quit)


async def test_same_name_new_content_of_a_stock_list():
    async with clients.cb(faults=["same-name-new-content:1"], tls=Tls.NONE) as house:
        name = house.publish_stock([("9789881892331", 1)])
        first = house.out("shop")[name]
        ftp = await run(clients.plain, house, login=False)
        await run(ftp.login, "shop", "geheim")
        assert await run(clients.fetch, ftp, f"out/{name}") == first
        assert await run(ftp.nlst, "out") == [name]
        assert house.out("shop")[name] != first
        await run(ftp.quit)
    assert struck(house) == ["same-name-new-content"]


async def test_hostile_names_are_listed_and_must_not_be_used():
    async with house_with("hostile-names") as house:
        ftp = await run(clients.plain, house)
        lines: list[str] = []
        await run(ftp.retrlines, "NLST out", lines.append)
        assert "../../etc/passwd" in lines
        assert len(lines) >= len(HOSTILE)
        assert house.violations == []
        with pytest.raises(ftplib.error_perm, match="550"):
            await run(clients.fetch, ftp, "../../etc/passwd")
        await run(ftp.quit)
    assert [violation.rule for violation in house.violations] == ["hostile-name"]


async def test_injected_plaintext_stands_behind_the_234(tmp_path):
    async with house_with("injected-plaintext", tls=Tls.EXPLICIT, ca_file=tmp_path / "ca.pem") as house:
        sock = await run(socket.create_connection, ("127.0.0.1", house.port))
        await run(sock.recv, 4096)
        sock.sendall(b"AUTH TLS\r\n")
        heard = await run(sock.recv, 4096)
        sock.close()
    assert heard.startswith(b"234 ")
    assert b"\r\n230 " in heard


async def test_no_close_notify(tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with house_with("no-close-notify:RETR", tls=Tls.EXPLICIT, ca_file=ca_file) as house:
        house.out("900900")["R_x"] = ORDER
        ftp = await run(clients.tls, house, ca_file, "900900")
        conn = await run(ftp.transfercmd, "RETR out/R_x")
        assert await run(conn.recv, 65536) == ORDER
        setattr(conn, "suppress_ragged_eofs", False)  # noqa: B010  typeshed does not know it
        with pytest.raises(ssl.SSLError):
            await run(conn.recv, 65536)
        conn.close()
        await run(ftp.voidresp)
        await run(ftp.quit)


async def test_an_upload_without_close_notify_is_a_broken_one(tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with clients.umbreit(tls=Tls.EXPLICIT, ca_file=ca_file) as house:
        ftp = await run(clients.tls, house, ca_file, "900900")
        conn = await run(ftp.transfercmd, "STOR in/t1")
        conn.sendall(ORDER)
        conn.close()
        with pytest.raises(ftplib.error_temp, match="426"):
            await run(ftp.voidresp)
        await run(ftp.quit)
        assert house.inside("900900")["t1"] == ORDER


@pytest.mark.parametrize("fault", ["passive-elsewhere", "passive-port-elsewhere"])
async def test_who_follows_a_wrong_227_is_caught(fault):
    async with house_with(fault) as house:
        ftp = await run(clients.plain, house)
        setattr(ftp, "trust_server_pasv_ipv4_address", True)  # noqa: B010  typeshed does not know it
        address = await run(ftp.makepasv)
        sock = await run(socket.create_connection, address)
        with pytest.raises(ConnectionError):
            await run(sock.recv, 1)
        sock.close()
        await until(lambda: house.violations)
        await run(ftp.quit)
    assert [violation.rule for violation in house.violations] == ["data-elsewhere"]


async def test_who_ignores_the_address_in_a_227_goes_on():
    async with house_with("passive-elsewhere") as house:
        ftp = await run(clients.plain, house)
        assert await run(ftp.nlst, "in") == []
        await run(ftp.quit)
    assert house.violations == []


async def test_listing_50000():
    async with house_with("listing-50000") as house:
        ftp = await run(clients.plain, house)
        assert len(await run(ftp.nlst, "out")) == LURES
        await run(ftp.quit)


async def test_endless_line():
    async with house_with("endless-line") as house:
        ftp = await run(clients.plain, house)
        with pytest.raises(ftplib.Error, match="more than"):
            await run(ftp.sendcmd, "PASV")
        ftp.close()
        await until(lambda: not house._visitors)


async def test_endless_file():
    async with house_with("endless-file") as house:
        house.out("900900")["R_x"] = ORDER
        ftp = await run(clients.plain, house)
        conn = await run(ftp.transfercmd, "RETR out/R_x")
        got = 0
        while got < 5_000_000:
            got += len(await run(conn.recv, 1_000_000))
        conn.close()
        with pytest.raises(ftplib.error_temp, match="426"):
            await run(ftp.voidresp)
        await run(ftp.quit)


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_an_endless_file_ends_with_the_reader_over_tls_too(tmp_path, how):
    ca_file = tmp_path / "ca.pem"
    async with house_with("endless-file", tls=Tls.EXPLICIT, ca_file=ca_file) as house:
        house.out("900900")["R_x"] = ORDER
        ftp = await run(clients.tls, house, ca_file, "900900")
        conn = await run(ftp.transfercmd, "RETR out/R_x")
        await run(conn.recv, 65536)
        if how == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        conn.close()
        with pytest.raises(ftplib.error_temp, match="426"):
            await run(ftp.voidresp)
        await run(ftp.quit)


async def test_every_fault_is_tried_here():
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}' not in text] == []


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("lost-coffee", "Choose among: lost-226,"),
        ("lost-226:one", "It is written lost-226[:fin|rst|silence][:VERB][:COUNT]."),
        ("unheard:RETRR", "It is written unheard[:fin|rst|silence][:VERB][:COUNT]."),
        ("530:rst", "It is written 530[:VERB][:COUNT]."),
        ("lost-226:1:2", "It is written lost-226"),
        ("cut-data-at:10:1.5", "It is written cut-data-at[:BYTES]"),
        ("slow:1e400", "It is written slow[:SECONDS]"),
        ("login-ban:1e300", "It is written login-ban[:SECONDS]"),
        ("passive-port-elsewhere:99999", "It is written passive-port-elsewhere[:PORT]"),
    ],
)
def test_a_fault_that_is_written_wrongly_is_refused_with_a_remedy(text, remedy):
    with pytest.raises(UsageError) as refused:
        plan(text)
    assert refused.value.remedy.startswith(remedy)


async def test_a_torso_may_be_an_order_at_cb():
    for takes, count in ((True, 1), (False, 0)):
        async with clients.cb(faults=["cut-data-at:10:rst"], tls=Tls.NONE, takes_torso=takes) as house:
            ftp = await run(clients.plain, house, login=False)
            await run(ftp.login, "shop", "geheim")
            with pytest.raises((ftplib.error_temp, ConnectionError)):
                await run(clients.store, ftp, "in/a.txt", BIG)
            ftp.close()
            await until(lambda: house.commands[-1].replies[-1:] == [426])
        assert [order.whole for order in house.orders] == [False] * count


async def test_the_books_are_plain_data():
    import json

    async with house_with("lying-226:1", answer_after=timedelta(0)) as house:
        ftp = await run(clients.plain, house)
        await run(clients.store, ftp, "in/t1", ORDER)
        await run(clients.order_up, ftp)
        await run(ftp.quit)
    books = json.loads(json.dumps(house.books()))
    assert set(books) == {"command", "login", "violation", "order", "placed", "handed", "fault", "post"}
    assert books["order"][0]["content"] == ORDER.decode()
    assert books["fault"][0]["fault"] == "lying-226"
    assert books["command"][0] == {
        "kind": "command",
        "at": "2026-11-22T09:00:00+00:00",
        "account": "",
        "session": 1,
        "verb": "USER",
        "argument": "900900",
        "replies": [331],
    }
