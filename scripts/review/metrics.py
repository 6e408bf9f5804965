"""The numbers that people steer by, on both sides: the funnel's own answers, and what review.yml adds."""

from __future__ import annotations

from typing import Any

import duckdb

from scripts.databases import Row, first_line, rows_of
from scripts.review.findings import FunnelStep, Metric, Unit
from scripts.review.settings import MetricSetting
from scripts.review.sides import UsageError
from scripts.wording import percent

_STEPS = """
SELECT funnel_name, step_order, step_name, is_optional, reached_count, rate_of_previous, drop_off_rate
     , median_seconds_from_previous_step
  FROM {side}_prod.product.funnel_step_conversion
 WHERE segment_name = 'all' AND entered_month_start_date IS NULL
"""
_HEADLINES = """
SELECT funnel_name, conversion_rate, conversion_rate_7d, entry_count, mature_entry_count
  FROM {side}_prod.product.funnel_conversion_trends
 WHERE grain = 'all' AND segment_name = 'all'
"""
_SLICES = """
SELECT segment_name, segment_value, {measure} AS measured
  FROM {side}_prod.product.funnel_conversion_trends
 WHERE grain = 'all' AND segment_name <> 'all' AND funnel_name = ?
"""
_HEADLINE_UNITS: dict[str, tuple[str, Unit]] = {
    "conversion_rate": ("conversion", "rate"),
    "conversion_rate_7d": ("conversion within 7 days", "rate"),
    "entry_count": ("entries", "count"),
    "mature_entry_count": ("mature entries", "count"),
}
_COUNTED = {"converted_count": "conversions", "entry_count": "entries", "mature_entry_count": "mature entries"}


def funnel_steps(connection: duckdb.DuckDBPyConnection) -> tuple[FunnelStep, ...]:
    """Return every step of either side, in the funnels' order; a side without the table has no steps."""
    base, head = (
        {(row["funnel_name"], row["step_order"], row["step_name"]): row for row in _rows(connection, _STEPS, side)}
        for side in ("base", "head")
    )
    steps = []
    for key in sorted(base.keys() | head.keys()):
        pair = base.get(key, {}), head.get(key, {})
        values = {
            name: (pair[0].get(name), pair[1].get(name))
            for name in ("reached_count", "rate_of_previous", "drop_off_rate", "median_seconds_from_previous_step")
        }
        steps.append(
            FunnelStep(
                *key,
                is_optional=bool((pair[1] or pair[0])["is_optional"]),
                reached=values["reached_count"],
                rate_of_previous=values["rate_of_previous"],
                drop_off_rate=values["drop_off_rate"],
                median_seconds=values["median_seconds_from_previous_step"],
            )
        )
    return tuple(steps)


def headlines(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Metric]:
    """Return each funnel's headlines over all months, by funnel and column of funnel_conversion_trends."""
    base, head = ({row["funnel_name"]: row for row in _rows(connection, _HEADLINES, side)} for side in ("base", "head"))
    return {
        (funnel, column): Metric(
            f"{funnel} {words}", unit, base.get(funnel, {}).get(column), head.get(funnel, {}).get(column)
        )
        for funnel in sorted(base.keys() | head.keys())
        for column, (words, unit) in _HEADLINE_UNITS.items()
    }


def slice_that_moved(connection: duckdb.DuckDBPyConnection, funnel: str, column: str) -> str:
    """Say in words which segment's value holds more of a headline's change than its size explains, or nothing."""
    measure = "converted_count" if column.startswith("conversion_rate") else column
    sides = [
        {
            (row["segment_name"], row["segment_value"]): row["measured"] or 0
            for row in _rows(connection, _SLICES.replace("{measure}", measure), side, funnel)
        }
        for side in ("base", "head")
    ]
    base, head = sides
    what = _COUNTED[measure]
    best_excess, words = 0.0, ""
    for segment in sorted({name for name, _ in base | head}):
        values = sorted({value for name, value in base | head if name == segment})
        size = sum(base.get((segment, value), 0) for value in values)
        moves = {value: head.get((segment, value), 0) - base.get((segment, value), 0) for value in values}
        change = sum(moves.values())
        same_way = sum(move for move in moves.values() if move * change > 0)
        for value in values:
            if not size or moves[value] * change <= 0:
                continue
            share = moves[value] / same_way
            excess = share - base.get((segment, value), 0) / size
            if excess > best_excess + 1e-12:
                best_excess = excess
                how = "lost" if change < 0 else "gained"
                words = f"{percent(share, 0)} of the {how} {what} are {segment.replace('_', ' ')} = {value}"
    return words


def team_metrics(connection: duckdb.DuckDBPyConnection, settings: tuple[MetricSetting, ...]) -> list[Metric]:
    """Return the numbers of review.yml on both sides; None where a side's tables cannot say it.

    Raises:
        UsageError: the SQL is wrong on both sides, or gives something else than one number.
    """
    return [_team_metric(connection, setting) for setting in settings]


def _team_metric(connection: duckdb.DuckDBPyConnection, setting: MetricSetting) -> Metric:
    numbers: dict[str, float | None] = {}
    errors = []
    for side in ("base", "head"):
        connection.execute(f"USE {side}_prod.product")
        try:
            numbers[side] = _one_number(setting, connection.execute(setting.sql).fetchall())
        except duckdb.Error as error:
            numbers[side] = None
            errors.append(first_line(error))
    if len(errors) == 2:
        raise UsageError(f"review.yml: metrics: {setting.name}: {errors[1]}")
    return Metric(setting.name, setting.unit, numbers["base"], numbers["head"])


def _one_number(setting: MetricSetting, rows: list[tuple[Any, ...]]) -> float | None:
    if len(rows) != 1 or len(rows[0]) != 1 or isinstance(rows[0][0], (str, bool)):
        raise UsageError(f"review.yml: metrics: {setting.name}: the SQL must give one number")
    return None if rows[0][0] is None else float(rows[0][0])


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, side: str, *parameters: str) -> list[Row]:
    """Return rows of one side; none where the change took the table or a column away."""
    try:
        return rows_of(connection.execute(sql.format(side=side), list(parameters)))
    except (duckdb.CatalogException, duckdb.BinderException):
        return []
