"""The environment stands above the file, and what is wrong in it is said of the variable."""

from datetime import timedelta

import pytest

from syncd.config import load
from syncd.suppliers.rules import Every
from tests.config.conftest import troubles
from tests.config.samples import CB, FOLDER, UMBREIT


def test_a_variable_replaces_one_key(write, monkeypatch):
    monkeypatch.setenv("SYNCD_ACCOUNT__UMBREIT__HOST", "other.example")
    monkeypatch.setenv("SYNCD_STOP_TIMEOUT", "5m")
    monkeypatch.setenv("SYNCD_LOG__LEVEL", "debug")
    monkeypatch.setenv("SYNCD_SINK__FOLDER__RECORDS", "true")
    settings = load(write(UMBREIT + FOLDER))
    assert settings.accounts["umbreit"].host == "other.example"
    assert settings.accounts["umbreit"].user == "shop"
    assert settings.stop_timeout == timedelta(minutes=5)
    assert settings.log.level == "debug"
    assert settings.sinks["folder"].settings.model_dump()["records"] is True


def test_lists_and_tables_are_json(write, monkeypatch):
    monkeypatch.setenv("SYNCD_ACCOUNT__UMBREIT__CUSTOMERS", '["111111"]')
    monkeypatch.setenv("SYNCD_ACCOUNT__UMBREIT__SCHEDULE", '{"every": "1h"}')
    account = load(write(UMBREIT)).accounts["umbreit"]
    assert account.customers == ("111111",)
    assert account.schedule == Every(timedelta(hours=1))


def test_an_account_may_stand_in_the_environment_alone(write, monkeypatch):
    for key, value in {"SUPPLIER": "cb", "USER": "1234567", "PASSWORD": "12345"}.items():
        monkeypatch.setenv(f"SYNCD_ACCOUNT__CB__{key}", value)
    assert load(write("", mode=0o644)).accounts["cb"].password.read() == "12345"


def test_one_place_of_a_secret_replaces_another(write, monkeypatch):
    monkeypatch.setenv("SYNCD_ACCOUNT__UMBREIT__PASSWORD__CREDENTIAL", "umbreit")
    assert str(load(write(UMBREIT)).accounts["umbreit"].password) == '{ credential = "umbreit" }'


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SYNCD_ACCOUNT__UMBREIT__PORT", "21x", "account.umbreit.port: should be a valid integer"),
        ("SYNCD_ACCOUNT__UMBREIT__HSOT", "x", 'account.umbreit.hsot: unknown key; did you mean "host"?'),
        ("SYNCD_ACCOUNT__UMBREIT__CUSTOMERS", '["1"]', "account.umbreit.customers.0: should be a customer number"),
        ("SYNCD_ACCOUNT__UMBRIET__HOST", "x", "account.umbriet.supplier: is required"),
        ("SYNCD_ACCOUNT__UMBREIT__SCHEDULE__EVERY", "5", "account.umbreit.schedule.every: should be a duration"),
        ("SYNCD_LOG", "loud", "log: should be a valid dictionary"),
        ("SYNCD_DATABSE", "x", 'is no setting; did you mean "SYNCD_DATABASE"?'),
        ("SYNCD_ACOUNT__UMBREIT__HOST", "x", 'is no setting; did you mean "SYNCD_ACCOUNT"?'),
        ("SYNCD_FOO__BAR", "x", "is no setting"),
    ],
)
def test_a_wrong_variable_is_named(write, monkeypatch, variable, value, expected):
    monkeypatch.setenv(variable, value)
    found = troubles(write(UMBREIT))
    assert any(line.startswith(f"environment variable {variable}: {expected}") for line in found), found
    assert not any("syncd.toml" in line for line in found)


def test_other_variables_are_left_alone(write, monkeypatch):
    monkeypatch.setenv("SYNCD_PORT_8080_TCP_ADDR", "10.0.0.1")  # as Kubernetes sets for a service called syncd
    monkeypatch.setenv("SYNCD_DEBUG", "1")
    assert load(write(CB)).accounts
