"""Seed many faults, two or more at a time, each worker with the databases in its own memory."""

from __future__ import annotations

import hashlib
import os
import queue
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.mutate import rows, simulator
from scripts.mutate.models import QueryFault, query_faults
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project
from scripts.mutate.seeds import SeedFault, seed_faults
from scripts.mutate.worlds import PROJECT_DIR, World

TableFault = QueryFault | SeedFault
Progress = Callable[[str, int], None]
"""Is told what goes on, and how many faults of it are done."""
_WORKERS = os.cpu_count() or 1


class _Bench:
    """What a worker keeps: the worlds in memory and their faults by name."""

    def __init__(self, worlds: list[World]) -> None:
        self.worlds = worlds
        self.projects = [world.project() for world in worlds]
        for project in self.projects:
            project.remember()
        self.faults = {fault.name: fault for fault in all_faults(self.projects[0])}

    def seeded(self, name: str) -> tuple[str, Outcome | None]:
        """Seed a fault and hold it against unit tests, build and data tests."""
        return name, self.faults[name].seeded(self.projects[0])

    def unit_tested(self, name: str) -> list[str]:
        """Return the unit tests that notice a fault of queries."""
        outcome = self.faults[name].seeded(self.projects[0], with_unit_tests_only=True)
        return outcome.caught_by if outcome else []

    def shown(self, name: str) -> list[Outcome]:
        """Show a data test what it must notice."""
        (test,) = (test for test in self.projects[0].data_tests if test.name == name)
        return list(rows.shown(self.projects[0], test))

    def known(self, name: str) -> tuple[str, list[str]]:
        """Hold a fault against the tests that know the truth of a world."""
        fault = self.faults[name]
        for world, project in zip(self.worlds, self.projects, strict=True):
            if isinstance(fault, SeedFault) and world is not self.worlds[0]:
                break  # random people have definitions of their own
            with project.changed():
                changed, why = fault.seed(project)
                found = [why] if why else world.failing_tests(project, changed) if changed else []
            if found:
                return name, found
        return name, []


_bench: _Bench


def _start(worlds: list[World]) -> None:
    global _bench
    _bench = _Bench(worlds)


def _do(what: str, name: str) -> Any:
    return getattr(_bench, what)(name)


def all_faults(project: Project) -> list[TableFault]:
    """Return every fault of queries and seeds."""
    return [*query_faults(project), *seed_faults(project)]


def chosen(faults: Iterable[Any], limit: int, seed: int, place: Callable[[Any], str]) -> list[Any]:
    """Return so many faults, of each place as many as possible; a new fault displaces few others.

    With a limit of 0 all are returned.
    """

    def drawn(fault: Any) -> str:
        return hashlib.sha256(f"{seed}:{fault.name}".encode()).hexdigest()

    by_place = defaultdict(list)
    for fault in sorted(faults, key=drawn):
        by_place[place(fault)].append(fault)
    turns = sorted((turn, drawn(fault), fault) for own in by_place.values() for turn, fault in enumerate(own))
    return [fault for *_, fault in (turns[:limit] if limit else turns)]


class Run:
    """The workers, and what they found."""

    def __init__(self, worlds: list[World], progress: Progress) -> None:
        self._pool = ProcessPoolExecutor(_WORKERS, get_context("spawn"), initializer=_start, initargs=(worlds,))
        self._progress = progress

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _each(self, what: str, names: list[str], title: str) -> Iterator[Any]:
        self._progress(f"{title}: {len(names)}", 0)
        for done, found in enumerate(self._pool.map(_do, [what] * len(names), names), 1):
            self._progress(title, done)
            yield found

    def seed(self, names: list[str]) -> dict[str, Outcome | None]:
        """Seed faults of queries and seeds; what survives unit and data tests meets those that know the truth."""
        found = dict(self._each("seeded", names, "faults against unit and data tests"))
        left = [name for name, outcome in found.items() if outcome and not outcome.caught_by]
        for name, caught_by in self._each("known", left, "what is left against the planted truth"):
            found[name].caught_by = caught_by
        return found

    def unit_test(self, names: list[str]) -> set[str]:
        """Return the unit tests that notice any of these faults."""
        title = "faults against unit tests that caught none yet"
        return {test for found in self._each("unit_tested", names, title) for test in found}

    def show(self, tests: list[str]) -> list[Outcome]:
        """Show data tests what they must notice."""
        return [outcome for found in self._each("shown", tests, "data tests") for outcome in found]


def seed_code(faults: list[simulator.CodeFault], progress: Progress) -> list[Outcome]:
    """Seed faults of the simulator, on copies of the project."""
    with TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(_WORKERS) as pool:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(_WORKERS):
            copies.put(simulator.copied(PROJECT_DIR, Path(folder) / str(number)))

        def seed(fault: simulator.CodeFault) -> Outcome:
            copy = copies.get()
            try:
                return fault.seeded(copy)
            finally:
                copies.put(copy)

        outcomes = []
        for done, outcome in enumerate(pool.map(seed, faults), 1):
            progress("faults of the simulator", done)
            outcomes.append(outcome)
        return outcomes
