"""Faults in the models' queries, and who notices: unit tests first, then build, contracts and data tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scripts.mutate.faults import Fault, broken, faults_of, joined, same_fault, split
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project, Table, UnitTest

_COLUMN = re.compile(r"\b[a-z_]\w*\.\w+\b")


class Query:
    """A model's query with its faults, and the same faults in the queries of its unit tests."""

    def __init__(self, model: Table) -> None:
        self.model = model
        self.faults = faults_of(model.sql)
        self._written = _squeezed(model.raw)

    @cached_property
    def _in_unit_tests(self) -> list[tuple[UnitTest, str, str, list[Fault]]]:
        parts = [(test, *split(test.query)) for test in self.model.unit_tests]
        return [(test, rows, query, faults_of(query)) for test, rows, query in parts]

    def is_written_here(self, fault: Fault) -> bool:
        """Say whether the model's own file has the place; else a macro does."""
        return _squeezed(fault.before) in self._written

    def in_unit_tests(self, fault: Fault) -> Iterator[tuple[UnitTest, str]]:
        """Yield each unit test whose rendering of the query has the fault's place, and that query with the fault."""
        for test, rows, query, faults in self._in_unit_tests:
            if (same := same_fault(fault, self.faults, faults)) is not None:
                yield test, joined(rows, broken(query, same))


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower().replace("varchar", "text")


@dataclass(frozen=True)
class QueryFault:
    """A fault in one model's query, or one of a macro in every query that it writes a part of."""

    name: str
    layer: str
    change: str
    places: tuple[tuple[Query, Fault], ...]

    @property
    def place(self) -> str:
        """The model whose query it is in, the first of several."""
        return self.places[0][0].model.name

    @cached_property
    def _queries(self) -> dict[str, str]:
        return {query.model.name: broken(query.model.sql, fault) for query, fault in self.places}

    def seed(self, project: Project) -> tuple[set[str], str]:
        """Make the faulty models, and what reads them."""
        return project.rebuild(set(), {name: sql for name, sql in self._queries.items() if name in project.tables})

    def seeded(self, project: Project, with_unit_tests_only: bool = False) -> Outcome | None:
        """Return who noticed the fault; None where the engine finds no query any more."""
        if not all(project.is_valid(sql) for sql in self._queries.values()):
            return None
        paths = sorted({query.model.path for query, _ in self.places})
        outcome = Outcome(self.name, self.layer, ", ".join(paths[:3]), self.change)
        for query, fault in self.places:
            for test, faulty in query.in_unit_tests(fault):
                if not project.passes(test, faulty):
                    outcome.caught_by.append(f"{query.model.short}::{test.name}")
        if not outcome.caught_by and not with_unit_tests_only:
            with project.changed():
                changed, why = self.seed(project)
                outcome.caught_by = [why] if why else project.failing(changed)
            if not changed and not why:
                outcome.note = "changes no row of the sample"
        return outcome


def query_faults(project: Project) -> list[QueryFault]:
    """Return every fault of every model's query; those of a macro once, whatever columns it is called with."""
    of_models: list[QueryFault] = []
    of_macros: dict[str, list[tuple[Query, Fault]]] = defaultdict(list)
    for model in project.models:
        query = Query(model)
        for fault in query.faults:
            if query.is_written_here(fault):
                name = f"{model.short}: {fault.name}"
                of_models.append(QueryFault(name, "models", str(fault), ((query, fault),)))
            else:
                of_macros[_COLUMN.sub("_", re.sub(r" #\d+$", "", fault.name))].append((query, fault))
    for name, places in of_macros.items():
        users = sorted({query.model.short for query, _ in places})
        named = f"{users[0]}: {places[0][1].name}" if len(users) == 1 and len(places) == 1 else f"macro: {name}"
        of_models.append(QueryFault(named, "macros", name.partition(": ")[2], tuple(_one_per_query(places))))
    return of_models


def _one_per_query(places: list[tuple[Query, Fault]]) -> Iterator[tuple[Query, Fault]]:
    """Join the faults of one query into one of several sites."""
    together: dict[str, list[tuple[Query, Fault]]] = defaultdict(list)
    for query, fault in places:
        together[query.model.name].append((query, fault))
    for group in together.values():
        query, first = group[0]
        yield query, Fault.joined([fault for _, fault in group]) if len(group) > 1 else first
