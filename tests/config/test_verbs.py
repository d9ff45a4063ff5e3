"""`syncd config …` and `syncd completion`, as people and scripts call them."""

import json
import stat
import tomllib

import jsonschema
import pytest

from syncd.cli import main
from syncd.config import load
from syncd.config.schema import json_schema
from syncd.suppliers.rules import Encryption
from tests.config.samples import CB, FOLDER, UMBREIT


@pytest.fixture
def syncd(capsys, monkeypatch, tmp_path):
    """Call a verb; return its exit status and what it printed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))

    def call(*arguments: object, typed: str = "") -> tuple[int, str, str]:
        answers = tmp_path / "typed"
        answers.write_text(typed)
        with answers.open() as stdin, monkeypatch.context() as patch:
            patch.setattr("sys.stdin", stdin)
            with pytest.raises(SystemExit) as end:
                main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


# -- check ------------------------------------------------------------------------------------------------------


def test_check_says_what_it_found(syncd, write):
    status, out, _ = syncd("config", "check", "--config", write(UMBREIT + CB + 'enabled = false\nhost = "h"' + FOLDER))
    assert status == 0
    ok, state, umbreit, cb, sink = out.splitlines()
    assert ok.startswith("ok: ")
    assert state.split() == ["state", "/var/lib/syncd"]
    assert (
        "umbreit: G. Umbreit GmbH & Co. KG, shop at ftp.umbreit.example:21, TLS explicit, next visit by 20" in umbreit
    )
    assert cb.endswith("not enabled")
    assert sink.split() == ["sink", "folder:", "directory"]


def test_check_names_everything_that_is_wrong(syncd, write):
    path = write("a = 1\nb = 2" + CB)
    status, out, err = syncd("config", "check", "--config", path)
    assert (status, out) == (2, "")
    assert err.splitlines()[0] == f"syncd: 2 errors in the configuration {path}"
    assert err.splitlines()[1] == f"{path}:1: a: unknown key"


def test_check_of_paths(syncd, write, tmp_path):
    (tmp_path / "file").write_text("")
    text = f'state_dir = "{tmp_path}/state"{UMBREIT}ca_file = "{tmp_path}/file"\noutbox = "{tmp_path}/file"'
    path = write(text.replace("/etc/syncd/umbreit", f"{tmp_path}/nowhere") + FOLDER.replace("/srv", f"{tmp_path}/a/b"))
    status, _, err = syncd("config", "check", "--paths", "--config", path)
    assert status == 2
    said = [line.removeprefix(f"{path}:") for line in err.splitlines() if line.startswith(str(path))]
    assert [line.split(": ")[:2] for line in said] == [
        ["6", "account.umbreit.password"],
        ["9", "account.umbreit.ca_file"],
        ["10", "account.umbreit.outbox"],
        ["13", "sink.folder.path"],
    ]
    assert f"mkdir -p {tmp_path}/a/b/in" in err


def test_check_of_paths_looks_at_the_program_and_the_database_of_a_sink(syncd, write, tmp_path):
    (tmp_path / "umbreit").touch(0o600)
    (tmp_path / "umbreit").write_text("secret")
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "till").write_text("no program")
    (tmp_path / "scan").write_text("#!/bin/sh")
    (tmp_path / "scan").chmod(0o700)
    account = f'state_dir = "{tmp_path}/state"{UMBREIT.replace("/etc/syncd", str(tmp_path))}'
    sinks = [
        f'type = "command"\ncommand = ["{tmp_path}/scan", "--in"]',
        f'type = "sql"\nurl = "sqlite:///{tmp_path}/shop.db"',
        'type = "sql"\nurl = "postgresql://shop@192.0.2.1/shop"',
    ]
    spoilt = [
        (f'type = "command"\ncommand = ["{tmp_path}/till", "--in"]', f"command: {tmp_path}/till is not there"),
        (f'type = "sql"\nurl = "sqlite:///{tmp_path}/no/shop.db"', f"url: {tmp_path}/no is not there"),
        (f'type = "sql"\nurl = "sqlite:///{tmp_path}/till/shop.db"', f"url: {tmp_path}/till is not there"),
        (f'type = "sql"\nurl = "sqlite:///{tmp_path}/folder.db"', f"url: {tmp_path}/folder.db is no file"),
    ]

    def checked(tables):
        text = "".join(f"\n[sink.s{number}]\n{table}\n" for number, table in enumerate(tables))
        return syncd("config", "check", "--paths", "--config", write(account + text))

    assert checked(sinks)[::2] == (0, "")
    status, _, err = checked([*sinks, *(table for table, _ in spoilt)])
    assert status == 2
    said = [line.split(": ", 1)[1] for line in err.splitlines() if "sink." in line]
    assert len(said) == len(spoilt)
    for number, (line, (_, why)) in enumerate(zip(said, spoilt, strict=True), start=len(sinks)):
        assert line.startswith(f"sink.s{number}.{why}")


# -- show and schema --------------------------------------------------------------------------------------------


def test_what_is_shown_is_a_configuration_with_the_same_meaning(syncd, write, tmp_path):
    everything = write(UMBREIT + 'schedule = { at = ["01:05"] }\nconsume = "we-remove"' + CB + FOLDER)
    before = load(everything)
    status, out, _ = syncd("config", "show", "--config", everything)
    assert status == 0
    again = tmp_path / "again.toml"
    again.write_text(out)
    after = load(again)
    assert after.accounts["umbreit"] == before.accounts["umbreit"]
    assert after.sinks == before.sinks
    assert after.accounts["cb"].schedule == load(again).accounts["cb"].schedule
    jsonschema.validate(tomllib.loads(out), json_schema())


def test_every_value_names_its_source(syncd, write, monkeypatch):
    monkeypatch.setenv("SYNCD_ACCOUNT__CB__USER", "7654321")
    path = write(CB + FOLDER)
    _, out, _ = syncd("config", "show", "--json", "--config", path)
    shown = json.loads(out)
    account = shown["account"]["cb"]
    assert account["user"] == {"value": "7654321", "source": "environment variable SYNCD_ACCOUNT__CB__USER"}
    assert account["supplier"] == {"value": "cb", "source": f"{path}:3"}
    assert account["host"] == {"value": "ftp1.boekhuis.nl", "source": "default"}
    assert account["password"]["value"] == {"credential": "cb"}
    assert shown["sink"]["folder"]["path"] == {"value": "/srv/in", "source": f"{path}:9"}


def test_no_password_is_shown(syncd, write):
    path = write(CB.replace('{ credential = "cb" }', '"kanarienvogel-7"'))
    for arguments in (["show"], ["show", "--json"], ["check"]):
        status, out, err = syncd("config", *arguments, "--config", path)
        assert status == 0
        assert "kanarienvogel" not in out + err


def test_schema_is_a_schema(syncd):
    _, out, _ = syncd("config", "schema")
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


# -- new --------------------------------------------------------------------------------------------------------


def test_new_asks_nothing_of_a_script(syncd, tmp_path):
    path = tmp_path / "shop/syncd.toml"
    status, out, err = syncd(
        "config", "new", path, "--yes", "--supplier", "umbreit", "--host", "127.0.0.1", "--port", 2121,
        "--user", "shop", "--customer", 900900, "--state-dir", tmp_path / "state",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"syncd config check --paths --config {path}"
    account = load(path).accounts["umbreit"]
    assert (account.host, account.port, account.tls) == ("127.0.0.1", 2121, Encryption.NONE)
    assert account.outbox == tmp_path / "state/outbox"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    stub = tmp_path / "shop/credentials/umbreit"
    assert stat.S_IMODE(stub.stat().st_mode) == 0o600
    status, _, err = syncd("config", "check", "--paths", "--config", path)
    assert status == 2
    assert f"the secret in file {stub} is empty. Write the password there." in err
    stub.write_text("geheim\n")
    assert syncd("config", "check", "--paths", "--config", path)[0] == 0


def test_new_asks_a_person(syncd, tmp_path):
    path = tmp_path / "syncd.toml"
    typed = "umbreit\nftp.umbreit.example\n\nexplicit\nshop\n900900\n\n\n\nge heim\n"
    status, _, err = syncd("config", "new", path, typed=typed)
    assert status == 0, err
    account = load(path).accounts["umbreit"]
    assert account.tls is Encryption.EXPLICIT
    assert account.password.read() == "ge heim"
    assert load(path).state_dir == tmp_path / "home/syncd"


def test_new_asks_cb_for_what_cb_needs(syncd, tmp_path):
    path = tmp_path / "syncd.toml"
    status, _, err = syncd("config", "new", path, "--relation-id", "1234567", typed="cb\n\nshop\n\n\n\n\n")
    assert status == 0, err
    account = load(path).accounts["cb"]
    assert (account.host, account.relation_id, account.customers) == ("ftp1.boekhuis.nl", "1234567", ())


def test_new_never_overwrites(syncd, write):
    path = write(CB)
    arguments = ["config", "new", path, "--yes", "--supplier", "cb", "--user", "shop"]
    status, _, err = syncd(*arguments)
    assert (status, path.read_text()) == (2, CB)
    assert "is there already" in err
    assert syncd(*arguments, "--force")[0] == 0
    assert path.read_text() != CB


def test_a_password_that_is_there_stays(syncd, tmp_path):
    password = tmp_path / "password"
    password.write_text("geheim")
    arguments = ["--yes", "--supplier", "cb", "--user", "shop", "--password-file", password]
    assert syncd("config", "new", tmp_path / "syncd.toml", *arguments)[0] == 0
    assert password.read_text() == "geheim"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--supplier", "umbreit"], "--host is needed"),
        (["--supplier", "cb", "--user", "x", "--tls", "none"], 'account.cb.tls: should be "explicit"'),
        (
            ["--supplier", "cb", "--user", "x", "--relation-id", "12"],
            "account.cb.relation_id: should be a relation number",
        ),
        (["--supplier", "cb", "--user", "x", "--state-dir", "/dev/null/x"], "/dev/null/x: cannot be written"),
    ],
)
def test_new_writes_nothing_that_check_would_refuse(syncd, tmp_path, arguments, complaint):
    path = tmp_path / "syncd.toml"
    status, _, err = syncd("config", "new", path, "--yes", *arguments)
    assert status == 2
    assert complaint in err
    assert not path.exists()
    assert not path.with_name(".syncd.toml.draft").exists()


# -- completion -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(syncd, shell):
    status, out, _ = syncd("completion", shell)
    assert status == 0
    assert f"_SYNCD_COMPLETE={shell}_complete" in out
