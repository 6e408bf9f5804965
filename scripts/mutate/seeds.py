"""Faults in the seeds: a cell changed, a row missing or twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project, Table

_CHANGED = {
    "VARCHAR": "{column} || 'x'",
    "BOOLEAN": "NOT {column}",
    "DATE": "COALESCE(CAST({column} + INTERVAL 1 DAY AS DATE), DATE '2026-05-01')",
    "INTEGER": "{column} + 1",
}


@dataclass(frozen=True)
class SeedFault:
    """A statement that spoils one row of a seed."""

    table: Table
    name: str
    statement: str
    layer = "seeds"

    @property
    def place(self) -> str:
        """What is done to which column."""
        return f"{self.table.name} {self.name.partition(': ')[2]}"

    def seed(self, project: Project) -> tuple[set[str], str]:
        """Spoil the row, and build what reads it; return the changed tables and why the build broke, if it did."""
        if self.table.name not in project.tables:
            return set(), ""
        project.execute(self.statement)
        return project.rebuild({self.table.name}, {})

    def seeded(self, project: Project) -> Outcome:
        """Return who noticed."""
        outcome = Outcome(self.name, self.layer, self.table.path)
        with project.changed():
            changed, why = self.seed(project)
            outcome.caught_by = [why] if why else project.failing(changed)
        return outcome


def seed_faults(project: Project) -> Iterator[SeedFault]:
    """Yield every fault of every seed."""
    for table in project.tables.values():
        if table.kind != "seed":
            continue
        values = {name: _CHANGED[kind].format(column=name) for name, kind in project.columns(table.name)}
        for (row,) in project.execute(f"SELECT rowid FROM {table.name} ORDER BY rowid"):
            here, line = f"WHERE rowid = {row}", f"{table.short}.csv, line {row + 2}"
            for column, value in values.items():
                ((is_changed,),) = project.execute(f"SELECT {value} IS NOT NULL FROM {table.name} {here}")
                if is_changed:
                    update = f"UPDATE {table.name} SET {column} = {value} {here}"
                    yield SeedFault(table, f"{line}: {column} is {value}", update)
            yield SeedFault(table, f"{line}: is missing", f"DELETE FROM {table.name} {here}")
            yield SeedFault(table, f"{line}: is there twice", f"INSERT INTO {table.name} FROM {table.name} {here}")
