"""Faults in the rows of tables: each data test, and each rule of one, is shown rows of the kind that it forbids."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from scripts.mutate.outcome import Outcome
from scripts.mutate.project import DataTest, Project

_VALUES = {
    "VARCHAR": ("NULL", "'spoilt'", "'all'", "'unknown'", "'anon:spoilt'", "{column} || ' '"),
    "BOOLEAN": ("NULL", "FALSE", "TRUE", "NOT {column}"),
    "TIMESTAMP": ("NULL", "TIMESTAMP '1900-01-01'", "TIMESTAMP '2200-01-01'"),
    "DATE": ("NULL", "DATE '1900-01-01'", "DATE '2200-01-01'"),
}
_NUMBERS = ("NULL", "-1", "0", "2", "1000000", "{column} + 1", "{column} - 1")
_FEW = 50  # rows, of which a test of single rows needs no more
_UNIQUE = ("unique", "unique_combination_of_columns")


@dataclass(frozen=True)
class RowFaults:
    """Statements that each spoil a table, of which a test must notice one."""

    what: str
    statements: tuple[str, ...]
    rule: str | None = None
    """What the test must name."""


def _values(data_type: str) -> tuple[str, ...]:
    return () if data_type.endswith(("]", ")")) else _VALUES.get(data_type, _NUMBERS)


def _of_rule(project: Project, table: str, rule: str) -> Iterator[str]:
    """Yield a few rows of the table, each time with other values in the columns of the rule."""
    choices = [
        ("", *(f"{value.format(column=name)} AS {name}" for value in _values(data_type)))
        for name, data_type in project.columns(table)
        if re.search(rf"\b{name}\b", rule)
    ]
    for chosen in itertools.product(*choices):
        if replaced := ", ".join(filter(None, chosen)):
            yield f"CREATE OR REPLACE TABLE {table} AS SELECT * REPLACE ({replaced}) FROM {table} LIMIT {_FEW}"


def _of_table(project: Project, table: str) -> Iterator[str]:
    """Yield the table with a row too many or missing, and with other values in one row or all of them."""
    first = f"WHERE rowid = (SELECT MIN(rowid) FROM {table})"
    yield f"INSERT INTO {table} FROM {table} {first}"
    yield f"DELETE FROM {table} {first}"
    yield f"INSERT INTO {table} DEFAULT VALUES"
    for column, data_type in project.columns(table):
        one = f" WHERE rowid = (SELECT MIN(rowid) FROM {table} WHERE {column} IS NOT NULL)"
        for value in _values(data_type):
            for where in (one, ""):
                yield f"UPDATE {table} SET {column} = {value.format(column=column)}{where}"


def faults_for(project: Project, test: DataTest) -> Iterator[RowFaults]:
    """Yield what the test must notice."""
    table, *_ = test.tables
    if test.kind == "rules_hold":
        for rule in [f"{column} IS NOT NULL" for column in test.arguments.get("not_null", [])]:
            yield RowFaults(rule, tuple(_of_rule(project, table, rule)), rule)
        for rule in test.arguments.get("rules", []):
            yield RowFaults(rule, tuple(_of_rule(project, table, rule)), rule)
    elif test.kind in _UNIQUE:
        yield RowFaults("a row is there twice", (next(_of_table(project, table)),))
    else:
        yield RowFaults("", tuple(statement for name in test.tables for statement in _of_table(project, name)))


def shown(project: Project, test: DataTest) -> Iterator[Outcome]:
    """Show the test what it must notice, and return for each whether it did."""
    for faults in faults_for(project, test):
        outcome = Outcome(f"{test.name}: {faults.what}".removesuffix(": "), "data", test.path)
        if any(_is_noticed(project, test, faults.rule, statement) for statement in faults.statements):
            outcome.caught_by = [test.name]
        yield outcome


def _is_noticed(project: Project, test: DataTest, rule: str | None, statement: str) -> bool:
    with project.changed():
        try:
            project.execute(statement)
        except duckdb.Error:
            return False  # the engine takes no such row
        return project.finds(test, rule)
