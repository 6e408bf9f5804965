"""By which columns the rows of a model are told apart, as its own contract and tests say."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"[^\W\d][\w$]*")


def key_of(
    node: dict[str, Any], tests: list[dict[str, Any]], configured: list[str] | None
) -> tuple[tuple[str, ...], str]:
    """Return the key columns of a model or seed and where they were found; no columns and "none" where nothing says.

    `node` and `tests` are entries of the manifest's `nodes`; tests of other nodes are passed over, so all may be given.
    `configured` is review.yml's list for this node; an empty one counts as none. The first of these that there is
    counts: review.yml, the primary key of an enforced contract, a `unique` test of one column (first those that are
    `not_null` too, then as the columns are declared), `dbt_utils.unique_combination_of_columns` (as declared). Tests
    of some rows only (`where`) and of expressions name no key. Whether the key holds is for the comparison to verify;
    the manifest's own `primary_key` is of no use, as it merges all unique columns into one. Raises nothing of its own.
    """
    own_tests = [test for test in tests if _is_about(test, node)]
    candidates = (
        (tuple(configured or ()), "review.yml"),
        (_primary_key(node), "contract"),
        (_unique_column(node, own_tests), "unique test"),
        (_unique_combination(own_tests), "unique_combination_of_columns test"),
    )
    return next(((columns, origin) for columns, origin in candidates if columns), ((), "none"))


def _is_about(test: dict[str, Any], node: dict[str, Any]) -> bool:
    """Tell whether a test speaks of all rows of the node."""
    if not test.get("test_metadata") or test.get("attached_node") != node["unique_id"]:
        return False
    return not (test.get("config") or {}).get("where")


def _primary_key(node: dict[str, Any]) -> tuple[str, ...]:
    if not (node.get("contract") or {}).get("enforced"):
        return ()  # dbt leaves constraints unread then
    for constraint in node.get("constraints") or ():
        if constraint.get("type") == "primary_key" and constraint.get("columns"):
            return tuple(_unquoted(column) for column in constraint["columns"])
    columns = (node.get("columns") or {}).values()
    return tuple(_unquoted(each["name"]) for each in columns if _is_primary_key(each))[:1]


def _is_primary_key(column: dict[str, Any]) -> bool:
    return any(constraint.get("type") == "primary_key" for constraint in column.get("constraints") or ())


def _unique_column(node: dict[str, Any], tests: list[dict[str, Any]]) -> tuple[str, ...]:
    names = [name for name in map(_tested_column, _named("unique", tests)) if name]
    not_null = {name.lower() for name in map(_tested_column, _named("not_null", tests)) if name}
    declared = [_unquoted(column).lower() for column in node.get("columns") or ()]

    def rank(name: str) -> tuple[bool, int]:
        """Partly parsed manifests list tests in another order than a fresh one; columns they keep in order."""
        lower = name.lower()
        return lower not in not_null, declared.index(lower) if lower in declared else len(declared)

    return (min(names, key=rank),) if names else ()


def _unique_combination(tests: list[dict[str, Any]]) -> tuple[str, ...]:
    for test in _named("unique_combination_of_columns", tests):
        columns = tuple(_column(each) for each in test["test_metadata"]["kwargs"].get("combination_of_columns") or ())
        if columns and all(columns):
            return columns
    return ()


def _named(name: str, tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [test for test in tests if test["test_metadata"]["name"] == name]


def _tested_column(test: dict[str, Any]) -> str:
    return _column(test.get("column_name") or test["test_metadata"]["kwargs"].get("column_name") or "")


def _column(text: str) -> str:
    """Return the column that a test names, without quotes; "" where it is an expression."""
    return _unquoted(text) if text[:1] == '"' or _NAME.fullmatch(text) else ""


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 2 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if is_quoted else text
