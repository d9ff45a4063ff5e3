"""The table [account.NAME.ola]."""

from datetime import timedelta

import pytest

from syncd.config import load
from syncd.config.paths import unusable
from syncd.config.show import as_toml
from syncd.errors import ConfigError
from syncd.suppliers.rules import Every
from tests.config.samples import CB, UMBREIT

OLA = """
[account.umbreit.ola]
host = "ola.umbreit.example"
user = "900900"
password = { file = "/etc/syncd/ola" }
"""


def test_without_the_table_nothing_is_asked(write):
    assert load(write(UMBREIT)).accounts["umbreit"].ola is None


def test_the_rest_comes_from_supplier_and_account(write):
    ola = load(write(UMBREIT + OLA)).accounts["umbreit"].ola
    assert ola
    assert (ola.host, ola.port, ola.user, ola.customer) == ("ola.umbreit.example", 5002, "900900", "900900")


def test_everything_can_be_said(write):
    more = 'port = 5003\ncustomer = "900901"\nlogin_prompt = "kundennummer"\npassword_prompt = "kennwort"\n'
    ola = load(write(UMBREIT + OLA + more)).accounts["umbreit"].ola
    assert ola
    assert (ola.port, ola.customer, ola.login_prompt, ola.password_prompt) == (
        5003,
        "900901",
        "kundennummer",
        "kennwort",
    )


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (CB + OLA.replace("umbreit]", "cb]").replace("account.umbreit", "account.cb"), "has no availability query"),
        (UMBREIT + OLA.replace('host = "ola.umbreit.example"', ""), "host"),
        (UMBREIT + OLA + 'login_prompt = "["', "is no regular expression"),
        (UMBREIT + OLA + 'prompt = "x"', "prompt"),
        (UMBREIT + OLA + 'watch = "watch.txt"', "absolute path"),
        (UMBREIT + OLA + 'schedule = { every = "5m" }', "set watch as well"),
        (UMBREIT + OLA + "watch_price = true", "set watch as well"),
        (UMBREIT + OLA + "window = 0", "window"),
        (UMBREIT + OLA.replace('{ file = "/etc/syncd/ola" }', '"olatest"'), "must not stand in a file"),
    ],
)
def test_what_is_wrong_is_named(write, document: str, says: str):
    path = write(document)
    path.chmod(0o644)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert says in str(error.value)
    assert "olatest" not in str(error.value)


def test_it_is_shown_with_its_sources_and_without_its_password(write):
    shown = as_toml(load(write(UMBREIT + OLA)))
    assert "[account.umbreit.ola]" in shown
    assert 'customer = "900900"' in shown
    assert "/etc/syncd/ola" in shown


def test_a_watch_list_is_asked_every_hour_if_nothing_else_is_said(write):
    ola = load(write(UMBREIT + OLA + 'watch = "/srv/watch.txt"\n')).accounts["umbreit"].ola
    assert ola
    assert (str(ola.watch), ola.schedule, ola.watch_price, ola.window) == (
        "/srv/watch.txt",
        Every(timedelta(hours=1)),
        False,
        64,
    )
    shown = as_toml(
        load(write(UMBREIT + OLA + 'watch = "/srv/watch.txt"\nschedule = { at = ["08:00"] }\nwindow = 1\n'))
    )
    assert 'schedule = { at = ["08:00"] }' in shown
    assert 'watch = "/srv/watch.txt"' in shown


def test_a_watch_list_that_is_not_there_is_named(write, tmp_path):
    settings = load(write(UMBREIT + OLA + f'watch = "{tmp_path}/watch.txt"\n'))
    assert ("account", "umbreit", "ola", "watch") in {key for key, _ in unusable(settings)}
    (tmp_path / "watch.txt").write_text("9783842344549\n")
    assert ("account", "umbreit", "ola", "watch") not in {key for key, _ in unusable(settings)}
