"""Faults in the models' queries, and who notices: unit tests first, then build, contracts and data tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scripts.mutate.faults import Fault, broken, faults_of, same_fault
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project, Table, UnitTest


class Query:
    """A model's query with its faults, and the same faults in the queries of its unit tests."""

    def __init__(self, model: Table) -> None:
        self.model = model
        self.faults = faults_of(model.sql)

    @cached_property
    def _in_unit_tests(self) -> list[tuple[UnitTest, list[Fault]]]:
        return [(test, faults_of(test.query)) for test in self.model.unit_tests]

    def unit_tests_that_notice(self, project: Project, fault: Fault, among: set[str] | None = None) -> Iterator[str]:
        """Yield each unit test, or each among these, that fails where its rendering of the query has the fault."""
        for test, faults in self._in_unit_tests:
            name = f"{self.model.short}::{test.name}"
            if among is None or name in among:
                same = same_fault(fault, self.faults, faults)
                if same and not project.passes(test, broken(test.query, same)):
                    yield name


@dataclass(frozen=True)
class QueryFault:
    """A fault in one model's query."""

    query: Query
    fault: Fault
    layer = "models"

    @property
    def name(self) -> str:
        """The model and the change."""
        return f"{self.place}: {self.fault.name}"

    @property
    def place(self) -> str:
        """The model."""
        return self.query.model.short

    def seed(self, project: Project) -> tuple[set[str], str]:
        """Make the faulty model, and what reads it; return the changed tables and why the build broke, if it did."""
        name = self.query.model.name
        if name not in project.tables:
            return set(), ""
        return project.rebuild(set(), {name: broken(self.query.model.sql, self.fault)})

    def seeded(self, project: Project) -> Outcome | None:
        """Return who noticed the fault; None where the engine finds no query any more: nobody could overlook that."""
        if not project.is_query(broken(self.query.model.sql, self.fault)):
            return None
        outcome = Outcome(self.name, self.layer, self.query.model.path)
        outcome.caught_by = list(self.query.unit_tests_that_notice(project, self.fault))
        if not outcome.caught_by:
            with project.changed():
                changed, why = self.seed(project)
                outcome.caught_by = [why] if why else project.failing(changed)
                outcome.note = "" if changed or why else "changes no row of the sample"
        return outcome


def query_faults(project: Project) -> Iterator[QueryFault]:
    """Yield every fault of every model's query; what a macro writes is part of it."""
    for model in project.models:
        query = Query(model)
        for fault in query.faults:
            yield QueryFault(query, fault)


def idle_unit_tests(project: Project, awake: set[str]) -> Iterator[str]:
    """Yield each unit test, but for those known to be awake, that passes with every fault of its model."""
    for model in project.models:
        query = Query(model)
        idle = {f"{model.short}::{test.name}" for test in model.unit_tests} - awake
        for fault in query.faults:
            if not idle:
                break
            idle -= {*query.unit_tests_that_notice(project, fault, idle)}
        yield from (f"{name} passes with every fault of its model: sharpen it, or delete it" for name in sorted(idle))
