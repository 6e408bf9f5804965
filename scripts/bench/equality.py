"""Whether the tables by hand say what the build says."""

from __future__ import annotations

from pathlib import Path

import duckdb

from scripts.databases import attach, in_utc
from scripts.review.compare import Comparison, Tolerance, compare_relations

KEYS = {
    "event_accounting": ("load_date", "reason"),
    "funnel_client_comparison": ("funnel_name", "client_id"),
    "funnel_conversion_trends": ("funnel_name", "grain", "period_start_date", "segment_name", "segment_value"),
    "funnel_drop_off_destinations": ("funnel_name", "step_order", "destination"),
    "funnel_entries": ("funnel_name", "person_id"),
    "funnel_entry_steps": ("funnel_name", "person_id", "step_order"),
    "funnel_page_engagement": ("funnel_name", "step_order", "segment_name", "segment_value"),
    "funnel_page_views": ("funnel_name", "person_id", "step_order", "page_view_id", "domain_sessionid"),
    "funnel_step_conversion": (
        "funnel_name", "entered_month_start_date", "segment_name", "segment_value", "step_order", "is_optional",
    ),
    "funnel_step_introductions": ("funnel_name", "step_order", "period"),
}  # fmt: skip
"""The tables of prod and their natural keys."""
_OWN_COLUMNS = {"entry_no", "client_label"}  # of the tables by hand
_TOLERANCE = Tolerance(absolute=0, relative=1e-9)


def compare_tables(prod: Path, by_hand: Path) -> dict[str, Comparison]:
    """Compare every table of two database files on the columns and segments that the one by hand has, by table name.

    Floats may differ by a billionth, all else must be equal.
    """
    with in_utc() as connection:
        attach(connection, prod, "prod")
        attach(connection, by_hand, "by_hand")
        return {table: _compare(connection, table, key) for table, key in KEYS.items()}


def is_equal(comparison: Comparison) -> bool:
    """Return whether no row differs."""
    return not (comparison.removed_row_count or comparison.added_row_count or comparison.changed_row_count)


def first_differences(table: str, comparison: Comparison) -> list[str]:
    """Say in lines what differs: the counts, the columns, and the first rows."""
    lines = [
        f"{table}: {comparison.changed_row_count:,} rows differ, {comparison.removed_row_count:,} are in the build "
        f"only, {comparison.added_row_count:,} by hand only"
    ]
    lines += [f"    {column.name}: {column.moved_count:,} rows" for column in comparison.columns if column.moved_count]
    return lines + [f"    {example}" for example in comparison.examples[:3]]


def _compare(connection: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> Comparison:
    made = [row[0] for row in connection.execute(f"DESCRIBE by_hand.{table}").fetchall()]
    columns = [name for name in made if name not in _OWN_COLUMNS and name not in key] + list(key)
    for side, schema, entry_id in (("build", "prod.product", "funnel_entry_id"), ("hand", "by_hand.main", "entry_no")):
        source = f"{schema}.{table} AS rows"
        if table == "funnel_page_views":  # the person stands in the entry only
            source += f" INNER JOIN {schema}.funnel_entries AS entries ON entries.{entry_id} = rows.{entry_id}"
        if "segment_name" in key:
            source += f" WHERE rows.segment_name IN (SELECT segment_name FROM by_hand.main.{table})"
        named = [f"{'entries' if name == 'person_id' and 'JOIN' in source else 'rows'}.{name}" for name in columns]
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {side} AS SELECT {', '.join(named)} FROM {source}")
    return compare_relations(connection, "build", "hand", key, "natural key", _TOLERANCE, example_count=3)
