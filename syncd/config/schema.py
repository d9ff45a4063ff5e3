"""The JSON Schema of the configuration, for editors: the tables here, and the settings of every installed sink."""

from typing import Any

from syncd.config.table import NAME
from syncd.config.tables import Document
from syncd.config.terms import TermsTable
from syncd.sinks import sink_class, sink_types

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema that `syncd.toml` must satisfy. Raises ConfigError when a sink cannot be loaded."""
    schema = Document.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    kinds = sink_types()
    tables = [_sink(kind, definitions) for kind in kinds]
    other = {"properties": {"type": {"type": "string", "not": {"enum": kinds}}} | _common(), "required": ["type"]}
    schema["properties"]["sink"]["patternProperties"] = {NAME: {"type": "object", "anyOf": [*tables, other]}}
    for group in ("account", "sink"):
        schema["properties"][group]["additionalProperties"] = False
    return {"$schema": DIALECT, **schema}


def _sink(kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Describe the table of one type of sink; what it refers to goes to the common definitions."""
    table = sink_class(kind).Settings.model_json_schema()
    definitions.update(table.pop("$defs", {}))
    table["properties"] = {"type": {"const": kind}, **table.get("properties", {}), **_common()}
    table["required"] = ["type", *table.get("required", [])]
    return table


def _common() -> dict[str, Any]:
    """Describe the keys that every sink has."""
    found: dict[str, Any] = TermsTable.model_json_schema()["properties"]
    return found
