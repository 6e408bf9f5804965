"""The funnel computed the obvious way: one person at a time, in plain Python, straight from the rules; no SQL.

The ids in the docstrings are those of the rules (D…) and of the examples (T…, X…) that the models' unit tests carry.
`compute` takes the rows as the sources have them, and is slow on purpose: each rule is one small function.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

from tests.brute_force_events import (
    Event,
    Row,
    exclusion,
    first_deliveries,
    normalise,
    observed_until,
    person_of_event,
    read_event,
    robots,
    staff_members,
)

Hit = tuple[datetime, int, str]  # when, step order, event id

DOUBLE_FIRE = timedelta(seconds=2)
DWELL_CAP_SECONDS = 1800.0


@dataclass(frozen=True)
class Answer:
    """What the models should say, and the events from which that follows."""

    events: list[Event]
    observed_until_at: datetime
    entries: list[Row]
    entry_steps: list[Row]
    page_views: list[Row]


@dataclass
class Visit:
    """A page view, with the loads that are its double fires."""

    loads: list[Event]
    row: Row = field(default_factory=dict)


def is_valid(step: Row, day: date) -> bool:
    """D14: a definition holds from its first to its last date, both included."""
    return (step["valid_from_date"] or date.min) <= day <= (step["valid_to_date"] or date.max)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in (normalise(path) or "").split("%")), re.DOTALL)


def matches(step: Row, name: str, key: str | None) -> bool:
    """Say whether an event is of the step: by its page, where `%` is any text, by its funnel event, or by its name."""
    if step["match_type"] == "page_urlpath":
        return name == "page_view" and key is not None and bool(_pattern(step["match_value"]).fullmatch(key))
    if step["match_type"] == "funnel_step":
        return name == "funnel" and key == f"{step['funnel_name']}/{step['match_value']}"
    return name == step["match_value"]


def applicable_steps(funnel: list[Row], day: date) -> list[Row]:
    """D14: the steps of people who enter on the day are those that are defined on it."""
    return sorted((step for step in funnel if is_valid(step, day)), key=lambda step: step["step_order"])


def required(steps: list[Row]) -> list[int]:
    """D7: the chain runs over the required steps only."""
    return [step["step_order"] for step in steps if not step["is_optional"]]


def hits_by_event(funnel: list[Row], events: Iterable[Event]) -> dict[str, int]:
    """Return the step for which each event counts: one whose definition holds on the event's own date (D5, D14)."""
    candidates: dict[tuple[str, str | None], list[Row]] = {}
    hits = {}
    for event in events:
        what = (event.name, event.key)
        if what not in candidates:
            candidates[what] = [step for step in funnel if matches(step, *what)]
        for step in candidates[what]:
            if is_valid(step, event.at.date()):
                hits[event.event_id] = step["step_order"]
    return hits


def visits_of_session(views: list[Event]) -> list[Visit]:
    """D12: one page view id is one load; a load of the same page at most two seconds after the last repeats it."""
    loads: dict[str, Event] = {}
    for view in sorted(views, key=lambda view: view.order):
        loads.setdefault(view.page_view_id or view.event_id, view)
    visits: list[Visit] = []
    for load in loads.values():
        last = visits[-1].loads[-1] if visits else None
        if last and load.path is not None and load.path == last.path and load.at - last.at <= DOUBLE_FIRE:
            visits[-1].loads.append(load)
        else:
            visits.append(Visit([load]))
    return visits


def seconds_open(visit: Visit, following: Visit | None, pings: list[Event]) -> float | None:
    """D12, T1 to T4: until the session's next page view, on the last page until its last ping, else unknown."""
    if following:
        end = following.loads[0].at
    elif pings:
        end = max(ping.at for ping in pings)
    else:
        return None
    return max((end - visit.loads[0].at).total_seconds(), 0.0)


def engaged(pings: list[Event], dwell: float | None) -> float:
    """D12, T5 to T9: 10 s for each further ten-second stretch of device time with a ping, 5 s for the first."""
    stretches = {(ping.device_at - datetime(1970, 1, 1)) // timedelta(seconds=10) for ping in pings if ping.device_at}
    seconds = 10.0 * (len(stretches) - 1) + 5.0 if stretches else 0.0
    return seconds if dwell is None else min(seconds, dwell)


def visits_of(events: list[Event]) -> list[Visit]:
    """Return all page views with their times; a load without a session is a visit of unknown length (X13)."""
    views, pings = defaultdict(list), defaultdict(list)
    for event in events:
        if event.name == "page_view":
            views[event.session or f"none:{event.page_view_id or event.event_id}"].append(event)
        elif event.name == "page_ping" and event.page_view_id and event.session:
            pings[event.session, event.page_view_id].append(event)
    visits = []
    for session, session_views in views.items():
        in_session = visits_of_session(session_views)
        for visit, following in zip(in_session, [*in_session[1:], None], strict=True):
            own = [ping for load in visit.loads for ping in pings[session, load.page_view_id]]
            open_seconds = seconds_open(visit, following, own)
            dwell = None if open_seconds is None else min(open_seconds, DWELL_CAP_SECONDS)
            visit.row = {
                "event_id": visit.loads[0].event_id,
                "page_view_id": visit.loads[0].page_view_id or visit.loads[0].event_id,
                "person_id": visit.loads[0].person_id,
                "dwell_seconds": dwell,
                "engaged_seconds": engaged(own, dwell),
                "is_dwell_unknown": dwell is None,
                "is_dwell_capped": open_seconds is not None and open_seconds > DWELL_CAP_SECONDS,
            }
        visits += in_session
    return visits


def attempts(funnel: list[Row], hits: list[Hit]) -> list[datetime]:
    """D1, D4: each time at the first step is an attempt, and the first of them is the entry."""
    return sorted({at for at, step, _ in hits if step == required(applicable_steps(funnel, at.date()))[0]})


def chain(steps: list[int], hits: list[Hit], start: datetime, end: datetime) -> dict[int, datetime]:
    """D2, D3, D5, D6: each required step at its first hit at or after the one before, until the end, inclusive."""
    reached = {steps[0]: start}
    for previous, step in pairwise(steps):
        times = [at for at, hit_step, _ in hits if hit_step == step and reached[previous] <= at <= end]
        if not times:
            break
        reached[step] = min(times)
    return reached


def fill_optional(
    steps: list[Row], hits: list[Hit], reached: dict[int, datetime], end: datetime
) -> dict[int, datetime]:
    """D7: an optional step counts from the required step before it to the one after it, or to the window's end."""
    filled = {}
    for step in steps:
        before = max(order for order in required(steps) if order <= step["step_order"])
        after = min((order for order in required(steps) if order > step["step_order"]), default=None)
        if step["is_optional"] and before in reached:
            until = reached.get(after, end)
            times = [at for at, order, _ in hits if order == step["step_order"] and reached[before] <= at <= until]
            if times:
                filled[step["step_order"]] = min(times)
    return filled


def entry_and_steps(
    funnel: list[Row], person: str, hits: list[Hit], visits: dict[str, Visit], observed: datetime
) -> tuple[Row, list[Row]] | None:
    """Return a person's row of funnel_entries and those of funnel_entry_steps; None for one who never entered."""
    window = timedelta(days=funnel[0]["conversion_window_days"])
    starts = attempts(funnel, hits)
    if not starts:
        return None
    chains = []
    for start in starts:
        chain_steps = required(applicable_steps(funnel, start.date()))
        chains.append(chain(chain_steps, hits, start, start + window))
    is_converted_ever = any(
        required(applicable_steps(funnel, start.date()))[-1] in reached
        for start, reached in zip(starts, chains, strict=True)
    )
    entered_at, window_end, reached = starts[0], starts[0] + window, chains[0]
    steps = applicable_steps(funnel, entered_at.date())
    orders = [step["step_order"] for step in steps]
    missed = [order for order in required(steps) if order not in reached]
    converted_at = None if missed else max(reached.values())
    seen = [hit for hit in hits if entered_at <= hit[0] <= window_end and hit[1] in orders]
    furthest_seen = max(order for _, order, _ in seen)
    skipped = [order for order in missed if order < furthest_seen and all(hit[1] != order for hit in seen)]  # D6
    times = {**reached, **fill_optional(steps, hits, reached, window_end)}

    step_rows = []
    for step in steps:
        order = step["step_order"]
        own = [event_id for at, hit_step, event_id in seen if hit_step == order and at <= (converted_at or window_end)]
        views = [visits[event_id].row for event_id in own if event_id in visits]  # T12: until then, no longer
        dwells = [view["dwell_seconds"] for view in views if view["dwell_seconds"] is not None]
        step_rows.append(
            {
                "funnel_name": step["funnel_name"],
                "person_id": person,
                "step_order": order,
                "step_name": step["step_name"],
                "is_optional": step["is_optional"],
                "reached_at": times.get(order),
                "visit_count": len(views) or len(own),
                "is_step_skipped": order in skipped,
                "is_last_step_reached": order == max(reached),
                "dwell_seconds": sum(dwells) if dwells else None,
                "engaged_seconds": sum(view["engaged_seconds"] for view in views) if views else None,
                "has_unknown_dwell": len(dwells) < len(views),
            }
        )
    entry = {
        "funnel_name": funnel[0]["funnel_name"],
        "person_id": person,
        "entered_at": entered_at,
        "converted_at": converted_at,
        "is_converted": not missed,
        "is_converted_1d": not missed and converted_at <= entered_at + timedelta(days=1),
        "is_converted_7d": not missed and converted_at <= entered_at + timedelta(days=7),
        "is_converted_ever": is_converted_ever,
        "window_ends_at": window_end,
        "observed_until_at": observed,
        "is_mature": window_end <= observed,  # D9
        "entry_count": len(starts),
        "furthest_step_order": max(reached),
        "furthest_step_order_seen": furthest_seen,
        "dropped_at_step_order": min(missed, default=None),
        "has_skipped_step": bool(skipped),
    }
    return entry, step_rows


def compute(definitions: list[Row], rows: list[Row]) -> Answer:
    """Return what the models should say about the rows of the event source."""
    events = sorted((read_event(row) for row in first_deliveries(rows)), key=lambda event: event.order)
    funnels: dict[str, list[Row]] = defaultdict(list)
    for step in definitions:
        funnels[step["funnel_name"]].append(step)
    steps_of_events = {name: hits_by_event(funnel, events) for name, funnel in funnels.items()}

    robot_devices = robots(events, list(steps_of_events.values()))
    staff = staff_members(rows)
    sightings = defaultdict(list)
    for event in events:
        if event.member_id is not None:
            sightings[event.device].append(event)
    people = defaultdict(list)
    for event in events:
        event.person_id = person_of_event(event, sightings[event.device])
        event.exclusion_reason = exclusion(event, robot_devices, staff)
        if event.exclusion_reason is None:
            people[event.person_id].append(event)

    visits = visits_of([event for event in events if event.exclusion_reason is None])
    visit_of = {visit.row["event_id"]: visit for visit in visits}
    observed = observed_until(events)
    entries, entry_steps = [], []
    for name, funnel in funnels.items():
        steps = steps_of_events[name]
        for person, own in people.items():
            hits = [(event.at, steps[event.event_id], event.event_id) for event in own if event.event_id in steps]
            found = entry_and_steps(funnel, person, hits, visit_of, observed)
            if found:
                entries.append(found[0])
                entry_steps += found[1]
    return Answer(events, observed, entries, entry_steps, [visit.row for visit in visits])
