"""Seed many faults, one on each core at a time, each worker with the databases in its own memory."""

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
from typing import Any, Protocol, TypeVar

from scripts.mutate import rows, simulator
from scripts.mutate.models import QueryFault, query_faults
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project
from scripts.mutate.seeds import SeedFault, seed_faults
from scripts.mutate.worlds import PROJECT_DIR, World


class Named(Protocol):
    """A fault as far as it matters for choosing it."""

    @property
    def name(self) -> str:
        """What tells it from all others, its place first."""


AnyFault = TypeVar("AnyFault", bound=Named)
Progress = Callable[[str, int], None]
"""Is told what goes on, and how many faults of it are done."""
_WORKERS = os.cpu_count() or 1


def chosen(faults: Iterable[AnyFault], limit: int | None, place: Callable[[AnyFault], str]) -> list[AnyFault]:
    """Return so many faults, of each place as many as possible; always the same, and a new one displaces few others."""
    by_place = defaultdict(list)
    for fault in faults:
        by_place[place(fault)].append((hashlib.sha256(fault.name.encode()).hexdigest(), fault))
    turns = (
        (turn, drawn, fault)
        for own in by_place.values()
        for turn, (drawn, fault) in enumerate(sorted(own, key=lambda each: each[0]))
    )
    return [fault for *_, fault in sorted(turns, key=lambda each: each[:2])][:limit]


class _Bench:
    """What a worker keeps: the worlds in memory and their faults by name."""

    def __init__(self, worlds: list[World]) -> None:
        self.worlds = [(world, world.project()) for world in worlds]
        self.project = self.worlds[0][1]
        self.faults = {fault.name: fault for fault in table_faults(self.project)}

    def seeded(self, name: str) -> Outcome | None:
        """Seed a fault and hold it against unit tests, build and data tests."""
        return self.faults[name].seeded(self.project)

    def shown(self, name: str) -> list[Outcome]:
        """Show a data test what it must notice."""
        return [
            outcome
            for test in self.project.data_tests
            if test.name == name
            for outcome in rows.shown(self.project, test)
        ]

    def known(self, name: str) -> list[str]:
        """Hold a fault against the tests that know the truth of a world."""
        fault = self.faults[name]
        for world, project in self.worlds if isinstance(fault, QueryFault) else self.worlds[:1]:
            with project.changed():  # random people have seeds of their own
                changed, why = fault.seed(project)
                if found := [why] if why else world.failing_tests(project, changed) if changed else []:
                    return found
        return []


_bench: _Bench


def _start(worlds: list[World]) -> None:
    global _bench
    _bench = _Bench(worlds)


def _do(what: str, name: str) -> Any:
    return getattr(_bench, what)(name)


def table_faults(project: Project) -> list[QueryFault | SeedFault]:
    """Return every fault of queries and seeds."""
    return [*query_faults(project), *seed_faults(project)]


def seed_tables(
    worlds: list[World], faults: list[str], tests: list[str], listed: Iterable[str], tell: Progress
) -> list[Outcome]:
    """Seed faults of queries and seeds, and show these data tests what they must notice.

    What unit and data tests do not catch meets the tests that know the truth, unless it is listed as what may live.
    """
    pool = ProcessPoolExecutor(_WORKERS, get_context("spawn"), initializer=_start, initargs=(worlds,))

    def each(what: str, names: list[str], title: str) -> Iterator[Any]:
        for done, found in enumerate(pool.map(_do, [what] * len(names), names)):
            tell(f"{title} of {len(names)}", done)
            yield found

    try:
        seeded = [outcome for outcome in each("seeded", faults, "faults against unit and data tests") if outcome]
        left = {each.name: each for each in seeded if not each.caught_by and each.name not in listed}
        for name, caught_by in zip(left, each("known", [*left], "what is left against the truth"), strict=True):
            left[name].caught_by = caught_by
        return seeded + [outcome for shown in each("shown", tests, "data tests") for outcome in shown]
    finally:
        pool.shutdown(cancel_futures=True)


def seed_code(faults: list[simulator.CodeFault], tell: Progress) -> list[Outcome]:
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
        for done, outcome in enumerate(pool.map(seed, faults)):
            tell(f"faults of the simulator of {len(faults)}", done)
            outcomes.append(outcome)
        return outcomes
