"""The sink for analysis: each interchange as Parquet files in a folder, one for each class of record.

NAME.StockLine.parquet and so on appear whole, by `shelf`. Rows are written in groups, so a stock list of any size takes
the memory of one. What the interchange is stands in the file's own metadata. Money is a decimal with nine places, a day
is a day; what has no type of its own (lists) is JSON.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from syncd.errors import SinkRefusedError
from syncd.sinks.base import Batch
from syncd.sinks.extras import require
from syncd.sinks.fields import plain_types
from syncd.sinks.jsonl import interchange
from syncd.sinks.names import FIELDS, AbsolutePath, checked_template, relative_path
from syncd.sinks.shelf import STEM, Shelf

GROUP = 10_000
"""Rows that are written at once."""


class ParquetSettings(BaseModel):
    """The table `[sink.NAME]` of type "parquet"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: AbsolutePath = Field(description="the folder; made when it is missing and its parent is there")
    names: Annotated[str, AfterValidator(checked_template)] = Field(
        default="{account}/{name}",
        description=f"the name in the folder, made of {', '.join(FIELDS)}; / makes subfolders",
    )
    mode: str = Field(default="0640", pattern="^0?[0-7]{3}$", description="permissions of the files, octal")


class ParquetSink:
    """Hand interchanges over as columns."""

    Settings: ClassVar[type[BaseModel]] = ParquetSettings

    def __init__(self, settings: ParquetSettings) -> None:
        require("pyarrow.parquet", extra="parquet")
        self._settings = settings
        self._shelf = Shelf(settings.path, int(settings.mode, 8))
        self._thread = ThreadPoolExecutor(1, "sink-parquet")

    async def deliver(self, batch: Batch) -> None:
        """Publish the files of one batch, each once however often the batch comes; raise SinkError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._deliver, batch)

    async def close(self) -> None:
        """Wait for a delivery that is still being written."""
        await asyncio.to_thread(self._thread.shutdown)

    async def check(self) -> str:
        """Let a hidden file appear as a delivery would, and remove it; raise SinkError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._shelf.check)

    def _deliver(self, batch: Batch) -> None:
        target = self._settings.path / relative_path(self._settings.names, batch)
        self._shelf.lay(batch, target, lambda folder: write(folder, batch))


def write(folder: Path, batch: Batch) -> None:
    """Write one file for each class of record into a folder."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    said = {f"syncd.{word}": msgspec.json.encode(value) for word, value in interchange(batch).items()}
    opened: dict[type[Any], tuple[Any, Any, Callable[[Sequence[Any]], list[list[Any]]]]] = {}
    with ExitStack() as stack:
        for cls, rows in _groups(batch):
            if cls not in opened:
                schema, columns = _columns(cls)
                path = folder / f"{STEM}.{cls.__name__}.parquet"
                writer = ParquetWriter(path, schema.with_metadata(said), compression="zstd")
                opened[cls] = stack.enter_context(writer), schema, columns
            writer, schema, columns = opened[cls]
            try:
                arrays = [pa.array(values, field.type) for values, field in zip(columns(rows), schema, strict=True)]
            except (pa.ArrowException, ValueError, OverflowError) as error:
                raise SinkRefusedError(
                    f"{cls.__name__} cannot be written as columns: {error}",
                    remedy="A number has more digits than a column; hand it over by hand.",
                ) from error
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _groups(batch: Batch) -> Iterator[tuple[type[Any], Sequence[Any]]]:
    """Yield records of one class at a time, in groups."""
    records = batch.records()
    while chunk := list(islice(records, GROUP)):
        chunk.sort(key=lambda record: type(record).__name__)
        for cls, rows in groupby(chunk, key=type):
            yield cls, list(rows)


def _columns(cls: type[Any]) -> tuple[Any, Callable[[Sequence[Any]], list[list[Any]]]]:
    """Return the schema of a class, and what turns records into its columns."""
    import pyarrow as pa

    kinds = {
        str: pa.string(),
        bool: pa.bool_(),
        int: pa.int64(),
        Decimal: pa.decimal128(38, 9),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    types = plain_types(cls)
    schema = pa.schema(
        [
            pa.field(name, kinds.get(hint, pa.string()), optional or hint not in kinds)
            for name, (hint, optional) in types.items()
        ]
    )
    getters = [(attrgetter(name), None if hint in kinds else _text) for name, (hint, _) in types.items()]

    def columns(rows: Sequence[Any]) -> list[list[Any]]:
        return [list(map(get, rows)) if text is None else [text(get(row)) for row in rows] for get, text in getters]

    return schema, columns


def _text(value: Any) -> str | None:
    """Write what has no column type: a word of an enumeration as it is, all else as JSON, nothing in it as null."""
    if isinstance(value, Enum) and isinstance(value.value, str):
        return value.value
    return None if value in (None, (), [], {}) else msgspec.json.encode(value).decode()
