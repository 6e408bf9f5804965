"""Seed many faults, one on each core at a time, each worker with the databases in its own memory."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Protocol, TypeVar

from scripts.mutate.models import QueryFault, query_faults
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project
from scripts.mutate.rows import row_faults
from scripts.mutate.seeds import SeedFault, seed_faults
from scripts.mutate.simulator import code_faults
from scripts.mutate.worlds import World

Progress = Callable[[str, int], None]
"""Is told what goes on, and how many faults are done."""
_WORKERS = os.cpu_count() or 1


class Named(Protocol):
    """What can be drawn."""

    @property
    def name(self) -> str:
        """What tells it from all others."""

    @property
    def place(self) -> str:
        """Where it is: a model, a seed's column, a file."""


class Seedable(Named, Protocol):
    """A fault."""

    @property
    def layer(self) -> str:
        """What it is in."""

    def seeded(self, project: Project) -> Outcome | None:
        """Return who noticed it; None where it is no fault."""


AnyNamed = TypeVar("AnyNamed", bound=Named)


def all_faults(project: Project) -> list[Seedable]:
    """Return every fault."""
    return [*query_faults(project), *seed_faults(project), *row_faults(project), *code_faults()]


def chosen(faults: Iterable[AnyNamed], limit: int | None) -> list[AnyNamed]:
    """Return so many faults, of each place as many as possible; always the same, and a new one displaces few others."""
    by_place = defaultdict(list)
    for fault in faults:
        by_place[fault.place].append((hashlib.sha256(fault.name.encode()).hexdigest(), fault))
    turns = (
        (turn, drawn, fault)
        for own in by_place.values()
        for turn, (drawn, fault) in enumerate(sorted(own, key=lambda each: each[0]))
    )
    return [fault for *_, fault in sorted(turns, key=lambda each: each[:2])][:limit]


class _Bench:
    """What a worker keeps: the worlds in memory and the faults by name."""

    def __init__(self, worlds: list[World], listed: Collection[str]) -> None:
        self.worlds = [(world, world.project()) for world in worlds]
        self.project = self.worlds[0][1]
        self.listed = listed
        self.faults = {fault.name: fault for fault in all_faults(self.project)}

    def seeded(self, name: str) -> Outcome | None:
        """Hold a fault against unit tests, build and data tests, and then against those that know the truth."""
        fault = self.faults[name]
        outcome = fault.seeded(self.project)
        if outcome and not outcome.caught_by and name not in self.listed:
            if isinstance(fault, QueryFault):
                outcome.caught_by = self._known(fault, self.worlds)
            elif isinstance(fault, SeedFault):  # random people have seeds of their own
                outcome.caught_by = self._known(fault, self.worlds[:1])
        return outcome

    def _known(self, fault: QueryFault | SeedFault, worlds: list[tuple[World, Project]]) -> list[str]:
        for world, project in worlds:
            with project.changed():
                changed, why = fault.seed(project)
                if found := [why] if why else world.failing_tests(project, changed) if changed else []:
                    return found
        return []


_bench: _Bench


def _start(worlds: list[World], listed: Collection[str]) -> None:
    global _bench
    _bench = _Bench(worlds, listed)


def _seeded(name: str) -> Outcome | None:
    return _bench.seeded(name)


def seed_all(worlds: list[World], names: list[str], listed: Collection[str], tell: Progress) -> list[Outcome]:
    """Seed the faults of these names. One that is listed as what may live does not meet the tests that take longest."""
    pool = ProcessPoolExecutor(_WORKERS, get_context("spawn"), initializer=_start, initargs=(worlds, listed))
    try:
        outcomes = []
        for done, outcome in enumerate(pool.map(_seeded, names)):
            tell(f"seeding {len(names)} faults", done)
            outcomes += [outcome] if outcome else []
        return outcomes
    finally:
        pool.shutdown(cancel_futures=True)
