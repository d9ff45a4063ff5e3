"""The whole round against real servers: an order up by temporary name and rename, files down byte for byte.

The servers know nothing of the trade: an order stays where it was renamed to, and nothing is deleted by reading.
"""

import asyncio

import pytest

from syncd import app
from syncd.config import load
from syncd.suppliers.rules import Encryption
from tests.jobs.shop import TWO, order
from tests.jobs.test_trouble import ANSWER, ORDER, answer
from tests.root import NEEDS_ROOT
from tests.servers.proftpd import proftpd
from tests.servers.pureftpd import pureftpd
from tests.servers.vsftpd import vsftpd

UMBREIT = {
    "proftpd": proftpd,
    "proftpd-tls1.2": lambda: proftpd("TLSv1.2"),
    "proftpd-tls1.3": lambda: proftpd("TLSv1.3"),
    "proftpd-implicit": lambda: proftpd("TLSv1.2", implicit=True),
    "vsftpd": vsftpd,
    "vsftpd-tls": lambda: vsftpd(tls=True),
    "pureftpd": pureftpd,
    "pureftpd-tls": lambda: pureftpd(tls=True),
}
STOCK = b"".join(
    [
        b"#00010#0002BHDART#00030608#000420161219#00050458#000624160030#00070#00080\r\n",
        b"#00011#0009AFZ#00108894126#0011CB\r\n#00011#0009ONTV#00109999999#0011CB\r\n",
        b"#00012#02009789881892331#028120150420#0521N#052219\r\n#00019#00151#000624160030\r\n",
    ]
)


def config(folder, server, account, host="127.0.0.1"):
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(server.password)
    ca_file = f'ca_file = "{server.ca_file}"' if server.ca_file else ""
    path = folder / "syncd.toml"
    path.write_text(
        f"""\
state_dir = "{folder}/state"
[account.it]
host = "{host}"
port = {server.port}
user = "{server.user}"
password = {{ file = "{password}" }}
tls = "{server.encryption}"
outbox = "{folder}/outbox"
login_interval = "0s"
{ca_file}
{account}
[sink.inbox]
type = "directory"
path = "{folder}/inbox"
"""
    )
    (folder / "outbox").mkdir()
    (folder / "inbox").mkdir()
    return path


def once(path):
    ((tour,), waiting) = asyncio.run(app.once(load(path), []))
    assert waiting == 0
    return tour


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=NEEDS_ROOT if kind.startswith("pure") else ()) for kind in UMBREIT]
)
def test_umbreit_on(kind, tmp_path):
    with UMBREIT[kind]() as server:
        path = config(tmp_path, server, 'supplier = "umbreit"\ncustomers = ["900900"]')
        (tmp_path / "outbox" / ORDER).write_bytes(order(*TWO))
        server.put("out", ANSWER, answer())
        tour = once(path)
        assert tour.errors == []
        assert server.names("in") == [ORDER]
        stored = server.read("in", ORDER)
        assert stored in (order(*TWO), order(*TWO).replace(b"\r\n", b"\n")), "in ASCII a server may keep LF alone"
        assert (tmp_path / "inbox" / ANSWER).read_bytes().replace(b"\r\r", b"\r") == answer()
        encrypted = server.encryption is not Encryption.NONE
        assert (tour.visit.tls_version is not None) is encrypted
        assert once(path).visit.fetched == [], "what is known is not fetched again"


@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1.2", "TLSv1.3"])
def test_cb_on_proftpd(protocol, tmp_path):
    with proftpd(protocol, passive=range(41000, 42001)) as server:
        path = config(tmp_path, server, 'supplier = "cb"\nrelation_id = "9999999"')
        (tmp_path / "outbox" / "order-1.txt").write_bytes(b"anything\r\n")
        server.put("out", "stock.bhd", STOCK)
        tour = once(path)
        assert tour.errors == []
        assert tour.visit.tls_version == protocol
        assert server.names("in") == ["order-1.txt"]
        assert (tmp_path / "inbox" / "stock.bhd").read_bytes() == STOCK
