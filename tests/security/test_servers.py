"""Hostile servers, end to end: a turn ends in words; nothing lies elsewhere, no socket is left, no password given."""

from pathlib import Path

import pytest

from tests.security.cases import CASES, USUAL
from tests.security.place import ANSWER, delivered, elsewhere, no_socket_left, prepare, visit
from tests.servers.scripted import scripted


def test_there_are_enough_of_them():
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
async def test_a_hostile_server_costs_one_visit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    case = CASES[name]
    certificates, folder, here = (tmp_path / each for each in ("certificates", "shop", "here"))
    for made in (certificates, folder, here):
        made.mkdir()
    monkeypatch.chdir(here)
    hostile = USUAL | case.acts | ({"AUTH": case.dressed(certificates)} if case.dressed else {})
    with no_socket_left(), scripted(hostile, tls=certificates if case.secured else None) as server:
        config = prepare(folder, server)
        tour = await visit(config)
    assert {error.code for error in tour.errors} <= case.codes
    assert bool(tour.errors) == bool(case.codes)
    assert all(error.remedy for error in tour.errors)
    assert delivered(folder) == ([ANSWER] if case.delivered else [])
    assert elsewhere(folder) == {"syncd.toml", "password"}
    assert list(here.iterdir()) == []
    assert not (case.silent and {"USER", "PASS"} & set(server.verbs))
    assert server.verbs.count("RNTO") <= 1
