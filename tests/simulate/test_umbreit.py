"""Umbreit's house, seen by ftplib: orders are taken once, answered right, and every rule is held."""

import ftplib
import random
import re
import socket
from datetime import timedelta

import pytest

from syncd.simulate import Tls, UmbreitHouse
from syncd.simulate.shelf import Shelf
from tests.simulate import clients
from tests.simulate.clients import ORDER, ORDER_NAME, Hands, run, until


async def test_an_order_is_taken_at_the_rename_and_answered():
    async with clients.umbreit() as house:
        ftp = await run(clients.plain, house)
        await run(clients.order_up, ftp)
        assert await run(ftp.nlst) == []
        await until(lambda: len(house.out("900900")) == 2)
        await run(ftp.cwd, "../out")
        names = sorted(await run(ftp.nlst))
        files = {name: await run(clients.fetch, ftp, name) for name in names}
        await run(ftp.quit)

    assert house.violations == []
    (order,) = house.orders
    assert (order.name, order.content, order.customer, order.repeat_of) == (ORDER_NAME, ORDER, "900900", "")
    assert [(line["reference"], line["quantity"]) for line in order.lines] == [("51", 2), ("52", 1), ("53", 5)]
    erm, els = sorted(files, key=lambda name: "M" not in name)
    assert re.fullmatch(rf"R_900900M{order.number}000\d{{6}}", erm)
    assert re.fullmatch(r"R_900900\d{8}000\d{6}", els)
    assert [record[:4] for record in files[erm].split(b"\r\n")] == [b"M101", b"L101", b"M101", b""]
    assert b"9783865213891EN010N        0000*90901*9999" in files[erm]
    assert b"9783784471587EN015J        0000*1003Adler*90901*9999" in files[erm]
    first, second, rest = files[els].split(b"\r\n")
    slip = els[8:16].encode()
    assert first.startswith(b"L10124000     VD900900    VD20261122" + slip + b"  000151        9783442756841EN0002")
    assert second.startswith(b"L10124000     VD900900    VD20261122" + slip + b"  000253        9783784471587EN0003")
    assert rest == b""
    assert set(house.out("900900")) == set(names)
    assert [each.whole for each in house.handed] == [True, True]


async def test_no_response_when_everything_is_there_and_no_slip_when_nothing_is():
    shelf = Shelf(missing=frozenset({"9783442756841"}), by_rule=False)
    line = ORDER.split(b"\r\n")[0] + b"\r\n"
    for each, count in ((Shelf(by_rule=False), 1), (shelf, 1)):
        async with clients.umbreit(shelf=each, repeats_reports=True) as house:
            ftp = await run(clients.plain, house)
            await run(clients.order_up, ftp, content=line)
            await run(ftp.quit)
            await until(lambda: house.out("900900"))
        (name,) = house.out("900900")
        assert len(house.out("900900")) == count
        assert name.startswith("R_900900M") == (each is shelf)


async def test_the_slip_repeats_reports_where_it_is_told_to():
    async with clients.umbreit(repeats_reports=True) as house:
        ftp = await run(clients.plain, house)
        await run(clients.order_up, ftp)
        await run(ftp.quit)
        await until(lambda: len(house.out("900900")) == 2)
    (els,) = (content for name, content in house.out("900900").items() if name[8] != "M")
    assert [record[:4] for record in els.split(b"\r\n")] == [b"L101", b"M101", b"L101", b"M101", b""]
    assert b"*904220261122*9999" in els


async def test_the_same_bytes_again_are_noticed():
    async with clients.umbreit() as house:
        ftp = await run(clients.plain, house)
        await run(clients.order_up, ftp)
        await run(ftp.cwd, "..")
        await run(clients.order_up, ftp, "S_900900_20261122100001")
        await run(ftp.quit)
    assert [order.repeat_of for order in house.orders] == ["", ORDER_NAME]


def store_as_order(ftp: ftplib.FTP) -> None:
    clients.store(ftp, f"in/{ORDER_NAME}", ORDER)


def order_in_binary(ftp: ftplib.FTP) -> None:
    clients.store(ftp, "in/t1", ORDER, "I")


def hidden_name(ftp: ftplib.FTP) -> None:
    clients.store(ftp, "in/.t1", ORDER)


def answer_name(ftp: ftplib.FTP) -> None:
    clients.store(ftp, "in/R_t1", ORDER)


def odd_order_name(ftp: ftplib.FTP) -> None:
    clients.order_up(ftp, "S_today")


def name_again(ftp: ftplib.FTP) -> None:
    clients.order_up(ftp)
    ftp.cwd("..")
    clients.order_up(ftp)


def fourteen_digits(ftp: ftplib.FTP) -> None:
    clients.order_up(ftp, content=ORDER.replace(b"9783442756841", b"97834427568411"))


def make_directory(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.mkd("in/new")


def extended_passive(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match="502"):
        ftp.sendcmd("EPSV")


def active(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match="502"):
        ftp.sendport("127.0.0.1", 20001)


BROKEN = {
    "stored-as-order": store_as_order,
    "order-type": order_in_binary,
    "temporary-name": hidden_name,
    "temporary-name ": answer_name,
    "order-name": odd_order_name,
    "order-name-used": name_again,
    "order-content": fourteen_digits,
    "no-directories": make_directory,
    "passive-only": extended_passive,
    "passive-only ": active,
}


@pytest.mark.parametrize("rule", BROKEN)
async def test_a_broken_rule_stands_in_the_books(rule):
    async with clients.umbreit() as house:
        ftp = await run(clients.plain, house)
        await run(BROKEN[rule], ftp)
        await run(ftp.quit)
    assert [violation.rule for violation in house.violations] == [rule.strip()]


async def test_every_rule_of_the_house_is_tried_here():
    assert {rule.code for rule in UmbreitHouse.RULES} <= {name.strip() for name in BROKEN}


async def test_a_second_parallel_login_is_refused():
    async with clients.umbreit() as house:
        first = await run(clients.plain, house)
        second = await run(clients.plain, house, login=False)
        with pytest.raises(ftplib.error_temp, match="421"):
            await run(second.login, "900900", "geheim")
        await run(second.close)
        await run(first.quit)
        again = await run(clients.plain, house)
        await run(again.quit)
    assert [violation.rule for violation in house.violations] == ["login-parallel"]
    assert [login.outcome for login in house.logins] == ["accepted", "parallel", "accepted"]


async def test_a_wrong_password_is_refused_and_written_down():
    async with clients.umbreit() as house:
        ftp = await run(clients.plain, house, login=False)
        with pytest.raises(ftplib.error_perm, match="530"):
            await run(ftp.login, "900900", "falsch")
        await run(ftp.quit)
    assert [login.outcome for login in house.logins] == ["refused"]
    assert "falsch" not in repr(house.books())


async def test_text_may_be_stored_with_line_feeds():
    async with clients.umbreit(newline="lf") as house:
        ftp = await run(clients.plain, house)
        await run(clients.store, ftp, "in/t1", ORDER)
        assert house.inside("900900")["t1"] == ORDER.replace(b"\r\n", b"\n")
        with pytest.raises(ftplib.error_perm, match="550"):
            await run(ftp.size, "in/t1")
        assert await run(clients.fetch, ftp, "in/t1") == ORDER
        await run(ftp.quit)


@pytest.mark.parametrize("versions", [("1.0", "1.0"), ("1.2", "1.2"), ("1.3", "1.3")])
async def test_tls_where_the_contract_says_so(tmp_path, versions):
    ca_file = tmp_path / "ca.pem"
    async with clients.umbreit(tls=Tls.OPTIONAL, tls_versions=versions, ca_file=ca_file, reuse_required=True) as house:
        ftp = await run(clients.tls, house, ca_file, "900900", clients.ReusingTls)
        await run(clients.order_up, ftp)
        await until(lambda: len(house.out("900900")) == 2)
        await run(ftp.cwd, "../out")
        for name in await run(ftp.nlst):
            assert await run(clients.fetch, ftp, name) == house.out("900900")[name]
        await run(ftp.quit)
        clear = await run(clients.plain, house)
        await run(clear.quit)
    assert house.violations == []
    assert [login.tls for login in house.logins] == [f"TLSv{versions[0].removesuffix('.0')}", ""]


class Implicit(ftplib.FTP_TLS):
    """FTP_TLS that speaks TLS from the first byte."""

    def connect(self, *arguments, **named):
        sock = socket.create_connection(arguments, timeout=20)
        self.host = "127.0.0.1"
        self.af = sock.family
        self.sock = self.context.wrap_socket(sock, server_hostname="127.0.0.1")
        self.file = self.sock.makefile("r", encoding=self.encoding)
        return self.getresp()


async def test_implicit_tls(tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with clients.umbreit(tls=Tls.IMPLICIT, ca_file=ca_file) as house:
        ftp = Implicit(context=clients.context(ca_file), timeout=20)
        await run(ftp.connect, "127.0.0.1", house.port)
        await run(ftp.login, "900900", "geheim", secure=False)
        await run(ftp.prot_p)
        await run(clients.order_up, ftp)
        await run(ftp.quit)
    assert house.violations == []
    assert len(house.orders) == 1


async def test_session_reuse_can_be_demanded(tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with clients.umbreit(tls=Tls.EXPLICIT, ca_file=ca_file, reuse_required=True) as house:
        ftp = await run(clients.tls, house, ca_file, "900900")
        with pytest.raises((ftplib.error_perm, OSError)):
            await run(ftp.nlst)
        await run(ftp.close)


async def test_an_idle_visitor_is_sent_away():
    async with clients.umbreit(idle=timedelta(seconds=0.2)) as house:
        ftp = await run(clients.plain, house, login=False)
        assert (await run(ftp.getmultiline)).startswith("421")
        await run(ftp.close)


async def test_the_same_dice_give_the_same_names():
    names = []
    for _ in range(2):
        async with UmbreitHouse({"900900": "geheim"}, clock=Hands(), rng=random.Random(7)) as house:
            ftp = await run(clients.plain, house)
            await run(clients.order_up, ftp)
            await run(ftp.quit)
            await until(lambda: len(house.out("900900")) == 2)
        names.append(list(house.out("900900")))
    assert names[0] == names[1]
