"""`make report`: what the page says is what prod says, in its tables, sentences and files; nothing else is in it."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scripts.report.intervals import Share, mix_and_rate, newcombe, wilson
from tests.report_reader import Reader, says
from tests.report_worlds import changed_copy, page_of
from tests.worlds import World

SHOWN = "CASE WHEN is_reportable THEN {} END"
TABLES_OF_PAGE = {
    "pages": (
        "SELECT step_name, person_count, {median_seconds_per_person}, {average_seconds_per_person}, {p25_seconds}"
        ", {p75_seconds}, {p90_seconds}, {unknown_dwell_rate}, {cta_click_rate}"
        " FROM product.funnel_page_engagement WHERE segment_name = 'all' AND funnel_name = ? ORDER BY step_order",
        "page, people, median, mean, capped, a quarter up to, three quarters up to, nine tenths up to"
        ", views of unknown length, views with a click on the call to action",
    ),
    "clients": (
        "SELECT client_name, account_count, converted_count, conversion_rate, conversion_rate_low, conversion_rate_high"
        ", difference_in_points, q_value, is_tested, is_significant, largest_drop_off_step_name"
        " FROM product.funnel_client_comparison WHERE funnel_name = ? ORDER BY conversion_rate DESC, client_name",
        "client, accounts, converted, conversion, 95 % from, to, points to all others, q, tested, differs"
        ", most accounts lost at",
    ),
    "steps": (
        "SELECT step_order, step_name, is_optional, reached_count, rate_of_first, rate_of_previous, lost_count"
        ", drop_off_rate, share_of_all_losses, median_seconds_from_previous_step FROM product.funnel_step_conversion"
        " WHERE segment_name = 'all' AND entered_month_start_date IS NULL AND funnel_name = ? ORDER BY step_order",
        "no., step, optional, reached, of first, of previous, lost, drop-off, of all lost, median time from previous",
    ),
    "destinations": (
        "SELECT step_name, destination, entry_count, entry_share_rate FROM product.funnel_drop_off_destinations"
        " WHERE funnel_name = ? ORDER BY step_order, destination = '(other pages)', entry_count DESC",
        "last step reached, next page, people, share",
    ),
    "trend": (
        "SELECT period_start_date, entry_count, open_entry_count, {conversion_rate}, {conversion_rate_low}"
        ", {conversion_rate_high}, CASE WHEN mature_7d_entry_count >= 10 THEN conversion_rate_7d END"
        " FROM product.funnel_conversion_trends WHERE grain = 'week' AND segment_name = 'all' AND funnel_name = ?"
        " ORDER BY period_start_date",
        "week from, people, open, conversion, 95 % from, to, in 7 days",
    ),
    "added-steps": (
        "SELECT step_name, period, mature_entry_count, converted_count, conversion_rate, difference_in_points, p_value"
        " FROM product.funnel_step_introductions WHERE funnel_name = ? ORDER BY period DESC",
        "added step, entered, people, converted, conversion, change in points, p",
    ),
    "calls-to-action": (
        "SELECT step_name, segment_value, person_count, {cta_click_rate}, {median_seconds_to_cta_click}"
        " FROM product.funnel_page_engagement WHERE segment_name = 'device' AND cta_click_rate IS NOT NULL"
        " AND funnel_name = ? ORDER BY step_order, segment_value",
        "page, device, people, views with a click, median time to the click",
    ),
}
"""Of each part an own query on prod, and the headers of the columns that it must be found under."""


@pytest.fixture(scope="module")
def page(committed_report: Path) -> Reader:
    return Reader(committed_report)


def query(warehouse_dir: Path, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse_dir / "prod.duckdb"), read_only=True) as connection:
        return connection.execute(sql, parameters).fetchall()


@pytest.mark.parametrize("part", TABLES_OF_PAGE)
@pytest.mark.parametrize("funnel", ["ONBOARDING", "MEMBER_INTAKE"])
def test_every_number_of_a_table_is_that_of_prod(committed: World, page: Reader, funnel: str, part: str) -> None:
    sql, headers = TABLES_OF_PAGE[part]
    sql = re.sub(r"\{(\w+)\}", SHOWN.format(r"\1"), sql)
    figure = page.figures[f"{funnel.lower().replace('_', '-')}-{part}"]
    rows = query(committed.warehouse_dir, sql, funnel)
    assert len(rows) == len(figure.rows)
    for at, header in enumerate(headers.replace("mean, capped", "mean; capped").split(", ")):
        values = [row[at] for row in rows]
        texts = figure.column(header.replace(";", ","))
        wrong = [(text, value) for text, value in zip(texts, values, strict=True) if not says(text, value)]
        assert wrong == [], f"{part}: {header}"


@pytest.mark.parametrize("funnel", ["ONBOARDING", "MEMBER_INTAKE"])
def test_the_heat_map_has_the_numbers_of_prod_and_no_rate_of_few(committed: World, page: Reader, funnel: str) -> None:
    figure = page.figures[f"{funnel.lower().replace('_', '-')}-segments"]
    found = query(
        committed.warehouse_dir,
        "SELECT segment_name, segment_value, step_name, eligible_count, lost_count"
        ", CASE WHEN eligible_count >= 30 THEN drop_off_rate END FROM product.funnel_step_conversion"
        " WHERE entered_month_start_date IS NULL AND lost_count IS NOT NULL AND funnel_name = ?",
        funnel,
    )
    by_key = {row[:3]: row[3:] for row in found}
    keys = list(zip(*map(figure.column, ("by", "value", "step")), strict=True))
    assert len(set(keys)) == len(keys) > 200
    for header, at in (("could be lost", 0), ("lost", 1), ("drop-off", 2)):
        wrong = [
            (key, text)
            for key, text in zip(keys, figure.column(header), strict=True)
            if not says(text, by_key[key][at])
        ]
        assert wrong == [], header
    highest = {
        key[:2]: key[2] for key, mark in zip(keys, figure.column("highest of the row"), strict=True) if mark == "yes"
    }
    for segment, step in highest.items():
        rates = {key[2]: by_key[key][2] for key in keys if key[:2] == segment and by_key[key][2] is not None}
        assert rates[step] == max(rates.values()) > 0


@pytest.mark.parametrize("funnel", ["ONBOARDING", "MEMBER_INTAKE"])
def test_the_sql_that_is_shown_gives_the_rows_that_are_offered(committed: World, page: Reader, funnel: str) -> None:
    prefix = f"{funnel.lower().replace('_', '-')}-"
    figures = {name: figure for name, figure in page.figures.items() if name.startswith(prefix)}
    assert len(figures) == 8
    for name, figure in figures.items():
        with duckdb.connect(str(committed.warehouse_dir / "prod.duckdb"), read_only=True) as connection:
            cursor = connection.execute(figure.sql.split(";\n\n")[0])
            columns = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
        offered = [list(row.values()) for row in figure.csv_rows]
        assert not offered or list(figure.csv_rows[0]) == columns, name
        texts = [
            ["" if value is None else str(value).lower() if isinstance(value, bool) else str(value) for value in row]
            for row in rows
        ]
        assert offered == texts, name
        assert len(figure.rows) == len(rows), name


def test_every_chart_draws_the_rows_of_its_table(page: Reader) -> None:
    drawn = {name: figure.specification for name, figure in page.figures.items() if figure.specification}
    assert len(drawn) == 14
    for name, specification in drawn.items():
        told = [row for row in page.figures[name].rows if not {"modelled", "outside_funnels"} & set(row)]
        assert len(specification["datasets"]["rows"]) >= len(told) > 0, name


def test_the_head_says_what_the_numbers_are_of(committed: World, page: Reader) -> None:
    people, open_count, anonymous, first, last = query(
        committed.warehouse_dir,
        "SELECT COUNT(*), SUM(CASE WHEN is_mature THEN 0 ELSE 1 END), SUM(CAST(is_anonymous AS INTEGER))"
        ", MIN(entered_date), MAX(entered_date) FROM product.funnel_entries WHERE funnel_name = 'ONBOARDING'",
    )[0]
    assert f"People {people:,}, of whom {anonymous:,} without an account" in page.text
    assert (
        f"Open entries {open_count:,} can still convert; conversion is of the other {people - open_count:,}"
        in page.text
    )
    assert f"Entered {first.day} {first:%B %Y} to {last.day} {last:%B %Y}" in page.text
    assert "Window 30 days from the first step" in page.text
    assert "Time zone of dates UTC" in page.text
    ((excluded,),) = query(
        committed.warehouse_dir, "SELECT SUM(event_count) FROM product.event_accounting WHERE reason = 'staff'"
    )
    assert f"{excluded:,} staff" in page.text


def test_the_headlines_are_those_of_prod(committed: World, page: Reader) -> None:
    rate, low, high, converted, mature, rate_7d, seconds = query(
        committed.warehouse_dir,
        "SELECT conversion_rate, conversion_rate_low, conversion_rate_high, converted_count, mature_entry_count"
        ", conversion_rate_7d, median_seconds_to_convert FROM product.funnel_conversion_trends"
        " WHERE grain = 'all' AND segment_name = 'all' AND funnel_name = 'ONBOARDING'",
    )[0]
    text = page.text
    assert f"Conversion within 30 days {100 * rate:.1f} % 95 %: {100 * low:.1f}–{100 * high:.1f} %" in text
    assert f"{converted:,} of {mature:,} people whose window has ended." in text
    assert f"Conversion within 7 days {100 * rate_7d:.1f} %" in text
    assert says(re.search(r"Median time to convert (.+?) 95 %", text)[1], seconds)
    after, before = query(
        committed.warehouse_dir,
        "SELECT conversion_rate, mix_effect, rate_effect, period_start_date FROM product.funnel_conversion_trends"
        " WHERE grain = 'month' AND segment_name = 'all' AND funnel_name = 'ONBOARDING' AND open_entry_count = 0"
        " ORDER BY period_start_date DESC LIMIT 2",
    )
    assert (
        f"{after[3]:%B %Y}: {100 * after[0]:.1f} %, {_points(after[0] - before[0])} points on {before[3]:%B %Y}" in text
    )
    assert f"{_points(after[1])} by mix of clients, {_points(after[2])} by their rates" in text


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def test_mix_and_rate_split_a_change_as_prod_does(committed: World) -> None:
    for funnel in ("ONBOARDING", "MEMBER_INTAKE"):
        sql = (
            "SELECT period_start_date, segment_value, converted_count, mature_entry_count, mix_effect, rate_effect"
            " FROM product.funnel_conversion_trends WHERE grain = 'month' AND segment_name = ? AND funnel_name = ?"
            " AND mature_entry_count > 0 ORDER BY period_start_date"
        )
        months: dict[date, dict[str, Share]] = {}
        for month, client, part, whole, _, _ in query(committed.warehouse_dir, sql, "client", funnel):
            months.setdefault(month, {})[client] = Share(part, whole)
        told = query(committed.warehouse_dir, sql, "all", funnel)
        assert len(told) >= 5
        for before, after in pairwise(told):
            assert mix_and_rate(months[before[0]], months[after[0]]) == pytest.approx(after[4:])


def test_M1_mix_and_rate_of_the_books_and_of_a_client_that_is_new() -> None:
    before = {"big": Share(480, 800), "small": Share(60, 200)}
    after = {"big": Share(248, 400), "small": Share(192, 600)}
    assert mix_and_rate(before, after) == pytest.approx((-0.12, 0.02))
    # The new client is held against everybody's rate before, so that it changes nothing by its coming.
    assert mix_and_rate({"old": Share(10, 20)}, {"old": Share(10, 20), "new": Share(15, 20)}) == (0, 0.125)


def test_intervals_are_those_of_prod_and_of_the_books(committed: World) -> None:
    sql = (
        "SELECT converted_count, mature_entry_count, conversion_rate_low, conversion_rate_high"
        " FROM product.funnel_conversion_trends WHERE mature_entry_count > 0"
    )
    for part, whole, low, high in query(committed.warehouse_dir, sql):
        assert wilson(Share(part, whole)) == pytest.approx((low, high))
    assert wilson(Share(0, 0)) == (0, 1)
    # Newcombe (1998), table II, the first line: 56/70 against 48/80.
    assert newcombe(Share(48, 80), Share(56, 70)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_month_counts_as_finished_only_when_nobody_is_open(committed: World, tmp_path: Path) -> None:
    folder = changed_copy(
        committed,
        tmp_path,
        "UPDATE product.funnel_conversion_trends SET open_entry_count = 1"
        " WHERE grain = 'month' AND period_start_date = '2026-05-01'",
    )
    text = Reader(page_of(folder)).text
    assert "April 2026: 38.0 %" in text
    assert "May 2026: 36.8 %" not in text


# --- Sentences ---------------------------------------------------------------------------------------------------


def test_the_sentences_tell_the_planted_story(page: Reader) -> None:
    said = {name.removeprefix("onboarding-"): figure.sentence for name, figure in page.figures.items()}
    assert "Create Care Recipient" in said["pages"]
    assert said["clients"].startswith(
        "1 of 9 tested clients may be said to differ: Cedar Valley Schools converts worse"
    )
    assert said["steps"] == "Input Full Name loses most people: 474 of 1,672, 28.3 %; that is also the highest rate."
    assert "client Cedar Valley Schools (Confirm Sponsorship, 53.9 %)" in said["segments"]
    assert "771, 80.3 %, viewed no further page" in said["destinations"]
    assert "earlier 45.5 % (so −8.5 points, more than chance explains)" in said["trend"]
    assert "348 people of the newest 5 weeks can still convert" in said["trend"]
    assert "Before, 45.9 % of 1,015 people converted; since, 37.4 % of 657 people: −8.5 points" in said["added-steps"]
    assert "Devices differ most on Next Steps: on phone" in said["calls-to-action"]


BROKEN = {
    "pages": "UPDATE product.funnel_page_engagement SET median_seconds_per_person = 600, p90_seconds = 900"
    " WHERE step_name = 'Next Steps' AND segment_name = 'all'",
    "clients": "UPDATE product.funnel_client_comparison SET is_significant = (client_name = 'Harbor Mutual')",
    "steps": "UPDATE product.funnel_step_conversion SET lost_count = lost_count + 7"
    ", is_largest_drop_off_by_count = (step_name = 'Verify Eligibility') WHERE lost_count IS NOT NULL",
    "segments": "UPDATE product.funnel_step_conversion SET drop_off_rate = 0.9 WHERE step_name = 'Next Steps'",
    "destinations": "UPDATE product.funnel_drop_off_destinations SET entry_count = entry_count * 9"
    " WHERE destination = '/'",
    "trend": "UPDATE product.funnel_conversion_trends SET converted_count = converted_count + 9 WHERE grain = 'week'",
    "added-steps": "UPDATE product.funnel_step_introductions SET p_value = 0.2",
    "calls-to-action": "UPDATE product.funnel_page_engagement SET median_seconds_to_cta_click = 300"
    " WHERE segment_value = 'tablet' AND step_name = 'Set Up MFA'",
}
SAID_THEN = {
    "pages": "People stay longest on Next Steps: the median of 887 people is 10 min 00 s, one in ten stays 15 min",
    "clients": "Harbor Mutual converts better, 61.2 % against 59.1 % of all others (+2.1 points",
    "steps": "Verify Eligibility loses most people: 60 of 1,198",
    "segments": "Next Steps has the highest drop-off rate for",
    "destinations": "The page that took most of the others is /: 207 of 658 lost after Create Account",
    "trend": "whose windows have all ended; in the 4 weeks before 49.1 %",
    "added-steps": "which may be chance (p 0.200)",
    "calls-to-action": "Devices differ most on Set Up MFA: on tablet half of the clicks take longer than 5 min 00 s",
}


def test_a_sentence_follows_its_numbers(committed: World, page: Reader, tmp_path: Path) -> None:
    broken = Reader(page_of(changed_copy(committed, tmp_path, *BROKEN.values())))
    for part, words in SAID_THEN.items():
        sentence = broken.figures[f"onboarding-{part}"].sentence
        assert sentence != page.figures[f"onboarding-{part}"].sentence
        assert words in sentence
