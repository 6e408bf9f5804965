"""Faults in the seeds: a cell changed, a row missing or twice."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project

_CHANGED = {
    "VARCHAR": "{column} || 'x'",
    "BOOLEAN": "NOT {column}",
    "DATE": "CAST({column} + INTERVAL 1 DAY AS DATE)",
    "INTEGER": "{column} + 1",
}


class SeedFault:
    """A statement that spoils one row of a seed."""

    layer = "seeds"

    def __init__(self, table: str, path: str, row: int, change: str, statement: str) -> None:
        self.name = f"{table.rpartition('.')[2]}.csv, line {row + 2}: {change}"
        self.place = f"{table} {change.partition(' ')[0]}"
        self.table, self.path, self.change, self.statement = table, path, change, statement

    def seed(self, project: Project) -> tuple[set[str], str]:
        """Spoil the row, and build what reads it."""
        project.execute(self.statement)
        return project.rebuild({self.table}, {})

    def seeded(self, project: Project) -> Outcome:
        """Return who noticed."""
        outcome = Outcome(self.name, self.layer, self.path, self.change)
        with project.changed():
            changed, why = self.seed(project)
            outcome.caught_by = [why] if why else project.failing(changed)
        return outcome


def seed_faults(project: Project) -> Iterator[SeedFault]:
    """Yield every fault of every seed."""
    for table in project.tables.values():
        if not table.key.startswith("seed."):
            continue
        columns = project.columns(table.name)
        for (row,) in project.execute(f"SELECT rowid FROM {table.name} ORDER BY rowid"):
            here = f"WHERE rowid = {row}"
            for column, data_type in columns:
                (is_null,) = project.execute(f"SELECT {column} IS NULL FROM {table.name} {here}")[0]
                value = "DATE '2026-05-01'" if is_null else _CHANGED[data_type].format(column=column)
                if is_null and data_type != "DATE":
                    continue
                yield SeedFault(
                    table.name, table.path, row, f"{column} is {value}", f"UPDATE {table.name} SET {column} = {value} {here}"
                )
            yield SeedFault(table.name, table.path, row, "is missing", f"DELETE FROM {table.name} {here}")
            yield SeedFault(
                table.name, table.path, row, "is there twice", f"INSERT INTO {table.name} SELECT * FROM {table.name} {here}"
            )
