"""Question 5: whether a step that was added hurts."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row, grouped
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import colour, finished, labelled, name_axis, percent_axis, tooltip

SQL = """
SELECT step_order
     , step_name
     , valid_from_date
     , period
     , first_entered_date
     , last_entered_date
     , mature_entry_count
     , converted_count
     , CASE WHEN is_reportable THEN conversion_rate END AS conversion_rate
     , CASE WHEN is_reportable THEN conversion_rate_low END AS conversion_rate_low
     , CASE WHEN is_reportable THEN conversion_rate_high END AS conversion_rate_high
     , CASE WHEN BOOL_AND(is_reportable) OVER (PARTITION BY step_order) THEN difference_in_points END
       AS difference_in_points
     , CASE WHEN BOOL_AND(is_reportable) OVER (PARTITION BY step_order) THEN p_value END AS p_value
  FROM product.funnel_step_introductions
 WHERE funnel_name = $funnel_name
 ORDER BY valid_from_date
        , step_order
        , period DESC
"""
TITLES = {
    "step_name": "added step",
    "valid_from_date": "from",
    "period": "entered",
    "mature_entry_count": "people",
    "converted_count": "converted",
    "conversion_rate": "conversion",
    "conversion_rate_low": "95 % from",
    "conversion_rate_high": "to",
    "difference_in_points": "change in points",
    "p_value": "p",
}
_ROW = 44  # pixels


def added_steps(prod: Prod, funnel: Funnel) -> Part:
    """Return the conversion of the people before each added step and since."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    is_drawn = any(row["conversion_rate"] is not None for row in rows)
    return Part(
        id="added-steps",
        title="Before a step was added, and since",
        sentence=sentence(rows, prod.settings.significance_level, prod.settings.reportable_count),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if is_drawn else None,
        alt=(
            "Conversion of those who entered before each added step and of those who entered since, with "
            "intervals of 95 %."
        ),
        key=(
            Key("ring", "entered before"),
            Key("dot", "entered since"),
            Key("line", "interval of 95 %"),
        ),
        notes=("Before against after is no experiment: whatever else changed in that time is in the difference too.",),
    )


def sentence(rows: list[Row], significance_level: float, reportable_count: int) -> str:
    """Say for each added step how conversion differs since."""
    if not rows:
        return "No step was added while people entered, so there is no before and after."
    told = []
    for _, both in grouped(rows, "step_order"):
        before, after = both[0], both[-1]
        step = f"{words.name(after['step_name'])} was added on {words.day(after['valid_from_date'])}"
        if after["difference_in_points"] is None:
            told.append(f"{step}: fewer than {reportable_count} people before or since, too few to compare.")
            continue
        p_value = after["p_value"]
        if p_value is None:
            beyond = "no difference to test"
        elif p_value < significance_level:
            beyond = f"more than chance explains (p {words.probability(p_value)})"
        else:
            beyond = f"which may be chance (p {words.probability(p_value)})"
        told.append(
            f"{step}. Before, {words.percent(before['conversion_rate'])} of "
            f"{words.people(before['mature_entry_count'])} "
            f"converted; since, {words.percent(after['conversion_rate'])} of "
            f"{words.people(after['mature_entry_count'])}: "
            f"{words.points(after['difference_in_points'] / 100)}, {beyond}."
        )
    return " ".join(told)


def _chart(rows: list[Row]) -> dict[str, Any]:
    drawn = [
        {
            "place": labelled(at, f"{_when(row)}\n{words.people(row['mature_entry_count'])}"),
            "rate": row["conversion_rate"],
            "low": row["conversion_rate_low"],
            "high": row["conversion_rate_high"],
            "period": row["period"],
            "step": words.name(row["step_name"]),
            "text": words.percent(row["conversion_rate"]),
            "interval": words.interval(row["conversion_rate_low"], row["conversion_rate_high"]),
        }
        for at, row in enumerate(rows)
        if row["conversion_rate"] is not None
    ]
    base = alt.Chart().encode(
        y=alt.Y("place:N", sort=None, title=None, axis=name_axis()),
        tooltip=tooltip(("step", "step"), ("period", "entered"), ("text", "conversion"), ("interval", "95 %")),
    )
    look = alt.Scale(domain=["before", "after"], range=[colour("paper"), colour("main")])
    x = alt.X("rate:Q", title="conversion", axis=percent_axis(), scale=alt.Scale(zero=False, padding=16))
    layers = alt.layer(
        base.mark_rule(strokeWidth=2, color=colour("main"), opacity=0.75).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(size=110, opacity=1, stroke=colour("main"), strokeWidth=2).encode(
            x=x, fill=alt.Fill("period:N", scale=look, legend=None)
        ),
        base.mark_text(dy=-14).encode(x="rate:Q", text="text:N"),
    )
    return finished(layers, drawn, _ROW * len(drawn))


def _when(row: Row) -> str:
    step = words.shorten(words.clean(row["step_name"]), 18)
    return f"{'before' if row['period'] == 'before' else 'since'} {step}"
