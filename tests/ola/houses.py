"""OLA's house for tests, and an endpoint that fits it."""

from datetime import UTC, datetime, timedelta
from random import Random

from syncd.formats.ola import Ask, Question
from syncd.formats.ola_session import Login
from syncd.simulate.ola import Fault, Manners, OlaHouse, Stock

THERE, HALF, NONE = "9783842344549", "9783784471587", "9783406501593"
"""By the shelf's rule: the digit last but one is 8 where half is there, 9 where nothing is."""
PASSWORD = "olatest"


def clock() -> datetime:
    return datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def a_house(*faults: Fault, manners: Manners | None = None, stock: Stock | None = None, idle: float = 300) -> OlaHouse:
    return OlaHouse(
        {"900900": PASSWORD},
        clock=clock,
        rng=Random(1),
        manners=manners,
        stock=stock,
        faults=faults,
        idle=timedelta(seconds=idle),
        first_order=11669853,
    )


def question(article: str = THERE, quantity: int = 1, ask: Ask = Ask.QUERY, **more: object) -> Question:
    return Question("900900", article, quantity, ask, **more)  # type: ignore[arg-type]  # the cases are data


def login(password: str = PASSWORD) -> Login:
    return Login("900900", password)
