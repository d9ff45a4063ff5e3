"""`syncd simulate`, as a newcomer uses it: a house in one terminal, a visitor in another."""

import ftplib
import json
import re
import signal
import subprocess
import sys
import tomllib
from contextlib import contextmanager

import pytest

from syncd.config import load
from tests.simulate.clients import ORDER, ORDER_NAME, context, order_up

SINK = '\n[sink.folder]\ntype = "directory"\npath = "/srv/books"\n'


class Open:
    """A house that was opened by the command line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""

    def read_until(self, text: str) -> str:
        assert self.process.stdout is not None
        while text not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        return self.said

    def close(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=20)
        return self.process.returncode, self.said + rest


@contextmanager
def opened(house, directory, *options):
    command = [sys.executable, "-m", "syncd", "simulate", house, "--port", "0", "--directory", str(directory), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield Open(process)
    finally:
        process.kill()
        process.communicate()


def table(said: str) -> str:
    found = re.search(r"^\[account\.\w+\]\n(?:.+\n)+", said, re.MULTILINE)
    assert found, said
    return found[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_order_brought_by_hand(tmp_path, number):
    with opened("umbreit", tmp_path) as house:
        said = house.read_until("The password is")
        account = tomllib.loads(table(said))["account"]["umbreit"]
        ftp = ftplib.FTP(timeout=10)
        ftp.connect(account["host"], account["port"])
        ftp.login(account["user"], (tmp_path / "password").read_text().strip())
        order_up(ftp)
        house.read_until("put R_")
        ftp.quit()
        status, said = house.close(number)
    assert status == 0, said
    assert f"took {ORDER_NAME}: {len(ORDER)} bytes" in said
    assert "logins: 1, orders taken: 1" in said
    assert [path.read_bytes() for path in (tmp_path / "orders").iterdir()] == [ORDER]
    records = [json.loads(line) for line in (tmp_path / "books.jsonl").read_text().splitlines()]
    assert {"command", "login", "order", "placed"} <= {record["kind"] for record in records}
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600


def test_a_broken_rule_is_the_exit_status(tmp_path):
    with opened("cb", tmp_path, "--verbose", "--fault", "530:1", "--login-interval", "3s") as house:
        said = house.read_until("The password is")
        account = tomllib.loads(table(said))["account"]["cb"]
        ftp = ftplib.FTP_TLS(context=context(tmp_path / "ca.pem"), timeout=10)
        ftp.connect(account["host"], account["port"])
        with pytest.raises(ftplib.error_perm, match="530"):
            ftp.login(account["user"], (tmp_path / "password").read_text().strip())
        with pytest.raises(ftplib.error_temp, match="421"):
            ftp.login(account["user"], (tmp_path / "password").read_text().strip())
        ftp.close()
        house.read_until("VIOLATION login-early")
        status, said = house.close()
    assert status == 1, said
    assert "fault 530 struck at PASS" in said
    assert "session 1: PASS ***" in said


@pytest.mark.parametrize(("house", "options"), [("umbreit", ()), ("umbreit", ("--tls", "optional")), ("cb", ())])
def test_the_printed_table_is_a_configuration(tmp_path, house, options):
    with opened(house, tmp_path, *options) as terminal:
        said = terminal.read_until("The password is")
        terminal.close()
    config = tmp_path / "syncd.toml"
    config.write_text(table(said) + SINK)
    account = load(config).accounts[house]
    assert account.password.read() == re.findall("The password is (.*)", said)[0]
    assert account.outbox == tmp_path / "outbox"


def test_a_given_password_is_not_printed(tmp_path):
    given = tmp_path / "given"
    given.write_text("canary\n")
    with opened("umbreit", tmp_path / "house", "--password-file", str(given)) as terminal:
        said = terminal.read_until("schedule = ")
        _, said = terminal.close()
    assert "canary" not in said


def test_an_unknown_fault_is_told_with_the_known_ones(tmp_path):
    with opened("umbreit", tmp_path, "--fault", "lost-coffee") as terminal:
        said, _ = terminal.process.communicate(timeout=20)
        assert terminal.process.returncode == 2
    assert "there is no fault 'lost-coffee'" in said
    assert "Choose among: lost-226" in said


def test_a_port_that_is_taken_is_told_with_a_remedy(tmp_path):
    with opened("umbreit", tmp_path / "one") as first:
        said = first.read_until("The password is")
        port = re.findall(r"^port = (\d+)", said, re.MULTILINE)[0]
        with opened("umbreit", tmp_path / "two", "--port", port) as second:
            told, _ = second.process.communicate(timeout=20)
            assert second.process.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in told
    assert "--port 0" in told


def syncd(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "syncd", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def configured(tmp_path, account):
    """Let `config new` write a configuration, as a stranger who reads what the house printed would."""
    config = tmp_path / "syncd.toml"
    named = {
        "--supplier": account["supplier"],
        "--host": account["host"],
        "--port": account["port"],
        "--tls": account["tls"],
        "--ca-file": account.get("ca_file"),
        "--user": account["user"],
        "--customer": account.get("customers", [None])[0],
        "--relation-id": account.get("relation_id"),
        "--outbox": account["outbox"],
        "--folder": tmp_path / "inbox",
        "--state-dir": tmp_path / "state",
        "--password-file": account["password"]["file"],
    }
    syncd("config", "new", config, "--yes", *[each for pair in named.items() if pair[1] is not None for each in pair])
    return config


def test_a_strangers_configuration_runs_against_umbreits_house(tmp_path):
    with opened("umbreit", tmp_path / "house") as house:
        account = tomllib.loads(table(house.read_until("The password is")))["account"]["umbreit"]
        config = configured(tmp_path, account)
        (tmp_path / "house/outbox" / ORDER_NAME).write_bytes(ORDER)
        syncd("once", "--config", config)
        house.read_until("put R_")
        syncd("once", "--config", config)
        status, said = house.close()
    assert status == 0, said
    assert f"took {ORDER_NAME}" in said
    assert any(path.name.startswith("R_900900") for path in (tmp_path / "inbox").rglob("R_*"))


def test_a_strangers_configuration_runs_against_cbs_house(tmp_path):
    with opened("cb", tmp_path / "house") as house:
        account = tomllib.loads(table(house.read_until("The password is")))["account"]["cb"]
        config = configured(tmp_path, account)
        (tmp_path / "house/outbox/order-1.txt").write_bytes(b"opaque\r\n")
        syncd("once", "--config", config)
        status, said = house.close()
    assert status == 0, said
    assert "took order-1.txt: 8 bytes" in said
    assert len(list((tmp_path / "inbox").rglob("*.bhd"))) == 1
