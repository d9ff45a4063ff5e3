"""What no single key can tell: sinks that accounts name, sinks' own settings, shared logins, passwords in open files.

These checks look at the values as they were read, so that they report even when other keys are wrong.
"""

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from syncd.config.lines import Key
from syncd.config.ola import OlaTable
from syncd.config.sources import Sources
from syncd.config.tables import AccountTable, Document, choice
from syncd.config.terms import TermsTable, divided
from syncd.config.troubles import told
from syncd.errors import ConfigError
from syncd.sinks import Terms, sink_class, sink_types
from syncd.suppliers import SUPPLIERS

Told = tuple[Key, str]
M = TypeVar("M", bound=BaseModel)


def tables(values: Mapping[str, Any], group: str) -> dict[str, Mapping[str, Any]]:
    """Return the named tables of a group, leaving out what is no table."""
    found = values.get(group)
    return {name: table for name, table in found.items() if isinstance(table, dict)} if isinstance(found, dict) else {}


MadeSink = tuple[str, BaseModel, Terms]
"""Type, settings of its own class, and the terms of its deliveries."""


def sink_settings(values: Mapping[str, Any]) -> tuple[dict[str, MadeSink], list[Told]]:
    """Check each sink by its own class; return the good ones by name, and what is wrong."""
    good: dict[str, MadeSink] = {}
    wrong: list[Told] = []
    for name, table in tables(values, "sink").items():
        key: Key = ("sink", name)
        try:
            type_name, model = _sink_model(table)
        except ValueError as error:
            wrong.append(((*key, "type"), str(error)))
            continue
        common, own = divided(table)
        settings, wrong_here = _checked(model, own, key, also=TermsTable)
        terms, wrong_terms = _checked(TermsTable, common, key)
        if settings is not None and terms is not None:
            good[name] = type_name, settings, terms.terms()
        wrong += wrong_here + wrong_terms
    return good, [*wrong, *_shared_folders(good)]


def _shared_folders(sinks: Mapping[str, MadeSink]) -> Iterator[Told]:
    """A folder remembers the keys that it was given: what one sink has laid there, another would take for its own."""
    seen: dict[Path, str] = {}
    for name, (_, settings, _) in sinks.items():
        path = getattr(settings, "path", None)
        if isinstance(path, Path) and (owner := seen.setdefault(path.resolve(), name)) != name:
            yield ("sink", name, "path"), f"is already that of sink.{owner}: each sink needs its own"


def _checked(
    model: type[M], table: Mapping[str, Any], key: Key, also: type[BaseModel] | None = None
) -> tuple[M | None, list[Told]]:
    try:
        return model.model_validate(table), []
    except ValidationError as error:
        return None, told(error, model, key, also)


def across(sources: Sources) -> Iterator[Told]:
    """Yield what is wrong between tables."""
    yield from _unknown_sinks(sources.values)
    yield from _shared(sources.values, "outbox", _outbox)
    yield from _shared(sources.values, "user", _login)
    if not sources.private:
        yield from _open_passwords(sources)


def _sink_model(table: Mapping[str, Any]) -> tuple[str, type[BaseModel]]:
    type_name = table.get("type")
    if not isinstance(type_name, str):
        raise ValueError('is required: which sink this is, such as "directory"')
    choice(type_name, sink_types(), "sink type")
    try:
        return type_name, sink_class(type_name).Settings
    except ConfigError as error:
        raise ValueError(f"{error}. {error.remedy}") from error


def _unknown_sinks(values: Mapping[str, Any]) -> Iterator[Told]:
    known = tables(values, "sink")
    for account, table in tables(values, "account").items():
        named = table.get("sinks")
        for index, name in enumerate(named if isinstance(named, list) else ()):
            try:
                choice(str(name), known, "sink")
            except ValueError as error:
                yield ("account", account, "sinks", index), str(error)


def _outbox(table: Mapping[str, Any]) -> str | None:
    """Return the folder itself, whatever name it has here: out of one folder, two accounts would order twice."""
    outbox = table.get("outbox")
    return os.path.realpath(outbox) if isinstance(outbox, str) else None


def _login(table: Mapping[str, Any]) -> tuple[Hashable, ...] | None:
    """Return what makes a login: two accounts with one would each count the login interval for itself."""
    supplier = SUPPLIERS.get(str(table.get("supplier")))
    host = table.get("host") or (supplier.host if supplier else "")
    return (str(host).lower(), table.get("port"), table["user"]) if host and "user" in table else None


def _shared(values: Mapping[str, Any], key: str, mark: Callable[[Mapping[str, Any]], object]) -> Iterator[Told]:
    seen: dict[object, str] = {}
    for account, table in tables(values, "account").items():
        value = mark(table)
        if value is not None and value in seen:
            yield ("account", account, key), f"is already that of account.{seen[value]}: each account needs its own"
        elif value is not None:
            seen[value] = account


def _open_passwords(sources: Sources) -> Iterator[Told]:
    for key, model, table in _models(sources.values):
        for name, entry in model.model_fields.items():
            inline = isinstance(table.get(name), str) and "Secret" in str(entry.annotation)
            if inline and not sources.variable((*key, name)):
                yield (
                    (*key, name),
                    "must not stand in a file that others can read: "
                    f'write {{ file = "/path" }}, or run: chmod 600 {sources.path}',
                )


def _models(values: Mapping[str, Any]) -> Iterator[tuple[Key, type[BaseModel], Mapping[str, Any]]]:
    """Yield the tables that may hold a secret, each with the model that describes it."""
    yield (), Document, values
    for name, table in tables(values, "account").items():
        yield ("account", name), AccountTable, table
        if isinstance(table.get("ola"), dict):
            yield ("account", name, "ola"), OlaTable, table["ola"]
    for name, table in tables(values, "sink").items():
        try:
            _, model = _sink_model(table)
        except ValueError:
            continue
        yield ("sink", name), model, table
