"""How good the data are: what became of every delivered event."""

from __future__ import annotations

from typing import Any

import altair as alt

from scripts.databases import Row
from scripts.report import words
from scripts.report.part import Part
from scripts.report.prod import Prod
from scripts.report.theme import colour, finished, labelled, name_axis, tooltip

SQL = """
SELECT reason
     , CAST(SUM(event_count) AS BIGINT) AS event_count
     , SUM(event_count) / SUM(SUM(event_count)) OVER () AS event_share_rate
     , MIN(load_date) AS first_load_date
     , MAX(load_date) AS last_load_date
     , COUNT(*) AS load_day_count
     , (SELECT COUNT(DISTINCT load_date) FROM product.event_accounting) AS all_load_day_count -- days, of many reasons
  FROM product.event_accounting
 GROUP BY reason
 ORDER BY reason <> 'modelled'
        , reason <> 'outside_funnels'
        , event_count DESC
        , reason
"""
TITLES = {
    "reason": "what became of it",
    "event_count": "events",
    "event_share_rate": "share",
    "first_load_date": "first loaded",
    "last_load_date": "last loaded",
    "load_day_count": "days",
}
REASONS = {
    "outside_funnels": "on other pages",
    "missing_event_id": "without an id",
    "missing_time": "without a time",
    "implausible_time": "at an impossible time",
    "duplicate": "delivered again",
    "bot": "robots",
    "missing_key": "nobody’s: no key",
    "staff": "staff",
}
KEPT = ("modelled", "outside_funnels")
_ROW = 30  # pixels


def accounting(prod: Prod) -> Part:
    """Return what became of the delivered events."""
    sql = prod.sql(SQL)
    rows = prod.ask(sql)
    left_out = [row for row in rows if row["reason"] not in KEPT]
    return Part(
        id="data-quality",
        title="Events that are not counted",
        sentence=sentence(rows),
        sql=sql,
        rows=rows,
        titles=TITLES,
        chart=_chart(left_out) if left_out else None,
        alt="Share of the delivered events that are left out, by reason.",
        notes=(
            "Every event of the source is counted once, by the first reason that holds. Events on other pages still "
            "tell whose a device is, and when a page was left.",
        ),
    )


def sentence(rows: list[Row]) -> str:
    """Say what share of the events is modelled, or on other pages, and on how many days events were loaded."""
    if not rows:
        return "No event was delivered."
    total = sum(row["event_count"] for row in rows)
    modelled, outside = (sum(row["event_count"] for row in rows if row["reason"] == reason) for reason in KEPT)
    left_out = [
        f"{row['event_count']:,} {REASONS.get(row['reason'], words.name(row['reason']))}"
        for row in rows
        if row["reason"] not in KEPT
    ]
    said = f"{words.percent(modelled / total)} of {words.plural(total, 'delivered event')} are modelled"
    elsewhere = f", {words.percent(outside / total)} are on other pages" if outside else ""
    left = f"; left out: {', '.join(left_out)}" if left_out else ""
    dated = [row for row in rows if row["first_load_date"] is not None]
    if not dated:
        return f"{said}{elsewhere}{left}."
    first, last = min(row["first_load_date"] for row in dated), max(row["last_load_date"] for row in dated)
    days, with_events = (last - first).days + 1, rows[0]["all_load_day_count"]
    loaded = f"Events were loaded on {with_events:,} of {words.plural(days, 'day')} until {words.day(last)}."
    return f"{said}{elsewhere}{left}. {loaded}"


def _chart(rows: list[Row]) -> dict[str, Any]:
    drawn = [
        {
            "reason": labelled(row["reason"], REASONS.get(row["reason"], words.wrapped(row["reason"]))),
            "share": row["event_share_rate"],
            "text": f"{row['event_count']:,} · {words.percent(row['event_share_rate'], 2)}",
        }
        for row in rows
    ]
    base = alt.Chart().encode(
        y=alt.Y("reason:N", sort=None, title=None, axis=name_axis()), tooltip=tooltip(("text", "events"))
    )
    # Room for the numbers beside the longest bar.
    room = 8 * max(len(row["text"]) for row in drawn)
    scale = alt.Scale(domain=[0, max(row["share"] for row in drawn)], range=[0, alt.expr(f"max(20, width - {room})")])
    x = alt.X("share:Q", axis=None, scale=scale)
    layers = alt.layer(
        base.mark_bar(color=colour("soft"), height=14, cornerRadius=2).encode(x=x),
        base.mark_text(align="left", dx=6).encode(x=x, text="text:N"),
    )
    return finished(layers, drawn, _ROW * len(drawn))
