"""The column of syncd in the README's table: the real program, faults at which others fail, the house's books."""

import pytest

from bench.duplicates import CASES, SYNCD, Case, measure

TELLING = [case for case in CASES if case.kept or case.inbound or case.fault.startswith(("lost-rnto", "lying"))]


@pytest.mark.parametrize("case", TELLING, ids=lambda case: case.title)
async def test_an_order_is_taken_once_and_a_short_file_never_accepted(case: Case):
    assert await measure(SYNCD, case) == ("refused" if case.inbound else "1")
