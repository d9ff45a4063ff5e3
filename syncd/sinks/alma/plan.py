"""What would be posted of a file of answers: records with their titles, what they lack, and the requests they make."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.errors import SinkError
from syncd.model import OrderedLine
from syncd.sinks.alma.confirm import OrderConfirm, PassedOver, confirms, normal_isbn, titled
from syncd.sinks.alma.request import Request, as_form, as_query, as_template
from syncd.sinks.alma.settings import FIELDS, AlmaSettings
from syncd.sinks.alma.titles import read_titles


@dataclass(frozen=True, slots=True)
class Planned:
    """A record, what it lacks of what is required, and the request that it makes."""

    record: OrderConfirm
    missing: Sequence[str]
    request: Request


def plan(settings: AlmaSettings, answers: Iterable[Any], orders: Iterable[OrderedLine]) -> list[Planned | PassedOver]:
    """Return what would be posted of one file of answers, and what is passed over; raise SinkError.

    orders: the lines of our orders, the latest order first.
    """
    made = list(confirms(answers, orders, account=settings.account, supplier=settings.supplier))
    isbns = {normal_isbn(each.isbn) for each in made if isinstance(each, OrderConfirm) and each.isbn}
    titles = read_titles(settings.titles, isbns) if settings.titles and isbns else {}
    form = _form(settings)
    found: list[Planned | PassedOver] = []
    for each in made:
        if isinstance(each, OrderConfirm):
            each = titled(each, titles, settings.record_supplier)
            found.append(Planned(each, each.missing(settings.required), form(each.values())))
        else:
            found.append(each)
    return found


def _form(settings: AlmaSettings) -> Callable[[Mapping[str, str]], Request]:
    """Return how the values of a record become a request."""
    if settings.template is not None:
        return _templated(settings)
    encode = {"query": as_query, "form": as_form}[settings.request]
    return lambda values: encode(settings.endpoint, _pairs(settings, values), settings.headers or {})


def _pairs(settings: AlmaSettings, values: Mapping[str, str]) -> Mapping[str, str]:
    if settings.fields is None:
        return values
    return {called: values[name] for called, name in settings.fields.items() if name in values}


def _templated(settings: AlmaSettings) -> Callable[[Mapping[str, str]], Request]:
    assert settings.template is not None
    headers = {"Content-Type": settings.content_type, **(settings.headers or {})}
    blank: dict[str, str] = dict.fromkeys(FIELDS, "")
    try:
        text = settings.template.read_text("utf-8")
        as_template(settings.endpoint, text, blank, headers)  # tried once: there may be no record to try it on
    except (OSError, ValueError, KeyError) as error:
        raise SinkError(
            f"template {settings.template}: {error}",
            remedy=f"It is UTF-8, with ${{NAME}} for each of {', '.join(FIELDS)}, and $$ for a dollar.",
        ) from error
    return lambda values: as_template(settings.endpoint, text, {**blank, **values}, headers)
