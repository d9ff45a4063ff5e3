"""What waits for a person: too many orders, too old ones, stock lists that would switch a shop off."""

from datetime import timedelta

import pytest

from syncd.plan.guards import FIRST, Guard, guard_batch, guard_snapshot

FRESH = timedelta(minutes=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.mark.parametrize(
    ("count", "age", "first", "said"),
    [
        (1, FRESH, False, None),
        (50, WEEK, False, None),
        (51, FRESH, False, "51 orders came at once, more than 50 (the setting guard)"),
        (1, WEEK + timedelta(hours=1), False, "the file is 7 days old, more than 7 days (the setting guard)"),
        (20, DAY, True, None),
        (21, FRESH, True, "21 orders came at once, more than 20 (this account was never visited yet)"),
        (
            1,
            timedelta(hours=30),
            True,
            "the file is 30 hours old, more than 24 hours (this account was never visited yet)",
        ),
        (1, -WEEK, True, None),
    ],
)
def test_orders_that_come_in_masses_or_late_want_a_word(count, age, first, said):
    assert guard_batch(count, age, Guard(), first=first) == said


def test_what_a_shop_calls_normal_counts_at_its_first_visit_where_it_is_stricter():
    strict = Guard(most_orders=2, oldest=timedelta(hours=1))
    assert guard_batch(3, FRESH, strict, first=True)
    assert guard_batch(1, timedelta(hours=2), strict, first=True)
    generous = Guard(most_orders=10**6, oldest=timedelta(days=366))
    assert guard_batch(FIRST.most_orders + 1, FRESH, generous, first=True)
    assert guard_batch(10**6, timedelta(days=300), generous, first=False) is None


@pytest.mark.parametrize(
    ("rows", "in_use", "guard", "held"),
    [
        (0, None, Guard(), True),
        (0, 0, Guard(), True),
        (0, 400, Guard(allow_empty_snapshot=True), False),
        (1, None, Guard(), False),
        (1, 0, Guard(), False),
        (200, 400, Guard(), False),
        (199, 400, Guard(), True),
        (1, 400, Guard(least_stock=0), False),
        (0, 400, Guard(least_stock=0), True),
        (399, 400, Guard(least_stock=100), True),
        (4000, 400, Guard(), False),
    ],
)
def test_a_stock_list_that_would_switch_a_shop_off_wants_a_word(rows, in_use, guard, held):
    assert (guard_snapshot(rows, in_use, guard) is not None) is held
