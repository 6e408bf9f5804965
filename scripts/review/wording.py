"""How a review words its numbers, names and values: shared by terminal, Markdown and HTML, so that all say the same."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import NamedTuple

from scripts.review.findings import ColumnChange, FunnelStep, GateStatus, Key, Metric, ModelChange, Review, Unit, Value

# What the ways to show a review use as it is.
from scripts.wording import clean as clean
from scripts.wording import clean_lines as clean_lines
from scripts.wording import count as count
from scripts.wording import decimals_of, number, percent
from scripts.wording import names as names
from scripts.wording import plural as plural
from scripts.wording import seconds as seconds
from scripts.wording import shorten as shorten

GATE_SYMBOLS = {"failed": "✗", "expected": "~", "passed": "✓"}
"""In the order in which gates are shown."""
FUNNEL_HEADERS = ("reached", "of previous", "drop-off", "median time")
MEANINGS = {
    0: "within limits",
    1: "a gate failed",
    2: "the tool or its usage is at fault",
    3: "head does not build, or a test fails that passed on base",
    4: "base does not build",
}
_MOST_DECIMALS = 9


class Cell(NamedTuple):
    """A number on both sides, in words."""

    base: str
    head: str
    difference: str
    """Such as −1.5 points; empty where nothing changed."""
    has_changed: bool
    order: float
    """What a table is sorted by: the number on head."""

    @property
    def text(self) -> str:
        """The number, or base → head."""
        return f"{self.base} → {self.head}" if self.has_changed else self.head


# --- Numbers -----------------------------------------------------------------------------------------------------


def cell(base: float | None, head: float | None, unit: Unit) -> Cell:
    """A number on both sides, told as finely as it takes to see that it changed."""
    order = -math.inf if head is None else head
    if not has_changed(base, head):
        text = _finer(unit, head, head)[0](head)
        return Cell(text, text, "", False, order)
    texts = [(text_of(base), text_of(head)) for text_of in _finer(unit, base, head)]
    base_text, head_text = next(((old, new) for old, new in texts if old != new), texts[-1])
    return Cell(base_text, head_text, difference(base, head, unit), True, order)


def has_changed(base: float | None, head: float | None) -> bool:
    """Whether two numbers differ by more than the noise of floats."""
    if base is None or head is None:
        return base is not head
    if math.isnan(base) or math.isnan(head):
        return math.isnan(base) != math.isnan(head)
    return not math.isclose(base, head, rel_tol=1e-9, abs_tol=1e-12)


def difference(base: float | None, head: float | None, unit: Unit) -> str:
    """Head minus base: rates in percentage points, counts also in percent."""
    if base is None or head is None:
        return "" if base is head else "new" if base is None else "gone"
    change = float(head - base)
    if not math.isfinite(change):
        return "not finite"
    sign = "+" if change > 0 else ""
    if unit == "rate":
        return f"{sign}{_telling(100 * change)} points"
    if unit == "seconds":
        return sign + _first_telling([partial(seconds, precision=p) for p in range(_MOST_DECIMALS)], change)
    relative = f", {sign}{_telling(100 * change / abs(base))} %" if base else ""
    return f"{sign}{count(change) if unit == 'count' else _telling(change, 0 if change.is_integer() else 2)}{relative}"


def _finer(unit: Unit, base: float | None, head: float | None) -> list[Callable[[float | None], str]]:
    """The ways to tell these numbers, each finer than the one before."""
    if unit == "count":
        return [count]
    if unit == "rate":
        return [partial(percent, decimals=decimals) for decimals in range(1, _MOST_DECIMALS)]
    if unit == "seconds":
        return [partial(seconds, precision=precision) for precision in range(_MOST_DECIMALS)]
    least = max(map(decimals_of, (base, head)))
    return [partial(number, decimals=decimals) for decimals in range(least, 17)]


def _first_telling(ways: Iterable[Callable[[float], str]], value: float) -> str:
    texts = [text_of(value) for text_of in ways]
    return next((text for text in texts if re.search("[1-9]", text)), texts[0])


def _telling(value: float, least: int = 1) -> str:
    """The number with so many decimals that a small one does not read as zero."""
    return _first_telling([partial(number, decimals=decimals) for decimals in range(least, 16)], value)


# --- Names and values --------------------------------------------------------------------------------------------


def value(cell_value: Value) -> str:
    """A cell of a row. Text is quoted only where it could be taken for something else."""
    if cell_value is None:
        return "NULL"
    if isinstance(cell_value, bool):
        return str(cell_value).lower()
    if not isinstance(cell_value, str):
        return str(cell_value)  # all digits of a float, and no separators: integers may be ids
    is_ambiguous = cell_value in ("", "NULL", "true", "false") or cell_value != cell_value.strip()
    return f"'{clean(cell_value)}'" if is_ambiguous else clean(cell_value)


def values(base: Value, head: Value, limit: int) -> tuple[str, str]:
    """A cell on both sides. Long texts are cut around the place where they begin to differ."""
    old, new = value(base), value(head)
    if old == new and type(base) is not type(head):  # 2 and '2', of a column with another type
        old, new = (f"'{text}'" if isinstance(of, str) else text for of, text in ((base, old), (head, new)))
    if max(len(old), len(new)) > limit:
        shared = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), None)
        shared = min(len(old), len(new)) if shared is None else shared
        start = shared - 10 if shared > limit - 10 else 0
        if start:
            old, new = f"…{old[start:]}", f"…{new[start:]}"
    return shorten(old, limit), shorten(new, limit)


def key_of(example_key: dict[str, Value], limit: int) -> str:
    """The key of a row, such as person_id=7 · month=2025-01-01."""
    return " · ".join(f"{clean(name)}={shorten(value(part), limit)}" for name, part in example_key.items())


# --- What moved --------------------------------------------------------------------------------------------------


def moved_models(review: Review) -> list[ModelChange]:
    """The models whose rows or columns differ."""
    return [model for model in review.models if model.has_moved or model.kind == "renamed"]


def touched_models(review: Review) -> list[ModelChange]:
    """The models that were touched, or that something touched reaches, and that did not move."""
    moved = {model.name for model in moved_models(review)}
    return [model for model in review.models if model.name not in moved and _is_touched(model)]


def unpredicted(review: Review) -> list[str]:
    """The alarm: what moved although lineage says that the change cannot reach it."""
    unread = set(unread_models(review))
    drawn = [model.name for model in review.lineage if model.has_moved and not model.is_predicted]
    compared = [model.name for model in review.models if model.has_moved and model.is_predicted is False]
    return [name for name in dict.fromkeys([*drawn, *compared]) if name not in unread]


def predicted_unmoved(review: Review) -> list[str]:
    """What the change could have reached and what stayed as it was."""
    return [model.name for model in review.lineage if model.is_predicted and not model.has_moved]


def unread_models(review: Review) -> list[str]:
    """Models that moved and whose lineage could not be read, so that nothing was predicted."""
    return [model.name for model in review.models if model.has_moved and model.is_predicted is None]


def lineage_sentences(review: Review) -> list[tuple[bool, str, list[str]]]:
    """Prediction against measurement: whether it is the alarm, what is said, and of which models (unclean names)."""
    said = (
        (True, "moved, not predicted", unpredicted(review)),
        (False, "predicted, not moved", predicted_unmoved(review)),
        (False, "moved, lineage could not be read", unread_models(review)),
    )
    return [(is_alarm, words, of) for is_alarm, words, of in said if of]


def lineage_agrees(review: Review) -> str:
    """What is said of lineage where prediction and measurement are the same."""
    moved = sum(model.has_moved for model in review.lineage)
    if not moved:
        return "nothing was predicted to move, nothing moved"
    return f"what was predicted moved, nothing else did ({plural(moved, 'node')})"


def step_cells(step: FunnelStep) -> tuple[Cell, ...]:
    """The numbers of a step, in the order of FUNNEL_HEADERS."""
    return (
        cell(*step.reached, "count"),
        cell(*step.rate_of_previous, "rate"),
        cell(*step.drop_off_rate, "rate"),
        cell(*step.median_seconds, "seconds"),
    )


def step_notes(step: FunnelStep) -> str:
    """What is to know of a step besides its numbers."""
    base, head = step.reached
    is_on_one_side = "new" if base is None and head is not None else "gone" if head is None and base is not None else ""
    return ", ".join(filter(None, ("optional" if step.is_optional else "", is_on_one_side)))


def has_step_moved(step: FunnelStep) -> bool:
    """Whether a number of the step changed."""
    return any(step_cell.has_changed for step_cell in step_cells(step))


def has_funnel_moved(steps: Iterable[FunnelStep]) -> bool:
    """Whether a number of any step changed."""
    return any(map(has_step_moved, steps))


def funnels(review: Review) -> list[tuple[str, list[FunnelStep]]]:
    """The steps of each funnel."""
    return [(name, list(steps)) for name, steps in groupby(review.funnel, key=lambda step: step.funnel_name)]


def metric_cell(metric: Metric) -> Cell:
    """The metric on both sides."""
    return cell(metric.base, metric.head, metric.unit)


def changed_metrics(review: Review) -> list[Metric]:
    """The metrics that changed."""
    return [metric for metric in review.metrics if metric_cell(metric).has_changed]


def unchanged_metrics(review: Review) -> str:
    """How many metrics did not change, in words; empty if all did."""
    unchanged = len(review.metrics) - len(changed_metrics(review))
    if not unchanged:
        return ""
    return f"{plural(unchanged, 'other' if unchanged < len(review.metrics) else 'metric')} unchanged"


def is_unchanged(review: Review) -> bool:
    """Whether nothing moved: no model, no step, no metric."""
    return not (moved_models(review) or changed_metrics(review) or has_funnel_moved(review.funnel))


def is_compared(review: Review) -> bool:
    """Whether there is more to show than the problem. A failed test is a problem of two sides that were compared."""
    return bool(review.gates or review.funnel or review.metrics or review.models or review.lineage)


def without_values(review: Review) -> Review:
    """The review without values of rows, for places that others can read."""
    models = tuple(replace(model, examples=()) for model in review.models)
    return replace(review, models=models, problem=review.problem_without_values)


# --- Sentences ---------------------------------------------------------------------------------------------------


def summary(review: Review) -> str:
    """One sentence that sums the review up."""
    meaning = MEANINGS.get(review.exit_code, "see below")
    if not is_compared(review):
        return f"nothing was compared: {meaning}" if review.problem else "there is nothing to compare"
    broken: tuple[tuple[GateStatus, str], ...] = ("failed", "failed"), ("expected", "broken as expected")
    parts = [meaning if review.problem else "", _moved_sentence(review), _metric_sentence(review)]
    statuses = [gate.status for gate in review.gates]
    parts += [f"{plural(statuses.count(status), 'gate')} {words}" for status, words in broken if status in statuses]
    if alarms := unpredicted(review):
        parts.append(f"{len(alarms):,} moved, not predicted")
    return "; ".join(filter(None, parts))


def last_line(review: Review) -> str:
    """The last line, for people and for scripts."""
    return f"review: {review.verdict} (exit {review.exit_code})"


def key_text(key: Key) -> str:
    """The key and where it was found."""
    columns = ", ".join(clean(column) for column in key.columns)
    return f"{columns} ({clean(key.origin)})" if columns else "none"


def key_problem(model: ModelChange) -> str:
    """Why rows could not be paired by a key; empty if they could, or if there is nothing to pair."""
    key = model.key
    if model.kind in ("added", "removed"):
        return ""
    if not key.columns:
        return "no key: rows compared as a multiset, a changed row counts as one removed and one added"
    if key.is_usable:
        return ""
    sides = (("base", key.base_duplicates), ("head", key.head_duplicates))
    found = " and ".join(f"{count(duplicates)} rows on {side}" for side, duplicates in sides if duplicates)
    return f"not unique: {found} share their key or have NULL in it; rows compared as a multiset"


def column_text(column: ColumnChange) -> str:
    """What happened to the column besides moved rows; empty for one that only moved."""
    if column.kind == "renamed":
        return f"renamed from {clean(column.base_name or '?')}"
    if column.kind == "retyped":
        return f"{clean(column.base_type or '?')} → {clean(column.head_type or '?')}"
    if column.kind == "moved":
        return ""
    data_type = column.head_type if column.kind == "added" else column.base_type
    return f"{column.kind} ({clean(data_type)})" if data_type else column.kind


def why_text(model: ModelChange) -> str:
    """How the model changed and why."""
    kind = f"renamed from {clean(model.base_name or '?')}" if model.kind == "renamed" else model.kind
    # "Changed" says nothing that the rows do not say.
    told = [] if kind in ("changed", "same") else [kind]
    return ", ".join([*told, *map(clean, model.why)]) or "why is not known"


def row_count(model: ModelChange) -> Cell:
    """The rows on both sides."""
    return cell(model.base_row_count, model.head_row_count, "count")


def row_changes(model: ModelChange) -> str:
    """Rows removed, changed and added, to stand after their count; empty where the model is on one side only."""
    if model.kind in ("added", "removed"):
        return ""
    counts = (("−", model.removed_row_count), ("~", model.changed_row_count), ("+", model.added_row_count))
    told = " · ".join(f"{sign} {count(rows)}" for sign, rows in counts if rows)
    return f" · {told}" if told else ", all the same"


def tolerance_text(model: ModelChange) -> str:
    """How many cells differ by float noise only; empty if none does."""
    within = sum(column.within_tolerance_count for column in model.columns)
    return f"{plural(within, 'cell')} within tolerance" if within else ""


def _is_touched(model: ModelChange) -> bool:
    return bool(model.why or model.code_diff or model.kind != "same")


def _moved_sentence(review: Review) -> str:
    moved, steps = len(moved_models(review)), sum(map(has_step_moved, review.funnel))
    if is_unchanged(review):
        return "nothing moved"
    sentence = f"{plural(moved, 'model')} moved" if moved else "no model moved"
    return f"{sentence}, {steps:,} of {plural(len(review.funnel), 'step')}" if review.funnel else sentence


def _metric_sentence(review: Review) -> str:
    """The rate that changed most; where none did, the first other number."""
    changed = changed_metrics(review)
    rates = [metric for metric in changed if metric.unit == "rate" and None not in (metric.base, metric.head)]
    told = sorted(rates, key=lambda metric: -abs((metric.head or 0) - (metric.base or 0))) or changed
    return f"{clean(told[0].name)} {metric_cell(told[0]).difference}" if told else ""
