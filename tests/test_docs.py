"""The documentation names everything there is: keys, verbs, exit codes, error codes, pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from syncd.cli import VERBS, syncd
from syncd.config.schema import json_schema
from syncd.config.terms import TermsTable
from syncd.errors import SyncdError

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def keys() -> Iterator[tuple[str, str]]:
    """Yield every key of the configuration as its page names it."""
    yield from (("config.md", key) for key in _own_keys())
    for table in json_schema()["properties"]["sink"]["patternProperties"].popitem()[1]["anyOf"]:
        kind = table["properties"].pop("type").get("const")
        own = table["properties"].keys() - TermsTable.model_fields
        yield from ((f"sinks/{kind}.md", key) for key in own)


def _own_keys() -> Iterator[str]:
    schema = json_schema()
    definitions = schema["$defs"]
    yield from schema["properties"].keys() - {"spool", "log", "account", "sink"}
    yield from (f"spool.{key}" for key in definitions["SpoolTable"]["properties"])
    yield from (f"log.{key}" for key in definitions["LogTable"]["properties"])
    yield from definitions["AccountTable"]["properties"]
    yield from definitions["OlaTable"]["properties"]
    yield from definitions["GuardTable"]["properties"]
    yield from TermsTable.model_fields


def verbs() -> Iterator[str]:
    context = click.Context(syncd)
    for name in VERBS:
        command = syncd.get_command(context, name)
        below = command.commands if isinstance(command, click.Group) else None
        yield from (f"syncd {name} {verb}" for verb in below) if below else (f"syncd {name}",)


def errors(family: type[SyncdError] = SyncdError) -> Iterator[type[SyncdError]]:
    yield family
    for member in family.__subclasses__():
        yield from errors(member)


ERRORS = sorted(set(errors()), key=lambda error: (error.code, error.__name__))


@pytest.mark.parametrize(("name", "key"), sorted(set(keys())))
def test_every_key_is_described(name, key):
    assert re.search(rf"^\| `{re.escape(key)}` \|", page(name), re.MULTILINE)


@pytest.mark.parametrize("form", ["file", "credential", "env", "every", "at", "cron"])
def test_every_form_of_a_secret_and_a_schedule_is_described(form):
    assert f"`{{ {form} = " in page("config.md")


@pytest.mark.parametrize("verb", list(verbs()))
def test_every_verb_is_described(verb):
    assert re.search(rf"^\| `{re.escape(verb)}\b", page("cli.md"), re.MULTILINE)


@pytest.mark.parametrize("error", ERRORS, ids=[error.__name__ for error in ERRORS])
def test_every_error_is_described(error: type[SyncdError]):
    assert f"| `{error.code}` | {error.exit_status} |" in page("cli.md")
    assert re.search(rf"^\| {error.exit_status} \| [a-z]", page("cli.md"), re.MULTILINE)


def test_every_page_is_listed():
    for path in DOCS.glob("*.md"):
        assert path.name == "index.md" or f"({path.name})" in page("index.md"), path.name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert not target or (path.parent / target).exists(), target
