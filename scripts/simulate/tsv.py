"""Events as lines of Snowplow's enriched TSV, in one folder per day of loading, as the collector's archive has them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.atomic import camel_case, enriched_fields
from scripts.simulate import schema

_WRAPPER = "iglu:com.snowplowanalytics.snowplow/{}/jsonschema/1-0-0"


def write_enriched(events_dir: Path, folder: Path) -> None:
    """Write the events of Parquet files as folder/run=YYYY-MM-DD-00-00-00/part-NNNNN.tsv.gz, by their load time.

    Raises OSError where the folder cannot be written.
    """
    batches = (batch for path in sorted(events_dir.glob("*.parquet")) for batch in pq.ParquetFile(path).iter_batches())
    for part, batch in enumerate(batches):
        _write_part(batch, folder, part)


def _write_part(events: pa.RecordBatch, folder: Path, part: int) -> None:
    lines: dict[str, list[str]] = {}
    for row in events.to_pylist():
        lines.setdefault(f"{row['load_tstamp']:%Y-%m-%d}", []).append(_line(row))
    for day, texts in lines.items():
        place = folder / f"run={day}-00-00-00" / f"part-{part:05d}.tsv.gz"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            packed.write("".join(texts).encode())


def _line(row: dict[str, Any]) -> str:
    values = row | {
        "contexts": _contexts(row, (name for name in schema.IGLU if name not in schema.DERIVED)),
        "derived_contexts": _contexts(row, schema.DERIVED),
        "unstruct_event": _event(row),
    }
    return "\t".join(_text(values[name]) for name in enriched_fields()) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return str(value) if isinstance(value, (int, float, Decimal)) else " ".join(value.split("\t"))


def _contexts(row: dict[str, Any], names: Iterable[str]) -> str | None:
    entries = [
        {"schema": schema.IGLU[name], "data": _json_fields(data)}
        for name in names
        if name.startswith("contexts_")
        for data in row[name] or []
    ]
    return json.dumps({"schema": _WRAPPER.format("contexts"), "data": entries}) if entries else None


def _event(row: dict[str, Any]) -> str | None:
    for name, uri in schema.IGLU.items():
        if name.startswith("unstruct_event_") and row[name] is not None:
            data = {"schema": uri, "data": _json_fields(row[name])}
            return json.dumps({"schema": _WRAPPER.format("unstruct_event"), "data": data})
    return None


def _json_fields(data: dict[str, Any]) -> dict[str, Any]:
    return {camel_case(name): value for name, value in data.items() if value is not None}
