"""The headline numbers of a built world, in the shape of expected_headlines.yml.

`python -m tests.headlines warehouse` prints them: after a change that is meant, put them into that file, and the
review shows what moved.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from tests.worlds import PROJECT_DIR, World

_ALL = "segment_name = 'all'"


def headlines(world: World) -> dict[str, Any]:
    """Return the events by reason, and per funnel its conversion, steps, clients and median times (seconds)."""
    accounting = world.query(
        "SELECT reason, SUM(event_count) AS n FROM product.event_accounting GROUP BY reason ORDER BY reason"
    )
    trends = world.query(
        f"SELECT * FROM product.funnel_conversion_trends WHERE {_ALL} AND grain = 'all' ORDER BY funnel_name"
    )
    return {
        "events": {row["reason"]: int(row["n"]) for row in accounting},
        "funnels": {row["funnel_name"]: _funnel(world, row) for row in trends},
    }


def _funnel(world: World, trend: dict[str, Any]) -> dict[str, Any]:
    of_funnel = f"funnel_name = '{trend['funnel_name']}'"
    steps = world.query(
        "SELECT * FROM product.funnel_step_conversion"
        f" WHERE {of_funnel} AND {_ALL} AND entered_month_start_date IS NULL ORDER BY step_order"
    )
    pages = world.query(
        f"SELECT * FROM product.funnel_page_engagement WHERE {of_funnel} AND {_ALL} ORDER BY step_order"
    )
    clients = world.query(f"SELECT * FROM product.funnel_client_comparison WHERE {of_funnel} ORDER BY client_name")
    months = world.query(
        f"SELECT * FROM product.funnel_conversion_trends WHERE {of_funnel} AND {_ALL} AND grain = 'month'"
        " ORDER BY period_start_date"
    )
    return {
        "entries": trend["entry_count"],
        "open": trend["open_entry_count"],
        "converted": trend["converted_count"],
        "conversion_rate": round(trend["conversion_rate"], 4),
        "interval": [round(trend["conversion_rate_low"], 4), round(trend["conversion_rate_high"], 4)],
        "rate_by_month": {
            f"{row['period_start_date']:%Y-%m}": row["conversion_rate"] and round(row["conversion_rate"], 4)
            for row in months
        },
        "reached": {row["step_name"]: row["reached_count"] for row in steps},
        "largest_drop_off_by_people": next(row["step_name"] for row in steps if row["is_largest_drop_off_by_count"]),
        "largest_drop_off_by_rate": next(row["step_name"] for row in steps if row["is_largest_drop_off_by_rate"]),
        "median_seconds": {row["step_name"]: round(row["median_seconds_per_person"], 1) for row in pages},
        "clients": {row["client_name"]: f"{row['converted_count']} of {row['account_count']}" for row in clients},
        "clients_that_differ": [row["client_name"] for row in clients if row["is_significant"]],
    }


def as_yaml(numbers: dict[str, Any]) -> str:
    """Return the numbers as expected_headlines.yml holds them."""
    return yaml.safe_dump(numbers, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    print(as_yaml(headlines(World(PROJECT_DIR / "data", Path(sys.argv[1])))), end="")
