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


def _values(data_type: str) -> tuple[str, ...]:
    return () if data_type.endswith(("]", ")")) else _VALUES.get(data_type, _NUMBERS)


def _of_rule(project: Project, table: str, rule: str) -> Iterator[str]:
    """Yield a few rows of the table, each time with other values in the columns of the rule."""
    choices = [
        ("", *(f"{value.format(column=name)} AS {name}" for value in _values(data_type)))
        for name, data_type in project.columns(table)
        if re.search(rf"\b{name}\b", rule)
    ]
    for values in itertools.product(*choices):
        if replaced := ", ".join(filter(None, values)):
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


@dataclass(frozen=True)
class RowFault:
    """Whatever breaks one data test, or one rule of it."""

    test: DataTest
    rule: str = ""
    layer = "data"

    @property
    def name(self) -> str:
        """The test and the rule."""
        return f"{self.test.name}: {self.rule}".removesuffix(": ")

    @property
    def place(self) -> str:
        """The test."""
        return self.test.name

    def _statements(self, project: Project) -> Iterator[str]:
        table, *_ = self.test.tables
        if self.rule:
            return _of_rule(project, table, self.rule)
        if self.test.kind in _UNIQUE:
            return itertools.islice(_of_table(project, table), 1)
        return itertools.chain(*(_of_table(project, each) for each in self.test.tables))

    def seeded(self, project: Project) -> Outcome:
        """Show the test one spoilt table after the other, until it finds a row and names the rule."""
        is_found = any(self._is_found(project, statement) for statement in self._statements(project))
        return Outcome(self.name, self.layer, self.test.path, [self.test.name] if is_found else [])

    def _is_found(self, project: Project, statement: str) -> bool:
        with project.changed():
            try:
                project.execute(statement)
            except duckdb.Error:
                return False  # the engine takes no such row
            return project.finds(self.test, self.rule)


def row_faults(project: Project) -> Iterator[RowFault]:
    """Yield one fault for each rule of each data test, and for each test that has none."""
    for test in project.data_tests:
        rules = [f"{column} IS NOT NULL" for column in test.arguments.get("not_null", [])]
        for rule in [*rules, *test.arguments.get("rules", [])] or [""]:
            yield RowFault(test, rule)
