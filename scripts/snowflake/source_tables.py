"""Fill the source tables of a fake Snowflake from Parquet, in the types and names that Snowplow's loader uses there."""

from __future__ import annotations

from pathlib import Path

import duckdb
from duckdb.sqltypes import DuckDBPyType

from scripts.atomic import camel_case
from scripts.databases import children, literal
from scripts.sources import Source


def snowflake_type(declared: str) -> str:
    """Return Snowflake's type for a source column declared with DuckDB's."""
    if declared.endswith("[]"):
        return "ARRAY"
    if declared.startswith("STRUCT"):
        return "OBJECT"
    return "TIMESTAMP_NTZ" if declared == "TIMESTAMP WITH TIME ZONE" else declared


def snowflake_value(column: str, declared: str) -> str:
    """Return DuckDB's SQL for a column's value as Snowflake holds it: UTC without a zone, JSON with camelCase keys."""
    if snowflake_type(declared) in ("ARRAY", "OBJECT"):
        return f"CAST({_json_value(column, duckdb.dtype(declared))} AS JSON)"
    return f"{column} AT TIME ZONE 'UTC'" if declared == "TIMESTAMP WITH TIME ZONE" else column


def _json_value(value: str, kind: DuckDBPyType) -> str:
    if kind.id == "list":
        element = children(kind)["child"]
        return f"list_transform({value}, lambda entry: {_json_value('entry', element)})"
    if kind.id == "struct":
        fields = ", ".join(
            f"'{camel_case(name)}': {_json_value(f'{value}.{name}', field)}" for name, field in children(kind).items()
        )
        return f"CASE WHEN {value} IS NOT NULL THEN {{{fields}}} END"
    return value


def create_table_sql(source: Source) -> str:
    """Return Snowflake's statement that makes an empty source table."""
    columns = ", ".join(f"{name} {snowflake_type(declared)}" for name, declared in source.types.items())
    return f"CREATE OR REPLACE TABLE {source.relation} ({columns})"


def fill(connection: duckdb.DuckDBPyConnection, source: Source, data_dir: Path, condition: str = "TRUE") -> None:
    """Add the rows of a source's Parquet files that meet a condition to its table in the fake Snowflake."""
    if source.is_optional and not any(data_dir.glob(source.files)):
        return
    values = ", ".join(snowflake_value(name, declared) for name, declared in source.types.items())
    connection.execute(
        f"INSERT INTO {source.relation} SELECT {values}"
        f" FROM read_parquet({literal(data_dir / source.files)}, union_by_name = TRUE) WHERE {condition}"
    )
