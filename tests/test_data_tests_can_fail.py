"""Spoil a few rows of each model, rule by rule: the model's data test must find them and name the broken rule."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import pytest

from scripts.databases import attach
from tests.worlds import World

UNIQUENESS = ("unique", "unique_combination_of_columns")
SPOILT_VALUES = {
    "VARCHAR": ["NULL", "'spoilt'", "'all'", "'unknown'", "'anon:spoilt'"],
    "BOOLEAN": ["NULL", "FALSE", "TRUE"],
    "DATE": ["NULL", "DATE '1900-01-01'", "DATE '2200-01-01'"],
    "TIMESTAMP": ["NULL", "TIMESTAMP '1900-01-01'", "TIMESTAMP '2200-01-01'"],
}
SPOILT_NUMBERS = ["NULL", "-1", "0", "2", "1000000"]


class DataTest(NamedTuple):
    """A test as the committed data were built with it, reading the table `spoilt` in place of its model."""

    name: str
    kind: str
    table: str
    rules: list[str]
    sql: str


@pytest.fixture(scope="module")
def data_tests(committed: World) -> list[DataTest]:
    target = committed.warehouse_dir.parent / "target"
    nodes: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    found = []
    for node in nodes.values():
        kind = (node.get("test_metadata") or {}).get("name", "")
        if kind not in (*UNIQUENESS, "rules_hold"):
            continue
        model = nodes[node["attached_node"]]
        table = f'"{model["database"]}"."{model["schema"]}"."{model["name"]}"'
        arguments = node["test_metadata"]["kwargs"]
        rules = [f"{column} IS NOT NULL" for column in arguments.get("not_null", [])] + arguments.get("rules", [])
        folder = target / "compiled" / node["package_name"] / node["original_file_path"]
        sql = (folder / node["path"]).read_text(encoding="utf-8")
        assert table in sql, f"{node['name']} does not read {table}"
        found.append(DataTest(node["name"], kind, table, rules, sql.replace(table, "spoilt")))
    return found


@pytest.fixture
def connection(committed: World) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name in ("raw", "prep", "prod"):
            attach(connection, committed.warehouse_dir / f"{name}.duckdb", name)
        yield connection


def spoilt_rows(connection: duckdb.DuckDBPyConnection, rule: str) -> Iterator[None]:
    """Fill the table `spoilt` with the rows of `sample`, each time with other values in the columns of the rule."""
    columns = [
        (name, SPOILT_VALUES.get(data_type, SPOILT_NUMBERS))
        for name, data_type, *_ in connection.execute("DESCRIBE sample").fetchall()
        if re.search(rf"\b{name}\b", rule)
    ]
    values = [[None, *(f"{value} AS {name}" for value in spoilt)] for name, spoilt in columns]
    for chosen in itertools.product(*values):
        if replaced := ", ".join(filter(None, chosen)):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE spoilt AS SELECT * REPLACE ({replaced}) FROM sample")
            yield


def test_a_row_that_breaks_a_rule_is_found_with_the_rule(
    data_tests: list[DataTest], connection: duckdb.DuckDBPyConnection
) -> None:
    not_found = []
    for test in (test for test in data_tests if test.kind == "rules_hold"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE sample AS FROM {test.table} LIMIT 50")
        assert connection.execute("SELECT COUNT(*) FROM sample").fetchone() != (0,), f"{test.table} has no rows"
        assert test.rules, test.name
        for rule in test.rules:
            named = (
                row[0].split("; ")
                for _ in spoilt_rows(connection, rule)
                for row in connection.execute(test.sql).fetchall()
            )
            if not any(rule in rules for rules in named):
                not_found.append(f"{test.table}: {rule}")
    assert not_found == []


def test_a_key_that_two_rows_have_is_found(data_tests: list[DataTest], connection: duckdb.DuckDBPyConnection) -> None:
    for test in (test for test in data_tests if test.kind in UNIQUENESS):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE spoilt AS FROM {test.table} LIMIT 20")
        assert connection.execute(test.sql).fetchall() == [], test.name
        connection.execute("INSERT INTO spoilt FROM spoilt LIMIT 1")
        assert [row[-1] for row in connection.execute(test.sql).fetchall()] == [2], test.name
