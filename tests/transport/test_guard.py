"""What may leave at all."""

import pytest

from syncd.errors import ForbiddenError
from syncd.suppliers.rules import PLUMBING, WRITING, Verb
from syncd.transport.guard import Guard, is_bare_name

EVERYTHING = Guard(frozenset(verb.value for verb in Verb))
NAMES = [
    "../x",
    "a/b",
    "a\\b",
    ".",
    "..",
    ".x",
    "a\r\nDELE b",
    "a\n",
    "a\0",
    "",
    " a",
    "a ",
    "a" * 256,
    "\x1b[2J",
    "a\x9bb",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verb", ["SIZE", "RETR", "STOR", "RNFR", "RNTO", "DELE"])
def test_files_are_named_by_bare_names(verb: str, name: str):
    assert not is_bare_name(name)
    with pytest.raises(ForbiddenError):
        EVERYTHING.check(verb, name)


@pytest.mark.parametrize("name", ["S_12345_20261122101500", "a b", "Bücher.bhd", "a" * 255, "-x", "x.", "a..b"])
def test_bare_names_pass(name: str):
    assert is_bare_name(name)
    EVERYTHING.check("RETR", name)


@pytest.mark.parametrize("argument", ["in\r\nDELE x", "in\0", "€", "in\x7f"])
def test_no_argument_smuggles_anything(argument: str):
    with pytest.raises(ForbiddenError):
        EVERYTHING.check("CWD", argument)


def test_a_directory_may_have_separators():
    EVERYTHING.check("CWD", "/4012345/in")


@pytest.mark.parametrize("verb", sorted(WRITING))
def test_a_rehearsal_writes_nothing(verb: str):
    rehearsal = Guard(frozenset(verb.value for verb in Verb) - {verb.value for verb in WRITING})
    with pytest.raises(ForbiddenError, match=verb):
        rehearsal.check(verb, "x")


@pytest.mark.parametrize("verb", ["APPE", "MKD", "RMD", "SITE", "EPSV", "PORT", "REST", "ABOR", "FEAT", "SYST"])
def test_what_nobody_lists_never_leaves(verb: str):
    with pytest.raises(ForbiddenError):
        EVERYTHING.check(verb, "")


def test_the_plumbing_needs_no_permission():
    for verb in PLUMBING:
        Guard(frozenset()).check(verb, "")


@pytest.mark.parametrize("verb", ["USER", "PASS"])
def test_a_bad_password_is_not_shown(verb: str):
    with pytest.raises(ForbiddenError) as caught:
        EVERYTHING.check(verb, "geheim€")
    assert "geheim" not in str(caught.value)
