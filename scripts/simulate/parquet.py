"""Parquet with fixed options: the same table, the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 131_072
_OPTIONS = {
    "compression": "zstd",
    "store_schema": False,
    "version": "2.6",
    "store_decimal_as_integer": True,  # as Spark does, and so the Lake Loader
}
_LEVEL = 3
_QUICK_LEVEL = 1
# Columns of events whose values hardly repeat: a dictionary would only be in the way.
_TIMES = ("collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp", "derived_tstamp")
_MANY_VALUES = ("event_id", *_TIMES)
# All ids are equally long, so their lengths need no room.
_ENCODINGS = {"event_id": "DELTA_LENGTH_BYTE_ARRAY"}
# Only these are ever filtered on; statistics of 150 columns would take more room than some of the columns.
_STATISTICS = ["collector_tstamp", "derived_tstamp", "load_tstamp"]


def events_writer(path: Path, shape: pa.Schema, is_quick: bool) -> pq.ParquetWriter:
    """A writer of a file of events.

    A quick one takes two thirds of the time. The other one is for small worlds, which are kept in Git as they are.
    """
    names = _leaves(shape) if is_quick else shape.names
    options: dict[str, Any] = {"compression_level": _LEVEL, "column_encoding": _ENCODINGS}
    if is_quick:
        options = {
            "compression_level": _QUICK_LEVEL,
            "column_encoding": _ENCODINGS | dict.fromkeys(_TIMES, "DELTA_BINARY_PACKED"),
            "max_rows_per_page": ROWS_PER_GROUP,
            "write_batch_size": ROWS_PER_GROUP,
        }
    repeating = [name for name in names if name not in _MANY_VALUES]
    return pq.ParquetWriter(path, shape, use_dictionary=repeating, write_statistics=_STATISTICS, **options, **_OPTIONS)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a small table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, compression_level=_LEVEL, **_OPTIONS)


def _leaves(shape: pa.Schema | pa.StructType, before: str = "") -> list[str]:
    """The names of all columns as Parquet counts them, those inside of structures and lists too."""
    found = []
    for field in shape:
        name, kind = before + field.name, field.type
        if pa.types.is_list(kind):
            name, kind = f"{name}.list.element", kind.value_type
        found += _leaves(kind, f"{name}.") if pa.types.is_struct(kind) else [name]
    return found
