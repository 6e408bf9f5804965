"""Check a data folder against the sources that the models read, before anything is built from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
    files: str
    types: dict[str, str]
    required: frozenset[str]


def declared_sources(project_dir: Path) -> list[Source]:
    """Read the sources from models/base/sources.yml, the one place that lists their columns."""
    document = yaml.safe_load((project_dir / "models" / "base" / "sources.yml").read_text(encoding="utf-8"))
    return [
        Source(
            name=f"{source['name']}.{table['name']}",
            files=table["config"]["meta"]["local_path"],
            types={column["name"]: column["data_type"] for column in table["columns"]},
            required=frozenset(
                column["name"]
                for column in table["columns"]
                if column.get("config", {}).get("meta", {}).get("required", False)
            ),
        )
        for source in document["sources"]
        for table in source["tables"]
    ]


def check_data_dir(data_dir: Path, sources: list[Source]) -> None:
    """Check that every source's files are there, readable, and have the columns in types that models can read.

    Raises:
        SourceError: the first thing that is wrong.
    """
    if not data_dir.is_dir():
        raise SourceError(f"DATA_DIR={data_dir} is not a folder: name one that holds {sources[0].files}")
    for source in sources:
        paths = sorted(path for path in data_dir.glob(source.files) if path.is_file())
        if not paths:
            raise SourceError(
                f"{data_dir / source.files} matches no file: {source.name} needs at least one Parquet file"
            )
        for path in paths:
            _check_file(path, source)


def _check_file(path: Path, source: Source) -> None:
    with duckdb.connect() as connection:
        try:
            relation = connection.read_parquet(str(path))
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise SourceError(f"{path} is not a readable Parquet file, copy it again ({reason})") from error
        actual = dict(zip(relation.columns, relation.types, strict=True))
        for column, declared in source.types.items():
            expected = duckdb.type(declared)
            if column not in actual:
                if column in source.required:
                    raise SourceError(f"{path} has no column {column}: {source.name} needs it, as {declared}")
            elif not _can_read(actual[column], expected):
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
        return bool(fields) and all(
            name not in fields or _can_read(fields[name], wanted) for name, wanted in expected.children
        )
    return actual.id == expected.id
