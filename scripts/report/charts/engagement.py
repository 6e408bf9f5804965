"""Question 1: how long people stay on each page."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import colour, finished, labelled, name_axis, tooltip

SQL = """
SELECT step_order
     , step_name
     , person_count
     , CASE WHEN is_reportable THEN p25_seconds END AS p25_seconds
     , CASE WHEN is_reportable THEN median_seconds_per_person END AS median_seconds
     , CASE WHEN is_reportable THEN p75_seconds END AS p75_seconds
     , CASE WHEN is_reportable THEN p90_seconds END AS p90_seconds
     , CASE WHEN is_reportable THEN average_seconds_per_person END AS average_seconds
     , CASE WHEN is_reportable THEN median_engaged_seconds_per_person END AS median_engaged_seconds
     , CASE WHEN is_reportable THEN unknown_dwell_rate END AS unknown_dwell_rate
     , CASE WHEN is_reportable THEN cta_click_rate END AS cta_click_rate
  FROM product.funnel_page_engagement
 WHERE funnel_name = $funnel_name
   AND segment_name = 'all'
 ORDER BY step_order
"""
TITLES = {
    "step_name": "page",
    "person_count": "people",
    "p25_seconds": "a quarter up to",
    "median_seconds": "median",
    "p75_seconds": "three quarters up to",
    "p90_seconds": "nine tenths up to",
    "average_seconds": "mean, capped",
    "median_engaged_seconds": "median engaged",
    "unknown_dwell_rate": "views of unknown length",
    "cta_click_rate": "views with a click on the call to action",
}
_ROW = 40  # pixels


def engagement(prod: Prod, funnel: Funnel) -> Part:
    """Return the pages of the funnel with the time that people spend on them."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    cap = words.minutes(prod.settings.dwell_cap_seconds)
    is_drawn = any(row["median_seconds"] is not None for row in rows)
    return Part(
        id="pages",
        title="Time on each page",
        sentence=sentence(rows, prod.settings.reportable_count),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if is_drawn else None,
        alt="For each page the time per person: the middle half of people, median, capped mean and nine tenths.",
        key=(
            Key("band", "the middle half of people"),
            Key("tick", "median: half stay this long or longer"),
            Key("diamond", "mean, capped"),
            Key("ring", "nine tenths stay at most this long"),
        ),
        notes=(
            "Per person, summed over visits up to the conversion or the end of the window; one visit "
            f"counts up to {cap}. "
            "Entries need not be finished. Engaged: with activity on the page, by the tracker’s heartbeat.",
        ),
    )


def sentence(rows: list[Row], reportable_count: int) -> str:
    """Say where people stay longest and shortest."""
    if not rows:
        return "No step of this funnel is a page that anybody viewed, so there is no time on a page."
    known = [row for row in rows if row["median_seconds"] is not None]
    if not known:
        return (
            f"No page was viewed for a known time by {reportable_count} people or more: too few to say how "
            "long they stay."
        )
    longest = max(known, key=lambda row: row["median_seconds"])
    shortest = min(known, key=lambda row: row["median_seconds"])
    said = (
        f"People stay longest on {words.name(longest['step_name'])}: the median of "
        f"{words.people(longest['person_count'])} "
        f"is {words.seconds(longest['median_seconds'])}, one in ten stays "
        f"{words.seconds(longest['p90_seconds'])} or longer"
    )
    if shortest is longest:
        return f"{said}."
    return (
        f"{said}; shortest on {words.name(shortest['step_name'])}, median {words.seconds(shortest['median_seconds'])}."
    )


def _chart(rows: list[Row]) -> dict[str, Any]:
    drawn = [
        {
            "page": labelled(row["step_order"], words.wrapped(row["step_name"])),
            "p25": row["p25_seconds"],
            "median": row["median_seconds"],
            "p75": row["p75_seconds"],
            "p90": row["p90_seconds"],
            "mean": row["average_seconds"],
            "name": words.name(row["step_name"]),
            "people": words.count(row["person_count"]),
            "half": f"{words.seconds(row['p25_seconds'])} – {words.seconds(row['p75_seconds'])}",
            "median_text": words.seconds(row["median_seconds"]),
            "mean_text": words.seconds(row["average_seconds"]),
            "p90_text": words.seconds(row["p90_seconds"]),
        }
        for row in rows
        if row["median_seconds"] is not None
    ]
    longest = max(row["p90"] for row in drawn)
    unit = "min" if longest >= 240 else "s"
    axis = alt.Axis(
        tickCount=alt.expr("max(3, width / 90)"),
        # Whole minutes, or seconds: what the longest bar needs.
        labelExpr=f"format(datum.value / {60 if unit == 'min' else 1}, '~f') + ' {unit}'",
        values=[minutes * 60 for minutes in _round_minutes(longest)] if unit == "min" else alt.Undefined,
    )
    base = alt.Chart().encode(
        y=alt.Y("page:N", sort=None, title=None, axis=name_axis()),
        tooltip=tooltip(
            ("name", "page"),
            ("people", "people"),
            ("half", "middle half"),
            ("median_text", "median"),
            ("mean_text", "mean, capped"),
            ("p90_text", "nine tenths up to"),
        ),
    )
    seconds = alt.X("p25:Q", title="time per person", axis=axis, scale=alt.Scale(domainMin=0))
    layers = alt.layer(
        base.mark_bar(height=16, color=colour("pale"), cornerRadius=2).encode(x=seconds, x2="p75:Q"),
        base.mark_tick(thickness=4, size=24, opacity=1, color=colour("main")).encode(x="median:Q"),
        base.mark_point(shape="diamond", size=70, filled=True, color=colour("alarm"), opacity=1).encode(x="mean:Q"),
        base.mark_point(
            shape="circle",
            size=60,
            filled=True,
            fill=colour("paper"),
            stroke=colour("main"),
            strokeWidth=1.8,
            opacity=1,
        ).encode(x="p90:Q"),
    )
    return finished(layers, drawn, _ROW * len(drawn))


def _round_minutes(longest: float) -> list[float]:
    step = next(step for step in (1, 2, 5, 10, 30, 60, 120, 1e9) if longest / 60 / step <= 7)
    return [step * at for at in range(int(longest / 60 / step) + 1)]
