"""A secret is read from the one place that is named, and its absence is said in words."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from syncd.errors import ConfigError
from syncd.secret import Secret


def test_is_read_from_a_file_without_its_line_end(tmp_path: Path):
    path = tmp_path / "password"
    path.write_text("geheim ü\r\n", encoding="utf-8")
    path.chmod(0o600)
    assert Secret(file=path).read() == "geheim ü"


def test_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    assert Secret(env="SHOP_PASSWORD").read() == "geheim"


def test_is_read_from_a_systemd_credential(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "shop-db").write_text("geheim\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Secret(credential="shop-db").read() == "geheim"


def test_no_credentials_outside_systemd(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="credential shop-db"):
        Secret(credential="shop-db").read()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"], ids=["empty", "blank", "not text"])
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="password"):
        Secret(file=path).read()


def test_a_missing_file_names_itself_and_the_remedy(tmp_path: Path):
    with pytest.raises(ConfigError, match="nowhere") as caught:
        Secret(file=tmp_path / "nowhere").read()
    assert caught.value.remedy


@pytest.mark.parametrize(
    "table",
    [{}, {"file": "a", "env": "B"}, {"env": "a b"}, {"credential": "../x"}, {"password": "geheim"}],
    ids=["none", "two", "no variable", "a path", "the secret itself"],
)
def test_exactly_one_place(table: dict[str, str]):
    with pytest.raises(ValidationError):
        Secret.model_validate(table)
