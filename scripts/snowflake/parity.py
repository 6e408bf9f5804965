"""Compare a relation of the fake Snowflake with DuckDB's, row by row."""

from __future__ import annotations

import re

import duckdb

_TOLERANCE = 1e-9
_SHOWN_ROWS = 3


def differences(connection: duckdb.DuckDBPyConnection, expected: str, actual: str) -> list[str]:
    """Return what differs between two relations that one DuckDB connection sees: nothing, or one line per finding.

    Columns must have the same names, order and kind of type. Rows are compared as a multiset; floats may differ by
    1e-9, relatively above 1, absolutely below.
    """
    expected_kinds, actual_kinds = _kinds(connection, expected), _kinds(connection, actual)
    if expected_kinds != actual_kinds:
        surplus = dict(expected_kinds.items() ^ actual_kinds.items())
        return [f"columns differ: {', '.join(sorted(surplus)) or 'in another order'}"]

    floats = [name for name, kind in expected_kinds.items() if kind == "float"]
    others = [name for name, kind in expected_kinds.items() if kind != "float"]
    same = " AND ".join(
        ["e.n = a.n"] + [f'e."{name}" IS NOT DISTINCT FROM a."{name}"' for name in others]  # floats tell no rows apart
    )
    close = " AND ".join(
        [f'(e."{name}" IS NULL) = (a."{name}" IS NULL)' for name in floats]
        + [
            f'COALESCE(ABS(e."{name}" - a."{name}") <= {_TOLERANCE} * GREATEST(1, ABS(e."{name}")), TRUE)'
            for name in floats
        ]
    )
    cursor = connection.execute(
        f"""
        WITH e AS ({_numbered(expected, others, floats)}), a AS ({_numbered(actual, others, floats)})
        SELECT CASE WHEN a.n IS NULL THEN 'only in DuckDB' WHEN e.n IS NULL THEN 'only on Snowflake' ELSE 'unlike' END
             , CAST(e AS VARCHAR), CAST(a AS VARCHAR), COUNT(*) OVER ()
          FROM e FULL JOIN a ON {same}
         WHERE e.n IS NULL OR a.n IS NULL OR NOT ({close or "TRUE"})
         LIMIT {_SHOWN_ROWS}
        """
    )
    rows = cursor.fetchall()
    if not rows:
        return []
    examples = [f"  {how}: {' / '.join(row for row in pair if row)}" for how, *pair, _ in rows]
    return [f"{rows[0][3]} rows differ", *examples]


def row_count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Return how many rows a relation has."""
    return connection.execute(f"SELECT COUNT(*) FROM {relation}").fetchall()[0][0]


def _kinds(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return the columns in order, each with what kind of type it has: Snowflake knows one type of whole numbers."""
    described = connection.execute(f"DESCRIBE {relation}").fetchall()
    return {name.lower(): _kind(declared) for name, declared, *_ in described}


def _kind(declared: str) -> str:
    if re.fullmatch(r"(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)", declared):
        return "integer"
    if re.fullmatch(r"DOUBLE|FLOAT|DECIMAL\(\d+,\d+\)", declared):
        return "float"
    return "timestamp" if declared.startswith("TIMESTAMP") and "ZONE" not in declared else declared


def _numbered(relation: str, others: list[str], floats: list[str]) -> str:
    """Number the rows that agree in all but floats, by their floats: the n-th here belongs to the n-th there."""
    partition = ", ".join(f'"{name}"' for name in others)
    order = ", ".join(f'"{name}"' for name in floats) or "1"
    return f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY {order}) AS n FROM {relation}"
