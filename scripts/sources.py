"""The sources that the models read: where their files are, and the columns they must have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class SourceError(Exception):
    """The data folder or a seed cannot be built from; the message names the file, the column and the remedy."""


@dataclass(frozen=True)
class Source:
    """A source table: where its files are below the data folder, and the columns that models read."""

    name: str
    relation: str
    """Three-part name of the table, or locally of the view."""
    files: str
    types: dict[str, str]
    required: frozenset[str]
    is_optional: bool
    """Whether there may be no file: the table is empty then."""
    known_fields: tuple[str, ...]
    """Expressions of which some row must have a value: without any, the answers would be empty and look right."""
    not_null: tuple[str, ...]
    """Columns of which every row must have a value."""
    key: str | None
    """The column whose values are all different."""


def declared_sources(project_dir: Path) -> list[Source]:
    """Read the sources from models/base/sources.yml, the one place that lists their columns."""
    document = yaml.safe_load((project_dir / "models" / "base" / "sources.yml").read_text(encoding="utf-8"))
    return [_declared_source(source, table) for source in document["sources"] for table in source["tables"]]


def _declared_source(source: dict[str, Any], table: dict[str, Any]) -> Source:
    meta = {column["name"]: column.get("config", {}).get("meta", {}) for column in table["columns"]}
    return Source(
        name=f"{source['name']}.{table['name']}",
        relation=f"{source['database']}.{source['schema']}.{table['name']}",
        files=table["config"]["meta"]["local_path"],
        types={column["name"]: column["data_type"] for column in table["columns"]},
        is_optional=table["config"]["meta"].get("is_optional", False),
        required=frozenset(name for name in meta if meta[name].get("required", False)),
        known_fields=tuple(f"{name}{meta[name]['known_field']}" for name in meta if "known_field" in meta[name]),
        not_null=tuple(name for name in meta if meta[name].get("not_null", False)),
        key=next((name for name in meta if meta[name].get("key", False)), None),
    )


def source_files(data_dir: Path, source: Source) -> list[Path]:
    """Return the files of a source below a data folder, in order; none where it has none."""
    return sorted(path for path in data_dir.glob(source.files) if path.is_file())
