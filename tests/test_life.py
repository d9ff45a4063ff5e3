"""The life of an order line: what answers make of it, whatever the order in which their files arrive."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.formats import FORMATS, AvailabilityLine, Context, new_order_line
from syncd.formats.articles import ean_of
from syncd.life import Answer, Line, LineState, Ordered, Says, Told, answer, article_key, follow, ordered

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARTICLE = "9783442756841"


def line(quantity=10, mark="MEIER", order=1, position=1):
    return Line(order * 100 + position, order, Ordered(position, "900900", "4233", ARTICLE, "EN", mark, quantity))


def goods(quantity, mark="MEIER", note="24123456", position=1):
    return Answer(position, Says.GOODS, "4233", ARTICLE, mark, quantity, note, position, date(2026, 11, 24))


def announced(quantity, mark="MEIER", position=1):
    return Answer(position, Says.ANNOUNCED, "4233", ARTICLE, mark, quantity)


def report(code=15, back_ordered=True, expected=None, mark="MEIER", position=2):
    return Answer(position, Says.REPORT, "4233", ARTICLE, mark, 0, None, None, None, code, back_ordered, expected)


def files(*contents, first=10):
    """Files of answers, each an hour after the one before."""
    return [
        Told(number, f"R_{number}", NOON + timedelta(hours=number), each)
        for number, content in enumerate(contents, first)
        for each in content
    ]


def one(lines, *contents):
    (standing,) = follow(lines, files(*contents))
    return standing


# -- one line ---------------------------------------------------------------------------------------------------

DUE = date(2026, 12, 3)
LIVES = [
    ("nothing was heard", [], LineState.SENT, 0, 0, True),
    ("all came", [[goods(10)]], LineState.DELIVERED, 10, 0, False),
    ("in two notes", [[goods(8)], [goods(2, note="24123999")]], LineState.DELIVERED, 10, 0, False),
    ("more than was ordered came", [[goods(12)]], LineState.DELIVERED, 12, 0, False),
    ("a part came", [[goods(8)]], LineState.PARTLY, 8, 0, True),
    ("a part came, the rest is kept", [[goods(8), report()]], LineState.PARTLY, 8, 0, True),
    ("a part came, the rest is not kept", [[goods(8), report(10, False)]], LineState.PARTLY, 8, 0, False),
    ("a part came, the rest was cancelled", [[goods(8)], [report(99, False)]], LineState.PARTLY, 8, 0, False),
    ("announced", [[announced(10)]], LineState.REPORTED, 0, 10, True),
    ("announced, and came", [[announced(10)], [goods(10)]], LineState.DELIVERED, 10, 10, False),
    ("announced twice", [[announced(8)], [announced(8)]], LineState.REPORTED, 0, 8, True),
    ("announced in two records", [[announced(5), announced(3, position=2)]], LineState.REPORTED, 0, 8, True),
    ("kept", [[report(15, True, DUE)]], LineState.REPORTED, 0, 0, True),
    ("not kept", [[report(10, False)]], LineState.REPORTED, 0, 0, False),
    ("neither J nor N", [[report(15, None)]], LineState.REPORTED, 0, 0, True),
    ("cancelled", [[report(99, False)]], LineState.CANCELLED, 0, 0, False),
    ("cancelled, and yet kept", [[report(99, True)]], LineState.REPORTED, 0, 0, True),
    ("kept, then cancelled", [[report()], [report(99, False)]], LineState.CANCELLED, 0, 0, False),
    ("came after it was cancelled", [[report(99, False)], [goods(10)]], LineState.DELIVERED, 10, 0, False),
    ("none of it was delivered", [[goods(0)]], LineState.SENT, 0, 0, True),
]


@pytest.mark.parametrize(
    ("_", "said", "state", "delivered", "promised", "is_open"), LIVES, ids=[life[0] for life in LIVES]
)
def test_a_line_stands_where_the_answers_put_it(_, said, state, delivered, promised, is_open):
    standing = one([line()], *said)
    assert (standing.state, standing.delivered, standing.announced, standing.open) == (
        state, delivered, promised, is_open,
    )  # fmt: skip


def test_the_latest_report_counts_and_says_until_when():
    standing = one([line()], [report(15, True, DUE)], [report(2, True, date(2027, 1, 8))])
    assert standing.report is not None
    assert (standing.report.answer.code, standing.report.answer.expected) == (2, date(2027, 1, 8))
    assert standing.files == {11}


def test_each_delivery_is_told_with_its_note():
    standing = one([line()], [goods(8)], [report()], [goods(2, note="24123999", position=7)])
    assert [(part.quantity, part.told.answer.note, part.told.answer.position) for part in standing.goods] == [
        (8, "24123456", 1),
        (2, "24123999", 7),
    ]
    assert standing.files == {10, 11, 12}


def test_an_answer_is_never_about_an_order_that_was_taken_after_it():
    assert one([line(order=11)], [goods(10)]).state is LineState.SENT
    late, early = follow([line(order=11), line(order=9)], files([goods(10)]))[::-1]
    assert (early.delivered, late.delivered) == (10, 0)


# -- lines that are alike ---------------------------------------------------------------------------------------


def delivered(lines, *contents):
    return [standing.delivered for standing in follow(lines, files(*contents))]


def codes(lines, *contents):
    found = follow(lines, files(*contents))
    return [standing.report and standing.report.answer.code for standing in found]


def test_the_mark_chooses_among_lines_and_capitals_do_not_count():
    two = [line(2, "Meier", position=1), line(2, "SCHULZ", position=2)]
    assert delivered(two, [goods(2, "schulz")]) == [0, 2]
    assert codes(two, [report(mark="MEIER")]) == [15, None]


def test_a_mark_that_no_line_has_means_all_of_them():
    two = [line(2, "MEIER", position=1), line(2, None, position=2)]
    assert delivered(two, [goods(3, "KRAUSE")]) == [2, 1]
    assert delivered(two, [goods(2, None)]) == [0, 2]


def test_copies_fill_equal_lines_from_the_oldest_on_and_the_last_takes_what_is_too_many():
    three = [line(2, order=2), line(3, order=1), line(1, order=1, position=2)]
    assert delivered(three, [goods(4)]) == [3, 1, 0]
    assert delivered(three, [goods(4)], [goods(4, note="2")]) == [3, 1, 4]


def test_copies_go_last_to_lines_that_are_not_kept():
    two = [line(1, order=1), line(1, order=2)]
    assert delivered([two[0]], [report(10, False)]) == [0]
    told = [Told(1, "R_1", NOON, report(10, False)), *files([goods(1)])]
    early, late = follow([replace(two[0], order=0), two[1]], told)
    assert (early.delivered, early.closed, late.delivered) == (0, True, 1)


def test_reports_go_in_turn_to_lines_that_are_short_and_the_last_to_the_rest():
    three = [line(1, position=1), line(1, position=2), line(1, position=3)]
    assert codes(three, [report(15)]) == [15, 15, 15]
    assert codes(three, [report(15), report(10, False, position=3)]) == [15, 10, 10]
    assert codes(three, [goods(1), report(15)]) == [None, 15, 15]
    assert codes(three, [announced(1), report(15)]) == [None, 15, 15]
    assert codes(three, [announced(2), report(15), report(20, position=4)]) == [None, None, 20]
    assert codes(three, [goods(3), report(15)]) == [15, 15, 15]


def test_announcements_fill_equal_lines_too():
    two = [line(2, position=1), line(2, position=2)]
    assert [standing.announced for standing in follow(two, files([announced(3)]))] == [2, 1]


# -- any order of arrival ---------------------------------------------------------------------------------------

MARKS = st.sampled_from(["MEIER", "meier", "SCHULZ", None])
SAID = st.one_of(
    st.builds(goods, st.integers(0, 12), MARKS, st.sampled_from(["1", "2"]), st.integers(1, 9)),
    st.builds(announced, st.integers(0, 12), MARKS, st.integers(1, 9)),
    st.builds(report, st.sampled_from([10, 15, 99]), st.sampled_from([True, False, None]), st.none(), MARKS),
)
LINES = st.lists(st.builds(line, st.integers(1, 12), MARKS, st.integers(1, 12)), min_size=1, max_size=4)


def unlike(lines):
    return [replace(each, id=number, ordered=replace(each.ordered, line=number)) for number, each in enumerate(lines)]


CONTENTS = st.lists(
    st.lists(SAID, max_size=4).map(lambda said: [replace(each, line=number) for number, each in enumerate(said, 1)]),
    max_size=4,
)


def seen(standings):
    """Where lines stand, without the numbers that files got as they arrived."""
    return [
        (s.line, s.state, s.announced, s.report and (s.report.name, s.report.answer),
         [(part.quantity, part.told.name, part.told.answer) for part in s.goods])
        for s in standings
    ]  # fmt: skip


@given(LINES.map(unlike), CONTENTS, st.lists(st.integers(0, 1)), st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(lines, contents, hours, dice):
    written = dict(enumerate(hours, 20))
    told = [replace(each, at=NOON + timedelta(hours=written.get(each.file, 0))) for each in files(*contents, first=20)]
    expected = seen(follow(lines, told))
    numbers = list({each.file for each in told})
    arrived = dict(zip(numbers, dice.sample(range(20, 40), len(numbers)), strict=True))
    told = [replace(each, file=arrived[each.file]) for each in told]
    dice.shuffle(told)
    dice.shuffle(lines)
    assert seen(follow(lines, told)) == expected


@given(LINES.map(unlike), CONTENTS)
def test_every_copy_is_shared_out_once_and_only_goods_are_goods(lines, contents):
    told = files(*contents)
    first = min(each.order for each in lines)
    came = sum(each.answer.quantity for each in told if each.answer.says is Says.GOODS and each.file > first)
    assert sum(standing.delivered for standing in follow(lines, told)) == came


@given(LINES.map(unlike), CONTENTS)
def test_what_is_delivered_or_closed_is_not_open(lines, contents):
    for standing in follow(lines, files(*contents)):
        assert standing.open == (standing.lacking > 0 and not standing.closed)
        assert (standing.state is LineState.DELIVERED) == (standing.lacking == 0)


# -- from records -----------------------------------------------------------------------------------------------

ELS = (
    b"L10124000     VD900900    VD2017051524123456  0001202020    9783451337772EN0010000000000129500LPEUR003000001"
    b"*1003TESTBZ*90901*904000000000*90430000000000000000*9999\r\n"
    b"M10124000     VD900900    VD24123456  202020    9783869170657EN015J201612240000*1003TESTBZ*9999\r\n"
)


def records(name):
    format_, context = FORMATS["bwa-response"], Context(name)
    return list(format_.records(lambda: [ELS], context, format_.judge(lambda: [ELS], context)))


def test_a_delivery_note_brings_goods_and_reports():
    came, missing = map(answer, records("R_90090024123456000123456"))
    assert came == Answer(
        1, Says.GOODS, "202020", "9783451337772", "TESTBZ", 10, "24123456", 1, date(2017, 5, 15),
        sender="24000", receiver="900900",
    )  # fmt: skip
    assert missing == Answer(
        2, Says.REPORT, "202020", "9783869170657", "TESTBZ", 0, "24123456", None, None, 15, True, date(2016, 12, 24),
        "24000", "900900",
    )  # fmt: skip


def test_an_order_response_brings_no_goods():
    came, _ = map(answer, records("R_900900M24123456000123456"))
    assert came is not None
    assert came.says is Says.ANNOUNCED


def test_other_records_say_nothing_of_order_lines():
    assert answer(AvailabilityLine(1, ARTICLE, 1, 1, 1, None, None, None)) is None


def test_an_order_line_is_remembered_as_it_is_sent():
    sent = new_order_line(
        "900900", line=3, date=date(2026, 11, 21), reference=None, article=ARTICLE, qualifier="EN", quantity=2, mark="X"
    )
    assert ordered(sent) == Ordered(3, "900900", "", ARTICLE, "EN", "X", 2)


def test_an_isbn_of_ten_characters_is_matched_as_its_ean():
    assert article_key("3442756847") == article_key(ARTICLE) == ARTICLE
    assert article_key("344275684X") == "344275684X"
    assert ean_of("0488468") is None
