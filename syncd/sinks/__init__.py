"""Sinks by name: the plugins registered under the entry point group `syncd.sinks`, ours and anybody's.

A plugin is somebody else's code: whatever it does wrong while it is loaded becomes a ConfigError that names the
distribution it came with, and no plugin is imported before a configuration asks for it.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from syncd.errors import ConfigError
from syncd.sinks.base import Batch, Sink, Terms

__all__ = ["GROUP", "Batch", "Sink", "Terms", "make_sink", "open_sink", "sink_class", "sink_types"]

GROUP = "syncd.sinks"


def sink_types() -> list[str]:
    """Name every type of sink that is installed, without importing any."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def sink_class(type_name: str) -> type[Sink]:
    """Return the class of a type of sink; raise ConfigError when there is none, or when it cannot be loaded."""
    point = _entry_point(type_name)
    try:
        loaded = point.load()
    except Exception as error:  # a plugin may raise anything while it is imported
        raise _broken(point, f"{type(error).__name__}: {error}") from error
    if not _is_sink(loaded):
        raise _broken(point, f"{point.value} is not a sink: it needs Settings, deliver and close")
    return cast("type[Sink]", loaded)


def open_sink(type_name: str, settings_table: Mapping[str, Any]) -> Sink:
    """Make a sink from the table `[sink.NAME]` without `type`; raise ConfigError that names the wrong keys."""
    loaded = sink_class(type_name)
    try:
        settings = loaded.Settings.model_validate(dict(settings_table))
    except ValidationError as error:
        complaints = "; ".join(_complaints(error, loaded.Settings))
        raise ConfigError(
            f'sink of type "{type_name}": {complaints}',
            remedy=f"Its settings: {', '.join(loaded.Settings.model_fields)}.",
        ) from error
    return make_sink(type_name, settings)


def make_sink(type_name: str, settings: BaseModel) -> Sink:
    """Make a sink from settings that its own class has checked. Raises ConfigError."""
    return cast("Callable[[BaseModel], Sink]", sink_class(type_name))(settings)


def _entry_point(type_name: str) -> EntryPoint:
    points = entry_points(group=GROUP, name=type_name)
    if not points:
        raise ConfigError(
            f'there is no sink of type "{type_name}"{_did_you_mean(type_name, sink_types())}',
            remedy=f"Installed types: {', '.join(sink_types())}.",
        )
    if len(points) > 1:
        raise ConfigError(
            f'sink type "{type_name}" is claimed by {" and ".join(sorted(_distribution(point) for point in points))}',
            remedy="Uninstall one of them.",
        )
    return next(iter(points))


def _is_sink(loaded: object) -> bool:
    settings = getattr(loaded, "Settings", None)
    return (
        isinstance(loaded, type)
        and isinstance(settings, type)
        and issubclass(settings, BaseModel)
        and all(callable(getattr(loaded, name, None)) for name in ("deliver", "close"))
    )


def _complaints(error: ValidationError, settings: type[BaseModel]) -> Iterator[str]:
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        key = ".".join(str(part) for part in item["loc"]) or "settings"
        unknown = item["type"] == "extra_forbidden" and len(item["loc"]) == 1
        yield f"{key}: unknown{_did_you_mean(key, settings.model_fields)}" if unknown else f"{key}: {item['msg']}"


def _did_you_mean(word: str, known: Mapping[str, object] | list[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f', did you mean "{close[0]}"?' if close else ""


def _broken(point: EntryPoint, what: str) -> ConfigError:
    return ConfigError(
        f'sink type "{point.name}" of {_distribution(point)} cannot be used: {what}',
        remedy=f"Repair or uninstall {_distribution(point)}.",
    )


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
