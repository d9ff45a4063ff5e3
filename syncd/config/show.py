"""The settings in force, each with its source: as TOML to read, or as JSON for a program. No secret is shown."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from syncd.config.lines import Key
from syncd.config.settings import AccountSettings, OlaSettings, Settings, SinkSettings
from syncd.config.troubles import masked
from syncd.config.units import show_duration, show_size
from syncd.config.visits import schedule_table
from syncd.plan.guards import Guard
from syncd.secret import Secret
from syncd.sinks.base import Terms

Tree = dict[str, Any]


def effective(settings: Settings) -> Tree:
    """Return every setting in force as the configuration would write it; what is not set is None."""
    return {
        "state_dir": str(settings.state_dir),
        "database": _plain(settings.database),
        "database_password": _plain(settings.database_password),
        "stop_timeout": show_duration(settings.stop_timeout),
        "reserve": show_size(settings.reserve),
        "spool": {"keep": show_duration(settings.retention.keep), "most": show_size(settings.retention.most)},
        "log": {"format": settings.log.format, "level": settings.log.level},
        "account": {name: _account(account) for name, account in settings.accounts.items()},
        "sink": {name: _sink(sink) for name, sink in settings.sinks.items()},
    }


def with_sources(settings: Settings) -> Tree:
    """Return every setting in force as `{"value": …, "source": …}`."""

    def told(value: Any, key: Key) -> Any:
        if _is_group(value, key):
            return {name: told(below, (*key, name)) for name, below in value.items()}
        return {"value": value, "source": settings.sources.origin(key)}

    return {name: told(value, (name,)) for name, value in effective(settings).items()}


def as_toml(settings: Settings) -> str:
    """Write every setting in force as TOML, its source in a comment."""
    lines: list[str] = []

    def write(table: Mapping[str, Any], key: Key) -> None:
        groups = {name: value for name, value in table.items() if _is_group(value, (*key, name))}
        plain = [name for name in table if name not in groups]
        lines.extend(_line(name, table[name], settings.sources.origin((*key, name))) for name in plain)
        for name, value in groups.items():
            if any(not isinstance(below, dict) for below in value.values()):
                lines.extend(["", f"[{'.'.join(map(str, (*key, name)))}]"])
            write(value, (*key, name))

    write(effective(settings), ())
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """Write a value as TOML."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{key} = {toml_value(below)}" for key, below in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(toml_value, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _is_group(value: Any, key: Key) -> bool:
    """Tell the tables that have a header of their own from inline ones."""
    named = len(key) == 2 and key[0] in ("account", "sink")
    below = len(key) == 3 and key[0] == "account" and key[2] in ("guard", "ola")
    return isinstance(value, dict) and (len(key) == 1 or named or below)


def _line(name: str, value: Any, origin: str) -> str:
    if value is None:
        return f"# {name} is not set"
    return f"{name} = {toml_value(value)}".ljust(50) + f"  # {origin}"


def _account(account: AccountSettings) -> Tree:
    return {
        "supplier": account.supplier.name,
        "enabled": account.enabled,
        "host": account.host,
        "port": account.port,
        "tls": account.tls.value,
        "user": account.user,
        "password": _plain(account.password),
        "ca_file": _plain(account.ca_file),
        "strict_tls_end": account.strict_tls_end,
        "customers": list(account.customers) or None,
        "relation_id": account.relation_id,
        "outbox": _plain(account.outbox),
        "channels": [channel.name for channel in account.inbound],
        "consume": next((channel.consume.value for channel in account.inbound), None),
        "schedule": schedule_table(account.schedule),
        "login_interval": show_duration(account.login_interval),
        "longest_visit": show_duration(account.longest_visit),
        "lease": show_duration(account.lease),
        "late_after": show_duration(account.late_after) if account.late_after is not None else None,
        "unanswered_after": show_duration(account.unanswered_after),
        "sinks": list(account.sinks),
        "guard": _table(account.guard),
        "ola": _ola(account.ola),
    }


def _ola(ola: OlaSettings | None) -> Tree | None:
    if ola is None:
        return None
    return _table(ola) | {"schedule": schedule_table(ola.schedule)}


def _table(settings: OlaSettings | Guard | Terms) -> Tree:
    return {each.name: _plain(getattr(settings, each.name)) for each in fields(settings)}


def _sink(sink: SinkSettings) -> Tree:
    return {"type": sink.type} | {name: _plain(value) for name, value in sink.settings} | _table(sink.terms)


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return value.model_dump(mode="json", exclude_none=True) or "***"
        case BaseModel():
            return {name: _plain(below) for name, below in value}
        case Enum():
            return value.value
        case timedelta():
            return show_duration(value)
        case str() | Path():
            return masked(str(value))
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case None | bool() | int() | float() | dict():
            return value
        case _:
            return str(value)
