"""The houses, seen by lftp: another independent client, with other habits than ftplib's."""

import asyncio
from pathlib import Path

from tests.simulate import clients
from tests.simulate.clients import ORDER, ORDER_NAME, until

MANNERS = "set net:max-retries 1; set net:timeout 10; set ftp:use-site-utime no; set ftp:use-site-utime2 no;"
OLD_TLS = "set ssl:priority LEGACY:-VERS-ALL:+VERS-TLS1.0:%ALLOW_SMALL_RECORDS;"


async def lftp(house, script: str) -> str:
    user = next(iter(house.accounts))
    script = f"{MANNERS} {script.replace('OPEN', f'open -u {user},geheim -p {house.port} 127.0.0.1;')}"
    process = await asyncio.create_subprocess_exec(
        "lftp", "--norc", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_an_order_and_its_answers(tmp_path: Path):
    (tmp_path / "order").write_bytes(ORDER.replace(b"\r\n", b"\n"))  # in ASCII, lftp makes line ends of the network
    async with clients.umbreit() as house:
        await lftp(
            house,
            "set ftp:ssl-allow no; set ftp:prefer-epsv no; OPEN"
            f"put -a {tmp_path}/order -o in/t1; mv in/t1 in/{ORDER_NAME}",
        )
        await until(lambda: len(house.out("900900")) == 2)
        await lftp(house, f"set ftp:ssl-allow no; set ftp:prefer-epsv no; OPEN lcd {tmp_path}; mget -a out/R_*")
        for name, content in house.out("900900").items():
            assert (tmp_path / name).read_bytes() == content.replace(b"\r\n", b"\n")
    assert house.violations == []
    assert [order.content for order in house.orders] == [ORDER]
    assert [login.outcome for login in house.logins] == ["accepted", "accepted"]


async def test_what_lftp_does_by_itself_breaks_the_rules(tmp_path: Path):
    (tmp_path / "order").write_bytes(ORDER)
    async with clients.umbreit() as house:
        await lftp(house, f"set ftp:ssl-allow no; OPEN put {tmp_path}/order -o in/{ORDER_NAME}")
    assert {violation.rule for violation in house.violations} == {"stored-as-order", "order-type"}


async def test_a_stock_list_over_tls_1_0(tmp_path: Path):
    ca_file = tmp_path / "ca.pem"
    async with clients.cb(ca_file=ca_file) as house:
        name = house.publish_stock([("9789881892331", 19)])
        content = house.out("shop")[name]
        await lftp(
            house,
            f"{OLD_TLS} set ssl:ca-file {ca_file}; set ftp:ssl-force yes; set ftp:ssl-protect-data yes;"
            f"set ftp:ssl-protect-list yes; set ftp:prefer-epsv no; OPEN get -a out/{name} -o {tmp_path}/stock",
        )
    assert (tmp_path / "stock").read_bytes() == content.replace(b"\r\n", b"\n")
    assert house.violations == []
    assert [login.tls for login in house.logins] == ["TLSv1"]
    assert dict(house.out("shop")) == {}
