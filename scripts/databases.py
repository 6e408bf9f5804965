"""Read the databases that a build has made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach a database file under a name, to be read only."""
    escaped = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{escaped}' AS {name} (READ_ONLY)")


def rows_of(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return what a statement found: one dictionary per row, by column name."""
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
