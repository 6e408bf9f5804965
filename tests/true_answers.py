"""The answers, computed in plain Python from the truth about each person; no SQL takes part.

Formulas: semantics.md, D8 (denominators), D9 (mature entries only), D11 (clients by account), D12 (time per person).
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]


def _months(entry: Row) -> Iterator[date | None]:
    yield entry["entered_at"].date().replace(day=1)
    yield None


def _segments(entry: Row) -> Iterator[tuple[str, str]]:
    yield "all", "all"
    yield "device", entry["device_type"]


def step_conversion(entries: list[Row], steps: list[Row]) -> list[Row]:
    """Return funnel × entry month (None: all) × segment (all, device) × step of the mature entries."""
    entry_of = {(entry["funnel_name"], entry["person_id"]): entry for entry in entries if entry["is_mature"]}
    reached_required: dict[tuple[str, str], list[bool]] = defaultdict(list)
    cells: dict[tuple[str, date | None, str, str, int, bool], list[tuple[bool, bool]]] = defaultdict(list)
    for step in sorted(steps, key=lambda step: step["step_order"]):
        person = (step["funnel_name"], step["person_id"])
        if person not in entry_of:
            continue
        is_reached = step["reached_at"] is not None
        is_eligible = all(reached_required[person])
        if not step["is_optional"]:
            reached_required[person].append(is_reached)
        for month in _months(entry_of[person]):
            for segment in _segments(entry_of[person]):
                cell = (step["funnel_name"], month, *segment, step["step_order"], step["is_optional"])
                cells[cell].append((is_eligible, is_reached))
    return [
        _step_row(*cell, [is_reached for _, is_reached in people], sum(is_eligible for is_eligible, _ in people))
        for cell, people in cells.items()
    ]


def _step_row(
    funnel_name: str,
    month: date | None,
    segment_name: str,
    segment_value: str,
    step_order: int,
    is_optional: bool,
    reached: list[bool],
    eligible_count: int,
) -> Row:
    is_first = step_order == 1
    lost_count = None if is_first or is_optional else eligible_count - sum(reached)
    return {
        "funnel_name": funnel_name,
        "entered_month_start_date": month,
        "segment_name": segment_name,
        "segment_value": segment_value,
        "step_order": step_order,
        "entry_count": len(reached),
        "eligible_count": eligible_count,
        "reached_count": sum(reached),
        "lost_count": lost_count,
        "rate_of_first": sum(reached) / len(reached),
        "rate_of_previous": None if is_first or not eligible_count else sum(reached) / eligible_count,
        "drop_off_rate": None if lost_count is None or not eligible_count else lost_count / eligible_count,
    }


def conversion_trends(entries: list[Row]) -> list[Row]:
    """Return funnel × grain × period × segment (all, device): entries, open ones, conversions and their rate."""
    cells: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for entry in entries:
        entered_date = entry["entered_at"].date()
        periods = {
            "all": None,
            "month": entered_date.replace(day=1),
            "week": entered_date - timedelta(days=entered_date.weekday()),
        }
        for grain, period_start_date in periods.items():
            for segment in _segments(entry):
                cells[(entry["funnel_name"], grain, period_start_date, *segment)].append(entry)
    rows = []
    for (funnel_name, grain, period_start_date, segment_name, segment_value), people in cells.items():
        mature = [entry for entry in people if entry["is_mature"]]
        converted = [entry for entry in mature if entry["is_converted"]]
        rows.append(
            {
                "funnel_name": funnel_name,
                "grain": grain,
                "period_start_date": period_start_date,
                "segment_name": segment_name,
                "segment_value": segment_value,
                "entry_count": len(people),
                "mature_entry_count": len(mature),
                "open_entry_count": len(people) - len(mature),
                "converted_count": len(converted),
                "conversion_rate": len(converted) / len(mature) if mature else None,
                "median_seconds_to_convert": _median(entry["seconds_to_convert"] for entry in converted),
            }
        )
    return rows


def client_comparison(entries: list[Row]) -> list[Row]:
    """Return funnel × client: the mature entries of people with an account, and their conversion."""
    clients: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for entry in entries:
        if entry["is_mature"] and entry["member_id"] is not None:
            clients[(entry["funnel_name"], entry["client_id"])].append(entry["is_converted"])
    return [
        {
            "funnel_name": funnel_name,
            "client_id": client_id,
            "account_count": len(converted),
            "converted_count": sum(converted),
            "conversion_rate": sum(converted) / len(converted),
        }
        for (funnel_name, client_id), converted in clients.items()
    ]


def page_engagement(entries: list[Row], steps: list[Row]) -> list[Row]:
    """Return funnel × step × segment (all, device): time per person for those who saw the page (seconds)."""
    entry_of = {(entry["funnel_name"], entry["person_id"]): entry for entry in entries}
    cells: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for step in steps:
        if step["engaged_seconds"] is not None:
            for segment in _segments(entry_of[(step["funnel_name"], step["person_id"])]):
                cells[(step["funnel_name"], step["step_order"], *segment)].append(step)
    rows = []
    for (funnel_name, step_order, segment_name, segment_value), people in cells.items():
        known = [step["dwell_seconds"] for step in people if step["dwell_seconds"] is not None]
        rows.append(
            {
                "funnel_name": funnel_name,
                "step_order": step_order,
                "segment_name": segment_name,
                "segment_value": segment_value,
                "person_count": len(people),
                "visit_count": sum(step["visit_count"] for step in people),
                "average_seconds_per_person": statistics.fmean(known) if known else None,
                "median_seconds_per_person": _median(known),
                "average_engaged_seconds_per_person": statistics.fmean(step["engaged_seconds"] for step in people),
                "median_engaged_seconds_per_person": _median(step["engaged_seconds"] for step in people),
            }
        )
    return rows


def _median(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return statistics.median(numbers) if numbers else None
