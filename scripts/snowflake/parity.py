"""Compare a relation of the fake Snowflake with DuckDB's, row by row."""

from __future__ import annotations

import re

import duckdb

from scripts.review.compare import Tolerance, compare_relations

_TOLERANCE = Tolerance()
_SHOWN_ROWS = 3


def differences(connection: duckdb.DuckDBPyConnection, expected: str, actual: str) -> list[str]:
    """Return what differs between two relations that one DuckDB connection sees: nothing, or one line per finding.

    Columns must have the same names, order and kind of type. Rows are compared as a multiset, floats within the
    comparison's own tolerance.
    """
    expected_kinds, actual_kinds = _kinds(connection, expected), _kinds(connection, actual)
    if expected_kinds != actual_kinds:
        surplus = dict(expected_kinds.items() ^ actual_kinds.items())
        return [f"columns differ: {', '.join(sorted(surplus)) or 'in another order'}"]

    found = compare_relations(connection, expected, actual, (), "none", _TOLERANCE, _SHOWN_ROWS)
    count = found.removed_row_count + found.added_row_count
    if not count:
        return []
    sides = {"removed": ("only in DuckDB", 0), "added": ("only on Snowflake", 1)}
    examples = []
    for example in found.examples:
        words, side = sides[example.how]
        values = {name: pair[side] for name, pair in example.columns.items()}
        examples.append(f"  {words}: {values}")
    return [f"{count} rows differ", *examples]


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
