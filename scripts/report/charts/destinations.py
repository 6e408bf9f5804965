"""Question 3: where those went next who did not get beyond a step."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row, grouped
from scripts.report import words
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod
from scripts.report.theme import colour, finished, labelled, tooltip

MOST_PAGES = 6
"""Of a step; the rest stands together."""
SQL = f"""
-- Of each step the {MOST_PAGES} pages where most went next; the rest together.
WITH ranked AS (
    SELECT step_order
         , step_name
         , entry_count
         , CASE
               WHEN destination = '(other pages)' THEN destination
               WHEN ROW_NUMBER() OVER (
                        PARTITION BY step_order ORDER BY destination = '(other pages)', entry_count DESC, destination
                    ) <= {MOST_PAGES} THEN destination
               ELSE '(other pages)'
           END AS destination
      FROM product.funnel_drop_off_destinations
     WHERE funnel_name = $funnel_name
)

SELECT step_order
     , step_name
     , destination
     , CAST(SUM(entry_count) AS BIGINT) AS entry_count
     , CAST(SUM(SUM(entry_count)) OVER (PARTITION BY step_order) AS BIGINT) AS lost_count
     , CASE
           WHEN SUM(SUM(entry_count)) OVER (PARTITION BY step_order) >= $reportable_count
               THEN SUM(entry_count) / SUM(SUM(entry_count)) OVER (PARTITION BY step_order)
       END AS entry_share_rate
  FROM ranked
 GROUP BY step_order
        , step_name
        , destination
 ORDER BY step_order
        , destination = '(other pages)'
        , SUM(entry_count) DESC
        , destination
"""
TITLES = {
    "step_name": "last step reached",
    "destination": "next page",
    "entry_count": "people",
    "lost_count": "of lost after the step",
    "entry_share_rate": "share",
}
_GONE = "(no further page)"
_ROW = 26  # pixels


def destinations(prod: Prod, funnel: Funnel) -> Part:
    """Return the pages that people viewed next who were lost after a step."""
    sql = prod.sql(SQL, funnel)
    rows = prod.ask(sql)
    return Part(
        id="destinations",
        title="Where drop-outs went next",
        sentence=sentence(rows),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(rows) if rows else None,
        alt="Under each step, the pages that people viewed next who did not get beyond it, as shares of them.",
        key=(Key("band", "share of those lost after the step"),),
        notes=(
            "The first other page that the person viewed after the last required step reached, inside the window. "
            "Pages with few people stand together, as a rare path may name a person.",
        ),
    )


def sentence(rows: list[Row]) -> str:
    """Say how many simply left, and to which page most others went."""
    if not rows:
        return "Nobody is lost whose window has ended, so nobody went elsewhere."
    lost = sum(row["entry_count"] for row in rows)
    gone = sum(row["entry_count"] for row in rows if row["destination"] == _GONE)
    share = f", {words.percent(gone / lost)}," if all(row["entry_share_rate"] is not None for row in rows) else ""
    said = f"Of {words.people(lost)} lost, {gone:,}{share} viewed no further page"
    if gone == lost:
        return f"Of {words.people(lost)} lost, nobody viewed a further page."
    pages = [row for row in rows if not row["destination"].startswith("(")]
    if not pages:
        return f"{said}; no single page took many of the others."
    most = max(pages, key=lambda row: row["entry_count"])
    return (
        f"{said}. The page that took most of the others is {words.name(most['destination'])}: "
        f"{most['entry_count']:,} of "
        f"{most['lost_count']:,} lost after {words.name(most['step_name'])} went there."
    )


def _chart(rows: list[Row]) -> dict[str, Any]:
    drawn: list[Row] = []
    for step_order, of_step in grouped(rows, "step_order"):
        title = f"{step_order} · after {words.name(of_step[0]['step_name'], 50)}: {of_step[0]['lost_count']:,} lost"
        drawn.append({"place": labelled(f"{step_order} title", ""), "text": title, "share": None, "is_title": True})
        for at, row in enumerate(of_step):
            share = row["entry_count"] / row["lost_count"]
            told = f" · {words.percent(row['entry_share_rate'])}" if row["entry_share_rate"] is not None else ""
            drawn.append(
                {
                    "place": labelled(f"{step_order} {at}", ""),
                    "text": f"{words.name(row['destination'], 60)} · {row['entry_count']:,}{told}",
                    "share": share,
                    "is_title": False,
                    "step": words.name(row["step_name"]),
                    "page": words.name(row["destination"]),
                    "people": f"{row['entry_count']:,} of {row['lost_count']:,}",
                }
            )
    base = alt.Chart().encode(
        y=alt.Y("place:N", title=None, axis=None, scale=alt.Scale(domain=[row["place"] for row in drawn]))
    )
    text = {"align": "left", "baseline": "middle", "fontSize": 12, "limit": alt.expr("width - 8")}
    layers = alt.layer(
        base.transform_filter("!datum.is_title")
        .mark_bar(color=colour("pale"), cornerRadius=2, height=20)
        .encode(
            x=alt.X("share:Q", axis=None, title=None, scale=alt.Scale(domain=[0, 1])),
            tooltip=tooltip(("step", "last step"), ("page", "next page"), ("people", "people")),
        ),
        base.transform_filter("!datum.is_title").mark_text(dx=6, **text).encode(x=alt.value(0), text="text:N"),
        base.transform_filter("datum.is_title")
        .mark_text(dy=3, fontWeight="bold", **text)
        .encode(x=alt.value(0), text="text:N"),
    )
    return finished(layers, drawn, _ROW * len(drawn))
