"""Compare what was computed twice: rows, naming the people on whom the computations differ, and whole databases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from scripts.databases import Row


def differences(expected: Iterable[Row], actual: Iterable[Row], key: Sequence[str]) -> list[str]:
    """Return one line per row that is missing, surplus or unlike in a column that `expected` has.

    Floats may differ by 1e-9, relatively or absolutely: sums run in different orders. All else must be equal.
    """
    expected_rows, actual_rows = _by_key(expected, key), _by_key(actual, key)
    found = [f"{_name(each)}: missing" for each in expected_rows.keys() - actual_rows.keys()]
    found += [f"{_name(each)}: not expected" for each in actual_rows.keys() - expected_rows.keys()]
    for each in expected_rows.keys() & actual_rows.keys():
        found += [
            f"{_name(each)}: {column} is {actual_rows[each][column]}, not {value}"
            for column, value in expected_rows[each].items()
            if not _is_same(value, actual_rows[each][column])
        ]
    return sorted(found)


def unequal_tables(one: Path, other: Path, databases: Sequence[str] = ("prep", "prod")) -> list[str]:
    """Return the tables of the databases that do not hold exactly the same rows in both folders."""
    unequal = []
    with duckdb.connect() as connection:
        for database in databases:
            connection.execute(f"ATTACH '{one / database}.duckdb' AS one_{database} (READ_ONLY)")
            connection.execute(f"ATTACH '{other / database}.duckdb' AS other_{database} (READ_ONLY)")
            tables = [
                connection.execute(
                    "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY 1",
                    [f"{side}_{database}"],
                ).fetchall()
                for side in ("one", "other")
            ]
            assert tables[0] == tables[1] != []
            for (table,) in tables[0]:
                sides = [f"FROM {side}_{database}.{table}" for side in ("one", "other")]
                for first, second in (sides, sides[::-1]):
                    if connection.execute(f"({first}) EXCEPT ALL ({second}) LIMIT 1").fetchall():
                        unequal.append(f"{database}.{table}")
                        break
    return unequal


def _by_key(rows: Iterable[Row], key: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    by_key: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        each = tuple(row[column] for column in key)
        assert each not in by_key, f"two rows for {_name(each)}"
        by_key[each] = row
    return by_key


def _name(key: tuple[Any, ...]) -> str:
    return " · ".join(str(part) for part in key)


def _is_same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, float) and isinstance(actual, float):
        return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-9)
    return expected == actual
