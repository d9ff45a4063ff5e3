"""CB's house, seen by ftplib over TLS 1.0."""

import ftplib
from datetime import UTC, datetime, time
from random import Random
from typing import Any

import pytest

from syncd.simulate import CbHouse, Tls
from syncd.simulate.rules import COMMON
from tests.simulate import clients
from tests.simulate.clients import Hands, run

STOCK = [("9789881892331", 19), ("9789881961037", 5000)]


async def test_a_visit_brings_an_order_and_fetches_a_stock_list(tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with clients.cb(ca_file=ca_file, receipts=True) as house:
        name = house.publish_stock(STOCK)
        content = house.out("shop")[name]
        ftp = await run(clients.tls, house, ca_file)
        assert await run(ftp.pwd) == "/9999999"
        await run(clients.store, ftp, "in/bestelling-1.txt", b"opaque\r\n")
        assert await run(ftp.nlst, "in") == []
        await run(ftp.cwd, "/9999999/out")
        listed = await run(ftp.nlst)
        assert await run(clients.fetch, ftp, name) == content
        assert name not in await run(ftp.nlst)
        await run(ftp.quit)
    assert house.violations == []
    assert [(order.name, order.content) for order in house.orders] == [("bestelling-1.txt", b"opaque\r\n")]
    assert listed == [name, f"ontvangst-{house.orders[0].number}.txt"]
    assert [(login.outcome, login.tls) for login in house.logins] == [("accepted", "TLSv1")]
    assert [(each.name, each.whole) for each in house.handed] == [(name, True)]


async def test_data_ports_lie_in_the_range(tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with clients.cb(ca_file=ca_file) as house:
        ftp = await run(clients.tls, house, ca_file)
        ports = {(await run(ftp.makepasv))[1] for _ in range(5)}
        await run(ftp.quit)
    assert all(41000 <= port <= 42000 for port in ports)


@pytest.mark.parametrize("removes", ["before-226", "after-226", "at-open"])
async def test_reading_removes(tmp_path, removes):
    ca_file = tmp_path / "ca.pem"
    async with clients.cb(ca_file=ca_file, removes=removes) as house:
        name = house.publish_stock(STOCK)
        ftp = await run(clients.tls, house, ca_file)
        await run(clients.fetch, ftp, f"out/{name}")
        await run(ftp.quit)
        assert dict(house.out("shop")) == {}


async def test_a_login_inside_the_interval_is_a_violation_even_after_a_failed_one(tmp_path):
    ca_file = tmp_path / "ca.pem"
    clock = Hands()

    def attempt(password: str) -> str:
        ftp = ftplib.FTP_TLS(context=clients.context(ca_file), timeout=20)
        ftp.connect("127.0.0.1", house.port)
        try:
            reply = ftp.login("shop", password)
            ftp.quit()
        except ftplib.Error as error:
            reply = str(error)
            ftp.close()
        return reply[:3]

    async with clients.cb(clock, ca_file=ca_file) as house:
        assert await run(attempt, "falsch") == "530"
        clock.ahead(seconds=599)
        assert await run(attempt, "geheim") == "421"
        clock.ahead(seconds=600)
        assert await run(attempt, "geheim") == "230"
    assert [login.outcome for login in house.logins] == ["refused", "early", "accepted"]
    assert [violation.rule for violation in house.violations] == ["login-early"]


def refused(code: str, *commands: str):
    def go(ftp: ftplib.FTP) -> None:
        for command in commands:
            with pytest.raises(ftplib.error_perm, match=code):
                ftp.voidcmd(command)

    return go


def capital_extension(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match="553"):
        clients.store(ftp, "in/order.TXT", b"x")


def odd_characters(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match="553"):
        clients.store(ftp, "in/order 1.txt", b"x")


def elsewhere(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match="550"):
        clients.store(ftp, "order.txt", b"x")


def text_in_binary(ftp: ftplib.FTP) -> None:
    clients.store(ftp, "in/order.txt", b"x", "I")


def picture_in_ascii(ftp: ftplib.FTP) -> None:
    clients.store(ftp, "in/cover.jpg", b"x", "A")


def data_in_clear(ftp: ftplib.FTP_TLS) -> None:
    ftp.prot_c()
    with pytest.raises(ftplib.error_perm, match="521"):
        ftp.nlst()


BROKEN = {
    "no-rename": refused("550", "RNFR in/a.txt"),
    "no-change": refused("550", "APPE in/a.txt"),
    "no-change ": refused("550", "DELE out/a.txt"),
    "no-change  ": refused("550", "REST 10"),
    "no-directories": refused("550", "MKD in/new"),
    "passive-only": refused("502", "EPSV"),
    "file-name": capital_extension,
    "file-name ": odd_characters,
    "place": elsewhere,
    "transfer-type": text_in_binary,
    "transfer-type ": picture_in_ascii,
    "plaintext-data": data_in_clear,
}


@pytest.mark.parametrize("rule", BROKEN)
async def test_a_broken_rule_stands_in_the_books(rule, tmp_path):
    ca_file = tmp_path / "ca.pem"
    async with clients.cb(ca_file=ca_file) as house:
        ftp = await run(clients.tls, house, ca_file)
        await run(BROKEN[rule], ftp)
        await run(ftp.quit)
    assert [violation.rule for violation in house.violations] == [rule.strip()]


async def test_no_name_is_taken_in_clear():
    async with clients.cb() as house:
        ftp = await run(clients.plain, house, login=False)
        with pytest.raises(ftplib.error_perm, match="530"):
            await run(ftp.login, "shop", "geheim")
        await run(ftp.close)
    assert [violation.rule for violation in house.violations] == ["plaintext-login"]
    assert house.logins == []


async def test_every_rule_of_the_house_is_tried_here():
    rules = {rule.code for rule in (*CbHouse.RULES, *COMMON)} - {"plaintext-login"}
    assert rules <= {name.strip() for name in BROKEN}


async def test_a_newer_client_is_refused_while_only_tls_1_0_is_spoken(tmp_path):
    import ssl

    ca_file = tmp_path / "ca.pem"
    async with clients.cb(ca_file=ca_file) as house:
        ftp = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=str(ca_file)), timeout=20)
        await run(ftp.connect, "127.0.0.1", house.port)
        with pytest.raises(ssl.SSLError):
            await run(ftp.auth)
        ftp.close()
    assert house.logins == []


async def test_stock_lists_come_at_the_slots_of_the_day():
    clock = Hands()
    clock.now = datetime(2026, 11, 22, 15, 29, 59, 990000, tzinfo=UTC)  # 16:30 in Amsterdam in ten milliseconds
    from syncd.simulate.cb import SLOTS

    async with clients.cb(clock, tls=Tls.NONE, slots=SLOTS, stock=lambda: STOCK) as house:
        await clients.until(lambda: house.out("shop"))
        assert len(house.out("shop")) == 1
    assert time(16, 30) in SLOTS


def test_a_setting_that_does_not_exist_is_refused():
    misspelt: dict[str, Any] = {"pasive_ports": range(1)}
    with pytest.raises(TypeError, match="pasive_ports"):
        CbHouse({}, clock=lambda: datetime.now(UTC), rng=Random(1), **misspelt)
