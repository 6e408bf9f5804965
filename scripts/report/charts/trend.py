"""Question 4: what share gets to the end, and how that has changed."""

from __future__ import annotations

from scripts.databases import Row
from scripts.report import words
from scripts.report.charts.trend_chart import chart
from scripts.report.intervals import Share, difference, newcombe
from scripts.report.part import Key, Part
from scripts.report.prod import Funnel, Prod

MOST_WEEKS = 104
SQL = f"""
-- The newest {MOST_WEEKS} weeks, those without an entry too.
WITH entries AS (
    SELECT entered_week_start_date AS week_start_date
         , COUNT(*) FILTER (WHERE is_mature_1d) AS mature_1d_entry_count
         , AVG(CAST(is_converted AS INTEGER)) AS converted_so_far_rate
      FROM product.funnel_entries
     WHERE funnel_name = $funnel_name
     GROUP BY entered_week_start_date
)

, weeks AS (
    SELECT CAST(UNNEST(GENERATE_SERIES(MIN(week_start_date), MAX(week_start_date), INTERVAL 7 DAY)) AS DATE)
           AS week_start_date
      FROM entries
)

SELECT weeks.week_start_date
     , COALESCE(trends.entry_count, 0) AS entry_count
     , COALESCE(trends.open_entry_count, 0) AS open_entry_count
     , COALESCE(trends.mature_entry_count, 0) AS mature_entry_count
     , COALESCE(trends.converted_count, 0) AS converted_count
     , CASE WHEN trends.is_reportable THEN trends.conversion_rate END AS conversion_rate
     , CASE WHEN trends.is_reportable THEN trends.conversion_rate_low END AS conversion_rate_low
     , CASE WHEN trends.is_reportable THEN trends.conversion_rate_high END AS conversion_rate_high
     , CASE WHEN trends.mature_7d_entry_count >= $reportable_count THEN trends.conversion_rate_7d END
       AS conversion_rate_7d
     , CASE WHEN entries.mature_1d_entry_count >= $reportable_count THEN trends.conversion_rate_1d END
       AS conversion_rate_1d
     , CASE
           WHEN trends.open_entry_count > 0 AND trends.entry_count >= $reportable_count
               THEN entries.converted_so_far_rate
       END AS converted_so_far_rate
  FROM weeks
  LEFT JOIN entries
    ON entries.week_start_date = weeks.week_start_date
  LEFT JOIN product.funnel_conversion_trends AS trends
    ON trends.period_start_date = weeks.week_start_date
   AND trends.funnel_name = $funnel_name
   AND trends.grain = 'week'
   AND trends.segment_name = 'all'
QUALIFY ROW_NUMBER() OVER (ORDER BY weeks.week_start_date DESC) <= {MOST_WEEKS}
 ORDER BY weeks.week_start_date
"""
CHANGES = """
-- Steps that only people have who entered later, and those that only people have who entered earlier.
WITH days AS (
    SELECT steps.step_order
         , steps.step_name
         , MIN(entries.entered_date) AS first_entered_date
         , MAX(entries.entered_date) AS last_entered_date
         , MIN(MIN(entries.entered_date)) OVER () AS funnel_first_entered_date
      FROM product.funnel_entry_steps AS steps
     INNER JOIN product.funnel_entries AS entries
        ON entries.funnel_entry_id = steps.funnel_entry_id
     WHERE steps.funnel_name = $funnel_name
     GROUP BY steps.step_order
            , steps.step_name
)

SELECT COALESCE(introductions.valid_from_date, days.first_entered_date) AS changed_date
     , days.step_name
     , 'added' AS change
  FROM days
  LEFT JOIN product.funnel_step_introductions AS introductions
    ON introductions.funnel_name = $funnel_name
   AND introductions.step_order = days.step_order
   AND introductions.period = 'after'
 WHERE days.first_entered_date > days.funnel_first_entered_date
 UNION ALL
SELECT MIN(entries.entered_date)
     , days.step_name
     , 'removed'
  FROM days
 INNER JOIN product.funnel_entries AS entries
    ON entries.funnel_name = $funnel_name
   AND entries.entered_date > days.last_entered_date
 GROUP BY days.step_name
 ORDER BY changed_date
        , step_name
"""
TITLES = {
    "week_start_date": "week from",
    "entry_count": "people",
    "open_entry_count": "open",
    "conversion_rate": "conversion",
    "conversion_rate_low": "95 % from",
    "conversion_rate_high": "to",
    "conversion_rate_7d": "in 7 days",
    "conversion_rate_1d": "in 1 day",
    "converted_so_far_rate": "so far, where open",
}
_COMPARED_WEEKS = 4
_MOST_MARKS = 6  # more would hide the lines


def trend(prod: Prod, funnel: Funnel, window_days: int) -> Part:
    """Return the weeks of entry with the rates within the window, 7 days and 1 day."""
    sql, changes_sql = prod.sql(SQL, funnel), prod.sql(CHANGES, funnel)
    rows, changes = prod.ask(sql), prod.ask(changes_sql)
    rates = ("conversion_rate", "conversion_rate_7d", "conversion_rate_1d", "converted_so_far_rate")
    is_drawn = any(row[rate] is not None for row in rows for rate in rates)
    marks = [f"{words.name(row['step_name'])} {row['change']} on {words.day(row['changed_date'])}" for row in changes]
    return Part(
        id="trend",
        title="Conversion by week of entry",
        sentence=sentence(rows, prod.settings.reportable_count),
        sql=f"{sql};\n\n{changes_sql}",
        rows=rows,
        titles=TITLES,
        chart=chart(rows, changes[-_MOST_MARKS:]) if is_drawn else None,
        alt=(
            f"Share of people who converted within {window_days} days, 7 days and 1 day, by the week in which "
            "they entered."
        ),
        key=(
            Key("line-dot", f"within {words.plural(window_days, 'day')}, with its interval of 95 %"),
            Key("dashed-main", "within 7 days"),
            Key("dotted-main", "within 1 day"),
            Key("open-dot", "shaded and hollow: windows still open, so far; can only rise"),
            *([Key("mark", "; ".join(marks))] if marks else []),
        ),
        notes=(
            f"Each rate counts the entries that are old enough for it: {window_days}, 7 days or 1 day.",
            *(["A mark says that the funnel’s definition changed, not that the change did it."] if marks else []),
        ),
    )


def sentence(rows: list[Row], reportable_count: int) -> str:
    """Compare the newest finished weeks with those before, and say how much is not final."""
    if not rows:
        return "Nobody entered the funnel, so there is no trend."
    # Weeks in which nobody entered are nothing to compare; the current week is never finished while people enter.
    finished_weeks = [row for row in rows if row["entry_count"] and not row["open_entry_count"]]
    open_weeks = [row for row in rows if row["open_entry_count"]]
    still_open = sum(row["open_entry_count"] for row in open_weeks)
    tail = (
        f" {words.people(still_open)} of the newest {_weeks(len(open_weeks))} can still convert." if open_weeks else ""
    )
    if len(finished_weeks) < 2:
        return f"There are fewer than two weeks whose windows have all ended: too little for a trend.{tail}"
    size = min(_COMPARED_WEEKS, len(finished_weeks) // 2)
    newest = _share(finished_weeks[-size:])
    weeks = _weeks(size)
    held_against = [(f"in the {weeks} before", _share(finished_weeks[-2 * size : -size]))]
    if len(finished_weeks) > 3 * size:
        held_against.append(("earlier", _share(finished_weeks[: -2 * size])))
    if min(share.whole for share in (newest, *(share for _, share in held_against))) < reportable_count:
        return f"The finished weeks have too few people to say how conversion moved.{tail}"
    told = [f"{when} {words.percent(share.rate)} ({_difference(share, newest)})" for when, share in held_against]
    return (
        f"{words.percent(newest.rate)} of those converted who entered in the newest {weeks} whose windows "
        "have all ended; "
        f"{', '.join(told)}.{tail}"
    )


def _weeks(number: int) -> str:
    return "week" if number == 1 else f"{number} weeks"


def _share(weeks: list[Row]) -> Share:
    return Share(sum(row["converted_count"] for row in weeks), sum(row["mature_entry_count"] for row in weeks))


def _difference(before: Share, after: Share) -> str:
    if before.rate == after.rate:
        return "no change"
    low, high = newcombe(before, after)
    of_chance = "more than chance explains" if low > 0 or high < 0 else "may be chance"
    return f"so {words.points(difference(before, after))}, {of_chance}"
