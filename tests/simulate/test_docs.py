"""docs/simulate.md names every rule, every fault and every option, and each fault's number is right there."""

import re
from pathlib import Path

import pytest

from syncd.cli.simulate import simulate
from syncd.simulate import CbHouse, UmbreitHouse
from syncd.simulate.faults import FAULTS, plan
from syncd.simulate.rules import COMMON
from syncd.simulate.wire import Cut

TEXT = (Path(__file__).parents[2] / "docs/simulate.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [rule.code for rule in (*COMMON, *UmbreitHouse.RULES, *CbHouse.RULES)])
def test_every_rule_is_named(code):
    assert f"| `{code}` |" in TEXT


def test_the_rules_outside_the_tables_are_named():
    sources = "".join(path.read_text() for path in (Path(__file__).parents[2] / "syncd/simulate").glob("*.py"))
    codes = set(re.findall(r'violate\([^"]*"([a-z-]+)"', sources)) | {"login-early", "login-parallel"}
    assert [code for code in codes if f"| `{code}` |" not in TEXT] == []


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_named_with_its_number(name):
    row = re.search(rf"^\| `{name}` \| (.*?) ?\|", TEXT, re.MULTILINE)
    assert row
    assert row[1].split(",")[0] == FAULTS[name].number


@pytest.mark.parametrize("option", [option for each in simulate.params for option in each.opts if option[0] == "-"])
def test_every_option_is_named(option):
    assert f"`{option}" in TEXT


def test_the_example_of_a_fault_is_one():
    made = plan("cut-data-at:5000:rst:STOR:2")
    assert (made.number, made.cut, made.verbs, made.left) == (5000, Cut.RST, frozenset({"STOR"}), 2)
