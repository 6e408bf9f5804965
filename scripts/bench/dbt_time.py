"""Where the time of a build goes, as dbt's own run_results.json tells."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scripts.bench.measure import Measurement


@dataclass(frozen=True)
class DbtTime:
    """The wall seconds of a build by what they were spent on."""

    by_node: dict[str, float]
    """Seeds and models by name, operations and tests summed; most first."""
    model_seconds: float
    """Seeds, models and operations."""
    test_seconds: float
    start_seconds: float
    """From the start of the process to that of dbt's first node: Python, imports, parsing, checks."""
    end_seconds: float
    """From the end of dbt's last node to that of the process."""

    @property
    def engine_seconds(self) -> float:
        """All that dbt's nodes took."""
        return self.model_seconds + self.test_seconds


def dbt_time(target_dir: Path, run: Measurement) -> DbtTime:
    """Read the run_results.json that a measured build has left in dbt's target folder."""
    results = json.loads((target_dir / "run_results.json").read_text(encoding="utf-8"))["results"]
    by_node: defaultdict[str, float] = defaultdict(float)
    for result in results:
        by_node[_label(result["unique_id"])] += result["execution_time"]
    times = [timing for result in results for timing in result["timing"] if timing.get("completed_at")]
    first, last = min(_seconds(t["started_at"]) for t in times), max(_seconds(t["completed_at"]) for t in times)
    test_seconds = by_node.get(_TESTS, 0.0)
    return DbtTime(
        by_node=dict(sorted(by_node.items(), key=lambda item: -item[1])),
        model_seconds=sum(by_node.values()) - test_seconds,
        test_seconds=test_seconds,
        start_seconds=first - run.started_at,
        end_seconds=run.started_at + run.wall_seconds - last,
    )


_TESTS = "(tests)"


def _label(unique_id: str) -> str:
    """A node's id is kind.project.name, of a test with a hash behind."""
    kind, _, name = unique_id.split(".")[:3]
    return {"test": _TESTS, "unit_test": _TESTS, "operation": "(operations)"}.get(kind, name)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
