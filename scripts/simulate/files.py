"""Puts a world on disk: first beside its place, then swapped in at once."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scripts.simulate import schema
from scripts.simulate.dirt import EVENT
from scripts.simulate.encode import encode
from scripts.simulate.parquet import ROWS_PER_GROUP, events_writer, write_table
from scripts.simulate.parts import by_month
from scripts.simulate.truth import REASONS, Truth
from scripts.simulate.world import Calendar, World

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


def write_events(worlds: Sequence[World], calendar: Calendar, folder: Path, part: int, is_quick: bool) -> int:
    """Write the rows of some packed worlds, one file per month of loading. Returns their number.

    The first part of a world is `YYYY-MM.parquet`; further ones get a number. `is_quick`: see `parquet.py`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for month, world in by_month(worlds, calendar):
        name = f"{month:%Y-%m}.parquet" if part == 0 else f"{month:%Y-%m}-{part:04d}.parquet"
        _write_events_file(world, folder / name, is_quick)
    return sum(len(world.rows["load"]) for world in worlds)


def _write_events_file(world: World, path: Path, is_quick: bool) -> None:
    """Encode and write the rows of a world, one row group at a time."""
    lacks_id = bool(np.any(world.rows["missing"] & EVENT))
    with ExitStack() as stack:
        writer = None
        for start in range(0, len(world.rows["load"]), ROWS_PER_GROUP):
            rows = {name: column[start : start + ROWS_PER_GROUP] for name, column in world.rows.items()}
            table = encode(world, rows, lacks_id)
            writer = writer or stack.enter_context(events_writer(path, table.schema, is_quick))
            writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            # Its memory is for the next one.
            del table


def write_truth(truth: Truth, dirt: pa.Table, story: dict[str, Any], folder: Path) -> None:
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
