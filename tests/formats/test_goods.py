"""Bookable positions, and the small parts of the fast way."""

import pytest

from syncd.formats import Context
from syncd.formats.findings import VALUES
from syncd.formats.goods import Goods
from syncd.formats.plain import Memo
from syncd.formats.references import References
from syncd.formats.responses import ResponseFormat
from syncd.model import GoodsKey
from tests.formats.canonical import BUNDLE, DESPATCH, ELS_NAME, judge, wire
from tests.formats.test_two_ways import both_ways

SIDES = b"24000     900900    "


def number(count: int) -> bytes:
    return b"%-10d%04d" % (24123456 + count // 40, count % 40 + 1)


@pytest.mark.parametrize("size", [1, 7, 3000])
@pytest.mark.parametrize("order", [list, lambda counts: sorted(counts, key=lambda count: count * 7919 % 6007)])
def test_goods_come_back_in_file_order_and_none_is_taken_twice(size, order):
    goods, numbers = Goods(), [number(count) for count in order(range(6000))]
    for begin in range(0, 6000, size):
        run = numbers[begin : begin + size]
        assert goods.extend(SIDES, run, range(begin, begin + len(run)), [begin] * len(run))
    places = (0, 1, 2999, 5999)
    assert [goods.add(SIDES + numbers[place], 9000, 0) for place in places] == [*places]
    assert not goods.extend(SIDES, [number(7000), numbers[2999]], [1, 2], [0, 0])
    assert goods.add(b"24000     900901    " + numbers[0], 9001, 0) is None
    keys = [(line, f"{key.note:<10}{key.position:04d}".encode()) for line, key in goods]
    assert keys == [*enumerate(numbers), (9001, numbers[0])]
    assert [goods[place] for place in (*places, -1)] == [tuple(goods)[place] for place in (*places, -1)]


def test_goods_with_the_same_number_in_one_run_are_not_taken_as_one():
    goods = Goods()
    assert not goods.extend(SIDES, [number(1), number(1)], [1, 2], [0, 0])
    assert len(goods) == 0


def test_goods_are_a_sequence_of_lines_and_keys():
    second = DESPATCH.replace("0001202020", "0002202020")
    goods = judge("bwa-response", wire(DESPATCH, second), ELS_NAME).goods
    assert len(goods) == 2
    assert goods[1] == (2, GoodsKey("24000", "900900", "24123456", 2))
    assert goods[0:1] == [(1, GoodsKey("24000", "900900", "24123456", 1))]
    assert hash(goods) == hash(tuple(goods))
    assert goods != ()


def test_articles_that_are_no_eans_are_taken_by_the_fast_way():
    other = DESPATCH.replace("0001202020", "0003202020").replace("9783451337772EN", "9783451337773UM")
    odd = BUNDLE.replace("0001202020", "0002202020")
    verdict = judge("bwa-response", wire(DESPATCH, odd, other), ELS_NAME)
    assert set(verdict.codes) == set(judge("bwa-response", wire(BUNDLE), ELS_NAME).codes)
    assert [line for line, _ in verdict.goods] == [1, 2, 3]
    assert verdict.references == ("202020",)


@pytest.mark.parametrize("size", [1, 1000])
def test_each_reference_comes_once_however_many_there_are(size):
    references, values = References(), [b"%-10d" % (number * 7919 % 20011) for number in range(1, 20011)]
    for begin in range(0, len(values) * 2, size):
        references.take((values * 2)[begin : begin + size] if size > 1 else [values[begin % len(values)]])
    references.take([b" " * 10])
    assert references == tuple(sorted(map(str, range(1, 20011)), key=lambda text: text.ljust(10)))
    assert len(references) == 20010
    assert "4711" in references
    assert "0" not in references
    assert hash(references) == hash(tuple(references))


def test_delivery_notes_without_end_are_said_up_to_a_bound():
    lines = (DESPATCH.replace("24123456··", f"{24123456 + number:<10}") for number in range(2 * VALUES))
    for verdict, records in both_ways(ResponseFormat, wire(*lines), Context(name=ELS_NAME), 1 << 18):
        assert set(verdict.codes) == {"name-mismatch"}
        assert verdict.codes["name-mismatch"] <= VALUES
        assert len(records) == len(verdict.goods) == 2 * VALUES


def test_a_memo_begins_anew_when_it_has_grown_large():
    asked: list[int] = []

    def negative(key: int) -> int:
        asked.append(key)
        return -key

    memo = Memo(negative)
    for key in (*range(Memo.MOST + 1), Memo.MOST, 0):
        assert memo[key] == -key
    assert asked == [*range(Memo.MOST + 1), 0]
    assert len(memo) == 2
