"""What only the built databases tell: real columns, real types, and values that have no place in prod."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import duckdb

from scripts.conventions.columns import types_not_as_named
from scripts.conventions.project import Project, Resource
from scripts.databases import attach

_PERSONAL_VALUES = {
    "e-mail addresses": r"REGEXP_MATCHES(value, '[\w.+-]+@[\w-]+\.\w+')",
    # version 4, its last part may be masked, and version 6
    "IP addresses": r"REGEXP_MATCHES(value, '(^|[^\d.])(\d{1,3}\.){3}(\d{1,3}|x)($|[^\d.])|([0-9a-fA-F]{1,4}:){4}')",
    # a first and a last name: a value without a blank holds no such
    "names of members": """value LIKE '% %'
           AND EXISTS (SELECT people.name FROM people WHERE CONTAINS(LOWER(value), people.name))""",
}
"""What is not to be read in prod, as conditions on a value."""


def findings_in_tables(project: Project, warehouse_dir: Path, people: Collection[str]) -> list[str]:
    """Return what the tables of a build tell, sorted by file; `people` are the names that prod must not hold."""
    with duckdb.connect() as connection:
        for name in ("prep", "prod"):
            attach(connection, warehouse_dir / f"{name}.duckdb", name)
        connection.execute("CREATE TEMP TABLE people AS SELECT LOWER(UNNEST($1)) AS name", [list(people)])
        found: set[str] = set()
        for model in project.models:
            types = _types(connection, model)
            found.update(_columns_not_described(model, types))
            found.update(_types_not_as_named(model, types))
            if model.layer == "prod":
                found.update(_personal_values(connection, model, types))
    return sorted(found)


def _types(connection: duckdb.DuckDBPyConnection, model: Resource) -> dict[str, str]:
    query = """
        SELECT column_name, data_type
          FROM duckdb_columns()
         WHERE (database_name, schema_name, table_name) = ($1, $2, $3)
         ORDER BY column_index
    """
    node = model.node
    return dict(connection.execute(query, [node["database"], node["schema"], node["alias"]]).fetchall())


def _types_not_as_named(model: Resource, types: dict[str, str]) -> Iterator[str]:
    """Sums of whole numbers are HUGEINT on DuckDB; only prod's contract says how wide they are."""
    if model.layer != "prod":
        types = {name: kind.replace("HUGEINT", "BIGINT") for name, kind in types.items()}
    for name, words in types_not_as_named(types):
        yield f"{model.sql}: {name} {words}"


def _columns_not_described(model: Resource, types: dict[str, str]) -> Iterator[str]:
    described = list(model.columns)
    for name in types:
        if name not in described:
            yield f"{model.beside}: the table has a column {name}: describe it there"
    for name in described:
        if name not in types:
            yield f"{model.beside}: describes {name}, which the table does not have: remove it there"
    if sorted(described) == sorted(types) and described != list(types):
        yield f"{model.beside}: describe the columns in the table's order: {', '.join(types)}"


def _personal_values(connection: duckdb.DuckDBPyConnection, model: Resource, types: dict[str, str]) -> Iterator[str]:
    table = ".".join(model.node[part] for part in ("database", "schema", "alias"))
    for column in (name for name, data_type in types.items() if data_type == "VARCHAR"):
        connection.execute(f'CREATE OR REPLACE TEMP TABLE held AS SELECT DISTINCT "{column}" AS value FROM {table}')
        for what, condition in _PERSONAL_VALUES.items():
            if connection.execute(f"SELECT 1 FROM held WHERE {condition} LIMIT 1").fetchone():
                yield f"{model.sql}: {column} holds {what}: leave it out of prod"
