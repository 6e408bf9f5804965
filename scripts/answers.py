"""Print the answers to the business questions in the terminal, from the tables that a build made."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scripts.arguments import Parser
from scripts.databases import DatabaseError, Row, grouped, opened, rows_of
from scripts.settings import Settings, read_settings
from scripts.wording import NONE, clean, count, percent, print_what_the_terminal_can, shorten

_OBSERVATION = "SELECT MAX(observed_until_at) AS observed_until_at FROM product.funnel_entries"
_ACCOUNTING = """
SELECT reason, CAST(SUM(event_count) AS BIGINT) AS event_count
  FROM product.event_accounting GROUP BY reason ORDER BY event_count DESC
"""
_PAGES = """
SELECT funnel_name, step_name, is_reportable, person_count, median_seconds_per_person, average_seconds_per_person
     , median_engaged_seconds_per_person, unknown_dwell_rate, cta_click_rate, median_seconds_to_cta_click
  FROM product.funnel_page_engagement WHERE segment_name = 'all' ORDER BY funnel_name, step_order
"""
# Clients are compared by accounts, so the funnel is told that starts at the account: it has fewest anonymous entries.
_CLIENTS = """
SELECT funnel_name, client_id, client_name, is_reportable, account_count, conversion_rate, conversion_rate_low
     , conversion_rate_high, difference_in_points, z_score, q_value, is_tested, is_significant, omnibus_p_value
  FROM product.funnel_client_comparison
 WHERE funnel_name = (
       SELECT funnel_name FROM product.funnel_entries WHERE is_mature
        GROUP BY funnel_name ORDER BY AVG(CAST(is_anonymous AS INTEGER)), funnel_name LIMIT 1
       )
 ORDER BY is_reportable DESC, conversion_rate DESC, client_name
"""
_STEPS = """
SELECT funnel_name, step_name, is_optional, is_reportable, reached_count, rate_of_first, rate_of_previous, lost_count
     , is_largest_drop_off_by_count, is_largest_drop_off_by_rate
  FROM product.funnel_step_conversion
 WHERE segment_name = 'all' AND entered_month_start_date IS NULL
 ORDER BY funnel_name, step_order
"""
_TRENDS = """
SELECT funnel_name, grain, period_start_date, entry_count, open_entry_count, conversion_rate, conversion_rate_low
     , conversion_rate_high, conversion_rate_7d, mature_7d_entry_count, mix_effect, rate_effect, is_reportable
     , LAG(is_reportable) OVER (PARTITION BY funnel_name ORDER BY period_start_date NULLS LAST)
       AS is_previous_reportable
  FROM product.funnel_conversion_trends
 WHERE segment_name = 'all' AND grain IN ('month', 'all')
 ORDER BY funnel_name, period_start_date NULLS LAST
"""
_ADDED_STEPS = """
SELECT funnel_name, step_name, valid_from_date, period, mature_entry_count, conversion_rate, conversion_rate_low
     , conversion_rate_high, difference_in_points, p_value, is_reportable
     , BOOL_AND(is_reportable) OVER (PARTITION BY funnel_name, step_order) AS is_compared
  FROM product.funnel_step_introductions ORDER BY funnel_name, step_order, period DESC
"""
_LONGEST_NAME = 80  # characters


def print_answers(warehouse_dir: Path, console: Console) -> None:
    """Print the answers, one small table for each question and funnel, and where the databases are.

    Raises:
        DatabaseError: `warehouse_dir` holds no readable prod.duckdb.
    """
    queries = (_OBSERVATION, _ACCOUNTING, _PAGES, _CLIENTS, _STEPS, _TRENDS, _ADDED_STEPS)
    with opened(warehouse_dir / "prod.duckdb") as connection:
        observation, accounting, *answers = (rows_of(connection.execute(query)) for query in queries)

    if observation[0]["observed_until_at"] is None:
        console.print("No person entered a funnel: there is nothing to answer from.")
    else:
        delivered = sum(row["event_count"] for row in accounting)
        reasons = " + ".join(f"{row['event_count']:,} {row['reason'].replace('_', ' ')}" for row in accounting)
        settings = read_settings()
        until = observation[0]["observed_until_at"]
        console.print(f"Events: {delivered:,} delivered = {reasons}", highlight=False, soft_wrap=True)
        console.print(f"Data until {until:%Y-%m-%d %H:%M} UTC.", highlight=False)
        questions = (
            ("1 · How long does a person spend on each page?", _page_table),
            ("2 · Do members of one client convert better?", _client_table),
            ("3 · Which step loses most people?", _step_table),
            ("4 · What share gets from the first step to the last, and how has that changed?", _trend_table),
            ("5 · Does a step that was added hurt?", _added_step_table),
        )
        for (question, table_of), rows in zip(questions, answers, strict=True):
            console.print(f"\n[bold]{question}[/bold]", highlight=False)
            if not rows:
                console.print("Nothing to tell: no person, account or added step to go by.")
            for funnel_name, funnel_rows in grouped(rows, "funnel_name"):
                console.print(table_of(funnel_name, funnel_rows, settings), highlight=False)
    paths = ", ".join(str(warehouse_dir / f"{name}.duckdb") for name in ("raw", "prep", "prod"))
    console.print(f"\nDatabases: {paths}", soft_wrap=True, highlight=False)


def _page_table(funnel_name: str, rows: list[Row], settings: Settings) -> Table:
    table = _table(funnel_name, "page", ["people", "median", "mean", "engaged", "unknown", "click", "after"])
    table.caption = (
        f"Median and mean time per person, a view counts up to {settings.dwell_cap_seconds / 60:g} min; median engaged "
        "time; views of unknown time; "
        "views with a click on the page's call to action, and the median time to it."
    )
    for row in rows:
        is_shown = row["is_reportable"]
        table.add_row(
            _name(row["step_name"]),
            count(row["person_count"]),
            _seconds(row["median_seconds_per_person"], is_shown),
            _seconds(row["average_seconds_per_person"], is_shown),
            _seconds(row["median_engaged_seconds_per_person"], is_shown),
            _percent(row["unknown_dwell_rate"], is_shown),
            _percent(row["cta_click_rate"], is_shown),
            _seconds(row["median_seconds_to_cta_click"], is_shown),
        )
    return table


def _client_table(funnel_name: str, rows: list[Row], settings: Settings) -> Table:
    table = _table(funnel_name, "client", ["accounts", "rate", "95 %", "to rest", "q"])
    table.add_column("verdict", no_wrap=True)
    table.caption = (
        "Accounts whose window has ended; distance to all others in points; a difference is told where "
        f"q < {settings.significance_level:g}. "
        f"All clients alike: p {_probability(rows[0]['omnibus_p_value'])}."
    )
    for row in rows:
        is_shown = row["is_reportable"]
        table.add_row(
            _name(row["client_name"]),
            count(row["account_count"]),
            _percent(row["conversion_rate"], is_shown),
            _interval(row["conversion_rate_low"], row["conversion_rate_high"], is_shown),
            _points(row["difference_in_points"], is_shown),
            _probability(row["q_value"]),
            _verdict(row),
        )
    return table


def _verdict(row: Row) -> str:
    if not row["is_tested"]:
        return "not tested" if row["client_id"] == "unknown" else "too few"
    if not row["is_significant"]:
        return "none shown"
    return "[green]better[/green]" if row["z_score"] > 0 else "[red]worse[/red]"


def _step_table(funnel_name: str, rows: list[Row], _: Settings) -> Table:
    table = _table(funnel_name, "step", ["reached", "of first", "of prev.", "lost"])
    table.add_column("", no_wrap=True)
    table.caption = (
        "People whose window has ended; of the first step, and of the required step before. "
        "◀ The largest drop-off, by people lost and by rate. Optional steps are visited or not."
    )
    for row in rows:
        is_shown = row["is_reportable"]
        table.add_row(
            _name(row["step_name"]),
            count(row["reached_count"]),
            _percent(row["rate_of_first"], is_shown),
            _percent(row["rate_of_previous"], is_shown),
            count(row["lost_count"]),
            _mark(row),
        )
    return table


def _mark(row: Row) -> str:
    if row["is_optional"]:
        return "optional"
    largest_by = {"people": row["is_largest_drop_off_by_count"], "rate": row["is_largest_drop_off_by_rate"]}
    words = ", ".join(word for word, is_largest in largest_by.items() if is_largest)
    return f"[red]◀ {words}[/red]" if words else ""


def _trend_table(funnel_name: str, rows: list[Row], settings: Settings) -> Table:
    table = _table(funnel_name, "entered", ["entries", "open", "rate", "95 %", "in 7 d", "change", "by mix", "by rate"])
    table.caption = (
        "Rates are of entries whose window has ended; open ones can still convert. In 7 d: of entries 7 days old. "
        "Change to the month before in points, by the mix of clients and by their rates."
    )
    for row in rows:
        is_shown = row["is_reportable"]
        has_change = is_shown and row["is_previous_reportable"] and row["mix_effect"] is not None
        table.add_row(
            "all" if row["grain"] == "all" else f"{row['period_start_date']:%Y-%m}",
            count(row["entry_count"]),
            count(row["open_entry_count"]),
            _percent(row["conversion_rate"], is_shown),
            _interval(row["conversion_rate_low"], row["conversion_rate_high"], is_shown),
            _percent(row["conversion_rate_7d"], row["mature_7d_entry_count"] >= settings.reportable_count),
            _points(100 * (row["mix_effect"] + row["rate_effect"]) if has_change else None),
            _points(100 * row["mix_effect"] if has_change else None),
            _points(100 * row["rate_effect"] if has_change else None),
        )
    return table


def _added_step_table(funnel_name: str, rows: list[Row], _: Settings) -> Table:
    table = _table(funnel_name, "entered", ["entries", "rate", "95 %", "change", "p"])
    table.caption = "Entries whose window has ended, before the step was there and since; change in points."
    for row in rows:
        is_shown = row["is_reportable"]
        is_compared = row["is_compared"]
        table.add_row(
            _name(f"{row['period']} {row['step_name']} ({row['valid_from_date']})"),
            count(row["mature_entry_count"]),
            _percent(row["conversion_rate"], is_shown),
            _interval(row["conversion_rate_low"], row["conversion_rate_high"], is_shown),
            _points(row["difference_in_points"], is_compared),
            _probability(row["p_value"] if is_compared else None),
        )
    return table


def _table(title: str, label: str, numbers: list[str]) -> Table:
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.title_justify = table.caption_justify = "left"
    table.add_column(label)
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def _name(text: str) -> Text:
    """A name from the data, as text: no markup, no code of an emoji, nothing that steers the terminal."""
    return Text(shorten(clean(text), _LONGEST_NAME))


def _percent(value: float | None, is_shown: bool) -> str:
    return percent(value if is_shown else None)


def _points(value: float | None, is_shown: bool = True) -> str:
    return NONE if value is None or not is_shown else f"{value:+.1f}"


def _interval(low: float | None, high: float | None, is_shown: bool) -> str:
    return NONE if low is None or high is None or not is_shown else f"{100 * low:.1f}–{100 * high:.1f}"


def _probability(value: float | None) -> str:
    if value is None:
        return NONE
    return "< .001" if value < 0.001 else f"{value:.3f}"


def _seconds(value: float | None, is_shown: bool) -> str:
    if value is None or not is_shown:
        return NONE
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.1f} min"


def main() -> None:
    """Print the answers of the folder that WAREHOUSE_DIR names; exit with 2 when there are none."""
    Parser(
        prog="python -m scripts.answers",
        description="Print the answers from the tables that `make build` made.",
        epilog="WAREHOUSE_DIR names the folder of the databases (default: warehouse).",
    ).parse_args()
    print_what_the_terminal_can()
    try:
        print_answers(Path(os.environ.get("WAREHOUSE_DIR") or "warehouse"), Console())
    except DatabaseError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
