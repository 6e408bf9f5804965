"""Question 3: which step loses most people."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import colour, finished, labelled, tooltip

SQL = """
SELECT step_order
     , step_name
     , is_optional
     , entry_count
     , eligible_count
     , reached_count
     , lost_count
     , CASE WHEN entry_count >= $reportable_count THEN rate_of_first END AS rate_of_first
     , CASE WHEN is_reportable THEN rate_of_previous END AS rate_of_previous
     , CASE WHEN is_reportable THEN rate_of_previous_low END AS rate_of_previous_low
     , CASE WHEN is_reportable THEN rate_of_previous_high END AS rate_of_previous_high
     , CASE WHEN is_reportable THEN drop_off_rate END AS drop_off_rate
     , CASE WHEN is_reportable THEN share_of_all_losses END AS share_of_all_losses_rate
     , is_largest_drop_off_by_count
     , is_largest_drop_off_by_rate
     , CASE WHEN is_reportable THEN median_seconds_from_previous_step END AS median_seconds_from_previous_step
  FROM product.funnel_step_conversion
 WHERE funnel_name = $funnel_name
   AND segment_name = 'all'
   AND entered_month_start_date IS NULL
 ORDER BY step_order
"""
TITLES = {
    "step_order": "no.",
    "step_name": "step",
    "is_optional": "optional",
    "reached_count": "reached",
    "rate_of_first": "of first",
    "rate_of_previous": "of previous",
    "rate_of_previous_low": "95 % from",
    "rate_of_previous_high": "to",
    "lost_count": "lost",
    "drop_off_rate": "drop-off",
    "share_of_all_losses_rate": "of all lost",
    "median_seconds_from_previous_step": "median time from previous",
}
_ROW = 58  # pixels: the name, the bar, the numbers


def steps(prod: Prod, funnel: Funnel) -> Part:
    """Return the funnel's steps with the people who reached them and those who were lost before."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    return Part(
        id="steps",
        title="The funnel, step by step",
        sentence=sentence(rows),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if rows else None,
        alt=(
            "One bar for each step: people who reached it, and beside it those who were lost since the "
            "required step before."
        ),
        key=(
            Key("bar", "reached"),
            Key("bar-lost", "lost since the required step before"),
            Key("bar-open", "optional: visited or not, nobody is lost there"),
        ),
        notes=(
            "Only people whose window has ended. Of previous: of those who reached the required step "
            "before. A step that "
            "was added later counts the people who entered since.",
        ),
    )


def sentence(rows: list[Row]) -> str:
    """Say at which step most people are lost, by number and by rate."""
    if not rows:
        return "No person’s window has ended yet, so no step can be said to lose anybody."
    entered = rows[0]["reached_count"]
    by_count = next((row for row in rows if row["is_largest_drop_off_by_count"]), None)
    if by_count is None:
        return f"Nobody is lost: all {words.people(entered)} reached the last step."
    by_rate = next((row for row in rows if row["is_largest_drop_off_by_rate"]), None)
    rate = "" if by_count["drop_off_rate"] is None else f", {words.percent(by_count['drop_off_rate'])}"
    said = (
        f"{words.name(by_count['step_name'])} loses most people: "
        f"{by_count['lost_count']:,} of {by_count['eligible_count']:,}{rate}"
    )
    if by_rate is None:
        return f"{said}. Too few people for a rate."
    if by_rate is by_count:
        return f"{said}; that is also the highest rate."
    return (
        f"{said}. The highest rate is lost at {words.name(by_rate['step_name'])}: {by_rate['lost_count']:,} of "
        f"{by_rate['eligible_count']:,}, {words.percent(by_rate['drop_off_rate'])}."
    )


def badge(row: Row) -> str:
    """What marks a step besides its numbers; empty if nothing does."""
    if row["is_optional"]:
        return "optional"
    by = [
        *(["people"] if row["is_largest_drop_off_by_count"] else []),
        *(["rate"] if row["is_largest_drop_off_by_rate"] else []),
    ]
    return f"← largest by {' and '.join(by)}" if by else ""


def _numbers(row: Row) -> str:
    told = []
    if row["rate_of_first"] is not None and row["step_order"] > 1:
        told.append(f"{words.percent(row['rate_of_first'])} of first")
    if row["rate_of_previous"] is not None:
        told.append(f"{words.percent(row['rate_of_previous'])} of prev.")
    if row["lost_count"]:
        told.append(f"{row['lost_count']:,} lost")
    return "".join(f" · {text}" for text in told)


def _chart(rows: list[Row]) -> dict[str, Any]:
    drawn = [
        {
            "step": labelled(row["step_order"], ""),
            "title": f"{row['step_order']} · {words.name(row['step_name'])}",
            "badge": badge(row),
            "reached_text": words.people(row["reached_count"]),
            "count": words.count(row["reached_count"]),
            "numbers": _numbers(row),
            "reached": row["reached_count"],
            "before": row["reached_count"] + (row["lost_count"] or 0),
            "kind": "optional" if row["is_optional"] else "required",
            "lost": words.count(row["lost_count"]),
            "time": words.seconds(row["median_seconds_from_previous_step"]),
        }
        for row in rows
    ]
    widest = max(row["before"] for row in drawn)
    x = alt.X("reached:Q", title=None, axis=None, scale=alt.Scale(domain=[0, max(widest, 1)], nice=False))
    base = alt.Chart().encode(
        y=alt.Y("step:N", sort=None, title=None, axis=None),
        tooltip=tooltip(
            ("title", "step"),
            ("reached_text", "reached"),
            ("numbers", "rates"),
            ("lost", "lost"),
            ("time", "median time from previous"),
        ),
    )

    def by_kind(channel: Any, required: str, optional: str) -> Any:
        scale = alt.Scale(domain=["required", "optional"], range=[required, optional])
        return channel("kind:N", scale=scale, legend=None)

    bar = {"height": 16, "cornerRadius": 2}
    text = {"baseline": "middle", "fontSize": 12}
    # A name may use the width that the badge of its row leaves.
    limit = alt.expr("datum.badge ? max(90, width - 8 - 6.6 * length(datum.badge)) : width")
    layers = alt.layer(
        base.mark_bar(color=colour("alarm-pale"), **bar).encode(x=x, x2="before:Q"),
        base.mark_bar(strokeWidth=1.5, strokeDash=[4, 3], **bar).encode(
            x=x,
            fill=by_kind(alt.Fill, colour("main"), colour("paper")),
            stroke=by_kind(alt.Stroke, colour("main"), colour("soft")),
        ),
        base.mark_text(align="left", dy=-18, fontWeight="bold", limit=limit, **text).encode(
            x=alt.value(0), text="title:N"
        ),
        base.mark_text(align="right", dy=-18, fontWeight="bold", **text).encode(
            x=alt.value("width"),
            text="badge:N",
            color=by_kind(alt.Color, colour("alarm"), colour("soft")),
        ),
        base.transform_calculate(told="(width < 420 ? datum.count : datum.reached_text) + datum.numbers")
        .mark_text(
            align="left", dy=18, color=colour("soft"), **text | {"fontSize": alt.expr("width < 420 ? 10.5 : 12")}
        )
        .encode(x=alt.value(0), text="told:N"),
    )
    return finished(layers, drawn, _ROW * len(drawn))
