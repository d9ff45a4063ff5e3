"""What a right configuration becomes: defaults from the supplier and from the machine."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from syncd.config import load
from syncd.sinks.base import Terms
from syncd.sinks.directory import DirectorySettings
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Daily, Encryption, Every
from tests.config.samples import CB, FOLDER, UMBREIT


def test_defaults_come_from_the_supplier(write):
    settings = load(write(UMBREIT + CB + FOLDER))
    umbreit, cb = settings.accounts["umbreit"], settings.accounts["cb"]
    assert (umbreit.port, umbreit.tls, umbreit.login_interval) == (21, Encryption.EXPLICIT, timedelta(0))
    assert (cb.host, cb.tls, cb.login_interval) == ("ftp1.boekhuis.nl", Encryption.EXPLICIT, timedelta(minutes=10))
    assert [channel.name for channel in cb.inbound] == ["stock"]
    assert cb.schedule == SUPPLIERS["cb"].visits
    assert umbreit.sinks == ("folder",)
    assert umbreit.customers == ("900900", "900901")


def test_defaults_come_from_the_machine(write):
    settings = load(write(UMBREIT))
    assert settings.state_dir == Path("/var/lib/syncd")
    assert settings.database_url() is None
    assert (settings.stop_timeout, settings.reserve) == (timedelta(minutes=2), 64_000_000)


def test_without_systemd_the_state_is_in_the_home(write, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert load(write(UMBREIT)).state_dir == Path.home() / ".local/state/syncd"


def test_the_path_is_given_or_in_the_environment(write, monkeypatch):
    monkeypatch.setenv("SYNCD_CONFIG", str(write(UMBREIT)))
    assert list(load().accounts) == ["umbreit"]


def test_a_sink_is_checked_by_its_own_class(write):
    sink = load(write(UMBREIT + FOLDER)).sinks["folder"]
    assert (sink.name, sink.type) == ("folder", "directory")
    assert isinstance(sink.settings, DirectorySettings)
    assert sink.settings.path == Path("/srv/in")
    assert sink.terms == Terms()


def test_the_terms_of_a_sink_are_not_its_own_settings(write):
    sink = load(write(UMBREIT + FOLDER + 'tries = 3\ntime_limit = "5m"')).sinks["folder"]
    assert sink.terms == Terms(tries=3, time_limit=timedelta(minutes=5))
    assert "tries" not in dict(sink.settings)


@pytest.mark.parametrize(
    ("line", "schedule"),
    [
        ('schedule = { every = "7m" }', Every(timedelta(minutes=7))),
        ('schedule = { at = ["01:05", "16:30"] }', Daily((time(1, 5), time(16, 30)))),
        ("schedule = { at = [01:05:00] }", Daily((time(1, 5),))),
        ('schedule = { cron = "*/5 6-22 * * mon-sat" }', "*/5 6-22 * * mon-sat"),
        ('schedule = { cron = "*/5 * * * *" }', "*/5 * * * *"),
    ],
)
def test_schedules(write, line, schedule):
    assert load(write(UMBREIT + line)).accounts["umbreit"].schedule == schedule


def test_an_account_may_remove_what_it_read_where_the_supplier_leaves_the_choice(write):
    account = load(write(UMBREIT + 'consume = "we-remove"')).accounts["umbreit"]
    assert [channel.consume for channel in account.inbound] == [Consume.WE_REMOVE]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_a_server_on_this_machine_may_be_visited_at_any_distance(write, host):
    account = load(write(CB + f'host = "{host}"\nlogin_interval = "2s"')).accounts["cb"]
    assert account.login_interval == timedelta(seconds=2)


def test_implicit_tls_has_a_port_of_its_own(write):
    assert load(write(UMBREIT.replace("explicit", "implicit"))).accounts["umbreit"].port == 990


def test_the_database_gets_its_password_when_it_is_needed(write, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "ge/heim@5")
    database = (
        'database = "postgresql+psycopg://syncd@db.example:5433/syncd"\ndatabase_password = { env = "DB_PASSWORD" }'
    )
    settings = load(write(database + CB))
    assert settings.database_url() == "postgresql+psycopg://syncd:ge%2Fheim%405@db.example:5433/syncd"
    assert "heim" not in repr(settings)


def test_a_byte_order_mark_is_no_error(write):
    assert load(write("\ufeff" + CB)).accounts
