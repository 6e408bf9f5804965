"""What the benchmark says: tables for people, JSON for programs."""

from __future__ import annotations

import platform
from collections.abc import Sequence, Sized
from dataclasses import asdict
from statistics import median
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from scripts import wording
from scripts.bench.contestants import Results
from scripts.bench.dbt_time import DbtTime
from scripts.bench.measure import Measurement

_SHOWN_NODES = 25


def as_json(results: Results) -> dict[str, Any]:
    """Return all that was measured, in seconds, bytes and counts."""
    return {
        "data_dir": str(results.data_dir),
        "event_count": results.event_count,
        "day_event_count": results.day_event_count,
        "hit_count": results.hit_count,
        "machine": {"python": platform.python_version(), "duckdb": duckdb.__version__, "system": platform.platform()},
        "runs": {name: [asdict(run) for run in runs] for name, runs in results.runs.items()},
        "dbt": {name: [asdict(time) for time in times] for name, times in results.dbt.items()},
        "funnel": {engine: [asdict(run) for run in runs] for engine, runs in results.funnel.items()},
        "cpu_ratio_to_by_hand": cpu_ratio(results),
        "is_compared": results.is_compared,
        "differences": results.differences,
        "notes": results.notes,
    }


def cpu_ratio(results: Results) -> float | None:
    """Return the build's processor seconds over those by hand, both medians; None unless both were measured."""
    if not {"build", "by_hand"} <= results.runs.keys():
        return None
    return _median_run(results.runs["build"]).cpu_seconds / _median_run(results.runs["by_hand"]).cpu_seconds


def print_report(results: Results, console: Console) -> None:
    """Print the tables, and what was left out."""
    measured: list[Sized] = [*results.runs.values(), *results.funnel.values()]
    rounds = max(map(len, measured), default=0)
    console.print(
        f"{results.event_count:,} events of {results.data_dir}, {wording.plural(rounds, 'round')}, medians",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if results.runs:
        console.print(_runs_table(results))
    if results.funnel:
        console.print(_funnel_table(results))
    for name, times in results.dbt.items():
        _print_dbt(name, min(times, key=lambda time: time.engine_seconds), console)
    if results.is_compared:
        verdict = "differ" if results.differences else "are equal in every row and column that both have"
        console.print(f"The tables of build and by hand {verdict}", highlight=False, soft_wrap=True)
    for line in [*results.differences, *results.notes]:
        console.print(wording.clean(line), highlight=False, markup=False, soft_wrap=True)


def _runs_table(results: Results) -> Table:
    table = _table(
        "Programs", "wall s", "CPU s", "CPU ÷ by hand", "events/CPU s", "peak memory", "peak disk", "databases"
    )
    by_hand = results.runs.get("by_hand")
    for name, runs in results.runs.items():
        run = _median_run(runs)
        events = results.day_event_count if name == "increment" else results.event_count
        ratio = f"{run.cpu_seconds / _median_run(by_hand).cpu_seconds:.2f}" if by_hand else wording.NONE
        table.add_row(
            f"{name} ({events:,} events)", f"{run.wall_seconds:.1f}", f"{run.cpu_seconds:.1f}",
            ratio if name != "increment" else wording.NONE, wording.count(events / run.cpu_seconds),
            _megabytes(run.peak_memory_bytes), _megabytes(run.peak_disk_bytes), _megabytes(run.final_disk_bytes),
        )  # fmt: skip
    return table


def _funnel_table(results: Results) -> Table:
    table = _table(f"Funnel step alone, {results.hit_count:,} hits", "wall s", "CPU s", "hits/CPU s", "people by depth")
    for engine, runs in results.funnel.items():
        cpu_seconds = median(run.cpu_seconds for run in runs)
        table.add_row(
            engine, f"{median(run.wall_seconds for run in runs):.2f}", f"{cpu_seconds:.2f}",
            wording.count(results.hit_count / cpu_seconds), " ".join(f"{n:,}" for n in runs[0].depths.values()),
        )  # fmt: skip
    return table


def _print_dbt(name: str, time: DbtTime, console: Console) -> None:
    console.print(
        f"{name}: {time.engine_seconds:.1f} s in dbt's nodes, one at a time (models {time.model_seconds:.1f}, "
        f"tests {time.test_seconds:.1f}); "
        f"before the first {time.start_seconds:.1f} s, after the last {time.end_seconds:.1f} s",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    table = _table(f"Where {name} spends its time", "s", "share")
    nodes = list(time.by_node.items())
    for label, seconds in nodes[:_SHOWN_NODES]:
        table.add_row(label, f"{seconds:.2f}", wording.percent(seconds / time.engine_seconds))
    if rest := nodes[_SHOWN_NODES:]:
        seconds = sum(spent for _, spent in rest)
        table.add_row(f"({len(rest)} more)", f"{seconds:.2f}", wording.percent(seconds / time.engine_seconds))
    console.print(table)


def _table(title: str, *numbers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _median_run(runs: Sequence[Measurement]) -> Measurement:
    """Return the run whose processor time is in the middle; of an even number the lower of two."""
    return sorted(runs, key=lambda run: run.cpu_seconds)[(len(runs) - 1) // 2]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
