"""A canary in the place of every password: the real program fails in every way it can, and the canary is nowhere."""

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.security.cases import USUAL
from tests.security.place import ORDER, PASSWORD, prepare
from tests.servers.scripted import Act, Talk, answer, hang_up, scripted, silence

DATABASE = "kanarienvogel@db/4712"
CANARIES = tuple(
    form.encode()
    for secret in (PASSWORD, DATABASE)
    for form in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
)
DEBUG = '[log]\nlevel = "debug"\nformat = "{form}"\n'
SINK = """
[sink.shop]
type = "sql"
url = "postgresql+psycopg://shop@127.0.0.1:1/shop"
password = {{ file = "{folder}/database" }}
"""


def parrot(verb: str) -> Act:
    """Return an act that answers with the password, as a server that wants it in our books would."""

    def act(talk: Talk, argument: str) -> None:
        talk.say(f"553-{verb} by {PASSWORD}?\r\n553 no, {PASSWORD}")

    return act


FAILURES: dict[str, dict[str, Act]] = {
    "login refused": {"PASS": answer(f"530 {PASSWORD} is wrong")},
    "login cut": {"PASS": hang_up},
    "password taken for a command": {"PASS": answer(f"500 PASS {PASSWORD}: unknown command")},
    "password in the banner": {"BANNER": answer(f"421 go away with your {PASSWORD}")},
    "password in nonsense": {"PASS": answer(f"{PASSWORD} {PASSWORD}")},
    "unasked password": {"CWD": answer(f"250 ok\r\n250 {PASSWORD}")},
    **{f"password behind {verb}": {verb: parrot(verb)} for verb in ("CWD", "TYPE", "STOR", "SIZE", "RNTO", "MLSD")},
}


def syncd(config: Path, *arguments: str, **environment: str) -> bytes:
    """Run the program with every trace it can give; return all that it said."""
    command = (sys.executable, "-m", "syncd", *arguments, "--config", str(config))
    ended = subprocess.run(
        command, capture_output=True, timeout=60, env={**os.environ, "SYNCD_DEBUG": "1"} | environment
    )
    return ended.stdout + ended.stderr


def found(said: bytes) -> list[bytes]:
    return [canary for canary in CANARIES if canary in said]


def kept(folder: Path) -> Iterator[bytes]:
    """Yield every file that was written, but for the two that hold the passwords."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("password", "database"):
            yield path.read_bytes()


def with_database(folder: Path, config: Path) -> None:
    (folder / "database").touch(mode=0o600)
    (folder / "database").write_text(DATABASE)
    config.write_text(config.read_text() + SINK.format(folder=folder))


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("name", FAILURES)
def test_no_failure_shows_a_password(name: str, form: str, tmp_path: Path):
    with scripted(USUAL | FAILURES[name]) as server:
        config = prepare(tmp_path, server, more=DEBUG.format(form=form))
        said = syncd(config, "once")
    assert b"Traceback" not in said
    assert name == "password in the banner" or server.verbs.count("PASS") == 1
    assert found(said) == []
    assert [found(content) for content in kept(tmp_path)] == [[]] * len(list(kept(tmp_path)))


def test_no_question_shows_a_password(tmp_path: Path):
    with scripted(USUAL | FAILURES["password behind RNTO"]) as server:
        config = prepare(tmp_path, server)
        syncd(config, "once", "umbreit")
    with_database(tmp_path, config)
    questions = (
        ("config", "show"), ("config", "check"), ("status",), ("status", "--json"), ("explain", ORDER),
        ("explain", ORDER, "--json"), ("once", "--dry-run", "--offline"), ("once",),
        ("pause", "umbreit", "--reason", "x"),
    )  # fmt: skip
    for question in questions:
        assert found(syncd(config, *question)) == [], question


def test_a_traceback_shows_no_password(tmp_path: Path):
    """Nothing can be written to what is open for reading: a mistake that no program expects."""
    with scripted(USUAL) as server:
        config = prepare(tmp_path, server)
    with_database(tmp_path, config)
    command = f"{sys.executable} -m syncd config show --config {config} 1< /dev/null"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, env={**os.environ, "SYNCD_DEBUG": "1"})
    assert b"Traceback" in ended.stderr
    assert found(ended.stderr) == []


@pytest.mark.parametrize(
    "line",
    ['password = "{secret}', 'password = ["{secret}"]', 'passwort = "{secret}"', 'password = {{ text = "{secret}" }}',
     'password = "{secret}"\nport = "a"'],
)  # fmt: skip
def test_no_broken_configuration_shows_a_password(line: str, tmp_path: Path):
    config = tmp_path / "syncd.toml"
    config.write_text(
        '[account.umbreit]\nsupplier = "umbreit"\nhost = "h"\nuser = "u"\n' + line.format(secret=PASSWORD)
    )
    for mode in (0o600, 0o644):
        config.chmod(mode)
        said = syncd(config, "config", "check")
        assert said
        assert found(said) == []


def test_the_list_of_processes_shows_no_password_and_no_core_would_be_left(tmp_path: Path):
    with scripted(USUAL | {"CWD": silence}) as server:
        config = prepare(tmp_path, server)
        command = (sys.executable, "-m", "syncd", "once", "--config", str(config))
        process = subprocess.Popen(
            ("sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh", *command),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(lambda: "CWD" in server.verbs)
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            shown = [Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm")]
        finally:
            process.kill()
            process.wait()
    assert [found(each) for each in shown] == [[], [], []]
    assert re.search(r"^Max core file size +0 ", limits, re.MULTILINE)


def _wait_for(true: object) -> None:
    assert callable(true)
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")
