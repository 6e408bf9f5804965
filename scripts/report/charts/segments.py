"""Question 3: whether the largest drop-off is the same for every kind of person."""

from __future__ import annotations

from statistics import quantiles
from typing import Any

import altair as alt

from scripts.databases import Row, grouped
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import HEAT, SEPARATOR, colour, finished, labelled, tooltip

LEAST_PEOPLE = 30
"""A cell of fewer says no rate."""
MOST_VALUES = 12
"""Of a segment."""
SQL = f"""
-- Required steps × kinds of person, of each segment the {MOST_VALUES} largest values.
WITH ranked AS (
    SELECT segment_name
         , segment_value
         , step_order
         , step_name
         , eligible_count
         , lost_count
         , CASE WHEN eligible_count >= {LEAST_PEOPLE} THEN drop_off_rate END AS drop_off_rate
         , MAX(entry_count) OVER (PARTITION BY segment_name, segment_value) AS segment_entry_count
      FROM product.funnel_step_conversion
     WHERE funnel_name = $funnel_name
       AND entered_month_start_date IS NULL
       AND NOT is_optional
       AND step_order > 1
)

SELECT segment_name
     , segment_value
     , segment_entry_count
     , step_order
     , step_name
     , eligible_count
     , lost_count
     , drop_off_rate
     , COALESCE(
           lost_count > 0
           AND ROW_NUMBER() OVER (
                   PARTITION BY segment_name, segment_value
                       ORDER BY drop_off_rate DESC NULLS LAST, step_order
               ) = 1
           AND drop_off_rate IS NOT NULL
         , FALSE
       ) AS is_highest_rate
  FROM ranked
QUALIFY DENSE_RANK() OVER (PARTITION BY segment_name ORDER BY segment_entry_count DESC, segment_value) <= {MOST_VALUES}
 ORDER BY segment_name
        , segment_entry_count DESC
        , segment_value
        , step_order
"""
TITLES = {
    "segment_name": "by",
    "segment_value": "value",
    "segment_entry_count": "people",
    "step_name": "step",
    "eligible_count": "could be lost",
    "lost_count": "lost",
    "drop_off_rate": "drop-off",
    "is_highest_rate": "highest of the row",
}
SEGMENTS = {
    "all": "everybody",
    "device": "device",
    "country": "country",
    "referrer": "came from",
    "client": "client",
    "client_industry": "client’s industry",
    "client_size": "client’s size",
    "eligibility_method": "eligibility check",
}
"""In the order of the chart."""
_ROW = 23  # pixels
_STEP_LINES = 3
_IS_NARROW = "width < 420"


def segments(prod: Prod, funnel: Funnel) -> Part:
    """Return the drop-off of each required step for each kind of person."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    is_drawn = any(row["drop_off_rate"] is not None for row in rows)
    return Part(
        id="segments",
        title="Is it the same step for every kind of person?",
        sentence=sentence(rows),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if is_drawn else None,
        alt="Drop-off rate of each required step, for everybody and by device, country, referrer and client.",
        key=(
            Key("heat", "share lost at the step, in percent: darker is more"),
            Key("frame", "framed and bold: the highest of its row"),
            Key("cell-none", f"grey: fewer than {LEAST_PEOPLE} people, no rate"),
        ),
        notes=(
            f"Of each kind the {MOST_VALUES} largest values. Nothing is tested here: among so many cells "
            "some are high by "
            "chance.",
        ),
    )


def sentence(rows: list[Row]) -> str:
    """Say for how many kinds of person the step with everybody's highest rate is the highest too, and for whom not."""
    told = [row for row in rows if row["is_highest_rate"]]
    everybody = next((row for row in told if row["segment_name"] == "all"), None)
    if everybody is None:
        return (
            f"No step can be compared between kinds of person: none could lose {LEAST_PEOPLE} people, or "
            "nobody is lost."
        )
    kinds = [row for row in told if row["segment_name"] != "all"]
    if not kinds:
        return f"No kind of person has a step that {LEAST_PEOPLE} people could be lost at."
    same = [row for row in kinds if row["step_order"] == everybody["step_order"]]
    other = sorted((row for row in kinds if row not in same), key=lambda row: -row["drop_off_rate"])
    step, of = words.name(everybody["step_name"]), words.plural(len(kinds), "kind")
    if not other:
        return f"{step} has the highest drop-off rate for everybody and for all of {of} of person with enough people."
    exceptions = [
        f"{SEGMENTS.get(row['segment_name'], row['segment_name'])} {words.name(row['segment_value'], 40)} "
        f"({words.name(row['step_name'], 40)}, {words.percent(row['drop_off_rate'])})"
        for row in other
    ]
    return (
        f"{step} has the highest drop-off rate for {len(same):,} of {of} of person with enough people; "
        f"another step has it for {words.listed(exceptions, 3)}."
    )


def _chart(rows: list[Row]) -> dict[str, Any]:
    known = sorted(row["drop_off_rate"] for row in rows if row["drop_off_rate"] is not None)
    # Five shades for equally many cells each: one extreme group takes no contrast from the others.
    limits = quantiles(known, n=len(HEAT), method="inclusive") if len(known) > 1 else []
    drawn: list[Row] = []
    order = list(SEGMENTS)
    kinds = sorted(grouped(rows, "segment_name"), key=lambda kind: order.index(kind[0]) if kind[0] in order else 99)
    places: list[str] = []
    for segment_name, of_segment in kinds:
        if segment_name != "all":
            places.append(labelled(f"title {len(places)}", SEGMENTS.get(segment_name, segment_name)))
        for segment_value, of_value in grouped(of_segment, "segment_value"):
            shown = "everybody" if segment_name == "all" else words.shorten(words.clean(segment_value), 40)
            label = f"{shown}\u00a0·\u00a0{of_value[0]['segment_entry_count']:,}"
            places.append(f"{labelled(len(places), words.name(label))}{SEPARATOR}{words.wrapped(label, 20)}")
            drawn += [_cell(row, places[-1], words.name(shown), limits) for row in of_value]

    def part(number: int) -> str:
        return f"split(datum.label, '{SEPARATOR}')[{number}]"

    is_title = "substring(datum.label, 0, 5) == 'title'"
    label_axis = alt.Axis(
        labelExpr=f"{_IS_NARROW} && {part(2)} ? split({part(2)}, '\\n') : {part(1)}",
        labelOffset=alt.expr(f"{_IS_NARROW} && indexof({part(2)} || '', '\\n') >= 0 ? -5 : 0"),
        labelLimit=alt.expr(f"{_IS_NARROW} ? 125 : 320"),
        labelFontSize=alt.expr(f"{_IS_NARROW} ? 9.5 : 11"),
        labelLineHeight=10.5,
        labelFontWeight=alt.condition(is_title, alt.value("bold"), alt.value("normal")),
        labelColor=alt.condition(is_title, alt.value(colour("soft")), alt.value(colour("ink"))),
    )
    step_axis = alt.Axis(
        orient="top",
        domain=False,
        ticks=False,
        labelFontSize=11,
        labelLimit=140,
        labelAngle=alt.expr(f"{_IS_NARROW} ? -90 : 0"),
        labelAlign=alt.expr(f"{_IS_NARROW} ? 'left' : 'center'"),
        labelBaseline=alt.expr(f"{_IS_NARROW} ? 'middle' : 'bottom'"),
        labelPadding=alt.expr(f"{_IS_NARROW} ? 5 : {5 + 13 * (_STEP_LINES - 1)}"),
        labelExpr=f"{_IS_NARROW} ? {part(2)} : split({part(1)}, '\\n')",
    )
    base = alt.Chart().encode(
        x=alt.X("step:N", sort=None, title=None, axis=step_axis, scale=alt.Scale(paddingInner=0.04)),
        y=alt.Y("kind:N", sort=None, title=None, axis=label_axis, scale=alt.Scale(domain=places, paddingInner=0.08)),
        tooltip=tooltip(("who", "who"), ("step_text", "step"), ("lost", "lost"), ("rate", "drop-off")),
    )
    looks = [*HEAT, "heat-none"]
    fill = alt.Fill("look:N", scale=alt.Scale(domain=looks, range=[colour(look) for look in looks]), legend=None)
    inks = ["on-light", "on-light", "on-light", "on-dark", "on-dark", "soft"]
    ink = alt.Color("look:N", scale=alt.Scale(domain=looks, range=[colour(name) for name in inks]), legend=None)
    few = alt.expr(f"{_IS_NARROW} && datum.look == 'heat-none' ? '–' : datum.text")
    layers = alt.layer(
        base.mark_rect(cornerRadius=2).encode(fill=fill),
        base.transform_filter("datum.highest").mark_rect(
            fill=None, stroke=colour("ink"), strokeWidth=2, cornerRadius=2
        ),
        base.transform_filter("!datum.highest").mark_text(fontSize=11, text=few).encode(color=ink),
        base.transform_filter("datum.highest")
        .mark_text(fontSize=11, fontWeight="bold")
        .encode(text="text:N", color=ink),
    ).resolve_scale(fill="shared", color="shared")
    return finished(layers, drawn, _ROW * len(places))


def _cell(row: Row, place: str, shown: str, limits: list[float]) -> Row:
    rate = row["drop_off_rate"]
    step_name = words.name(row["step_name"], 60)
    lines = words.wrapped(row["step_name"], 13, _STEP_LINES)
    # Vega draws the first of several lines where a single one would stand, so each label has equally many.
    step = labelled(row["step_order"], "\n" * (_STEP_LINES - 1 - lines.count("\n")) + lines)
    return {
        "kind": place,
        "step": f"{step}{SEPARATOR}{words.name(row['step_name'], 24)}",
        "look": "heat-none" if rate is None else f"heat-{sum(rate > limit for limit in limits)}",
        "text": f"n {row['eligible_count']:,}" if rate is None else f"{100 * rate:.0f}",
        "highest": row["is_highest_rate"],
        "who": shown,
        "step_text": step_name,
        "lost": f"{words.count(row['lost_count'])} of {row['eligible_count']:,}",
        "rate": words.percent(rate),
    }
