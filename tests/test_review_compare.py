"""The review's comparison of two relations, and the keys it pairs their rows by."""

# ruff: noqa: E501  one case, one line

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from scripts.review import compare
from scripts.review.compare import Comparison, Tolerance, compare_relations, same_contents
from scripts.review.findings import Key
from scripts.review.keys import key_of

Change = tuple[str, str, int, int]
"""Of a column: name, kind, moved cells, cells within tolerance."""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as opened:
        for side in ("base", "head"):
            opened.execute(f"ATTACH ':memory:' AS {side}_prod")
            opened.execute(f"CREATE SCHEMA {side}_prod.product")
        yield opened


def compared(
    connection: duckdb.DuckDBPyConnection,
    base: str,
    head: str,
    key: tuple[str, ...] = ("id",),
    tolerance: Tolerance = Tolerance(),  # noqa: B008 – frozen
    example_count: int = 5,
) -> Comparison:
    for side, query in (("base", base), ("head", head)):
        connection.execute(f"CREATE OR REPLACE TABLE {side}_prod.product.t AS {query}")
    sides = ("base_prod.product.t", "head_prod.product.t")
    return compare_relations(connection, *sides, key, "unique test", tolerance, example_count)


def rows(*values: str, names: str = "id, x") -> str:
    return f"SELECT * FROM (VALUES {', '.join(values)}) AS v({names})"


def row_counts(found: Comparison) -> tuple[int, int, int]:
    """Removed, added, changed."""
    return found.removed_row_count, found.added_row_count, found.changed_row_count


def changes(found: Comparison) -> list[Change]:
    return [(each.name, each.kind, each.moved_count, each.within_tolerance_count) for each in found.columns]


@dataclass(frozen=True)
class Case:
    name: str
    base: str
    head: str
    rows: tuple[int, int, int] = (0, 0, 0)
    columns: tuple[Change, ...] = ()
    key: tuple[str, ...] = ("id",)


def float_case(name: str, base: str, head: str, changed: int, within: int, kind: str = "DOUBLE") -> Case:
    columns = (("x", "moved", changed, within),) if changed or within else ()
    base, head = (f"SELECT 1 AS id, CAST('{value}' AS {kind}) AS x" for value in (base, head))
    return Case(name, base, head, (0, 0, changed), columns)


ONE = "SELECT 1 AS id, 2 AS x"
NOISE = "1e0 + 1e-12"
KEYED = [
    Case("identical", rows("(1, 2)", "(2, NULL)"), rows("(2, NULL)", "(1, 2)")),
    Case("a moved cell", rows("(1, 2)", "(2, 2)"), rows("(1, 3)", "(2, 2)"), (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("to NULL", rows("(1, 2)", "(2, 2)"), rows("(1, NULL)", "(2, 2)"), (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("from NULL", rows("(1, NULL)", "(2, 2)"), rows("(1, 1)", "(2, 2)"), (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("added and removed", rows("(1, 2)", "(2, 2)"), rows("(2, 2)", "(3, 2)", "(4, 2)"), (1, 2, 0)),
    Case("NULL is a value of a key", rows("(NULL, 1)", "(1, 1)"), rows("(NULL, 2)", "(1, 1)"), (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("NULL on one side of a key", rows("(NULL, 1)", "(1, 1)"), rows("(2, 1)", "(1, 1)"), (1, 1, 0)),
    Case("a composite key", rows("(1, NULL, 1)", "(1, 2, 1)", names="id, k, x"), rows("(1, NULL, 1)", "(1, 2, 5)", names="id, k, x"), (0, 0, 1), (("x", "moved", 1, 0),), ("id", "k")),
    Case("the key in another case", ONE, "SELECT 1 AS Id, 3 AS x", (0, 0, 1), (("x", "moved", 1, 0),), ("ID",)),
    Case("all columns are key", rows("(1, 1)"), rows("(1, 1)", "(1, 2)"), (0, 1, 0), (), ("id", "x")),
    Case("one column", "SELECT 1 AS id", "SELECT 2 AS id", (1, 1, 0)),
    Case("both empty", f"{ONE} LIMIT 0", f"{ONE} LIMIT 0"),
    Case("base empty", f"{ONE} LIMIT 0", ONE, (0, 1, 0)),
    Case("head empty", ONE, f"{ONE} LIMIT 0", (1, 0, 0)),
    Case("most moved first, then by name", "SELECT 1 AS id, 1 AS c, 1 AS b, 1 AS a UNION ALL SELECT 2, 1, 1, 1", "SELECT 1 AS id, 2 AS c, 2 AS b, 2 AS a UNION ALL SELECT 2, 2, 1, 1", (0, 0, 2), (("c", "moved", 2, 0), ("a", "moved", 1, 0), ("b", "moved", 1, 0))),
    Case("a whole number is exact", "SELECT 1 AS id, 9007199254740993 AS x", "SELECT 1 AS id, 9007199254740992 AS x", (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("a decimal is exact", "SELECT 1 AS id, 1.0000000000001 AS x", "SELECT 1 AS id, 1.0000000000002 AS x", (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("text is exact", "SELECT 1 AS id, 'a' AS x", "SELECT 1 AS id, 'a ' AS x", (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("nested values, same", "SELECT 1 AS id, [{'a': NULL}] AS x", "SELECT 1 AS id, [{'a': NULL}] AS x"),
    Case("nested values", "SELECT 1 AS id, [{'a': 1}] AS x", "SELECT 1 AS id, [{'a': 2}] AS x", (0, 0, 1), (("x", "moved", 1, 0),)),
    # Floats
    float_case("noise", "1", "1.000000000001", 0, 1),
    float_case("more than noise", "1", "1.00000001", 1, 0),
    float_case("noise of a large number", "1e15", "1000000000000001", 0, 1),
    float_case("a large number", "1e15", "1000000010000000", 1, 0),
    float_case("absolutely small", "0", "5e-10", 0, 1),
    float_case("absolutely beyond", "0", "5e-9", 1, 0),
    float_case("negative", "-1", "-1.000000000001", 0, 1),
    float_case("another sign", "-1", "1", 1, 0),
    float_case("zeros", "0", "-0", 0, 0),
    float_case("NaN equals NaN", "nan", "nan", 0, 0),
    float_case("NaN and a number", "nan", "1", 1, 0),
    float_case("infinity equals itself", "inf", "inf", 0, 0),
    float_case("infinity and a number", "1e300", "inf", 1, 0),
    float_case("infinities", "-inf", "inf", 1, 0),
    float_case("NaN and infinity", "inf", "nan", 1, 0),
    float_case("the span of doubles", "-1.7e308", "1.7e308", 1, 0),
    float_case("short floats", "1", "1.0000001", 1, 0, "FLOAT"),
    Case("a float's NULL is not close", "SELECT 1 AS id, 0e0 AS x", "SELECT 1 AS id, NULL::DOUBLE AS x", (0, 0, 1), (("x", "moved", 1, 0),)),
    Case("noise beside a move", "SELECT 1 AS id, 1e0 AS x, 1 AS y", f"SELECT 1 AS id, {NOISE} AS x, 2 AS y", (0, 0, 1), (("y", "moved", 1, 0), ("x", "moved", 0, 1))),
    # Columns
    Case("another order of columns", "SELECT 1 AS id, 2 AS x, 3 AS y", "SELECT 3 AS y, 1 AS id, 2 AS x"),
    Case("another case of a column", ONE, "SELECT 1 AS ID, 2 AS X"),
    Case("an added column", ONE, f"SELECT *, 'new' AS y FROM ({ONE})", (0, 0, 0), (("y", "added", 0, 0),)),
    Case("a removed column", f"SELECT *, 'old' AS y FROM ({ONE})", ONE, (0, 0, 0), (("y", "removed", 0, 0),)),
    Case("a renamed column", rows("(1, 5)", "(2, NULL)"), rows("(1, 5)", "(2, NULL)", names="id, y"), (0, 0, 0), (("y", "renamed", 0, 0),)),
    Case("a renamed column beside other rows", rows("(1, 5)", "(2, 6)"), rows("(1, 5)", "(3, 7)", names="id, y"), (1, 1, 0), (("y", "renamed", 0, 0),)),
    Case("a renamed column with noise", "SELECT 1 AS id, 1e0 AS x", f"SELECT 1 AS id, {NOISE} AS y", (0, 0, 0), (("y", "renamed", 0, 1),)),
    Case("a renamed and wider column", "SELECT 1 AS id, 5::INTEGER AS x", "SELECT 1 AS id, 5::BIGINT AS y", (0, 0, 0), (("y", "renamed", 0, 0),)),
    Case("renamed, but not equal", rows("(1, 5)", "(2, 6)"), rows("(1, 5)", "(2, 7)", names="id, y"), (0, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("renamed, but of another kind", "SELECT 1 AS id, 5 AS x", "SELECT 1 AS id, '5' AS y", (0, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("NULLs alone tell no name", "SELECT 1 AS id, NULL::INTEGER AS x", "SELECT 1 AS id, NULL::INTEGER AS y", (0, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("no rows tell no name", f"{ONE} LIMIT 0", "SELECT 1 AS id, 2 AS y LIMIT 0", (0, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("several that fit go by position", "SELECT 1 AS id, 7 AS b, 7 AS a", "SELECT 1 AS id, 7 AS z, 7 AS y, 7 AS x", (0, 0, 0), (("x", "added", 0, 0), ("y", "renamed", 0, 0), ("z", "renamed", 0, 0))),
    # Types
    Case("a wider type", "SELECT 1 AS id, 2::INTEGER AS x", "SELECT 1 AS id, 2::BIGINT AS x", (0, 0, 0), (("x", "retyped", 0, 0),)),
    Case("a narrower type", "SELECT 1 AS id, 300::INTEGER AS x", "SELECT 1 AS id, 44::TINYINT AS x", (0, 0, 1), (("x", "retyped", 1, 0),)),
    Case("numbers as text", "SELECT 1 AS id, 2 AS x", "SELECT 1 AS id, '2' AS x", (0, 0, 0), (("x", "retyped", 0, 0),)),
    Case("text as numbers", rows("(1, '02')", "(2, 'no')", "(3, NULL)"), rows("(1, 2)", "(2, NULL)", "(3, NULL)"), (0, 0, 1), (("x", "retyped", 1, 0),)),
    Case("a cut fraction has moved", "SELECT 1 AS id, 1.4e0 AS x", "SELECT 1 AS id, 1 AS x", (0, 0, 1), (("x", "retyped", 1, 0),)),
    Case("a decimal as a float", "SELECT 1 AS id, 0.1 AS x", "SELECT 1 AS id, 0.1e0 + 1e-13 AS x", (0, 0, 0), (("x", "retyped", 0, 1),)),
    Case("a cut time has moved", "SELECT 1 AS id, TIMESTAMP '2025-01-02 03:00:00' AS x", "SELECT 1 AS id, DATE '2025-01-02' AS x", (0, 0, 1), (("x", "retyped", 1, 0),)),
    Case("a type that cannot be cast", "SELECT 1 AS id, [1] AS x", "SELECT 1 AS id, 1 AS x", (0, 0, 1), (("x", "retyped", 1, 0),)),
    Case("a retyped key", "SELECT '1' AS id, 2 AS x", ONE, (0, 0, 0), (("id", "retyped", 0, 0),)),
    Case("a retyped key that cannot be cast", "SELECT 'a' AS id, 2 AS x", "SELECT NULL::INTEGER AS id, 2 AS x", (1, 1, 0), (("id", "retyped", 0, 0),)),
    # Names
    Case("quotes and blanks in names", 'SELECT 1 AS "a""b", 2 AS "x y", 5 AS "{z}"', 'SELECT 1 AS "a""b", 3 AS "x y", 5 AS "{z}"', (0, 0, 1), (("x y", "moved", 1, 0),), ('a"b',)),
    Case("reserved words", 'SELECT 1 AS "select", 2 AS "from"', 'SELECT 1 AS "select", 3 AS "from"', (0, 0, 1), (("from", "moved", 1, 0),), ("select",)),
    Case("names like our own", "SELECT 1 AS h0, 2 AS b1, 3 AS in_base, 4 AS in_head, 5 AS b0, 6 AS k0, 7 AS t", "SELECT 1 AS h0, 2 AS b1, 3 AS in_base, 4 AS in_head, 6 AS b0, 6 AS k0, 7 AS t", (0, 0, 1), (("b0", "moved", 1, 0),), ("h0",)),
    Case("letters beyond ASCII are told apart", 'SELECT 1 AS id, 2 AS "Ä", 3 AS "ä"', 'SELECT 1 AS id, 2 AS "Ä", 4 AS "ä"', (0, 0, 1), (("ä", "moved", 1, 0),)),
]  # fmt: skip

MULTISETS = [
    Case("identical", rows("(1, 1)", "(1, 1)", "(2, NULL)"), rows("(2, NULL)", "(1, 1)", "(1, 1)")),
    Case("one copy less", rows("(1, 1)", "(1, 1)", "(1, 1)"), rows("(1, 1)", "(1, 1)"), (1, 0, 0)),
    Case("two copies more", rows("(1, 1)"), rows("(1, 1)", "(1, 1)", "(1, 1)"), (0, 2, 0)),
    Case("another value", rows("(1, 1)", "(1, 2)"), rows("(1, 1)", "(1, 3)"), (1, 1, 0)),
    Case("NULL is a value", rows("(1, NULL)", "(1, 5)"), rows("(1, 0)", "(1, 5)"), (1, 1, 0)),
    Case("noise", "SELECT 1 AS id, 1e0 AS x", f"SELECT 1 AS id, {NOISE} AS x", (0, 0, 0), (("x", "moved", 0, 1),)),
    Case("more than noise", "SELECT 1 AS id, 1e0 AS x", "SELECT 1 AS id, 1e0 + 1e-6 AS x", (1, 1, 0)),
    Case("noise, but another row", "SELECT 1 AS id, 1e0 AS x", f"SELECT 2 AS id, {NOISE} AS x", (1, 1, 0)),
    Case("noise and a row less", rows("(1, 1e0)", "(1, 2e0)"), "SELECT 1 AS id, 2e0 + 1e-12 AS x", (1, 0, 0), (("x", "moved", 0, 1),)),
    Case("noise in copies", rows("(1, 1e0)", "(1, 1e0)", "(1, 1e0)"), f"SELECT 1 AS id, {NOISE} AS x FROM RANGE(2)", (1, 0, 0), (("x", "moved", 0, 2),)),
    Case("noise in two columns", "SELECT 1e0 AS x, 2e0 AS y UNION ALL SELECT 1e0, 3e0", "SELECT 1e0 + 2e-12 AS x, 2e0 AS y UNION ALL SELECT 1e0 + 1e-12, 3e0", (0, 0, 0), (("x", "moved", 0, 2),), ()),
    Case("a chain of neighbours is not one value", "SELECT 1 AS id, i * 8e-10 AS x FROM RANGE(10) AS r(i)", "SELECT 1 AS id, (i + 10) * 8e-10 AS x FROM RANGE(10) AS r(i)", (10, 10, 0)),
    Case("NaN, infinity and NULL", "SELECT 1 AS id, UNNEST(['nan', 'inf', '-inf', NULL, '1'])::DOUBLE AS x", "SELECT 1 AS id, UNNEST([NULL, '-inf', 'nan', 'inf', '1.000000000001'])::DOUBLE AS x", (0, 0, 0), (("x", "moved", 0, 1),)),
    Case("infinity and a number", "SELECT 1 AS id, 'inf'::DOUBLE AS x", "SELECT 1 AS id, 1.7e308 AS x", (1, 1, 0)),
    Case("NULL and zero", "SELECT 1 AS id, NULL::DOUBLE AS x", "SELECT 1 AS id, 0e0 AS x", (1, 1, 0)),
    Case("an added column", "SELECT 1 AS x", "SELECT 1 AS x, 'new' AS y", (0, 0, 0), (("y", "added", 0, 0),)),
    Case("a renamed column", rows("(1, 5)", "(1, 6)"), rows("(1, 6)", "(1, 5)", names="id, y"), (0, 0, 0), (("y", "renamed", 0, 0),)),
    Case("renamed, with values in other rows", rows("(1, 5)", "(2, 6)"), rows("(1, 6)", "(2, 5)", names="id, y"), (0, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("NULLs alone tell no name", "SELECT 1 AS id, NULL::INTEGER AS x", "SELECT 1 AS id, NULL::INTEGER AS y", (0, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("retyped", rows("(1, '2')", "(1, '3')"), rows("(1, 2)", "(1, 3)"), (0, 0, 0), (("x", "retyped", 0, 0),)),
    Case("retyped and not to be cast", rows("(1, 'a')"), "SELECT 1 AS id, NULL::INTEGER AS x", (1, 1, 0), (("x", "retyped", 0, 0),)),
    Case("retyped as a float and not to be cast", rows("(1, 'a')"), "SELECT 1 AS id, NULL::DOUBLE AS x", (1, 1, 0), (("x", "retyped", 0, 0),)),
    Case("no column on both sides", "SELECT 1 AS x FROM RANGE(3)", "SELECT 'a' AS y", (2, 0, 0), (("x", "removed", 0, 0), ("y", "added", 0, 0))),
    Case("nested values", "SELECT [1, NULL] AS x", "SELECT [1, 2] AS x", (1, 1, 0)),
    Case("both empty", f"{ONE} LIMIT 0", f"{ONE} LIMIT 0"),
    Case("base empty", f"{ONE} LIMIT 0", ONE, (0, 1, 0)),
]  # fmt: skip


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("case", KEYED, ids=lambda case: case.name)
def test_with_a_key(
    connection: duckdb.DuckDBPyConnection, case: Case, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_large:
        monkeypatch.setattr(compare, "_ROW_HASH_FROM", 0)
    found = compared(connection, case.base, case.head, case.key)
    assert found.key.is_usable
    assert row_counts(found) == case.rows
    assert changes(found) == list(case.columns)
    assert len(found.examples) == sum(case.rows)
    assert json.dumps([(each.key, each.columns) for each in found.examples], allow_nan=False)


@pytest.mark.parametrize("case", MULTISETS, ids=lambda case: case.name)
def test_without_a_key(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    found = compared(connection, case.base, case.head, ())
    assert (found.key.columns, found.key.is_usable) == ((), False)
    assert row_counts(found) == case.rows
    assert changes(found) == list(case.columns)
    assert len(found.examples) == min(5, case.rows[0]) + min(5, case.rows[1])


def test_a_difference_is_told_in_full(connection: duckdb.DuckDBPyConnection) -> None:
    found = compared(connection, rows("(1, 2)", "(2, 2)", "(4, 2)"), rows("(4, 2)", "(2, 3)", "(3, 7)"))
    assert found.key == Key(("id",), "unique test", 0, 0)
    assert (found.base_row_count, found.head_row_count) == (3, 3)
    assert [(each.how, each.key, each.columns) for each in found.examples] == [
        ("changed", {"id": 2}, {"x": (2, 3)}),
        ("added", {"id": 3}, {"id": (None, 3), "x": (None, 7)}),
        ("removed", {"id": 1}, {"id": (1, None), "x": (2, None)}),
    ]


def test_examples_are_the_first_by_the_key_each_kind_counted_by_itself(connection: duckdb.DuckDBPyConnection) -> None:
    base = "SELECT i AS id, 0 AS x FROM RANGE(5000, 15000) AS r(i) ORDER BY HASH(i)"
    head = "SELECT i AS id, i % 2 AS x FROM RANGE(10000, 20000) AS r(i) ORDER BY HASH(i)"
    found = compared(connection, base, head, example_count=2)
    assert row_counts(found) == (5000, 5000, 2500)
    assert [(each.how, each.key["id"]) for each in found.examples] == [
        ("changed", 10001),
        ("changed", 10003),
        ("added", 15000),
        ("added", 15001),
        ("removed", 5000),
        ("removed", 5001),
    ]
    assert not compared(connection, base, head, example_count=0).examples


def test_examples_without_a_key_are_the_first_by_all_columns(connection: duckdb.DuckDBPyConnection) -> None:
    base = "SELECT 1 AS x, i AS only_base FROM RANGE(5) AS r(i) ORDER BY HASH(i)"
    found = compared(connection, base, "SELECT 1 AS x, 'a' AS only_head FROM RANGE(3)", (), example_count=5)
    assert row_counts(found) == (2, 0, 0)
    assert [(each.how, each.key, each.columns) for each in found.examples] == [
        ("removed", {}, {"x": (1, None), "only_base": (0, None)}),
        ("removed", {}, {"x": (1, None), "only_base": (1, None)}),
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("DATE '2025-01-02'", "2025-01-02"),
        ("TIMESTAMP '2025-01-02 03:04:05.678'", "2025-01-02T03:04:05.678"),
        ("TIMESTAMP 'infinity'", "infinity"),
        ("TIMESTAMPTZ '2025-01-02 03:04:05+00'", "2025-01-02T03:04:05+00"),
        ("TIME '03:04:05'", "03:04:05"),
        ("INTERVAL 1 DAY", "1 day"),
        ("1.10::DECIMAL(9, 2)", "1.10"),
        ("170141183460469231731687303715884105727::HUGEINT", 2**127 - 1),
        ("0.1::FLOAT", 0.1),
        ("0.1::DOUBLE", 0.1),
        ("'nan'::DOUBLE", "nan"),
        ("'-inf'::DOUBLE", "-inf"),
        ("TRUE", True),
        ("[1, 2]", "[1, 2]"),
        ("'\\xAA'::BLOB", "\\xAA"),
        ("'a'::ENUM('a', 'b')", "a"),
        ("NULL::DATE", None),
    ],
)
def test_values_are_as_json_knows_them(connection: duckdb.DuckDBPyConnection, value: str, shown: Any) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    found = compared(connection, "SELECT 1 AS id LIMIT 0", f"SELECT 1 AS id, {value} AS x")
    cell = found.examples[0].columns["x"][1]
    assert (cell, type(cell)) == (shown, type(shown))


def test_types_and_former_names_are_told(connection: duckdb.DuckDBPyConnection) -> None:
    base = "SELECT 1 AS id, 1::INTEGER AS retyped, 'a' AS former, 2::SMALLINT AS gone"
    head = "SELECT 1 AS id, 1::BIGINT AS retyped, 'a' AS latter, TRUE AS fresh"
    told = [(each.name, each.kind, each.base_name, each.base_type, each.head_type) for each in compared(connection, base, head).columns]  # fmt: skip
    assert told == [
        ("fresh", "added", None, None, "BOOLEAN"),
        ("gone", "removed", None, "SMALLINT", None),
        ("latter", "renamed", "former", "VARCHAR", "VARCHAR"),
        ("retyped", "retyped", None, "INTEGER", "BIGINT"),
    ]


def test_renamed_columns_keep_heads_name_in_examples(connection: duckdb.DuckDBPyConnection) -> None:
    found = compared(connection, rows("(1, 5)", "(2, 6)"), rows("(1, 5)", names="id, y"))
    assert found.examples[0].columns == {"id": (2, None), "y": (6, None)}


@pytest.mark.parametrize(
    ("base", "head", "duplicates"),
    [
        (("(1, 1)", "(1, 2)", "(2, 1)"), ("(1, 1)", "(2, 1)"), (2, 0)),
        (("(1, 1)", "(2, 1)"), ("(1, 1)", "(1, 2)", "(2, 1)", "(2, 2)", "(2, 3)"), (0, 5)),
        (("(NULL, 1)", "(NULL, 2)"), ("(1, 1)",), (2, 0)),
    ],
)
def test_a_key_with_duplicates_is_not_used_but_told(
    connection: duckdb.DuckDBPyConnection, base: tuple[str, ...], head: tuple[str, ...], duplicates: tuple[int, int]
) -> None:
    found = compared(connection, rows(*base), rows(*head))
    assert found.key == Key(("id",), "unique test", *duplicates)
    assert found.changed_row_count == 0
    assert found.added_row_count - found.removed_row_count == len(head) - len(base)


def test_a_retyped_key_that_the_cast_makes_ambiguous_is_not_used(connection: duckdb.DuckDBPyConnection) -> None:
    found = compared(connection, rows("('1', 2)", "('01', 2)"), ONE)
    assert found.key.base_duplicates == 2
    assert row_counts(found) == (1, 0, 0)


def test_a_key_of_which_a_side_lacks_a_column_is_not_used(connection: duckdb.DuckDBPyConnection) -> None:
    base, head = rows("(1, 2, 3)", names="id, a, x"), rows("(1, 3)")
    found = compared(connection, base, head, ("id", "a"))
    assert found.key == Key((), "unique test, but a is not on both sides")
    assert row_counts(found) == (0, 0, 0)


def test_the_tolerance_is_the_callers(connection: duckdb.DuckDBPyConnection) -> None:
    base, head = "SELECT 1 AS id, 100e0 AS x", "SELECT 1 AS id, 101e0 AS x"
    for key in (("id",), ()):
        assert sum(row_counts(compared(connection, base, head, key, Tolerance(0.5, 0.0)))) > 0
        assert row_counts(compared(connection, base, head, key, Tolerance(1.0, 0.0))) == (0, 0, 0)
        assert row_counts(compared(connection, base, head, key, Tolerance(0.0, 0.01))) == (0, 0, 0)
        assert sum(row_counts(compared(connection, base, f"SELECT 1 AS id, {NOISE} + 99 AS x", key, Tolerance(0, 0))))


def test_nothing_is_left_behind_and_a_missing_relation_is_an_error(connection: duckdb.DuckDBPyConnection) -> None:
    for key in (("id",), ()):
        compared(connection, ONE, "SELECT 1 AS id, 3 AS x", key)
    with pytest.raises(duckdb.Error):
        compare_relations(connection, "base_prod.product.t", "nowhere", ("id",), "", Tolerance())
    assert not connection.execute("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (rows("(1, 2)", "(1, 2)", "(3, 4)"), rows("(3, 4)", "(1, 2)", "(1, 2)"), True),
        (rows("(1, 2)", "(1, 2)", "(3, 4)"), rows("(3, 4)", "(3, 4)", "(1, 2)"), False),
        (rows("(1, 2)"), rows("(1, 2)", "(1, 2)"), False),
        ("SELECT 1e0 AS x", f"SELECT {NOISE} AS x", True),
        ("SELECT 1e0 AS x", "SELECT 1.1e0 AS x", False),
        (ONE, "SELECT 2 AS X, 1 AS ID", True),
        (ONE, "SELECT 1 AS id, 2 AS y", False),
        (ONE, "SELECT 1 AS id, 2 AS x, 3 AS y", False),
        ("SELECT 1 AS id, 2 AS x, 3 AS y", ONE, False),
        (ONE, "SELECT 1 AS id, 2::BIGINT AS x", False),
        (f"{ONE} LIMIT 0", f"{ONE} LIMIT 0", False),
        (ONE, f"{ONE} LIMIT 0", False),
    ],
)
def test_same_contents(connection: duckdb.DuckDBPyConnection, base: str, head: str, expected: bool) -> None:
    connection.execute(f"CREATE TABLE base_prod.product.t AS {base}; CREATE TABLE head_prod.product.t AS {head}")
    assert same_contents(connection, "base_prod.product.t", "head_prod.product.t", Tolerance()) is expected


# Random relations against plain Python

Row = tuple[Any, ...]
NAMES = ("id", "part", "amount", "rate", "label", "seen_at")
DECLARED = "id INTEGER, part VARCHAR, amount BIGINT, rate DOUBLE, label VARCHAR, seen_at TIMESTAMP"


def random_row(dice: random.Random, key: tuple[int, str | None]) -> list[Any]:
    rate = dice.choice([None, float("nan"), float("inf"), 0.0, *(dice.random() * scale for scale in (1, 1, 1e3, 1e6))])
    label = dice.choice([None, "", "a", "it's"])
    return [*key, dice.choice([None, dice.randrange(9)]), rate, label, f"2025-01-{dice.randrange(1, 29):02} 00:00:00"]


def edited(dice: random.Random, row: list[Any]) -> list[Any]:
    row = list(row)
    for _ in range(dice.randrange(1, 4)):
        place = dice.choice([2, 3, 3, 3, 4, 5])
        if place == 3 and dice.random() < 0.9:
            row[3] = None if row[3] is None else row[3] * (1 + dice.choice([1e-13, 1e-12, 1e-12, 1e-6]))
        else:
            row[place] = random_row(dice, (0, None))[place]
    return row


def outcome(base: Any, head: Any) -> str:
    """Equal, noise or moved, as Python has it."""
    if base == head or (base != base and head != head):
        return "equal"
    if isinstance(base, float) and isinstance(head, float) and abs(base) < float("inf") and abs(head) < float("inf"):
        return "noise" if abs(base - head) <= 1e-9 + 1e-9 * max(abs(base), abs(head)) else "moved"
    return "moved"


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("seed", range(6))
def test_random_relations_differ_as_plain_python_says(
    connection: duckdb.DuckDBPyConnection, seed: int, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_large:
        monkeypatch.setattr(compare, "_ROW_HASH_FROM", 0)
    dice = random.Random(seed)
    keys = [(i, part) for i in range(100) for part in ("a", "b", None)]
    base = {key: random_row(dice, key) for key in keys if dice.random() < 0.9}
    head = {key: edited(dice, row) if dice.random() < 0.3 else row for key, row in base.items() if dice.random() < 0.9}
    head |= {key: random_row(dice, key) for key in keys if key not in base}
    for side, made in (("base", base), ("head", head)):
        connection.execute(f"CREATE TABLE {side}_prod.product.t ({DECLARED})")
        shuffled = dice.sample(list(made.values()), len(made))
        connection.executemany(f"INSERT INTO {side}_prod.product.t VALUES (?, ?, ?, ?, ?, ?)", shuffled)

    outcomes = {
        key: {name: outcome(*pair) for name, *pair in zip(NAMES, base[key], head[key], strict=True)}
        for key in base.keys() & head.keys()
    }
    tallies = {name: [each[name] for each in outcomes.values()] for name in NAMES}
    expected = [(name, "moved", told.count("moved"), told.count("noise")) for name, told in tallies.items() if {"moved", "noise"} & set(told)]  # fmt: skip
    changed = {key for key, told in outcomes.items() if "moved" in told.values()}

    sides = ("base_prod.product.t", "head_prod.product.t")
    found = compare_relations(connection, *sides, ("id", "part"), "", Tolerance(), 1000)
    assert row_counts(found) == (len(base.keys() - head.keys()), len(head.keys() - base.keys()), len(changed))
    assert changes(found) == sorted(expected, key=lambda each: (-each[2], each[0]))
    assert tallies["rate"].count("noise") > 3, "the noise is part of what is tried"
    moved = {(e.key["id"], e.key["part"]): set(e.columns) for e in found.examples if e.how == "changed"}
    assert moved == {key: {name for name, told in outcomes[key].items() if told == "moved"} for key in changed}
    ids: list[Any] = [each.key["id"] for each in found.examples if each.how == "changed"]
    assert ids == sorted(ids)

    as_rows = compare_relations(connection, *sides, (), "none", Tolerance(), 0)
    assert row_counts(as_rows) == (
        found.removed_row_count + len(changed),
        found.added_row_count + len(changed),
        0,
    ), "keys are columns too, so that each changed row is one removed and one added"


# Keys


def node(columns: tuple[str, ...] = ("a", "b", "c"), **more: Any) -> dict[str, Any]:
    return {"unique_id": "model.p.m", "columns": {name: {"name": name, "constraints": []} for name in columns}, **more}


def column_test(kind: str, column: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": kind, "kwargs": {"column_name": column}}
    return {"test_metadata": metadata, "attached_node": "model.p.m", "column_name": column, **more}


def combination_test(*columns: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": "unique_combination_of_columns", "kwargs": {"combination_of_columns": list(columns)}}
    return {"test_metadata": metadata, "attached_node": "model.p.m", "column_name": None, **more}


PRIMARY_KEY = {"type": "primary_key", "columns": ["b", "c"]}
OF_ONE_COLUMN = {"a": {"name": "a"}, "b": {"name": "b", "constraints": [{"type": "not_null"}, {"type": "primary_key"}]}}
UNIQUE, COMBINATION = "unique test", "unique_combination_of_columns test"


@pytest.mark.parametrize(
    ("model", "tests", "configured", "expected"),
    [
        (node(), [], None, ((), "none")),
        (node(primary_key=["a", "b"]), [], [], ((), "none")),
        (node(), [column_test("unique", "a")], ["b", "c"], (("b", "c"), "review.yml")),
        (node(constraints=[PRIMARY_KEY], contract={"enforced": True}), [column_test("unique", "a")], None, (("b", "c"), "contract")),
        (node(constraints=[PRIMARY_KEY], contract={"enforced": False}), [column_test("unique", "a")], None, (("a",), UNIQUE)),
        (node() | {"columns": OF_ONE_COLUMN, "contract": {"enforced": True}}, [], None, (("b",), "contract")),
        (node(), [combination_test("a", "b"), column_test("unique", "c")], None, (("c",), UNIQUE)),
        (node(), [combination_test("a", "b"), combination_test("b", "c")], None, (("a", "b"), COMBINATION)),
        (node(), [column_test("unique", "b"), column_test("unique", "a")], None, (("a",), UNIQUE)),
        (node(), [column_test("unique", "a"), column_test("unique", "b"), column_test("not_null", "b")], None, (("b",), UNIQUE)),
        (node(()), [column_test("unique", "z"), column_test("unique", "y")], None, (("z",), UNIQUE)),
        (node(), [column_test("unique", "a", config={"where": "b > 0"}), combination_test("b", "c")], None, (("b", "c"), COMBINATION)),
        (node(), [column_test("unique", "a || b")], None, ((), "none")),
        (node(), [combination_test("a", "coalesce(b, '')")], None, ((), "none")),
        (node(), [column_test("unique", '"a b"')], None, (("a b",), UNIQUE)),
        (node(), [column_test("unique", "a", attached_node="model.p.other")], None, ((), "none")),
        (node(), [column_test("not_null", "a"), {"test_metadata": None, "attached_node": "model.p.m"}], None, ((), "none")),
    ],
)  # fmt: skip
def test_key_of(
    model: dict[str, Any], tests: list[dict[str, Any]], configured: list[str] | None, expected: Any
) -> None:
    assert key_of(model, tests, configured) == expected
