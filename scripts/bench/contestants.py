"""Who is measured: the build, the same tables by hand, the funnel step alone, and one more day."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from scripts import PROJECT_DIR
from scripts.bench.dbt_time import DbtTime, dbt_time
from scripts.bench.equality import compare_tables, first_differences, is_equal
from scripts.bench.funnel import ENGINES, FunnelRun, make_hits, run_engine, why_absent
from scripts.bench.measure import Measurement, measure
from scripts.bench.worlds import day_in, event_count, split_last_day

CONTESTANTS = ("build", "by_hand", "funnel", "increment")


@dataclass
class Results:
    """All that was measured, by contestant, one entry a round."""

    data_dir: Path
    event_count: int
    day_event_count: int = 0
    """Of the day that `increment` adds; 0 unless it runs."""
    runs: dict[str, list[Measurement]] = field(default_factory=dict)
    dbt: dict[str, list[DbtTime]] = field(default_factory=dict)
    """Of `build` and `increment`."""
    funnel: dict[str, list[FunnelRun]] = field(default_factory=dict)
    """By engine."""
    hit_count: int = 0
    """That the funnel step reads; 0 unless it runs."""
    notes: list[str] = field(default_factory=list)
    """What was left out, and why."""
    is_compared: bool = False
    differences: list[str] = field(default_factory=list)
    """Lines that say in what the tables of build and by hand differ, if anything."""


class Bench:
    """The contestants on one world; all that they write is below `work_dir`, hits of the funnel step are kept."""

    def __init__(
        self, data_dir: Path, cache_dir: Path, work_dir: Path, memory_limit: str | None, hit_count: int
    ) -> None:
        self._data_dir = data_dir
        self._work_dir = work_dir
        self._memory_limit = memory_limit
        self._target_dir = work_dir / "target"
        self._hits = cache_dir / f"hits-{hit_count}.parquet"
        self._hit_count = hit_count
        self._engines = [engine for engine in ENGINES if why_absent(engine) is None]
        self._results = Results(data_dir, event_count(data_dir))

    def run(self, contestants: tuple[str, ...], rounds: int, console: Console) -> Results:
        """Let the contestants take turns and return what was measured; progress goes to the console.

        Raises:
            BenchError: one of them failed.
        """
        self._prepare(contestants, console)
        for number in range(1, rounds + 1):
            for name in contestants:
                console.print(f"round {number} of {rounds}: {name}", style="dim", highlight=False)
                getattr(self, f"_{name}")()
        if {"build", "by_hand"} <= set(contestants):
            self._compare()
        return self._results

    def _prepare(self, contestants: tuple[str, ...], console: Console) -> None:
        """Do what is not measured: unit tests, which the same code passes once, hits, the increment's history."""
        console.print("preparing", style="dim", highlight=False)
        if {"build", "increment"} & set(contestants):
            self._measure_build(PROJECT_DIR / "data", self._work_dir / "sample", is_full=True)
        if "funnel" in contestants:
            self._results.notes += [reason for engine in ENGINES if (reason := why_absent(engine))]
            if self._engines:
                self._results.hit_count = self._hit_count
                make_hits(self._hit_count, self._hits)
        if "increment" in contestants:
            self._history_dir, self._day_file = split_last_day(self._data_dir, self._work_dir / "split")
            self._results.day_event_count = self._results.event_count - event_count(self._history_dir)
            self._measure_build(self._history_dir, self._work_dir / "history", is_full=True)

    def _build(self) -> None:
        warehouse_dir = self._work_dir / "build"
        shutil.rmtree(warehouse_dir, ignore_errors=True)
        self._record("build", self._measure_build(self._data_dir, warehouse_dir, is_full=True))

    def _by_hand(self) -> None:
        out_dir = self._work_dir / "by_hand"
        shutil.rmtree(out_dir, ignore_errors=True)
        out_dir.mkdir()
        limit = ["--memory-limit", self._memory_limit] if self._memory_limit else []
        command = ["-m", "scripts.bench.by_hand", str(self._data_dir), str(out_dir / "prod.duckdb"), *limit]
        run = measure([sys.executable, *command], PROJECT_DIR, out_dir)
        self._results.runs.setdefault("by_hand", []).append(run)

    def _funnel(self) -> None:
        for engine in self._engines:
            self._results.funnel.setdefault(engine, []).append(run_engine(engine, self._hits))

    def _increment(self) -> None:
        """Add the day to a copy of the databases that were built without it."""
        warehouse_dir, day = self._work_dir / "increment", day_in(self._history_dir)
        shutil.rmtree(warehouse_dir, ignore_errors=True)
        shutil.copytree(self._work_dir / "history", warehouse_dir)
        shutil.copy2(self._day_file, day)
        try:
            self._record("increment", self._measure_build(self._history_dir, warehouse_dir, is_full=False))
        finally:
            day.unlink()

    def _measure_build(self, data_dir: Path, warehouse_dir: Path, is_full: bool) -> Measurement:
        variables = {
            "DATA_DIR": str(data_dir),
            "WAREHOUSE_DIR": str(warehouse_dir),
            "FULL": "1" if is_full else "",
            "DBT_TARGET_PATH": str(self._target_dir),
            "DBT_LOG_PATH": str(self._work_dir / "logs"),
        }
        if self._memory_limit:
            variables["MEMORY_LIMIT"] = self._memory_limit
        return measure([sys.executable, "-m", "scripts.build"], PROJECT_DIR, warehouse_dir, variables)

    def _record(self, name: str, run: Measurement) -> None:
        self._results.runs.setdefault(name, []).append(run)
        self._results.dbt.setdefault(name, []).append(dbt_time(self._target_dir, run))

    def _compare(self) -> None:
        prod, by_hand = self._work_dir / "build" / "prod.duckdb", self._work_dir / "by_hand" / "prod.duckdb"
        self._results.is_compared = True
        for table, comparison in compare_tables(prod, by_hand).items():
            if not is_equal(comparison):
                self._results.differences += first_differences(table, comparison)
