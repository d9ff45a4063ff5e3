"""OLA's lines: every example of the supplier's document (5.2 to 5.4), every field rule, every ambiguity."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ProtocolError, RejectedError, UsageError
from syncd.formats.ola import TYPES, Ask, Outcome, Question, Result, read_answer, read_question

MARKED = Question("900900", "9783784471563", 5, Ask.RESERVE_ONLY, price=True, mark="Mueller", reference="12345")


def answer(question: Question, rest: str):
    return read_answer(question, f"{'^'.join(question.fields[:4])}^{rest}\r\n".encode("iso-8859-1"))


# -- questions --------------------------------------------------------------------------------------------------


def test_the_documents_questions_are_written_to_the_byte():
    assert bytes(Question("900900", "9783865213303")) == b"900900^9783865213303^1^2\r\n"
    marked = Question("900900", "9783865213303", 5, Ask.RESERVE_ONLY, price=True, mark="Mueller", reference="12345")
    assert bytes(marked) == b"900900^9783865213303^5^16^Mueller^^^12345\r\n"
    assert bytes(Question("900900", "9783842344549", 12, Ask.RESERVE)) == b"900900^9783842344549^12^5\r\n"


@pytest.mark.parametrize(
    ("ask", "price", "written"),
    [
        (Ask.QUERY, False, "2"),
        (Ask.RESERVE, False, "5"),
        (Ask.RESERVE_ONLY, False, "6"),
        (Ask.RESERVE_OR_BACK_ORDER, False, "7"),
        (Ask.QUERY, True, "12"),
        (Ask.RESERVE, True, "15"),
        (Ask.RESERVE_ONLY, True, "16"),
        (Ask.RESERVE_OR_BACK_ORDER, True, "17"),
    ],
)
def test_every_type_of_question(ask: Ask, price: bool, written: str):
    question = Question("900900", "9783842344549", 2, ask, price)
    assert question.line == f"900900^9783842344549^2^{written}"
    assert read_question(bytes(question)) == question
    assert TYPES[written] == (ask, price)


def test_only_a_query_orders_nothing():
    assert [ask for ask in Ask if not ask.orders] == [Ask.QUERY]


def test_trailing_empty_fields_are_left_out_and_inner_ones_stay():
    only_mark = Question("900900", "9783842344549", 1, Ask.RESERVE, mark="Müller")
    assert bytes(only_mark) == b"900900^9783842344549^1^5^M\xfcller\r\n"
    labelled = Question("900900", "9783842344549", 1, Ask.RESERVE, label="Abholfach 7", barcode="4006381333931")
    assert labelled.line == "900900^9783842344549^1^5^^Abholfach 7^4006381333931"


@pytest.mark.parametrize("article", ["9783842344549", "3784471560", "359340019X", "0488468"])
def test_an_article_is_an_ean_a_short_isbn_or_an_umbreit_number(article: str):
    assert Question("900900", article).article == article


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"customer": ""}, "customer ''"),
        ({"customer": "90090O"}, "1 to 10 digits"),
        ({"article": ""}, "article ''"),
        ({"article": "978-3-8423-4454-9"}, "without hyphens"),
        ({"article": "97838423445491"}, "article '97838423445491'"),
        ({"article": "359340019x"}, "article '359340019x'"),
        ({"article": "978384234454²"}, "in digits"),
        ({"quantity": 0}, "1 to 9999"),
        ({"quantity": 10000}, "1 to 9999"),
        ({"mark": "sechzehn Zeichen"}, "at most 15 characters"),
        ({"mark": "a^b"}, "without '^'"),
        ({"mark": "a\nb"}, "control characters"),
        ({"mark": "a\x85b"}, "control characters"),
        ({"mark": "L'Haÿ"}, "without '^', 'ÿ'"),
        ({"mark": "5 €"}, "ISO 8859-1"),
        ({"reference": "elf Zeichen"}, "at most 10 characters"),
        ({"barcode": "123"}, "13 digits"),
        ({"label": "x" * 36, "barcode": "4006381333931"}, "at most 35 characters"),
        ({"label": "Abholfach"}, "only printed beside a bar code"),
        ({"ask": Ask.QUERY, "mark": "Mueller"}, "a query carries no mark"),
    ],
)
def test_a_question_that_breaks_a_field_rule_cannot_be_made(change: dict[str, object], says: str):
    good: dict[str, object] = {"customer": "900900", "article": "9783842344549", "ask": Ask.RESERVE}
    with pytest.raises(UsageError) as error:
        Question(**{**good, **change})  # type: ignore[arg-type]  # the cases are data
    assert says in str(error.value)


def test_the_longest_values_fit():
    longest = Question("9" * 10, "9783842344549", 9999, Ask.RESERVE, True, "x" * 15, "y" * 35, "4" * 13, "z" * 10)
    assert read_question(bytes(longest)) == longest


@pytest.mark.parametrize("article", ["9783842344548", "3784471567"])
def test_a_wrong_check_digit_is_said_and_left_to_the_house(article: str):
    (warning,) = Question("900900", article).warnings()
    assert (warning.code, warning.raw) == ("check-digit", article)


@pytest.mark.parametrize("article", ["9783842344549", "3784471560", "0488468"])
def test_a_good_article_has_no_warning(article: str):
    assert Question("900900", article).warnings() == ()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"ENDE",
        b"900900^9783842344549^2",
        b"900900^9783842344549^2^3",
        b"900900^9783842344549^zwei^2",
        b"900900^9783842344549^2^5^a^^^b^c",
        b"900900^9783842344549^0^2",
        b"900900^^1^2",
    ],
)
def test_what_is_not_a_question_is_rejected(line: bytes):
    with pytest.raises(RejectedError):
        read_question(line)


@given(
    quantity=st.integers(1, 9999),
    kind=st.sampled_from(sorted(TYPES)),
    mark=st.text(st.characters(codec="iso-8859-1", exclude_characters="^ÿ", exclude_categories=["Cc"]), max_size=15),
    reference=st.from_regex("[0-9A-Z]{0,10}", fullmatch=True),
)
def test_every_question_reads_back_as_itself(quantity: int, kind: str, mark: str, reference: str):
    ask, price = TYPES[kind]
    extras = {"mark": mark, "reference": reference} if ask.orders else {}
    question = Question("900900", "9783842344549", quantity, ask, price, **extras)
    assert read_question(bytes(question)) == question


# -- answers ----------------------------------------------------------------------------------------------------


def test_a_query_that_finds_nothing():
    found = answer(Question("900900", "9783784471563"), "0^0^15^")
    assert (found.result, found.quantity, found.code, found.text) == (Result.SHORT, 0, 15, "")
    assert found.meaning == "Fehlt kurzfristig am Lager. Bestellung ist vorgemerkt"
    assert found.outcome is Outcome.INFORMED, "the text speaks of a back-order, but nothing was ordered"
    assert (found.price, found.standard_ean, found.extras, found.findings) == (None, None, (), ())
    assert found.raw == "900900^9783784471563^1^2^0^0^15^"


def test_a_reservation_with_mark_and_price_and_the_documents_own_contradiction():
    found = answer(MARKED, "1^2^^Mueller^9.90")
    assert (found.result, found.quantity) == (Result.AVAILABLE, 2), "2 of 5, and yet available: both are reported"
    assert (found.text, found.price, found.code) == ("Mueller", Decimal("9.90"), None)
    assert (found.outcome, found.order, found.findings) == (Outcome.TAKEN, None, ())


def test_a_reservation_without_mark_names_order_and_position():
    found = answer(
        Question("900900", "9783784471563", 5, Ask.RESERVE_ONLY, price=True), "1^2^^Auftrag 12345678 Position 5^9.90"
    )
    assert found.order == ("12345678", "5")
    assert found.outcome is Outcome.TAKEN


def test_a_standard_ean_takes_the_place_of_the_price_that_was_not_asked():
    found = answer(Question("900900", "9783406501579"), "0^0^3^^9783406618000")
    assert (found.standard_ean, found.price, found.findings) == ("9783406618000", None, ())
    assert found.meaning == "Lieferbar innerhalb 6 Monaten, Bestellung ist vorgemerkt"


def test_the_quantity_may_be_the_houses_stock_and_the_comma_a_point():
    assert answer(Question("900900", "9783842344549", 2), "1^28^^").quantity == 28
    both = answer(Question("900900", "9783842344549", 2, price=True), "1^9999^^^19,80^9783406618000")
    assert (both.quantity, both.price, both.standard_ean) == (9999, Decimal("19.80"), "9783406618000")
    assert answer(Question("900900", "9783842344549", price=True), "1^^^^").price is None


def test_no_quantity_is_not_zero():
    assert answer(Question("900900", "9783842344549"), "2^^^Titelnummer nicht zu ermitteln").quantity is None


@pytest.mark.parametrize("text", ["Kundennummer unbekannt", "Titelnummer nicht zu ermitteln"])
@pytest.mark.parametrize("ask", [Ask.QUERY, Ask.RESERVE_OR_BACK_ORDER])
def test_an_error_ordered_nothing(ask: Ask, text: str):
    found = answer(Question("900900", "9783842344549", 1, ask), f"2^0^^{text}")
    assert (found.result, found.outcome, found.text) == (Result.ERROR, Outcome.REFUSED, text)


def test_an_internal_error_while_ordering_is_for_a_person():
    found = answer(Question("900900", "9783842344549", 1, Ask.RESERVE), "0^0^^Interner Fehler bei Auftragsanlage")
    assert found.outcome is Outcome.UNCLEAR


def test_a_reservation_that_is_short_was_taken_as_its_type_says():
    found = answer(Question("900900", "9783842344549", 5, Ask.RESERVE_OR_BACK_ORDER), "0^2^15^")
    assert (found.outcome, found.quantity, found.code) == (Outcome.TAKEN, 2, 15)


def test_only_a_reservation_has_an_order_number():
    assert answer(Question("900900", "9783842344549"), "1^1^^Auftrag 1 Position 1").order is None


@pytest.mark.parametrize(
    ("rest", "code", "number"),
    [
        ("0^0^077^", "unknown-meldenummer", 77),
        ("0^0^x^", "bad-number", None),
        ("1^1^10^", "ola-code", 10),
    ],
)
def test_an_odd_report_code_is_a_warning(rest: str, code: str, number: int | None):
    found = answer(Question("900900", "9783842344549"), rest)
    assert ([finding.code for finding in found.findings], found.code) == ([code], number)


def test_an_unknown_report_code_has_no_meaning():
    assert answer(Question("900900", "9783842344549"), "0^0^77^").meaning == ""


@pytest.mark.parametrize(
    ("rest", "codes", "extras"),
    [
        ("1^1^^^9783406618001", ["check-digit"], ()),
        ("1^1^^^19,8", ["ola-extra"], ("19,8",)),
        ("1^1^^^^neu", ["ola-extra"], ("neu",)),
        ("1^1^^^9.90^8.90", ["ola-extra"], ("8.90",)),
        ("1^1^^^9783406618000^9783406618000", ["ola-extra"], ("9783406618000",)),
        ("1^1^^^9.90^9783406618000^", [], ()),
    ],
)
def test_further_fields_are_told_apart_by_their_form(rest: str, codes: list[str], extras: tuple[str, ...]):
    found = answer(Question("900900", "9783842344549", price=True), rest)
    assert ([finding.code for finding in found.findings], found.extras) == (codes, extras)


def test_a_price_that_was_not_asked_is_kept_with_a_warning():
    found = answer(Question("900900", "9783842344549"), "1^1^^^9.90")
    assert (found.price, [finding.code for finding in found.findings]) == (Decimal("9.90"), ["ola-price"])


def test_an_answer_is_iso_8859_1():
    marked = Question("900900", "9783842344549", 1, Ask.RESERVE, mark="Müller")
    assert read_answer(marked, b"900900^9783842344549^1^5^1^1^^M\xfcller\n").text == "Müller"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("900901^9783784471563^5^16^1^2^^Mueller", "answers another question"),
        ("900900^9783784471564^5^16^1^2^^Mueller", "answers another question"),
        ("900900^9783784471563^05^16^1^2^^Mueller", "answers another question"),
        ("900900^9783784471563^5^6^1^2^^Mueller", "answers another question"),
        ("900900^9783784471563^5^16^1^2^", "7 fields"),
        ("900900^9783784471563^5^16^3^2^^Mueller", "not 0, 1 or 2"),
        ("900900^9783784471563^5^16^^2^^Mueller", "not 0, 1 or 2"),
        ("900900^9783784471563^5^16^1^zwei^^Mueller", "quantity is not a number"),
        ("900900^9783784471563^5^16^1^-2^^Mueller", "quantity is not a number"),
        ("900900^9783784471563^5^16^1^2^^Mueller\x1b[2J", "control characters"),
        ("900900^9783784471563^5^16^1^2^^Mueller\x9b2J", "control characters"),
        ("", "answers another question"),
    ],
)
def test_what_does_not_fit_the_question_breaks_the_protocol_and_names_no_customer(line: str, says: str):
    with pytest.raises(ProtocolError) as error:
        read_answer(MARKED, line.encode("iso-8859-1"))
    assert says in str(error.value)
    assert "Mueller" not in str(error.value)
    assert error.value.remedy


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_protocol_error(noise: bytes):
    for line in (noise, b"900900^9783784471563^5^16^" + noise):
        with contextlib.suppress(ProtocolError):
            assert read_answer(MARKED, line).question is MARKED
