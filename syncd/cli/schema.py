"""`syncd schema`: JSON Schema of what syncd prints, generated from the classes."""

from typing import Any

import click
import msgspec

from syncd.formats import RECORDS, Record
from syncd.formats.fields import Text, markers
from syncd.formats.records import BundlePart

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.group()
def schema() -> None:
    """Print JSON Schemas."""


@schema.command()
def records() -> None:
    """Print the schema of the lines that `syncd parse --records` writes."""
    click.echo(msgspec.json.format(msgspec.json.encode(record_schema())).decode())


def record_schema() -> dict[str, Any]:
    """Return one schema for all records; `x-id` is the number of a data field in the supplier's table."""
    _, definitions = msgspec.json.schema_components(RECORDS, ref_template="#/$defs/{name}")
    for record in (*RECORDS, BundlePart):
        _annotate(record, definitions[record.__name__]["properties"])
    for record in RECORDS:
        _frame(record, definitions[record.__name__])
    choices = [{"$ref": f"#/$defs/{record.__name__}"} for record in RECORDS]
    return {"$schema": DIALECT, "title": "Records of syncd", "oneOf": choices, "$defs": definitions}


def _annotate(record: type, properties: dict[str, Any]) -> None:
    for name, marker in markers(record).items():
        if marker.id is not None:
            properties[name]["x-id"] = f"{marker.id:04d}"
        if isinstance(marker, Text):
            properties[name]["x-length"] = marker.length


def _frame(record: type[Record], definition: dict[str, Any]) -> None:
    """Add what `parse --records` puts in front of each record."""
    definition["description"] = (record.__doc__ or "").partition("\n")[0]
    definition["properties"] = {
        "file": {"type": "string"},
        "record": {"const": record.__name__},
        **definition["properties"],
    }
    definition["required"] = ["file", "record", *definition["required"]]
