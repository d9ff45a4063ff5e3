"""A password stands where only its owner can read it, and nothing that syncd says contains it."""

import pytest

from syncd.config import load
from syncd.errors import ConfigError
from syncd.secret import Secret
from tests.config.conftest import troubles
from tests.config.samples import CB, UMBREIT

CANARY = "kanarienvogel-7"
INLINE = CB.replace('{ credential = "cb" }', f'"{CANARY}"')


def test_a_password_may_stand_in_a_file_that_only_its_owner_reads(write):
    settings = load(write(INLINE))
    assert settings.accounts["cb"].password.read() == CANARY
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings.accounts["cb"].password)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_password_in_an_open_file_is_refused(write, mode):
    path = write("reserv = 1\n" + INLINE, mode)
    found = troubles(path)
    assert found[0].startswith("syncd.toml:1: reserv: unknown key")
    assert found[2].startswith("syncd.toml:6: account.cb.password: must not stand in a file that others can read")
    assert "chmod 600" in found[2]
    assert CANARY not in "".join(found)


def test_an_open_file_may_hold_references(write):
    assert load(write(UMBREIT + CB, 0o644)).accounts


def test_a_password_in_a_sink_is_guarded_as_well(write):
    sink = '[sink.db]\ntype = "sql"\nurl = "postgresql+psycopg://shop@db.example/shop"\npassword = "' + CANARY + '"'
    assert any("sink.db.password: must not stand" in line for line in troubles(write(CB + sink, 0o644)))
    assert CANARY not in repr(load(write(CB + sink)))


PLACES = {
    "database": 'database = "postgresql://{}"',
    "sql": '[sink.x]\ntype = "sql"\nurl = "postgresql://{}"',
    "amqp": '[sink.x]\ntype = "amqp"\nuser = "u"\npassword = {{ env = "P" }}\nurl = "amqp://{}"',
    "nats": '[sink.x]\ntype = "nats"\nurl = "nats://{}"',
}
URLS = [
    f"shop:{CANARY}@db/shop",
    f"shop:kan@{CANARY}@db/shop",
    f"shop:kan/{CANARY}@db/shop",
    f"shop:kan@db:{CANARY}@db/shop",
    f"db/shop?password={CANARY}",
    f"db/shop?sslmode=require&sslpassword={CANARY}",
    f"db/shop?scram_client_key={CANARY}",
    f"db/shop#?PassWD={CANARY}",
    f"db/shop?pass%77ord={CANARY}",
    f"db/shop?client_secret={CANARY}",
    f"db/shop?token={CANARY}",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("place", PLACES)
def test_a_url_holds_no_secret(write, place, url):
    text = PLACES[place].format(url)
    found = troubles(write(text + CB if place == "database" else CB + text))
    assert len(found) == 2, found
    assert "password" in found[0]
    assert CANARY not in "".join(found)


def test_no_error_shows_a_password(write):
    text = INLINE.replace("cb]", "cb]\npasword = 'a'") + f'database_password = "{CANARY}"\n[sink.x]\ntoken = "{CANARY}"'
    assert CANARY not in "".join(troubles(write(text)))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "password"
    path.write_text(CANARY)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="open to others") as caught:
        Secret(file=path).read()
    assert caught.value.remedy == f"Run: chmod 600 {path}"


def test_one_line_end_is_not_part_of_a_secret(tmp_path):
    path = tmp_path / "password"
    path.write_text(CANARY + " \n\n")
    path.chmod(0o600)
    assert Secret(file=path).read() == CANARY + " \n"


def test_the_file_of_a_secret_is_named_absolutely(write):
    found = troubles(write(CB.replace('credential = "cb"', 'file = "cb"')))
    assert found[0] == "syncd.toml:5: account.cb.password.file: should be an absolute path"
