"""Check a data folder against the sources that the models read, before anything is built from it."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml
from duckdb.sqltypes import DuckDBPyType

_INTEGERS = {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint"}


class SourceError(Exception):
    """The data folder cannot be built from; the message names the file, the column and the remedy."""


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
    )


def check_data_dir(data_dir: Path, sources: list[Source]) -> None:
    """Check that every source's files are there, readable, and have the columns in types that models can read.

    Raises:
        SourceError: the first thing that is wrong.
    """
    if not data_dir.is_dir():
        raise SourceError(f"DATA_DIR={data_dir} is not a folder: name one that holds {sources[0].files}")
    for source in sources:
        paths = _paths(data_dir, source)
        if not paths and source.is_optional:
            continue
        if not paths:
            raise SourceError(
                f"{data_dir / source.files} matches no file: {source.name} needs at least one Parquet file"
            )
        for path in paths:
            _check_file(path, source)
        for field in source.known_fields:
            if not _is_known(paths, field):
                pattern = data_dir / source.files
                raise SourceError(f"{pattern}: {field} is NULL on every row, so {source.name} is of no use")


def _paths(data_dir: Path, source: Source) -> list[Path]:
    return sorted(path for path in data_dir.glob(source.files) if path.is_file())


def _is_known(paths: list[Path], field: str) -> bool:
    """Say whether some row has a value, or there is no row at all."""
    column, has_rows = field.partition("[")[0], False
    for path in paths:
        with _parquet(path) as relation:
            if column in relation.columns and relation.filter(f"{field} IS NOT NULL").limit(1).fetchall():
                return True
            has_rows = has_rows or bool(relation.limit(1).fetchall())
    return not has_rows


def check_contents(data_dir: Path, sources: list[Source]) -> None:
    """Read every column that models read, to its end: slow, and only worth it when a build has failed.

    Raises:
        SourceError: the first file that is damaged inside, which DuckDB's own error does not name.
    """
    for source in sources:
        for path in _paths(data_dir, source):
            with _parquet(path) as relation:
                counts = [f'COUNT("{column}")' for column in relation.columns if column in source.types]
                relation.aggregate(", ".join(counts)).fetchall()


@contextmanager
def _parquet(path: Path) -> Iterator[duckdb.DuckDBPyRelation]:
    """Open a file, and say in our words that it is damaged, whenever reading it shows that."""
    with duckdb.connect() as connection:
        try:
            yield connection.read_parquet(glob.escape(str(path)))
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise SourceError(f"{path} is not a readable Parquet file, copy it again ({reason})") from error


def _check_file(path: Path, source: Source) -> None:
    with _parquet(path) as relation:
        # DuckDB reads folders such as event_name=page_view/ as a column
        in_folders = dict.fromkeys(re.findall(r"([^/=]+)=[^/]*/", path.as_posix()), duckdb.type("VARCHAR"))
        actual = in_folders | dict(zip(relation.columns, relation.types, strict=True))
        for column, declared in source.types.items():
            if column not in actual:
                if column in source.required:
                    raise SourceError(f"{path} has no column {column}: {source.name} needs it, as {declared}")
            # writers give a column without any value whatever type they like
            elif not _can_read(actual[column], duckdb.type(declared)) and relation.count(f'"{column}"').fetchall() != [
                (0,)
            ]:
                raise SourceError(f"{path}: column {column} is {actual[column]}, but must be {declared}")


def _can_read(actual: DuckDBPyType, expected: DuckDBPyType) -> bool:
    """Say whether a column of one type can stand for another without a value changing its meaning."""
    if expected.id in ("timestamp with time zone", "timestamp"):
        return actual.id.startswith("timestamp")
    if expected.id == "integer":
        return actual.id in _INTEGERS
    if expected.id == "list":
        return actual.id == "list" and _can_read(dict(actual.children)["child"], dict(expected.children)["child"])
    if expected.id == "struct":
        fields = dict(actual.children) if actual.id == "struct" else {}
        shared = [(fields[name], wanted) for name, wanted in expected.children if name in fields]
        return bool(shared) and all(_can_read(field, wanted) for field, wanted in shared)
    return actual.id == expected.id
