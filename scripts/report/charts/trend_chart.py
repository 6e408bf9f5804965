"""The drawing of question 4: lines over the weeks of entry."""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt

from scripts.databases import Row
from scripts.report import words
from scripts.report.theme import colour, finished, percent_axis, tooltip

_HEIGHT = 300  # pixels
_BREAK = "break-paths-show-domains"  # a line has a gap where a week has no rate


def chart(rows: list[Row], changes: list[Row]) -> dict[str, Any]:
    """Return the drawing of the weeks, the open ones shaded, with a mark where the funnel's definition changed."""
    drawn = [
        {
            "week": row["week_start_date"],
            "rate": row["conversion_rate"],
            "low": row["conversion_rate_low"],
            "high": row["conversion_rate_high"],
            "rate_7d": row["conversion_rate_7d"],
            "rate_1d": row["conversion_rate_1d"],
            "so_far": row["converted_so_far_rate"],
            "is_open": row["open_entry_count"] > 0,
            "week_text": words.day(row["week_start_date"]),
            "people": f"{row['entry_count']:,}, {row['open_entry_count']:,} open",
            "rate_text": f"{words.percent(row['conversion_rate'])} "
            f"({words.interval(row['conversion_rate_low'], row['conversion_rate_high'])})",
            "text_7d": words.percent(row["conversion_rate_7d"]),
            "text_1d": words.percent(row["conversion_rate_1d"]),
            "so_far_text": words.percent(row["converted_so_far_rate"]),
        }
        for row in rows
    ]
    first_open = next((at for at, row in enumerate(rows) if row["open_entry_count"]), None)
    if first_open is not None:
        drawn[first_open] |= {
            "shade_from": rows[first_open]["week_start_date"],
            "shade_to": rows[-1]["week_start_date"],
        }
    first_week, last_week = rows[0]["week_start_date"], rows[-1]["week_start_date"]
    shown = [change for change in changes if change["changed_date"] >= first_week]
    drawn += [_mark(change, at, first_week, last_week) for at, change in enumerate(shown)]
    layers = [
        *(_shade() if first_open is not None else []),
        *(_rates() if _has(drawn, "rate") else []),
        *(_horizon("rate_1d:Q", [1, 4], 2) if _has(drawn, "rate_1d") else []),
        *(_horizon("rate_7d:Q", [7, 4], 1.8) if _has(drawn, "rate_7d") else []),
        *(_so_far() if _has(drawn, "so_far") else []),
        *(_marks() if shown else []),
    ]
    return finished(alt.layer(*layers), drawn, _HEIGHT)


def _has(drawn: list[Row], column: str) -> bool:
    """Whether a layer has something to draw: Vega warns of one that has not."""
    return any(row.get(column) is not None for row in drawn)


def _x(column: str = "week") -> alt.X:
    axis = alt.Axis(format="%-d %b", tickCount=alt.expr("max(3, width / 90)"), labelOverlap=True, grid=False)
    return alt.X(f"{column}:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _y(column: str) -> alt.Y:
    return alt.Y(column, title=None, axis=percent_axis(), scale=alt.Scale(zero=True))


def _weeks() -> alt.Chart:
    tips = tooltip(
        ("week_text", "week from"),
        ("people", "people"),
        ("rate_text", "conversion"),
        ("text_7d", "in 7 days"),
        ("text_1d", "in 1 day"),
        ("so_far_text", "so far"),
    )
    return alt.Chart().transform_filter("isValid(datum.week)").encode(x=_x(), tooltip=tips)


def _rates() -> list[alt.Chart]:
    look = alt.Scale(domain=[False, True], range=[colour("main"), colour("paper")])
    points = _weeks().transform_filter("isValid(datum.rate)")
    return [
        _weeks().mark_area(opacity=0.6, color=colour("pale"), invalid=_BREAK).encode(y=_y("low:Q"), y2="high:Q"),
        _weeks().mark_line(strokeWidth=2.6, color=colour("main"), invalid=_BREAK).encode(y=_y("rate:Q")),
        points.mark_point(size=44, filled=True, stroke=colour("main"), strokeWidth=1.6, opacity=1).encode(
            y=_y("rate:Q"), fill=alt.Fill("is_open:N", scale=look, legend=None)
        ),
    ]


def _horizon(column: str, dashes: list[int], width: float) -> list[alt.Chart]:
    line = _weeks().mark_line(
        strokeDash=dashes, strokeWidth=width, strokeCap="round", color=colour("main"), invalid=_BREAK
    )
    return [line.encode(y=_y(column))]


def _so_far() -> list[alt.Chart]:
    points = _weeks().transform_filter("isValid(datum.so_far)")
    line = points.mark_line(strokeDash=[2, 3], strokeWidth=1.4, color=colour("soft"))
    dots = points.mark_point(
        size=44, filled=True, fill=colour("paper"), stroke=colour("soft"), strokeWidth=1.6, opacity=1
    )
    return [line.encode(y=_y("so_far:Q")), dots.encode(y=_y("so_far:Q"))]


def _shade() -> list[alt.Chart]:
    shaded = alt.Chart().transform_filter("isValid(datum.shade_from)")
    return [shaded.mark_rect(color=colour("open")).encode(x=_x("shade_from"), x2="shade_to:T")]


def _marks() -> list[alt.Chart]:
    marked = alt.Chart().transform_filter("isValid(datum.mark)")
    text = marked.mark_text(
        align=alt.expr("datum.is_late ? 'right' : 'left'"),
        dx=alt.expr("datum.is_late ? -5 : 5"),
        dy=alt.expr("13 * datum.line"),
        baseline="top",
        color=colour("alarm"),
        fontSize=11,
    )
    return [
        marked.mark_rule(color=colour("alarm"), strokeWidth=1.5).encode(x=_x("mark")),
        text.encode(x=_x("mark"), y=alt.value(0), text="mark_text:N"),
    ]


def _mark(change: Row, at: int, first_week: date, last_week: date) -> Row:
    """A change of the definition: where it stands, and its text, on a line of its own, towards the middle."""
    sign = "+" if change["change"] == "added" else "−"
    return {
        "mark": change["changed_date"],
        "mark_text": f"{sign} {words.name(change['step_name'], 24)}",
        "line": at,
        "is_late": change["changed_date"] - first_week > (last_week - first_week) / 2,
    }
