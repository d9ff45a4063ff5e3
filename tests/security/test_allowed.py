"""What production may send is a list for each supplier, and a TLS exception is told with its reason."""

import subprocess
import sys
from dataclasses import replace

import pytest

from syncd import app
from syncd.config import load
from syncd.errors import ForbiddenError
from syncd.simulate import Tls
from syncd.suppliers.rules import PLUMBING
from syncd.transport.ftp import connect
from tests.jobs.shop import open_shop
from tests.servers.scripted import scripted

READING = {"CWD", "PWD", "MLSD", "LIST", "NLST", "SIZE", "RETR", "STOR"}
ALLOWED = {"umbreit": READING | {"RNFR", "RNTO", "DELE"}, "cb": READING}


async def test_each_account_may_send_its_suppliers_commands_and_no_others(tmp_path):
    async with open_shop(tmp_path) as shop:
        accounts = app.accounts_of(load(shop.config))
        assert {name: account.commands() - PLUMBING for name, account in accounts.items()} == ALLOWED


@pytest.mark.parametrize("verb", ["rename_from", "rename_to", "remove"])
async def test_a_real_session_with_cb_never_renames_nor_removes(verb: str, tmp_path):
    async with open_shop(tmp_path) as shop:
        account = app.accounts_of(load(shop.config))["cb"]
        endpoint = account.endpoint(account.commands())
    (tmp_path / "tls").mkdir()
    with scripted(tls=tmp_path / "tls") as server:
        assert server.tls is not None
        session = await connect(replace(endpoint, port=server.port, ca_file=str(server.tls.ca)))
        with pytest.raises(ForbiddenError):
            await getattr(session, verb)("S_1")
        assert not {"RNFR", "RNTO", "DELE"} & set(server.verbs)


async def test_status_tells_every_tls_exception_and_its_reason(tmp_path):
    async with open_shop(tmp_path, config={"cb": "strict_tls_end = false"}) as shop:
        await shop.once("cb", "umbreit")
        said = subprocess.run(
            [sys.executable, "-m", "syncd", "status", "--config", str(shop.config)], capture_output=True, text=True
        ).stdout
        exceptions = {one.name: one.tls_exception for one in shop.status().accounts}
    said = " ".join(said.split())
    assert "TLS TLSv1; below 1.2 is allowed: CB's document of 2016" in said
    assert "; strict_tls_end = false is set" in said
    assert 'TLS not used; tls = "none" is set' in said
    assert "in clear" in exceptions["umbreit"]


async def test_status_has_nothing_to_say_of_an_account_without_an_exception(tmp_path):
    async with open_shop(tmp_path, umbreit={"tls": Tls.EXPLICIT, "ca_file": tmp_path / "umbreit.pem"}) as shop:
        text = shop.config.read_text().replace('tls = "none"', f'tls = "explicit"\nca_file = "{tmp_path}/umbreit.pem"')
        shop.config.write_text(text)
        await shop.once("umbreit")
        (umbreit,) = [one for one in shop.status().accounts if one.name == "umbreit"]
    assert umbreit.tls == "TLSv1.3"
    assert umbreit.tls_exception == ""


async def test_nobody_else_on_the_machine_reads_the_state(tmp_path):
    async with open_shop(tmp_path) as shop:
        shop.drop()
        await shop.once("umbreit")
    state = tmp_path / "state"
    assert state.stat().st_mode & 0o077 == 0
