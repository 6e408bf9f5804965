"""How charts look: colours that tell apart what colour-blind people see, one style for all.

A specification names colours as CSS variables, so the page's own style makes them light, dark or fit for paper, without
drawing again. For PNG files the light ones are put in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import altair as alt

from scripts.databases import Row

# Blue, vermillion and green after Okabe and Ito, lighter on dark ground; each also has a shape or a pattern of its own.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1d2126",
    "soft": "#5c6570",
    "line": "#dcdfe3",
    "grid": "#ebedf0",
    "main": "#0072b2",
    "pale": "#cfe4f2",
    "alarm": "#c04f00",
    "alarm-pale": "#f7d9c4",
    "second": "#00795a",
    "open": "#f1f2f4",
    "heat-0": "#eef5fa",
    "heat-1": "#cfe4f2",
    "heat-2": "#9ccae6",
    "heat-3": "#4a97c9",
    "heat-4": "#0a5a94",
    "heat-none": "#ebebeb",
    "on-light": "#1d2126",
    "on-dark": "#ffffff",
}
DARK = {
    "paper": "#1b1f24",
    "ink": "#e6e8eb",
    "soft": "#a5aeb8",
    "line": "#3a414a",
    "grid": "#2a3037",
    "main": "#56b4e9",
    "pale": "#24506b",
    "alarm": "#ff9a52",
    "alarm-pale": "#5c3418",
    "second": "#3fd0a4",
    "open": "#23282e",
    "heat-0": "#1f2d38",
    "heat-1": "#1d4259",
    "heat-2": "#1f5f86",
    "heat-3": "#3f93c8",
    "heat-4": "#9cd3f5",
    "heat-none": "#2f3338",
    "on-light": "#f2f5f7",
    "on-dark": "#0d1216",
}
HEAT = tuple(f"heat-{level}" for level in range(5))
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
SEPARATOR = "\u001f"  # between what makes a row of a chart unique and what is written beside it
LABEL = f"split(split(datum.label, '{SEPARATOR}')[1], '\\n')"
"""Vega's expression for the label of an axis whose values come from `labelled`."""


def colour(name: str) -> str:
    """A colour, named as in LIGHT and DARK."""
    return f"var(--chart-{name})"


def labelled(key: object, label: str) -> str:
    """A value of an axis: unique by its key, shown as the label, whose line breaks are kept."""
    return f"{key}{SEPARATOR}{label}"


def config() -> dict[str, Any]:
    """The style that all charts share."""
    axis = {
        "labelColor": colour("ink"),
        "titleColor": colour("soft"),
        "gridColor": colour("grid"),
        "domainColor": colour("line"),
        "tickColor": colour("line"),
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "titlePadding": 8,
        "labelLimit": 170,
    }
    return {
        "font": FONT,
        "background": None,
        "padding": {"left": 2, "right": 6, "top": 4, "bottom": 2},
        "aria": False,  # the figure around the chart says what it shows
        "view": {"stroke": None},
        "axis": axis,
        "axisY": {"domain": False, "ticks": False},
        "text": {"color": colour("ink"), "fontSize": 12},
    }


def finished(chart: alt.TopLevelMixin, rows: Sequence[Row], height: int | dict[str, int]) -> dict[str, Any]:
    """Return the specification: as wide as its place, with its rows inside."""
    chart = chart.properties(data=alt.NamedData("rows"), width="container", height=height)
    specification: dict[str, Any] = chart.to_dict(context={"pre_transform": False})
    for part in ("$schema", "config"):
        specification.pop(part, None)
    return specification | {
        "autosize": {"type": "fit-x", "contains": "padding"},
        "datasets": {"rows": [{name: _plain(value) for name, value in row.items()} for row in rows]},
    }


def with_light_colours(specification: dict[str, Any]) -> dict[str, Any]:
    """Return a specification without CSS variables, for those who know no CSS."""
    text = re.sub(r"var\(--chart-([a-z0-9-]+)\)", lambda found: LIGHT[found[1]], json.dumps(specification))
    light: dict[str, Any] = json.loads(text)
    return light


def tooltip(*columns: tuple[str, str]) -> list[alt.Tooltip]:
    """What is shown under the pointer: texts of the rows, each with its title."""
    return [alt.Tooltip(f"{column}:N", title=title) for column, title in columns]


def name_axis() -> alt.Axis:
    """The axis of values from `labelled`. Vega does not centre two lines, so they begin half a line higher."""
    has_two_lines = "indexof(datum.label, '\\n') >= 0"
    return alt.Axis(labelExpr=LABEL, labelOffset=alt.condition(has_two_lines, alt.value(-7), alt.value(0)))


def percent_axis(**more: Any) -> alt.Axis:
    """An axis of rates."""
    return alt.Axis(format=".0%", tickCount=alt.expr("max(3, min(6, width / 70))"), **more)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
