"""What the team says in review.yml, and what a pull request says it expects in review/expected.yml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml

from scripts.review.findings import Unit
from scripts.review.sides import UsageError

LIMITS = {
    "conversion_rate_points": 0.5,
    "entry_count_share": 0.01,
    "removed_row_share": 0.02,
    "removed_models": 0.0,
    "removed_columns": 0.0,
    "retyped_columns": 0.0,
    "broken_keys": 0.0,
    "unpredicted_models": 0.0,
}
_METRIC = ("name", "unit", "sql")
_UNITS = get_args(Unit)


@dataclass(frozen=True)
class MetricSetting:
    """A number of the team's own: SQL on the prod database, and how far it may move (points for rates)."""

    name: str
    unit: Unit
    sql: str
    limit: float | None


@dataclass(frozen=True)
class Expectation:
    """A limit that a pull request breaks on purpose: which, of what, up to which bound, and why."""

    gate: str
    of: str
    bound: float
    reason: str


@dataclass(frozen=True)
class Settings:
    """Limits, tolerances, keys and metrics of the team, and what the pull request expects."""

    absolute: float = 1e-9
    relative: float = 1e-9
    keys: dict[str, list[str]] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=lambda: dict(LIMITS))
    metrics: tuple[MetricSetting, ...] = ()
    expectations: tuple[Expectation, ...] = ()


def read_settings(project_dir: Path) -> Settings:
    """Read both files; either may be missing.

    Raises:
        UsageError: a file is no YAML, or has a name or a value that means nothing.
    """
    team, file = _yaml(project_dir / "review.yml"), "review.yml"
    _only(file, team, {"tolerance", "keys", "limits", "metrics"})
    tolerance = _only(f"{file}: tolerance", team.get("tolerance") or {}, {"absolute", "relative"})
    limits = _only(f"{file}: limits", team.get("limits") or {}, set(LIMITS))
    return Settings(
        absolute=_number(f"{file}: tolerance.absolute", tolerance.get("absolute", 1e-9)),
        relative=_number(f"{file}: tolerance.relative", tolerance.get("relative", 1e-9)),
        keys={str(model): [str(column) for column in columns] for model, columns in (team.get("keys") or {}).items()},
        limits=LIMITS | {name: _number(f"{file}: limits.{name}", value) for name, value in limits.items()},
        metrics=tuple(_metric(file, metric) for metric in team.get("metrics") or []),
        expectations=_expectations(project_dir),
    )


def _expectations(project_dir: Path) -> tuple[Expectation, ...]:
    file = "review/expected.yml"
    expected = _only(file, _yaml(project_dir / file), {"expected"}).get("expected") or []
    found = []
    for entry in expected:
        _only(file, entry, {"gate", "of", "bound", "reason"})
        if not isinstance(entry.get("reason"), str) or not entry["reason"].strip():
            raise UsageError(f"{file}: {entry.get('gate')}: say the reason")
        if "gate" not in entry or "bound" not in entry:
            raise UsageError(f"{file}: every entry needs gate, bound and reason")
        if entry["gate"] not in (*LIMITS, "metric"):
            raise UsageError(f"{file}: {entry['gate']} is no gate; they are {', '.join(LIMITS)}, metric")
        bound = _number(f"{file}: bound", entry["bound"])
        found.append(Expectation(str(entry["gate"]), str(entry.get("of", "")), bound, entry["reason"].strip()))
    return tuple(found)


def _metric(file: str, metric: Any) -> MetricSetting:
    _only(f"{file}: metrics", metric, {*_METRIC, "limit"})
    missing = [name for name in _METRIC if not isinstance(metric.get(name), str)]
    if missing or metric["unit"] not in _UNITS:
        raise UsageError(f"{file}: metrics: each needs name, sql and unit ({', '.join(_UNITS)})")
    limit = metric.get("limit")
    checked = None if limit is None else _number(f"{file}: limit of {metric['name']}", limit)
    return MetricSetting(metric["name"], metric["unit"], metric["sql"], checked)


def _yaml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not readable as YAML: {' '.join(str(error).split())}") from error
    return document


def _only(place: str, given: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise UsageError(f"{place}: names with values are wanted, not {given!r}")
    if unknown := sorted(set(map(str, given)) - known):
        raise UsageError(f"{place}: {unknown[0]} means nothing; known are {', '.join(sorted(known))}")
    return given


def _number(place: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise UsageError(f"{place}: {value!r} is not a number from 0 on")
    return float(value)
