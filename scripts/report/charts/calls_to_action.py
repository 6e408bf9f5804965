"""Question 5: whether the call to action of a page is clear."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row, grouped
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import colour, finished, labelled, name_axis, tooltip

SQL = """
SELECT step_order
     , step_name
     , segment_value AS device_type
     , person_count
     , CASE WHEN is_reportable THEN cta_click_rate END AS cta_click_rate
     , CASE WHEN is_reportable THEN median_seconds_to_cta_click END AS median_seconds_to_cta_click
     , CASE WHEN is_reportable THEN median_scroll_depth_rate END AS median_scroll_depth_rate
  FROM product.funnel_page_engagement
 WHERE funnel_name = $funnel_name
   AND segment_name = 'device'
   AND cta_click_rate IS NOT NULL
 ORDER BY step_order
        , device_type
"""
TITLES = {
    "step_name": "page",
    "device_type": "device",
    "person_count": "people",
    "cta_click_rate": "views with a click",
    "median_seconds_to_cta_click": "median time to the click",
    "median_scroll_depth_rate": "median part of the page seen",
}
_DEVICES = {
    "desktop": ("square", "main"),
    "phone": ("circle", "alarm"),
    "tablet": ("triangle-up", "second"),
    "other": ("diamond", "soft"),
}
"""A shape and a colour for each."""
_ROW = 34  # pixels


def calls_to_action(prod: Prod, funnel: Funnel) -> Part:
    """Return how soon people click each page's call to action, on each kind of device."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    is_drawn = any(row["median_seconds_to_cta_click"] is not None for row in rows)
    devices = {_device(row) for row in rows}
    return Part(
        id="calls-to-action",
        title="How soon the call to action is found",
        sentence=sentence(rows),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if is_drawn else None,
        alt="Median time from opening each page to the click on its call to action, by kind of device.",
        key=tuple(Key(f"device-{device}", device) for device in _DEVICES if device in devices),
        notes=(
            "Views with a click are of all views of the page. The times are medians of the views with a click; "
            "differences between devices are shown, not tested.",
        ),
    )


def sentence(rows: list[Row]) -> str:
    """Name the page on which one kind of device needs longest, compared with the commonest other one."""
    known = [row for row in rows if row["median_seconds_to_cta_click"] is not None]
    if not known:
        return "No page of this funnel has a call to action that enough people clicked."
    widest = None
    for _, of_page in grouped(known, "step_order"):
        slowest = max(of_page, key=lambda row: row["median_seconds_to_cta_click"])
        others = [row for row in of_page if row is not slowest and row["median_seconds_to_cta_click"]]
        if others:
            usual = max(others, key=lambda row: row["person_count"])
            ratio = slowest["median_seconds_to_cta_click"] / usual["median_seconds_to_cta_click"]
            widest = max(widest or (0.0, slowest, usual), (ratio, slowest, usual), key=lambda found: found[0])
    if widest is None:
        slowest = max(known, key=lambda row: row["median_seconds_to_cta_click"])
        return (
            f"The call to action of {words.name(slowest['step_name'])} is found last: median "
            f"{words.seconds(slowest['median_seconds_to_cta_click'])}. Only one kind of device has enough people."
        )
    ratio, slowest, usual = widest
    return (
        f"Devices differ most on {words.name(slowest['step_name'])}: on "
        f"{words.name(slowest['device_type'])} half of the "
        f"clicks take longer than {words.seconds(slowest['median_seconds_to_cta_click'])}, on "
        f"{words.name(usual['device_type'])} {words.seconds(usual['median_seconds_to_cta_click'])} "
        f"({ratio:.1f} times as long); {words.percent(slowest['cta_click_rate'])} against "
        f"{words.percent(usual['cta_click_rate'])} of views have a click."
    )


def _device(row: Row) -> str:
    return row["device_type"] if row["device_type"] in _DEVICES else "other"


def _chart(rows: list[Row]) -> dict[str, Any]:
    drawn = [
        {
            "page": labelled(row["step_order"], words.wrapped(row["step_name"])),
            "seconds": row["median_seconds_to_cta_click"],
            "device": _device(row),
            "name": words.name(row["step_name"]),
            "on": words.name(row["device_type"]),
            "time": words.seconds(row["median_seconds_to_cta_click"]),
            "clicks": words.percent(row["cta_click_rate"]),
            "people": words.count(row["person_count"]),
        }
        for row in rows
        if row["median_seconds_to_cta_click"] is not None
    ]
    base = alt.Chart().encode(y=alt.Y("page:N", sort=None, title=None, axis=name_axis()))

    def by_device(channel: Any, values: list[str]) -> Any:
        return channel("device:N", scale=alt.Scale(domain=list(_DEVICES), range=values), legend=None)

    colours = [colour(name) for _, name in _DEVICES.values()]
    x = alt.X(
        "seconds:Q",
        title="median time to the click",
        scale=alt.Scale(zero=True, nice=True),
        axis=alt.Axis(tickCount=alt.expr("max(3, width / 90)"), labelExpr="datum.label + ' s'"),
    )
    layers = alt.layer(
        base.mark_rule(color=colour("line"), strokeWidth=2).encode(x=alt.X("min(seconds):Q"), x2="max(seconds):Q"),
        base.mark_point(size=90, filled=True, opacity=0.95).encode(
            x=x,
            shape=by_device(alt.Shape, [shape for shape, _ in _DEVICES.values()]),
            color=by_device(alt.Color, colours),
            tooltip=tooltip(
                ("name", "page"),
                ("on", "device"),
                ("time", "median time"),
                ("clicks", "views with a click"),
                ("people", "people"),
            ),
        ),
    )
    return finished(layers, drawn, _ROW * len({row["page"] for row in drawn}))
