"""The four numbers on top: each with its interval, and how it changed from one month to the next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from scripts.databases import Row
from scripts.report import words
from scripts.report.facts import Facts
from scripts.report.intervals import Effects, Share, difference, mix_and_rate, newcombe, wilson
from scripts.report.prod import Funnel, Prod

MONTHS_SQL = """
-- Months of entry, of everybody and of each client; the row without a month is all of them together.
SELECT period_start_date
     , segment_name
     , segment_value
     , entry_count
     , open_entry_count
     , mature_entry_count
     , converted_count
     , mature_7d_entry_count
     , CAST(ROUND(conversion_rate_7d * mature_7d_entry_count) AS BIGINT) AS converted_7d_count
     , mix_effect
     , rate_effect
  FROM product.funnel_conversion_trends
 WHERE funnel_name = $funnel_name
   AND grain IN ('month', 'all')
   AND segment_name IN ('all', 'client')
 ORDER BY period_start_date NULLS LAST
        , segment_name
        , segment_value
"""
STEPS_SQL = """
-- The same for each required step after the first.
SELECT entered_month_start_date AS period_start_date
     , segment_name
     , segment_value
     , step_order
     , step_name
     , eligible_count
     , lost_count
     , is_largest_drop_off_by_count
     , is_largest_drop_off_by_rate
  FROM product.funnel_step_conversion
 WHERE funnel_name = $funnel_name
   AND lost_count IS NOT NULL
   AND segment_name IN ('all', 'client')
 ORDER BY period_start_date NULLS LAST
        , segment_name
        , segment_value
        , step_order
"""
TIMES_SQL = """
-- The median time to convert, with its interval of 95 % from the ranks around the middle (binomial).
WITH conversions AS (
    SELECT entries.seconds_to_convert
         , periods.period_start_date
         , ROW_NUMBER() OVER (
               PARTITION BY periods.period_start_date ORDER BY entries.seconds_to_convert
           ) AS place
         , COUNT(*) OVER (PARTITION BY periods.period_start_date) AS converted_count
      FROM product.funnel_entries AS entries
     CROSS JOIN UNNEST([entries.entered_month_start_date, NULL]) AS periods (period_start_date)
     WHERE entries.funnel_name = $funnel_name
       AND entries.is_mature
       AND entries.is_converted
)

SELECT period_start_date
     , MAX(converted_count) AS converted_count
     , MEDIAN(seconds_to_convert) AS median_seconds
     , MAX(seconds_to_convert) FILTER (
           WHERE place <= GREATEST(1, FLOOR((converted_count - 1.96 * SQRT(converted_count)) / 2))
       ) AS median_seconds_low
     , MIN(seconds_to_convert) FILTER (
           WHERE place >= LEAST(converted_count, CEIL(1 + (converted_count + 1.96 * SQRT(converted_count)) / 2))
       ) AS median_seconds_high
  FROM conversions
 GROUP BY period_start_date
 ORDER BY period_start_date NULLS LAST
"""


@dataclass(frozen=True)
class Headline:
    """One of the numbers, in words."""

    id: str
    title: str
    value: str
    interval: str = ""
    basis: str = ""
    """Of whom."""
    change: str = ""
    split: str = ""
    """The change by mix and by rate."""
    more: str = ""


@dataclass(frozen=True)
class Headlines:
    """The numbers, and the SQL that they come from."""

    of: tuple[Headline, ...]
    sql: str


def headlines(prod: Prod, funnel: Funnel, known: Facts) -> Headlines:
    """Return the four numbers of the funnel."""
    statements = [prod.sql(text, funnel) for text in (MONTHS_SQL, STEPS_SQL, TIMES_SQL)]
    months, steps, times = map(prod.ask, statements)
    least = prod.settings.reportable_count
    finished = finished_months(months, known)
    return Headlines(
        (
            _conversion(months, finished, known, least),
            _conversion_7d(months, least),
            _drop_off(steps, finished, least),
            _time(times, finished, least),
        ),
        ";\n\n".join(statements),
    )


def finished_months(months: list[Row], known: Facts) -> list[date]:
    """Return the months that nothing can change any more: they are over, and no entry of theirs is open."""
    ended = (row for row in months if row["segment_name"] == "all" and row["period_start_date"])
    return [
        row["period_start_date"]
        for row in ended
        if not row["open_entry_count"] and _next_month(row["period_start_date"]) <= known.observed_until_at.date()
    ]


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _conversion(months: list[Row], finished: list[date], known: Facts, least: int) -> Headline:
    title = f"Conversion within {words.plural(known.window_days, 'day')}"
    whole = _shares(months, None, "mature_entry_count", "converted_count")["all"]
    if whole.whole < least:
        return _too_few("conversion", title, whole.whole, "whose window has ended", least)
    effects = {
        row["period_start_date"]: Effects(row["mix_effect"], row["rate_effect"])
        for row in months
        if row["segment_name"] == "all" and row["mix_effect"] is not None
    }
    by_month = {month: _shares(months, month, "mature_entry_count", "converted_count") for month in finished}
    change, split = _change({month: shares["all"] for month, shares in by_month.items()}, effects, least)
    return Headline(
        "conversion",
        title,
        words.percent(whole.rate),
        words.interval(*wilson(whole)),
        f"{whole.part:,} of {whole.whole:,} people whose window has ended.",
        change,
        split,
    )


def _conversion_7d(months: list[Row], least: int) -> Headline:
    """Entries need seven days only, so the newest month is the one under way."""
    title, columns = "Conversion within 7 days", ("mature_7d_entry_count", "converted_7d_count")
    whole = _shares(months, None, *columns)["all"]
    if whole.whole < least:
        return _too_few("conversion-7d", title, whole.whole, "who entered 7 days ago or earlier", least)
    every = [row["period_start_date"] for row in months if row["segment_name"] == "all" and row["period_start_date"]]
    by_month = {month: shares for month in every if (shares := _shares(months, month, *columns))["all"].whole}
    change, split = _change_by_clients(by_month, least)
    newest = list(by_month)[-1]
    row = next(row for row in months if row["segment_name"] == "all" and row["period_start_date"] == newest)
    is_partial = row["mature_7d_entry_count"] < row["entry_count"]
    return Headline(
        "conversion-7d",
        title,
        words.percent(whole.rate),
        words.interval(*wilson(whole)),
        f"{whole.part:,} of {whole.whole:,} people who entered 7 days ago or earlier.",
        change,
        split,
        f"{words.month(newest)}: only those who entered early enough." if is_partial and change else "",
    )


def _drop_off(steps: list[Row], finished: list[date], least: int) -> Headline:
    title = "Largest drop-off"
    everybody = [row for row in steps if row["segment_name"] == "all" and row["period_start_date"] is None]
    by_count = next((row for row in everybody if row["is_largest_drop_off_by_count"]), None)
    if by_count is None:
        # A funnel of one step, an empty one, and one that loses nobody.
        reason = "nobody is lost" if everybody else "no one’s window has ended"
        return Headline("drop-off", title, words.NONE, basis=f"No step to name: {reason}.")
    step = words.name(by_count["step_name"], 40)
    whole = Share(by_count["lost_count"], by_count["eligible_count"])
    of_step = [row for row in steps if row["step_order"] == by_count["step_order"]]
    columns = ("eligible_count", "lost_count")
    by_month = {month: shares for month in finished if (shares := _shares(of_step, month, *columns))["all"].whole}
    change, split = _change_by_clients(by_month, least)
    by_rate = next((row for row in everybody if row["is_largest_drop_off_by_rate"]), by_count)
    more = "Largest by people and by rate."
    if by_rate is not by_count:
        rate = words.percent(by_rate["lost_count"] / by_rate["eligible_count"])
        more = f"By rate it is {words.name(by_rate['step_name'], 40)}: {rate}."
    is_shown = whole.whole >= least
    return Headline(
        "drop-off",
        f"{title}: {step}",
        words.percent(whole.rate) if is_shown else words.people(whole.part),
        words.interval(*wilson(whole)) if is_shown else "",
        f"{whole.part:,} of {words.people(whole.whole)} lost before it.",
        change,
        split,
        more if is_shown else "",
    )


def _time(times: list[Row], finished: list[date], least: int) -> Headline:
    title = "Median time to convert"
    whole = next((row for row in times if row["period_start_date"] is None), None)
    if whole is None:
        return Headline("time", title, words.NONE, basis="Nobody has converted whose window has ended.")
    if whole["converted_count"] < least:
        return _too_few("time", title, whole["converted_count"], "who converted", least)
    shown = [row for row in times if row["period_start_date"] in finished and row["converted_count"] >= least]
    change = ""
    if len(shown) >= 2:
        before, after = shown[-2:]
        is_apart = (
            after["median_seconds_low"] > before["median_seconds_high"]
            or after["median_seconds_high"] < before["median_seconds_low"]
        )
        change = (
            f"{words.month(after['period_start_date'])}: {words.seconds(after['median_seconds'])} "
            f"({_span(after)}), after "
            f"{words.seconds(before['median_seconds'])} in {words.month(before['period_start_date'])} "
            f"({_span(before)}): {'beyond chance' if is_apart else 'may be chance'}"
        )
    return Headline(
        "time",
        title,
        words.seconds(whole["median_seconds"]),
        _span(whole),
        f"Of {words.people(whole['converted_count'])} who converted.",
        change,
    )


def _too_few(id: str, title: str, found: int, who: str, least: int) -> Headline:
    return Headline(id, title, words.NONE, basis=f"{words.people(found)} {who}: a rate needs {least}.")


def _span(row: Row) -> str:
    return f"{words.seconds(row['median_seconds_low'])} – {words.seconds(row['median_seconds_high'])}"


def _shares(rows: list[Row], month: date | None, whole: str, part: str) -> dict[str, Share]:
    """Return each client's share in the month, and everybody's under `all`; a client's name has a prefix."""
    shares = {"all": Share(0, 0)}
    for row in rows:
        if row["period_start_date"] == month:
            group = "all" if row["segment_name"] == "all" else f"client {row['segment_value']}"
            shares[group] = Share(row[part] or 0, row[whole])
    return shares


def _clients(shares: Mapping[str, Share]) -> dict[str, Share]:
    return {group: share for group, share in shares.items() if group != "all"}


def _change_by_clients(by_month: Mapping[date, dict[str, Share]], least: int) -> tuple[str, str]:
    """Compare the newest month with the one before, its change split by the clients' shares in both."""
    pairs = zip(list(by_month), list(by_month)[1:], strict=False)
    effects = {after: mix_and_rate(_clients(by_month[before]), _clients(by_month[after])) for before, after in pairs}
    return _change({month: shares["all"] for month, shares in by_month.items()}, effects, least)


def _change(months: dict[date, Share], effects: Mapping[date, Effects], least: int) -> tuple[str, str]:
    """Compare the newest month with the one before, and say how much of it is mix and how much rate."""
    if len(months) < 2:
        return "No two months to compare yet.", ""
    (before_month, before), (after_month, after) = list(months.items())[-2:]
    if min(before.whole, after.whole) < least:
        return f"{words.month(before_month)} and {words.month(after_month)}: too few people to compare.", ""
    change_of_rate = difference(before, after)
    low, high = newcombe(before, after)
    verdict = "beyond chance" if low > 0 or high < 0 else "may be chance"
    change = (
        f"{words.month(after_month)}: {words.percent(after.rate)}, {words.points(change_of_rate)} on "
        f"{words.month(before_month)} ({words.points(low).removesuffix(' points')} to "
        f"{words.points(high).removesuffix(' points')}): {verdict}"
    )
    effect = effects.get(after_month)
    if effect is None or not math.isclose(effect.mix + effect.rate, change_of_rate, abs_tol=1e-6):
        return change, ""
    mix, rate = (words.points(part).removesuffix(" points") for part in effect)
    split = f"{mix} by mix of clients, {rate} by their rates"
    return change, split
