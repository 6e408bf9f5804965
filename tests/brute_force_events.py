"""Whose an event is, computed the obvious way, straight from the rules; no SQL. `brute_force` goes on from here.

The ids in the docstrings are those of the rules (D…) and of the dirty events (X…) that the models' unit tests carry.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]

WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
USER = "contexts_com_wellthy_user_2"
YAUAA = "contexts_nl_basjes_yauaa_context_1"
IAB = "contexts_com_iab_snowplow_spiders_and_robots_1"
FUNNEL = "unstruct_event_com_wellthy_funnel_1"

IDENTITY_WINDOW = timedelta(days=30)
AHEAD = timedelta(minutes=5)
HITS_OF_A_PERSON_PER_DAY = 200
ROBOT_AGENT = re.compile(r"bot[/;)]|spider|crawl|slurp|headless", re.IGNORECASE)


@dataclass
class Event:
    """What counts of an event: the first delivery's fields, cleaned, and then whose it is."""

    event_id: str
    name: str
    key: str | None
    at: datetime
    collected_at: datetime
    device_at: datetime | None
    member_id: str | None
    device: str | None
    session: str | None
    page_view_id: str | None
    path: str | None
    is_signed_robot: bool
    person_id: str | None = None
    exclusion_reason: str | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        """The order of events: by time, and at one instant by id."""
        return self.at, self.event_id


def normalise(path: str | None) -> str | None:
    """X8: no query string, no fragment, no trailing slash, lower case."""
    if path is None:
        return None
    path = path.split("?")[0].split("#")[0].lower()
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def first_deliveries(rows: Iterable[Row]) -> list[Row]:
    """X1: of the deliveries of one event the one that was collected first stays."""
    first: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["collector_tstamp"], row["load_tstamp"])):
        first.setdefault(row["event_id"], row)
    return list(first.values())


def _context(row: Row, context: str, name: str) -> Any:
    return row[context][0][name] if row[context] else None


def member_of_row(row: Row) -> str | None:
    """Return the signed-in member: as the tracker says, else as the user context does."""
    return row["user_id"] or _context(row, USER, "user_id")


def is_signed_robot(row: Row) -> bool:
    """X5: the user agent, the IAB list or YAUAA says robot; a missing user agent says nothing."""
    return bool(
        _context(row, IAB, "spider_or_robot")
        or (_context(row, YAUAA, "agent_class") or "").startswith("Robot")
        or ROBOT_AGENT.search(row["useragent"] or "")
    )


def read_event(row: Row) -> Event:
    """X3: an event happens at its derived time; X13: a missing key stays missing."""
    key = None
    if row["event_name"] == "page_view":
        key = normalise(row["page_urlpath"])
    elif row["event_name"] == "funnel" and row["event_vendor"] == "com.wellthy":
        key = f"{row[FUNNEL]['funnel_name']}/{row[FUNNEL]['step_name']}"
    return Event(
        event_id=row["event_id"],
        name=row["event_name"],
        key=key,
        at=row["derived_tstamp"] or row["collector_tstamp"],
        collected_at=row["collector_tstamp"],
        device_at=row["dvce_created_tstamp"],
        member_id=member_of_row(row),
        device=row["domain_userid"],
        session=row["domain_sessionid"],
        page_view_id=_context(row, WEB_PAGE, "id"),
        path=normalise(row["page_urlpath"]),
        is_signed_robot=is_signed_robot(row),
    )


def observed_until(events: Iterable[Event]) -> datetime:
    """D9: the newest event in the data; X3: not one whose clock runs more than five minutes ahead of its collection."""
    return max(event.at for event in events if event.at <= event.collected_at + AHEAD)


def person_of_event(event: Event, sightings: list[Event]) -> str | None:
    """D10, X13: the member; else the device's next one in 30 days; else its last one, if of this session; else anon.

    `sightings` are the device's events with a member, in order.
    """
    if event.member_id is not None or event.device is None:
        return event.member_id
    following = [sighting for sighting in sightings if event.at <= sighting.at <= event.at + IDENTITY_WINDOW]
    if following:
        return following[0].member_id
    before = [sighting for sighting in sightings if sighting.at < event.at]
    if before and before[-1].session is not None and before[-1].session == event.session:
        return before[-1].member_id
    return f"anon:{event.device}"


def robots(events: list[Event], steps_of_events: list[dict[str, int]]) -> set[str]:
    """X5: devices with a robot's sign on any event, or with more than 200 hits of a funnel's steps on a day."""
    found: set[str | None] = {event.device for event in events if event.is_signed_robot}
    for steps in steps_of_events:
        per_day = Counter((event.device, event.at.date()) for event in events if event.event_id in steps)
        found |= {device for (device, _), count in per_day.items() if count > HITS_OF_A_PERSON_PER_DAY}
    return {device for device in found if device is not None}


def staff_members(rows: Iterable[Row]) -> set[str]:
    """D15: who has the role STAFF on any event, in whatever delivery."""
    members = {member_of_row(row) for row in rows if _context(row, USER, "role") == "STAFF"}
    return {member for member in members if member is not None}


def exclusion(event: Event, robot_devices: set[str], staff: set[str]) -> str | None:
    """D15: robots go by device, staff as whole people; X13: nobody's events, with neither member nor device."""
    if event.is_signed_robot or event.device in robot_devices:
        return "bot"
    if event.person_id is None:
        return "missing_key"
    return "staff" if event.person_id in staff else None
