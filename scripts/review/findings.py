"""What a review finds: plain records that the comparison fills and that terminal, Markdown, HTML and JSON show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Value = str | int | float | bool | None
"""A cell as JSON knows it; dates and timestamps are ISO text."""

Verdict = Literal["PASS", "CHANGED", "FAIL", "ERROR"]
Unit = Literal["rate", "count", "seconds", "number"]
"""Rates are 0..1 and their change is told in percentage points."""
GateStatus = Literal["passed", "failed", "expected"]
"""Expected: broken, but within the bound that review/expected.yml states with a reason."""


@dataclass(frozen=True)
class Key:
    """By which columns the rows of two revisions of a relation are paired, and how good that is."""

    columns: tuple[str, ...]
    """None: the relation has no key, and rows are compared as a multiset."""
    origin: str
    """Where it was found: review.yml, contract, unique test, unique_combination_of_columns test, or none."""
    base_duplicates: int = 0
    head_duplicates: int = 0
    """Rows with a key (or a NULL in it) that another row has too."""

    @property
    def is_usable(self) -> bool:
        """Whether the key tells rows apart on both sides."""
        return bool(self.columns) and not self.base_duplicates and not self.head_duplicates


@dataclass(frozen=True)
class ColumnChange:
    """What happened to a column."""

    name: str
    """As on head; on base where it was removed."""
    kind: Literal["moved", "added", "removed", "renamed", "retyped"]
    """Retyped columns are compared after a cast, so they may have moved too: see moved_count."""
    moved_count: int = 0
    """Rows, of those on both sides, whose value differs beyond the tolerance."""
    within_tolerance_count: int = 0
    base_name: str | None = None
    base_type: str | None = None
    head_type: str | None = None


@dataclass(frozen=True)
class Example:
    """A row that differs: its key, and each column that moved with both values."""

    key: dict[str, Value]
    how: Literal["changed", "added", "removed"]
    columns: dict[str, tuple[Value, Value]] = field(default_factory=dict)
    """Column → (base, head); for added and removed rows every column, with None on the side that lacks it."""


@dataclass(frozen=True)
class ModelChange:
    """One model or seed on both sides."""

    name: str
    path: str
    """Of the SQL or CSV file, on head where there is one."""
    layer: str
    """Three-part name without the last part, such as prod.product."""
    kind: Literal["same", "changed", "added", "removed", "renamed"]
    why: tuple[str, ...] = ()
    """Of: code, upstream, data, configuration. Empty where nothing moved and nothing was touched."""
    base_name: str | None = None
    """Of a renamed model."""
    key: Key = Key((), "none")
    base_row_count: int = 0
    head_row_count: int = 0
    removed_row_count: int = 0
    added_row_count: int = 0
    changed_row_count: int = 0
    columns: tuple[ColumnChange, ...] = ()
    """Only those to which something happened, most moved rows first."""
    examples: tuple[Example, ...] = ()
    code_diff: str = ""
    """Unified diff of the model's own SQL or CSV file; empty where it is the same."""
    is_predicted: bool | None = None
    """Whether column lineage says the change reaches it; None if lineage could not be read."""

    @property
    def has_moved(self) -> bool:
        """Whether its rows or columns differ beyond the tolerance."""
        return self.kind in ("added", "removed") or bool(
            self.removed_row_count
            or self.added_row_count
            or self.changed_row_count
            or any(column.moved_count or column.kind != "moved" for column in self.columns)
        )


@dataclass(frozen=True)
class FunnelStep:
    """A step of a funnel over all people and months, base → head; None where a side has no such step."""

    funnel_name: str
    step_order: int
    step_name: str
    is_optional: bool
    reached: tuple[int | None, int | None]
    rate_of_previous: tuple[float | None, float | None]
    drop_off_rate: tuple[float | None, float | None]
    median_seconds: tuple[float | None, float | None]


@dataclass(frozen=True)
class Metric:
    """A number that people steer by, base → head: a headline of the funnel, or one of review.yml's."""

    name: str
    unit: Unit
    base: float | None
    head: float | None
    slice_that_moved: str = ""
    """In words, where a limit was broken: which segment's share of the change is largest."""


@dataclass(frozen=True)
class Gate:
    """A limit of review.yml and whether the change keeps it."""

    name: str
    status: GateStatus
    message: str
    of: str = ""
    """What breaks it: a funnel, a model, a column or a metric."""


@dataclass(frozen=True)
class LineageModel:
    """A model, seed, source or exposure in the drawing."""

    name: str
    layer: str
    reads: tuple[str, ...]
    has_moved: bool
    is_predicted: bool
    """The change can reach it; moved and not predicted is the alarm."""


@dataclass(frozen=True)
class Review:
    """Everything that a review says."""

    verdict: Verdict
    exit_code: int
    base: str
    """Such as main at 1a2b3c4."""
    head: str
    data: str
    """Folder and fingerprint of the data that both sides were built from."""
    gates: tuple[Gate, ...] = ()
    funnel: tuple[FunnelStep, ...] = ()
    metrics: tuple[Metric, ...] = ()
    models: tuple[ModelChange, ...] = ()
    lineage: tuple[LineageModel, ...] = ()
    unused_expectations: tuple[str, ...] = ()
    problem: str = ""
    """Why there is nothing to compare, as a side did not build, or which tests fail."""
    problem_without_values: str = ""
    """The same with the kinds of errors in place of the engine's messages, as these may quote rows."""
    reproduce: tuple[str, ...] = ()
    """Commands that show the same again."""
    seconds: float = 0.0
