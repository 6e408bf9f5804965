"""Faults in the rows of tables: each data test is shown rows of the kind that it forbids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from scripts.mutate.outcome import Outcome
from scripts.mutate.project import DataTest, Project

_OF_TYPE = {
    "VARCHAR": ("'no such value'", "{column} || ' '"),
    "BOOLEAN": ("NOT {column}",),
    "TIMESTAMP": ("{column} + INTERVAL 400 DAY", "{column} - INTERVAL 400 DAY"),
    "DATE": ("CAST({column} + INTERVAL 400 DAY AS DATE)", "CAST({column} - INTERVAL 400 DAY AS DATE)", "DATE '1900-01-01'"),
    "number": ("{column} + 1", "{column} - 1", "-{column} - 1", "{column} * 1000"),
}
_ONE = "rowid = (SELECT rowid FROM {table} WHERE {column} IS NOT NULL ORDER BY rowid LIMIT 1)"


@dataclass(frozen=True)
class RowFault:
    """A statement that spoils a table."""

    table: str
    change: str
    statement: str


def _set(table: str, column: str, value: str, where: str = _ONE) -> RowFault:
    condition = f" WHERE {where.format(table=table, column=column)}" if where else ""
    place = "one row" if where else "every row"
    return RowFault(table, f"{column} is {value} in {place}", f"UPDATE {table} SET {column} = {value}{condition}")


def _whole_rows(table: str) -> Iterator[RowFault]:
    first = f"SELECT MIN(rowid) FROM {table}"
    yield RowFault(table, "a row is there twice", f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = ({first})")
    yield RowFault(table, "a row is missing", f"DELETE FROM {table} WHERE rowid = ({first})")
    yield RowFault(table, "there is a row of NULLs", f"INSERT INTO {table} DEFAULT VALUES")


def _in_column(table: str, column: str, data_type: str, texts: Iterable[str] = ()) -> Iterator[RowFault]:
    values = _OF_TYPE.get(data_type, () if data_type.endswith(("]", ")")) else _OF_TYPE["number"])
    for where in (_ONE, ""):
        yield _set(table, column, "NULL", where)
        for value in (*values, *(texts if data_type == "VARCHAR" else ())):
            yield _set(table, column, value.format(column=column), where)


def faults_for(project: Project, test: DataTest) -> Iterator[list[RowFault]]:
    """Yield what the test must notice: of each list at least one fault."""
    table, column = test.tables[0], test.column or ""
    if test.kind == "not_null":
        yield [_set(table, column, "NULL"), RowFault(table, "there is a row of NULLs", f"INSERT INTO {table} DEFAULT VALUES")]
    elif test.kind in ("unique", "unique_combination_of_columns"):
        yield [next(_whole_rows(table))]
    elif test.kind in ("accepted_values", "relationships"):
        yield [*_in_column(table, column, dict(project.columns(table))[column])]
    elif test.kind == "accepted_range":
        for side, beyond in (("min_value", "- 1"), ("max_value", "+ 1")):
            if (bound := test.arguments.get(side)) is not None:
                yield [_set(table, column, f"{bound} {beyond}"), _set(table, column, f"{bound} {beyond}", "")]
    else:
        of_rows = [fault for name in test.tables for fault in _whole_rows(name)]
        texts = sorted({*re.findall(r"'\w+'", test.sql)})  # a rule about one value is shown that value
        columns = [(name, *own) for name in test.tables for own in project.columns(name)]
        of_columns = [fault for place in columns for fault in _in_column(*place, texts)]
        yield of_rows + of_columns


def shown(project: Project, test: DataTest) -> Iterator[Outcome]:
    """Show the test what it must notice, and return for each whether it did."""
    for faults in faults_for(project, test):
        outcome = Outcome(f"data: {test.name}: {faults[0].change}", "data", test.path, faults[0].change)
        for fault in faults:
            with project.changed():
                try:
                    project.execute(fault.statement)
                except duckdb.Error:
                    continue  # the engine takes no such row
                if project.finds(test):
                    outcome.name, outcome.change = f"data: {test.name}: {fault.change}", fault.change
                    outcome.caught_by = [test.name]
                    break
        yield outcome
