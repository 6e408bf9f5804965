"""The limits of review.yml: what breaks them, what a pull request may expect, and what is wrong in the files."""

from pathlib import Path

import pytest

from scripts.review.findings import ColumnChange, Gate, Key, Metric, ModelChange
from scripts.review.gates import held, measured
from scripts.review.settings import LIMITS, Expectation, Settings, read_settings
from scripts.review.sides import UsageError
from tests.worlds import PROJECT_DIR

UNMOVED = {
    ("F", "conversion_rate"): Metric("F conversion", "rate", 0.5, 0.5),
    ("F", "entry_count"): Metric("F entries", "count", 1000, 1000),
}


def a_model(**changes: object) -> ModelChange:
    given = {
        "name": "m",
        "path": "models/prod/m.sql",
        "layer": "prod.product",
        "kind": "changed",
        "base_row_count": 100,
    }
    return ModelChange(**(given | {"is_predicted": True} | changes))


def broken(
    model: ModelChange, headlines: dict[tuple[str, str], Metric] = UNMOVED, *expectations: Expectation
) -> list[Gate]:
    settings = Settings(expectations=expectations)
    found = [(what, settings.limits[what.gate]) for what in measured(headlines, (model,))]
    return [gate for gate in held(found, settings)[0] if gate.status != "passed"]


@pytest.mark.parametrize(
    ("model", "gate"),
    [
        (a_model(), None),
        (a_model(removed_row_count=2), None),
        (a_model(removed_row_count=3), "removed_row_share"),
        (a_model(removed_row_count=99, layer="prep.intermediate"), None),
        (a_model(kind="removed"), "removed_models"),
        (a_model(kind="renamed", base_name="old"), "removed_models"),
        (a_model(columns=(ColumnChange("c", "removed"),)), "removed_columns"),
        (a_model(columns=(ColumnChange("c", "renamed", base_name="b"),)), "removed_columns"),
        (a_model(columns=(ColumnChange("c", "retyped", base_type="INTEGER", head_type="BIGINT"),)), "retyped_columns"),
        (a_model(columns=(ColumnChange("c", "added"),)), None),
        (a_model(columns=(ColumnChange("c", "removed"),), layer="prep.base"), None),
        (a_model(key=Key(("k",), "unique test", head_duplicates=2)), "broken_keys"),
        (a_model(key=Key(("k",), "unique test", base_duplicates=2, head_duplicates=2)), None),
        (a_model(changed_row_count=1, is_predicted=False), "unpredicted_models"),
        (a_model(is_predicted=False), None),
    ],
)
def test_a_change_of_a_model_breaks_the_limit_it_must(model: ModelChange, gate: str | None) -> None:
    assert [found.name for found in broken(model)] == ([gate] if gate else [])


@pytest.mark.parametrize(
    ("column", "base", "head", "is_broken"),
    [
        ("conversion_rate", 0.5, 0.505, False),
        ("conversion_rate", 0.5, 0.494, True),
        ("conversion_rate", 0.5, None, True),
        ("conversion_rate", None, None, False),
        ("entry_count", 1000, 990, False),
        ("entry_count", 1000, 1011, True),
        ("entry_count", 0, 1, True),
    ],
)
def test_a_headline_may_move_up_to_its_limit(
    column: str, base: float | None, head: float | None, is_broken: bool
) -> None:
    assert bool(broken(a_model(), UNMOVED | {("F", column): Metric("F x", "rate", base, head)})) == is_broken


def test_what_is_expected_counts_up_to_its_bound_and_what_is_not_used_is_told() -> None:
    moved = UNMOVED | {("F", "conversion_rate"): Metric("F conversion", "rate", 0.5, 0.45)}
    enough = Expectation("conversion_rate_points", "F", 5, "a step more")
    too_little = Expectation("conversion_rate_points", "", 4, "a step more")
    of_another = Expectation("conversion_rate_points", "G", 9, "not this funnel")
    assert [gate.status for gate in broken(a_model(), moved, enough)] == ["expected"]
    assert [gate.status for gate in broken(a_model(), moved, too_little)] == ["failed"]
    assert [gate.status for gate in broken(a_model(), moved, of_another)] == ["failed"]
    settings = Settings(expectations=(enough, of_another))
    found = [(what, settings.limits[what.gate]) for what in measured(moved, ())]
    assert held(found, settings)[1] == ("conversion_rate_points of G: not this funnel",)


def test_the_committed_limits_are_all_there_is() -> None:
    assert read_settings(PROJECT_DIR).limits.keys() == LIMITS.keys()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("review.yml", "limits: {conversion: 1}", "review.yml: limits: conversion means nothing"),
        ("review.yml", "limits: {removed_models: -1}", "review.yml: limits.removed_models: -1 is not a number from 0"),
        ("review.yml", "limits: {removed_models: many}", "'many' is not a number"),
        ("review.yml", "- limits", "names with values are wanted"),
        ("review.yml", "limits: {", "review.yml is not readable as YAML"),
        ("review.yml", "metrics: [{name: a, unit: euro, sql: SELECT 1}]", "each needs name, sql and unit"),
        ("review/expected.yml", "expected: [{gate: removed_models, bound: 1}]", "say the reason"),
        ("review/expected.yml", "expected: [{gate: removed_models, reason: a}]", "every entry needs gate, bound"),
        ("review/expected.yml", "expected: [{gate: removed, bound: 1, reason: a}]", "removed is no gate"),
        ("review/expected.yml", "expected: [{gat: removed_models}]", "gat means nothing"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line(tmp_path: Path, file: str, text: str, words: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"^[^\n]+$") as caught:
        read_settings(tmp_path)
    assert words in str(caught.value)
