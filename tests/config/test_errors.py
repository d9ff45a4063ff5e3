"""A configuration is refused whole: every wrong key at once, each with its place and its line, no secret shown."""

import pytest

from syncd.config import load
from syncd.errors import ConfigError
from tests.config.conftest import troubles
from tests.config.samples import CB, FOLDER, UMBREIT

POSTGRES = 'database = "postgresql+psycopg://syncd:geheim@db/syncd"'

WRONG = {
    "a misspelt key": (
        UMBREIT + "hsot = 1",
        '9: account.umbreit.hsot: unknown key; did you mean "host"?',
    ),
    "a misspelt table": (
        UMBREIT + "[acount.x]",
        '9: acount: unknown key; did you mean "account"?',
    ),
    "a misspelt key of a sink": (
        UMBREIT + FOLDER + "recrods = true",
        '13: sink.folder.recrods: unknown key; did you mean "records"?',
    ),
    "a misspelt place of a secret": (
        CB.replace("credential", "credentials"),
        '5: account.cb.password.credentials: unknown key; did you mean "credential"?',
    ),
    "no such supplier": (
        CB.replace('"cb"\nuser', '"cbb"\nuser'),
        '3: account.cb.supplier: unknown supplier "cbb"; did you mean "cb"?',
    ),
    "no such sink": (
        UMBREIT + 'sinks = ["foldr"]' + FOLDER,
        '9: account.umbreit.sinks.0: unknown sink "foldr"; did you mean "folder"?',
    ),
    "no such type of sink": (
        UMBREIT + FOLDER.replace('"dir', '"dri'),
        '11: sink.folder.type: unknown sink type "driectory"; did you mean "directory"?',
    ),
    "a sink without a type": (UMBREIT + "[sink.x]", "9: sink.x.type: is required"),
    "a sink without a path": (UMBREIT + '[sink.x]\ntype = "directory"', "9: sink.x.path: is required"),
    "no such channel": (
        CB + 'channels = ["stok"]',
        '6: account.cb.channels: unknown channel "stok"; did you mean "stock"?',
    ),
    "no account": ("", "syncd.toml: account: is required: a table [account.NAME] for each login at a supplier"),
    "no password": ('[account.cb]\nsupplier = "cb"\nuser = "x"', "1: account.cb.password: is required"),
    "the name of an account": (CB.replace("account.cb", 'account."Ä B"'), "2: account.Ä B: should be a name of small"),
    "a host that nobody can know": (
        UMBREIT.replace('host = "ftp.umbreit.example"', ""),
        "2: account.umbreit.host: is required: G. Umbreit",
    ),
    "plain FTP must be said": (
        UMBREIT.replace('tls = "explicit"', ""),
        '2: account.umbreit.tls: is required: "explicit" or "implicit" as your contract says, or "none"',
    ),
    "TLS below the supplier's": (CB + 'tls = "none"', '6: account.cb.tls: should be "explicit"'),
    "no customer": (UMBREIT.replace("customers", "# "), "2: account.umbreit.customers: is required"),
    "a customer number": (
        UMBREIT.replace("900901", "9009"),
        "8: account.umbreit.customers.1: should be a customer number: six digits",
    ),
    "what the server removes": (CB + 'consume = "keep"', '6: account.cb.consume: should be "server-removes"'),
    "too often": (CB + 'login_interval = "9m"', "6: account.cb.login_interval: should be at least 10m"),
    "a duration": ("stop_timeout = 90" + UMBREIT, '1: stop_timeout: should be a duration as text, such as "90s"'),
    "an endless duration": ('stop_timeout = "9999d"' + UMBREIT, "1: stop_timeout: should be a year at most"),
    "a size": ('reserve = "64 MB"' + UMBREIT, '1: reserve: should be a size as text, such as "64MB"'),
    "a relative path": (UMBREIT + 'outbox = "out"', "9: account.umbreit.outbox: should be an absolute path"),
    "two places of a secret": (CB.replace("{ ", '{ env = "X", '), "5: account.cb.password: give exactly one of"),
    "a password in a URL": (POSTGRES + CB, "1: database: must not hold the password: name its place in database_pass"),
    "a port of the database": (
        'database = "postgresql://u@h:99x/d"' + CB,
        "1: database: should have a number up to 65535 as its port",
    ),
    "another database": (
        'database = "sqlite:////srv/syncd.db"' + CB,
        '1: database: should be a PostgreSQL URL such as "postgresql://syncd@db.example/syncd" (or none, for SQLite)',
    ),
    "two schedules": (
        CB + 'schedule = { every = "5m", cron = "* * * * *" }',
        "6: account.cb.schedule: give exactly one of every",
    ),
    "no schedule": (CB + "schedule = { at = [] }", "6: account.cb.schedule: give exactly one of every"),
    "the hour that comes twice": (
        CB + 'schedule = { at = ["02:30"] }',
        "6: account.cb.schedule.at.0: must not be in the hour 2",
    ),
    "a cron line in that hour": (
        CB + 'schedule = { cron = "0 */2 * * *" }',
        "6: account.cb.schedule.cron: is refused: the hour 02:00 to 02:59 comes twice",
    ),
    "a cron line": (CB + 'schedule = { cron = "61 * * * *" }', "6: account.cb.schedule.cron: is refused"),
    "a short cron line": (CB + 'schedule = { cron = "* * *" }', "6: account.cb.schedule.cron: should have five fields"),
    "a day as a number": (
        CB + 'schedule = { cron = "0 8 * * 0" }',
        "6: account.cb.schedule.cron: the day of week must be in words",
    ),
    "a misspelt key of every sink": (
        CB + FOLDER + "trys = 3",
        '10: sink.folder.trys: unknown key; did you mean "tries"?',
    ),
    "no try at all": (CB + FOLDER + "tries = 0", "10: sink.folder.tries: should be greater than or equal to 1"),
    "no time at all": (CB + FOLDER + 'time_limit = "0s"', "10: sink.folder.time_limit: should be longer than 0s"),
    "one folder of two sinks": (
        CB + FOLDER + FOLDER.replace("sink.folder", "sink.other"),
        "sink.other.path: is already that of sink.folder",
    ),
    "one login in two accounts": (
        CB + CB.replace("account.cb", "account.b"),
        "9: account.b.user: is already that of account.cb",
    ),
    "one outbox of two accounts": (
        CB + 'outbox = "/o"' + UMBREIT + 'outbox = "/o"',
        "14: account.umbreit.outbox: is already that of account.cb",
    ),
    "one outbox by two names": (
        CB + 'outbox = "/o"' + UMBREIT + 'outbox = "/p/../o"',
        "14: account.umbreit.outbox: is already that of account.cb",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(write, case):
    text, expected = WRONG[case]
    found = troubles(write(text))
    assert any(expected in line for line in found), found
    assert len([line for line in found if not line.startswith("    ")]) == 1, found
    assert "geheim" not in "".join(found)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(write):
    text = 'reserv = "1MB"' + UMBREIT + "prot = 3" + CB + 'login_interval = "1m"\n[sink.x]\ntype = "dir"'
    found = troubles(write(text))
    keys = ["reserv", "account.umbreit.prot", "account.cb.login_interval", "sink.x.type"]
    assert [line.split(": ")[1] for line in found[::2]] == keys
    assert found[1::2] == ['    reserv = "1MB"', "    prot = 3", '    login_interval = "1m"', '    type = "dir"']


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a = \n", "syncd.toml:1:5: is not TOML: Invalid value"),
        (b"a = 1\na = 2\n", "syncd.toml:2:6: is not TOML: Cannot overwrite a value"),
        (b'a = "', "is not TOML: "),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"ok = 1\nname = 'B\xfccher'\n", "syncd.toml:2: is not UTF-8 text"),
        (b'password = "geheim\n', "    password = ***"),
    ],
    ids=["no value", "twice", "an open end", "deep", "latin-1", "a secret in the line"],
)
def test_what_is_not_toml(write, content, expected):
    path = write("")
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert expected in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.toml: there is no such file") as caught:
        load(tmp_path / "no.toml")
    assert "syncd config new" in caught.value.remedy


def test_a_directory(tmp_path):
    with pytest.raises(ConfigError, match="is a directory"):
        load(tmp_path)


def test_a_file_in_no_directory(write):
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        load(write(CB) / "syncd.toml")
