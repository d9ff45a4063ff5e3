"""The commented sample, the shipped schema and the program agree."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from syncd.config import load
from syncd.config.schema import json_schema
from tests.config.samples import CB, FOLDER, UMBREIT

CONFIG = Path(__file__).parents[2] / "config"
SAMPLE = (CONFIG / "syncd.toml").read_text(encoding="utf-8")
EVERYTHING = re.sub(r"^# (?=\[sink|\[account|[a-z_]+ = )", "", SAMPLE, flags=re.MULTILINE)
"""The sample with its comments switched on."""


def check(document: str) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(tomllib.loads(document))


def test_the_shipped_schema_is_that_of_the_program():
    shipped = json.loads((CONFIG / "syncd.schema.json").read_text(encoding="utf-8"))
    assert shipped == json_schema(), "write it anew: syncd config schema > config/syncd.schema.json"


def test_the_sample_names_its_schema():
    named = re.match(r"#:schema (\S+)\n", SAMPLE)
    assert named
    assert (CONFIG / named[1]).exists()


@pytest.mark.parametrize("document", [SAMPLE, EVERYTHING], ids=["as it is", "switched on"])
def test_the_sample_is_right(write, document):
    check(document)
    assert set(load(write(document)).accounts) == {"umbreit", "cb"}


def test_the_sample_has_every_key():
    definitions = json_schema()["$defs"]
    for table in ("AccountTable", "SpoolTable", "LogTable", "GuardTable", "OlaTable"):
        for key in definitions[table]["properties"]:
            assert re.search(rf"^({key} = |\[account\.\w+\.{key}\])", EVERYTHING, re.MULTILINE), key
    for key in json_schema()["properties"]:
        assert re.search(rf"^(\[{key}\b|{key} = )", EVERYTHING, re.MULTILINE), key


@pytest.mark.parametrize(
    "document",
    [
        "reserv = 1" + CB,
        CB + "login_interval = 600",
        CB.replace("credential", "credentials"),
        CB + 'schedule = { every = "5m", cron = "x" }',
        UMBREIT + FOLDER + "recrods = true",
        UMBREIT.replace("900901", "9"),
    ],
)
def test_an_editor_sees_what_is_wrong(document):
    with pytest.raises(jsonschema.ValidationError):
        check(document)


def test_an_editor_knows_only_the_sinks_that_are_installed():
    check(CB + '[sink.paper]\ntype = "printer"\ntray = 2')
