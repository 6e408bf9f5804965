"""Hold a change against the limits of review.yml; what review/expected.yml states with a reason may go further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scripts.review.findings import Gate, Metric, ModelChange
from scripts.review.settings import Expectation, Settings
from scripts.wording import percent

HEADLINE_GATES = {"conversion_rate": "conversion_rate_points", "entry_count": "entry_count_share"}
"""Which gate holds which column of funnel_conversion_trends."""
_PROD = "prod.product"


class Measured(NamedTuple):
    """How far a change goes in one respect: the gate, of what, how much, and in words."""

    gate: str
    of: str
    amount: float
    words: str


def measured(headlines: dict[tuple[str, str], Metric], models: tuple[ModelChange, ...]) -> Iterator[Measured]:
    """Yield what the limits are about, for every funnel and every model of prod."""
    for (funnel, column), metric in headlines.items():
        if column == "conversion_rate":
            points = _distance(metric, 100)
            yield Measured(HEADLINE_GATES[column], funnel, points, f"{metric.name} moves by {points:.2f} points")
        if column == "entry_count":
            share = _distance(metric, 1 / metric.base if metric.base else 1)
            yield Measured(HEADLINE_GATES[column], funnel, share, f"{metric.name} move by {percent(share)}")
    for model in models:
        if model.key.columns and model.key.head_duplicates and not model.key.base_duplicates:
            words = f"{model.name}: {model.key.head_duplicates:,} rows share a key ({', '.join(model.key.columns)})"
            yield Measured("broken_keys", model.name, 1, words)
        if model.is_predicted is False and model.has_moved:
            yield Measured("unpredicted_models", model.name, 1, f"{model.name} moved, and lineage does not say why")
        if model.layer == _PROD:
            yield from _of_prod(model)


def _of_prod(model: ModelChange) -> Iterator[Measured]:
    if model.kind in ("removed", "renamed"):
        how = f"renamed to {model.name}" if model.kind == "renamed" else "gone"
        yield Measured("removed_models", model.base_name or model.name, 1, f"{model.base_name or model.name} is {how}")
    for column in model.columns:
        if column.kind in ("removed", "renamed"):
            old = column.base_name or column.name
            how = f"renamed to {column.name}" if column.kind == "renamed" else "gone"
            yield Measured("removed_columns", f"{model.name}.{old}", 1, f"{model.name}.{old} is {how}")
        if column.kind == "retyped":
            words = f"{model.name}.{column.name} is {column.head_type}, was {column.base_type}"
            yield Measured("retyped_columns", f"{model.name}.{column.name}", 1, words)
    if model.removed_row_count and model.kind != "removed":
        share = model.removed_row_count / model.base_row_count
        yield Measured("removed_row_share", model.name, share, f"{model.name} loses {percent(share)} of its rows")


def of_metrics(metrics: list[Metric], settings: Settings) -> Iterator[tuple[Measured, float]]:
    """Yield how far the team's own numbers move, with their limits."""
    for metric, setting in zip(metrics, settings.metrics, strict=True):
        if setting.limit is not None:
            amount = _distance(metric, 100 if metric.unit == "rate" else 1)
            yield Measured("metric", metric.name, amount, f"{metric.name} moves by {amount:.4g}"), setting.limit


def _distance(metric: Metric, scale: float) -> float:
    if metric.base is None or metric.head is None:
        return 0.0 if metric.base == metric.head else float("inf")
    return abs(metric.head - metric.base) * scale


def held(found: list[tuple[Measured, float]], settings: Settings) -> tuple[tuple[Gate, ...], tuple[str, ...]]:
    """Return the gates, one for each limit that is kept and one for each breach, and the expectations without use.

    An expectation is of one thing (`of`), or of everything a gate measures where it names none.
    """
    gates, used = [], set()
    kept: dict[str, tuple[float, str]] = {}
    for what, limit in found:
        if what.amount <= limit + 1e-12:
            words = _with_limit(what, limit)
            kept[what.gate] = max(kept.get(what.gate, (0.0, "")), (what.amount, words))
            continue
        expectation = _expectation(what, settings.expectations)
        if expectation is not None:
            used.add(expectation)
        if expectation is not None and what.amount <= expectation.bound + 1e-12:
            gates.append(Gate(what.gate, "expected", f"{what.words}: {expectation.reason}", what.of))
        else:
            bound = limit if expectation is None else expectation.bound
            gates.append(Gate(what.gate, "failed", _with_limit(what, bound), what.of))
    names = [*settings.limits, *(["metric"] if any(what.gate == "metric" for what, _ in found) else [])]
    broken = {gate.name for gate in gates}
    gates += [
        Gate(name, "passed", words if amount else "nothing found")
        for name in names
        if name not in broken
        for amount, words in [kept.get(name, (0.0, ""))]
    ]
    unused = tuple(
        f"{each.gate}{f' of {each.of}' if each.of else ''}: {each.reason}"
        for each in settings.expectations
        if each not in used
    )
    return tuple(gates), unused


def _with_limit(what: Measured, limit: float) -> str:
    bound = percent(limit) if what.gate.endswith("_share") else f"{limit:g}"
    return f"{what.words}, {bound} is the limit"


def _expectation(what: Measured, expectations: tuple[Expectation, ...]) -> Expectation | None:
    fitting = [each for each in expectations if each.gate == what.gate and each.of in ("", what.of)]
    return max(fitting, key=lambda each: (bool(each.of), each.bound), default=None)
