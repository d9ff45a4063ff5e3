"""An OLA session in bytes: the document's own session word for word, every phase, every order of echoes and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError, ConnectionLostError, LoginRefusedError, ProtocolError
from syncd.formats.ola import Ask, Outcome, Question
from syncd.formats.ola_session import Login, OlaSession, Phase

LOGIN = Login("900900", "olatest")
QUERY = Question("900900", "9783842344549", 2)
ORDER = Question("900900", "9783842344549", 12, Ask.RESERVE)

GOOD = b"900900^9783842344549^2^2^1^28^^\r\n"


def logged_in(window: int = 64) -> OlaSession:
    session = OlaSession(LOGIN, window)
    session.receive(b"Login: ")
    session.receive(b"Passwort: ")
    session.take()
    return session


def proven(window: int = 64) -> OlaSession:
    session = logged_in(window)
    session.ask(QUERY)
    session.receive(GOOD)
    session.take()
    assert session.phase is Phase.PROVEN
    return session


def test_the_documents_session_word_for_word():
    session = OlaSession(LOGIN)
    assert session.take() == b"", "the house speaks first"
    session.receive(b"Login: ")
    assert session.take() == b"900900\r\n"
    session.receive(b"Passwort: ")
    assert session.take() == b"olatest\r\n"

    session.ask(QUERY)
    assert session.take() == b"900900^9783842344549^2^2\r\n"
    (found,) = session.receive(b"900900^9783842344549^2^2^1^28^^\r\n")
    assert (found.question, found.result, found.quantity, found.text) == (QUERY, 1, 28, "")

    for position in ("1", "2"):
        session.ask(ORDER)
        assert session.take() == b"900900^9783842344549^12^5\r\n"
        (taken,) = session.receive(f"900900^9783842344549^12^5^1^12^^Auftrag 11669853 Position {position}\r\n".encode())
        assert (taken.outcome, taken.order) == (Outcome.TAKEN, ("11669853", position)), "asked twice, ordered twice"

    session.leave()
    assert session.take() == b"ENDE\r\n"
    assert session.receive(b"ENDE\r\n") == []
    session.receive_eof()
    assert (session.phase, session.failure) == (Phase.OVER, None)


DIALOGUES = {
    "bare": (b"Login:", b"Passwort:", b""),
    "no line ends in sight": (b"\r\n\r\nlogin: ", b"password: ", b"\r\n"),
    "a banner, echoes and a greeting": (
        b"Willkommen bei OLA^live\r\nBitte mit Kundennummer login nutzen\r\nola login: ",
        b"900900\r\nPassword for 900900: ",
        b"\r\nLast login: Mon Nov 16 08:00:01\r\nLogin successful\r\n",
    ),
    "prompts with line ends": (b"LOGIN:\r\n", b"PASSWORT:\r\n", b"*******\r\n"),
    "NUL after CR": (b"Login: ", b"\r\0\r\nPasswort: ", b"\r\0\r\n"),
}


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_login_in_pieces_of_any_size(dialogue: tuple[bytes, bytes, bytes], size: int):
    session = OlaSession(LOGIN)
    for said, expected in zip(dialogue, (b"900900\r\n", b"olatest\r\n", b""), strict=True):
        for piece in pieces(said, size):
            session.receive(piece)
        assert session.take() == expected
    assert (session.phase, session.failure) == (Phase.UNPROVEN, None)
    session.ask(QUERY)
    assert session.take() == bytes(QUERY)
    answers = [found for piece in pieces(GOOD, size) for found in session.receive(piece)]
    assert [found.quantity for found in answers] == [28]
    assert session.phase is Phase.PROVEN


def pieces(said: bytes, size: int) -> list[bytes]:
    return [said[start : start + size] for start in range(0, len(said), size)]


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("said", [b"olatest?\r\n", b"what is" + b"." * 70 + b"olatest?\r\n", b"A^olatest^olatest\r\n"])
def test_a_line_that_repeats_the_password_does_not_show_it(said: bytes, asked: bool):
    session = logged_in()
    session.ask(QUERY)
    session.receive(GOOD)
    if asked:
        session.ask(QUERY)
    session.receive(said)
    assert isinstance(session.failure, ProtocolError)
    assert "***" in str(session.failure)
    assert "ola" not in str(session.failure)


def test_prompts_are_settings():
    session = OlaSession(Login("900900", "olatest", login_prompt="kundennummer", password_prompt="kennwort ?"))
    session.receive(b"Kundennummer")
    session.receive(b"\r\nKennwort ")
    assert session.take() == b"900900\r\nolatest\r\n"


@pytest.mark.parametrize(
    "again",
    [b"Login: ", b"\r\nLogin incorrect\r\nLogin: ", b"Passwort: ", b"Login:\r\n"],
)
def test_a_prompt_that_comes_again_is_a_refused_login(again: bytes):
    session = logged_in()
    session.ask(QUERY)
    session.receive(again)
    assert isinstance(session.failure, LoginRefusedError)
    assert session.pending == (QUERY,)


def test_an_unknown_user_is_refused_before_the_password():
    session = OlaSession(LOGIN)
    session.receive(b"Login: ")
    session.take()
    session.receive(b"unbekannt\r\nLogin: ")
    assert isinstance(session.failure, LoginRefusedError)
    assert session.take() == b"", "the password is not sent"


@pytest.mark.parametrize("said", [b"", b"Login: ", b"Login: \r\nPasswort: "])
def test_hanging_up_before_an_answer_is_a_lost_connection(said: bytes):
    session = OlaSession(LOGIN)
    session.receive(said)
    session.receive(b"")
    session.receive_eof()
    assert isinstance(session.failure, ConnectionLostError)
    assert session.phase is Phase.BROKEN


def test_ende_in_place_of_the_first_answer_is_a_lost_connection_with_a_hint():
    session = logged_in()
    session.receive(b"ENDE\r\n")
    assert isinstance(session.failure, ConnectionLostError)
    assert "user and password" in session.failure.remedy


@pytest.mark.parametrize("said", [b"ENDE\r\n", b""])
def test_hanging_up_later_loses_what_is_under_way(said: bytes):
    session = proven()
    session.ask(ORDER)
    session.receive(said)
    session.receive_eof()
    assert isinstance(session.failure, ConnectionLostError)
    assert session.pending == (ORDER,)


def test_until_the_first_answer_one_query_at_a_time_and_no_reservation():
    session = logged_in()
    assert not session.may_ask(ORDER)
    assert session.may_ask(QUERY)
    session.ask(QUERY)
    assert not session.may_ask(QUERY)
    with pytest.raises(RuntimeError, match="not now"):
        session.ask(QUERY)
    session.receive(GOOD)
    assert session.may_ask(QUERY)
    assert session.may_ask(ORDER)


def test_queries_are_pipelined_up_to_the_window_and_answered_in_order():
    session = proven(window=3)
    asked = [Question("900900", str(number)) for number in range(1, 4)]
    for question in asked:
        session.ask(question)
    assert not session.may_ask(QUERY)
    assert session.take() == b"900900^1^1^2\r\n900900^2^1^2\r\n900900^3^1^2\r\n"
    answers = session.receive(b"900900^1^1^2^1^1^^\r\n900900^2^1^2^1^2^^\r\n900900^3")
    assert [found.question for found in answers] == asked[:2]
    assert session.pending == (asked[2],)
    assert session.may_ask(QUERY)
    assert [found.quantity for found in session.receive(b"^1^2^1^3^^\r\n")] == [3]


def test_a_reservation_is_under_way_alone():
    session = proven()
    session.ask(QUERY)
    assert not session.may_ask(ORDER)
    session.receive(GOOD)
    session.ask(ORDER)
    assert not session.may_ask(ORDER)
    assert not session.may_ask(QUERY)


def test_answers_in_another_order_break_the_protocol_and_give_no_answer():
    session = proven()
    session.ask(Question("900900", "1"))
    session.ask(Question("900900", "2"))
    assert session.receive(b"900900^2^1^2^1^1^^\r\n900900^1^1^2^1^1^^\r\n") == []
    assert isinstance(session.failure, ProtocolError)
    assert len(session.pending) == 2


def test_good_answers_before_the_bad_line_are_kept():
    session = proven()
    session.ask(QUERY)
    session.ask(QUERY)
    (found,) = session.receive(GOOD + b"900900^9783842344549^2^2^9^^^\r\n" + GOOD)
    assert found.quantity == 28
    assert isinstance(session.failure, ProtocolError)
    assert session.pending == (QUERY,)
    assert session.receive(GOOD) == [], "a broken session hears nothing more"


@pytest.mark.parametrize("lead", [b"", b"900900^1^1^2\r\n"])
def test_echoes_are_skipped_once_each(lead: bytes):
    session = proven()
    twice = Question("900900", "1")
    session.ask(twice)
    session.ask(twice)
    answers = session.receive(lead + b"900900^1^1^2\r\n900900^1^1^2^1^1^^\r\n900900^1^1^2^1^2^^\r\n")
    assert [found.quantity for found in answers] == [1, 2]
    session.ask(QUERY)
    session.receive(bytes(QUERY) + bytes(QUERY))
    assert isinstance(session.failure, ProtocolError), "a second echo is none"


def test_the_echo_of_a_reservation_may_look_like_an_answer():
    session = proven()
    order = Question("900900", "9783842344549", 1, Ask.RESERVE, mark="1", reference="2")
    session.ask(order)
    assert session.receive(bytes(order)) == [], "1 is its mark, not its result"
    (found,) = session.receive(b"900900^9783842344549^1^5^1^1^^1\r\n")
    assert found.outcome is Outcome.TAKEN


@pytest.mark.parametrize("said", [b"Wartungsarbeiten\r\n", GOOD])
def test_a_line_that_nobody_asked_for_breaks_the_protocol(said: bytes):
    session = proven()
    session.receive(said)
    assert isinstance(session.failure, ProtocolError)
    assert said.decode().strip() in str(session.failure)


def test_ende_instead_of_a_login_prompt_breaks_the_protocol():
    session = OlaSession(LOGIN)
    session.receive(b"ENDE\r\n")
    assert isinstance(session.failure, ProtocolError)


def test_a_line_without_end_breaks_the_protocol():
    session = proven()
    session.receive(b"x" * 5000)
    assert isinstance(session.failure, ProtocolError)
    assert "without end" in str(session.failure)


def test_blank_lines_and_line_feeds_alone_are_no_matter():
    session = proven()
    session.ask(QUERY)
    (found,) = session.receive(b"\r\n \r\n900900^9783842344549^2^2^1^28^^\n")
    assert found.quantity == 28


def test_leaving_waits_for_nothing_but_ende():
    session = proven()
    session.ask(QUERY)
    with pytest.raises(RuntimeError, match="not now"):
        session.leave()
    session.receive(GOOD)
    session.leave()
    with pytest.raises(RuntimeError, match="not now"):
        session.ask(QUERY)
    assert session.receive(b"Auf Wiedersehen\r\nENDE\r\nENDE\r\nund so fort\r\n") == []
    assert (session.phase, session.failure) == (Phase.OVER, None)


def test_a_house_that_only_hangs_up_was_left_too():
    session = proven()
    session.leave()
    session.receive_eof()
    assert (session.phase, session.failure) == (Phase.OVER, None)


def test_the_password_is_never_shown_and_never_odd():
    assert "olatest" not in repr(LOGIN)
    for odd in ("", "a\r\nb", "5 €", "ÿ"):
        with pytest.raises(ConfigError, match="the password must be") as error:
            Login("900900", odd)
        assert odd == "" or odd not in str(error.value).replace("'ÿ'", "")


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"Login: ", b"Passwort: ", GOOD, b"ENDE\r\n", bytes(QUERY)])))
def test_any_noise_ends_in_a_phase_and_never_sends_a_reservation(noise: list[bytes]):
    session = OlaSession(LOGIN)
    sent = b""
    for said in noise:
        session.receive(said)
        if session.may_ask(QUERY):
            session.ask(QUERY)
        sent += session.take()
    session.receive_eof()
    assert (session.phase is Phase.BROKEN) == (session.failure is not None)
    assert set(sent.splitlines()) <= {b"900900", b"olatest", QUERY.line.encode()}
