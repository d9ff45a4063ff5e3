"""The types of a record's fields, for sinks whose columns have types."""

import types
from dataclasses import fields
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints


def plain_types(cls: type[Any]) -> dict[str, tuple[Any, bool]]:
    """Return, by field and in order, its type without annotations and without None, and whether None was there."""
    hints = get_type_hints(cls)
    return {item.name: _without_none(hints[item.name]) for item in fields(cls)}


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Split `X | None` into X and whether None was there; more than one X is `object`."""
    if get_origin(hint) is Annotated:
        return _without_none(get_args(hint)[0])
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    others = [part for part in get_args(hint) if part is not type(None)]
    return (_without_none(others[0])[0] if len(others) == 1 else object), len(others) < len(get_args(hint))
