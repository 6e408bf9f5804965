"""Compare rows that were computed twice, and name the people on whom the computations differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]


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
