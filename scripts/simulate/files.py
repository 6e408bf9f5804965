"""Puts a world on disk: Parquet with fixed options, first beside its place, then swapped in at once."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import schema
from .dirt import EVENT
from .encode import encode
from .truth import REASONS, Truth
from .world import World

ROWS_PER_GROUP = 131_072
_OPTIONS = {
    "compression": "zstd",
    "compression_level": 3,
    "store_schema": False,
    "version": "2.6",
    "store_decimal_as_integer": True,  # as Spark does, and so the Lake Loader
}
# Columns whose values hardly repeat: a dictionary would only be in the way.
_MANY_VALUES = ("event_id", "collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp", "derived_tstamp")
# All ids are equally long, so their lengths need no room.
_ENCODINGS = {"event_id": "DELTA_LENGTH_BYTE_ARRAY"}
# Only these are ever filtered on; statistics of 150 columns would take more room than some of the columns.
_STATISTICS = ["collector_tstamp", "derived_tstamp", "load_tstamp"]
TARGETS = ("snowplow/events", "wellthy", "truth")


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A new folder inside `out`; when the block ends well, its folders take the place of the old ones.

    Raises OSError where `out` cannot be written. Nothing is left behind, and nothing is changed, when the block fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".simulate-", dir=out))
    try:
        yield new
        for target in TARGETS:
            _swap(new / target, out / target, new)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, place: Path, attic: Path) -> None:
    """Put `new` at `place` and what was there into the attic; without a `new`, only remove what was there."""
    if place.exists():
        os.replace(place, attic / ("old-" + place.name))
    if new.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new, place)


def write_events(world: World, folder: Path, part: int) -> int:
    """Write the world's rows, one file per month of loading, ordered by load time and event id. Returns their number.

    The first part of a world is `YYYY-MM.parquet`; further ones get a number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = world.rows
    months = rows["load"].view("datetime64[ms]").astype("datetime64[M]")
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        order = np.lexsort((rows["collector"][at], rows["id"][at, 1], rows["id"][at, 0], rows["load"][at]))
        at = at[order]
        name = f"{month}.parquet" if part == 0 else f"{month}-{part:04d}.parquet"
        _write_events_file(world, at, folder / name)
    return len(months)


def _write_events_file(world: World, at: np.ndarray, path: Path) -> None:
    """Encode and write the rows at the given positions, one row group at a time."""
    writer = None
    lacks_id = bool(np.any(world.rows["missing"][at] & EVENT))
    for start in range(0, len(at), ROWS_PER_GROUP):
        some = at[start : start + ROWS_PER_GROUP]
        table = encode(world, {name: column[some] for name, column in world.rows.items()}, lacks_id)
        if writer is None:
            repeating = [name for name in table.column_names if name not in _MANY_VALUES]
            writer = pq.ParquetWriter(
                path,
                table.schema,
                use_dictionary=repeating,
                column_encoding=_ENCODINGS,
                write_statistics=_STATISTICS,
                **_OPTIONS,
            )
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)
    if writer is not None:
        writer.close()


def write_table(table: pa.Table, path: Path) -> None:
    """Write a small table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, **_OPTIONS)


def write_truth(truth: Truth, dirt: pa.Table, story: dict, folder: Path) -> None:
    """Write the truth files, with the table of dirt, and the story."""
    for rows, shape, name in (
        (truth.entries, schema.TRUTH_ENTRIES, "entries"),
        (truth.steps, schema.TRUTH_STEPS, "entry_steps"),
    ):
        columns = []
        for field in shape:
            values = [row[field.name] for row in rows]
            if pa.types.is_timestamp(field.type):
                values = pa.array([None if value is None else value * 1_000 for value in values], pa.int64())
                columns.append(values.cast(field.type))
            else:
                columns.append(pa.array(values, field.type))
        write_table(pa.Table.from_arrays(columns, schema=shape), folder / f"{name}.parquet")
    counts = {reason: truth.accounting[reason] for reason in REASONS if truth.accounting[reason]}
    accounting = {"reason": list(counts), "event_count": list(counts.values())}
    write_table(pa.table(accounting, schema=schema.TRUTH_ACCOUNTING), folder / "accounting.parquet")
    write_table(dirt, folder / "dirt.parquet")
    (folder / "story.json").write_text(json.dumps(story, indent=2) + "\n", encoding="utf-8")
