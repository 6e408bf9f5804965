"""What stands at the head of the page: what the numbers are about, and of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from scripts.report import words
from scripts.report.prod import Funnel, Prod

SQL = """
SELECT MIN(entries.entered_date) AS first_entered_date
     , MAX(entries.entered_date) AS last_entered_date
     , MAX(entries.observed_until_at) AS observed_until_at
     , MAX(DATE_DIFF('day', entries.entered_at, entries.window_ends_at)) AS window_days
     , COUNT(*) AS person_count
     , COUNT(*) FILTER (WHERE NOT entries.is_mature) AS open_count
     , COUNT(*) FILTER (WHERE entries.is_anonymous) AS anonymous_count
     , MAX(totals.tracking_coverage_rate) AS tracking_coverage_rate
     , MAX(totals.unentered_person_count) AS unentered_person_count
  FROM product.funnel_entries AS entries
 INNER JOIN product.funnel_conversion_trends AS totals
    ON totals.funnel_name = entries.funnel_name
   AND totals.grain = 'all'
   AND totals.segment_name = 'all'
 WHERE entries.funnel_name = $funnel_name
"""
EXCLUDED_SQL = """
SELECT reason
     , CAST(SUM(event_count) AS BIGINT) AS event_count
  FROM product.event_accounting
 WHERE reason NOT IN ('modelled', 'outside_funnels')
 GROUP BY reason
 ORDER BY event_count DESC
        , reason
"""


@dataclass(frozen=True)
class Facts:
    """What a funnel's numbers are about."""

    first_entered_date: date
    last_entered_date: date
    observed_until_at: datetime
    """The newest event in the data (UTC)."""
    window_days: int
    person_count: int
    open_count: int
    """People whose window has not ended."""
    anonymous_count: int
    tracking_coverage_rate: float | None
    unentered_person_count: int
    """People seen at a step, but never at the first."""


def facts(prod: Prod, funnel: Funnel) -> Facts:
    """Return what the funnel's numbers are about."""
    return Facts(**prod.ask(prod.sql(SQL, funnel))[0])


def told(known: Facts, prod: Prod) -> list[tuple[str, str]]:
    """Return the facts in words, each with its name, in the order of the page."""
    finished = known.person_count - known.open_count
    excluded = [f"{row['event_count']:,} {row['reason'].replace('_', ' ')}" for row in prod.ask(prod.sql(EXCLUDED_SQL))]
    coverage = (
        "no account was created, so nothing to compare with"
        if known.tracking_coverage_rate is None
        else f"{words.percent(known.tracking_coverage_rate)} of accounts were seen in the funnel"
    )
    unentered = f"; {words.people(known.unentered_person_count)} were seen inside it, but never at its first step"
    return [
        ("Entered", f"{words.day(known.first_entered_date)} to {words.day(known.last_entered_date)}"),
        ("Window", f"{words.plural(known.window_days, 'day')} from the first step"),
        ("Data until", f"{words.day(known.observed_until_at)}, {known.observed_until_at:%H:%M} UTC"),
        ("Time zone of dates", prod.settings.reporting_timezone),
        ("People", f"{known.person_count:,}, of whom {known.anonymous_count:,} without an account"),
        ("Open entries", f"{known.open_count:,} can still convert; conversion is of the other {finished:,}"),
        ("Excluded events", ", ".join(excluded) or "none"),
        ("Coverage", coverage + (unentered if known.unentered_person_count else "")),
    ]
