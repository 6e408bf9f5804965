"""What is true about a world, computed one person at a time in plain Python.

This is the second opinion that the tests hold against the SQL models, so it shares nothing with them: no SQL, no
data frames, no arrays; the project's rules (D1 to D16) are written out as loops. It reads what the simulator knows
(which page a visit was on, who is a robot, which row is a copy), never the text that ends up in the files. All times
are in milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from scripts.databases import Row
from scripts.simulate.browsers import DEVICE_TYPES
from scripts.simulate.clients import CLIENTS
from scripts.simulate.clock import DAY, SECOND, to_ms
from scripts.simulate.dirt import DEVICE, EVENT, SESSION, TIME, VIEW
from scripts.simulate.events import FUNNEL, PAGE_PING, PAGE_VIEW
from scripts.simulate.ids import id_text
from scripts.simulate.pages import INTAKE_STEPS, REFERRAL_STEP, step_page
from scripts.simulate.world import Calendar, World

WINDOW = 30 * DAY
IDENTITY_WINDOW = 30 * DAY
SAME_VISIT = 2 * SECOND
LONGEST_DWELL = 1_800 * SECOND
# No event happens before the first of these, nor from the second on.
PLAUSIBLE = (to_ms(date(2000, 1, 1)), to_ms(date(2100, 1, 1)))
# What becomes of a source row: the first of these that holds.
REASONS = (
    "missing_event_id",
    "implausible_time",
    "duplicate",
    "bot",
    "missing_key",
    "staff",
    "outside_funnels",
    "modelled",
)


@dataclass(frozen=True)
class Step:
    """A step of a funnel; `valid_from` (ms) is when it was added, if it was not there from the start."""

    order: int
    name: str
    is_optional: bool = False
    valid_from: int | None = None


_ONBOARDING_NAMES = (
    "Create Account",
    "Create Password",
    "Set Up MFA",
    "Input Full Name",
    "Verify Eligibility",
    "Confirm Sponsorship",
    "Referral Source",
    "Create Care Recipient",
    "Next Steps",
    "Care Project Dashboard",
)


def funnels(calendar: Calendar) -> dict[str, list[Step]]:
    """The steps of both funnels."""
    onboarding = []
    for order, name in enumerate(_ONBOARDING_NAMES, 1):
        valid_from = to_ms(calendar.referral_step_from) if order == REFERRAL_STEP else None
        onboarding.append(Step(order, name, order in (2, 3, REFERRAL_STEP), valid_from))
    intake = [Step(order, name) for order, name in enumerate(INTAKE_STEPS, 1)]
    return {"ONBOARDING": onboarding, "MEMBER_INTAKE": intake}


@dataclass(slots=True)
class Event:
    """One event that counts; `member`, `device`, `session` and `page_view` are None where the row lacks them."""

    at: int
    kind: int
    page: int
    step: int
    page_view: int | None
    session: int | None
    device: int | None
    member: int | None
    device_time: int | None
    device_type: str
    person: str = ""


@dataclass(slots=True)
class Visit:
    """One page visit: page views that belong together."""

    page: int
    first_at: int
    last_at: int
    person: str
    page_views: set[int] = field(default_factory=set)
    pings: list[Event] = field(default_factory=list)
    dwell: int | None = None
    engaged: int = 0


@dataclass
class Truth:
    """The answers so far: rows of the truth files, and the newest event's time (ms)."""

    entries: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    accounting: Counter[str] = field(default_factory=Counter)
    observed_until: int = 0


def tell(truth: Truth, world: World, calendar: Calendar) -> None:
    """Add a part of the world to the truth. Call `finish` once after the last part."""
    events, names, clients = _events(truth, world)
    identify(events, names["device"], names["member"])
    staff = {names["member"][at] for at, is_staff in enumerate(world.people["is_staff"].tolist()) if is_staff}
    of_person: dict[str, list[Event]] = {}
    kept = []
    for event in events:
        if event.person in staff:
            truth.accounting["staff"] += 1
        else:
            truth.accounting["modelled" if _is_in_a_funnel(event) else "outside_funnels"] += 1
            kept.append(event)
            of_person.setdefault(event.person, []).append(event)
    visits_of: dict[str, list[Visit]] = {}
    for visit in visits(kept):
        visits_of.setdefault(visit.person, []).append(visit)
    for person, own in of_person.items():
        own.sort(key=lambda event: event.at)
        for funnel, steps in funnels(calendar).items():
            _tell_person(truth, funnel, steps, person, clients.get(person), own, visits_of.get(person, []))


def finish(truth: Truth) -> None:
    """Whether an entry is mature can only be said when the newest event of the whole world is known."""
    for entry in truth.entries:
        entry["is_mature"] = entry["entered_at"] + WINDOW <= truth.observed_until
    truth.entries.sort(key=lambda row: (row["funnel_name"], row["entered_at"], row["person_id"]))
    place = {(row["funnel_name"], row["person_id"]): at for at, row in enumerate(truth.entries)}
    truth.steps.sort(key=lambda row: (place[row["funnel_name"], row["person_id"]], row["step_order"]))


def _events(truth: Truth, world: World) -> tuple[list[Event], dict[str, list[str]], dict[str, str]]:
    """The rows that are neither rejected nor copies, robots' or nobody's; the ids' texts; the client of each member."""
    rows, visits, devices = world.rows, world.visits, world.devices
    names = {"device": id_text(devices["id"]).to_pylist(), "member": id_text(world.people["id"]).to_pylist()}
    client_of = world.people["client"].tolist()
    clients = {name: CLIENTS[client_of[at]].id for at, name in enumerate(names["member"])}
    device_types = [DEVICE_TYPES[kind] for kind in devices["kind"].tolist()]
    is_bot = [kind >= 0 for kind in devices["bot_kind"].tolist()]
    page_of = visits["page"].tolist()
    columns = ("derived", "kind", "visit", "step", "page_view", "session", "device", "person", "created", "missing")
    events = []
    for is_copy, *values in zip(rows["is_duplicate"].tolist(), *(rows[name].tolist() for name in columns), strict=True):
        at, kind, visit, step, page_view, session, device, member, created, missing = values
        if missing & EVENT:
            truth.accounting["missing_event_id"] += 1
            continue
        if not PLAUSIBLE[0] <= at < PLAUSIBLE[1]:
            truth.accounting["implausible_time"] += 1
            continue
        if is_copy:
            truth.accounting["duplicate"] += 1
            continue
        truth.observed_until = max(truth.observed_until, at)
        if is_bot[device]:
            truth.accounting["bot"] += 1
            continue
        if missing & DEVICE and member < 0:
            truth.accounting["missing_key"] += 1
            continue
        events.append(
            Event(
                at=at,
                kind=kind,
                page=page_of[visit],
                step=step,
                page_view=None if missing & VIEW else page_view,
                session=None if missing & SESSION else session,
                device=None if missing & DEVICE else device,
                member=None if member < 0 else member,
                device_time=None if missing & TIME else created,
                device_type=device_types[device],
            )
        )
    return events, names, clients


def identify(events: Iterable[Event], device_names: list[str], member_names: list[str]) -> None:
    """Give every event its person (D10).

    A known member is the person. An anonymous event belongs to the next member seen on its device within 30 days;
    else to the member seen before it on the device in the same session; else to nobody but its device.
    """
    of_device: dict[int, list[Event]] = {}
    for event in events:
        if event.member is not None:
            event.person = member_names[event.member]
        if event.device is not None:
            of_device.setdefault(event.device, []).append(event)
    for device, own in of_device.items():
        # At one instant the member's event comes first when looking back, so it is "at or after" when looking ahead.
        own.sort(key=lambda event: (event.at, event.member is not None))
        following: Event | None = None
        for event in reversed(own):
            if event.member is not None:
                following = event
            elif following is not None and following.at - event.at <= IDENTITY_WINDOW:
                event.person = following.person
        in_session: dict[int, str] = {}
        for event in own:
            if event.member is not None:
                if event.session is not None:
                    in_session[event.session] = event.person
            elif event.person == "":
                anonymous = f"anon:{device_names[device]}"
                event.person = anonymous if event.session is None else in_session.get(event.session, anonymous)


def visits(events: Iterable[Event]) -> list[Visit]:
    """The page visits of all sessions, with time on page and engagement; pages without a session are visits too."""
    of_session: dict[int, list[Event]] = {}
    pings: list[Event] = []
    found: list[Visit] = []
    for event in events:
        if event.kind == PAGE_PING:
            pings.append(event)
        elif event.kind == PAGE_VIEW and event.session is not None:
            of_session.setdefault(event.session, []).append(event)
        elif event.kind == PAGE_VIEW:
            found.append(Visit(event.page, event.at, event.at, event.person))
    by_page_view: dict[tuple[int | None, int | None], Visit] = {}
    for session, views in of_session.items():
        in_session = _session_visits(views)
        for visit in in_session:
            for page_view in visit.page_views:
                by_page_view[session, page_view] = visit
        for visit, next_visit in pairwise(in_session):
            visit.dwell = next_visit.first_at - visit.first_at
        found.extend(in_session)
    for ping in pings:
        if pinged := by_page_view.get((ping.session, ping.page_view)):
            pinged.pings.append(ping)
    for visit in found:
        _measure(visit)
    return found


def _session_visits(views: list[Event]) -> list[Visit]:
    """The visits of one session in order: a view with a known page view id, or a double fire, opens no new visit."""
    found: list[Visit] = []
    for view in sorted(views, key=lambda event: event.at):
        same = None
        for visit in found:
            if view.page_view is not None and view.page_view in visit.page_views:
                same = visit
        if same is None and found and found[-1].page == view.page and view.at - found[-1].last_at <= SAME_VISIT:
            same = found[-1]
        if same is None:
            same = Visit(view.page, view.at, view.at, view.person)
            found.append(same)
        same.last_at = view.at
        if view.page_view is not None:
            same.page_views.add(view.page_view)
    return found


def _measure(visit: Visit) -> None:
    """Time on page (a session's last visit lasts until its last ping) and engaged time, in ms."""
    if visit.dwell is None and visit.pings:
        visit.dwell = max(ping.at for ping in visit.pings) - visit.first_at
    if visit.dwell is not None:
        visit.dwell = max(0, min(visit.dwell, LONGEST_DWELL))
    buckets = {ping.device_time // (10 * SECOND) for ping in visit.pings if ping.device_time is not None}
    if buckets:
        visit.engaged = (10 * (len(buckets) - 1) + 5) * SECOND
    if visit.dwell is not None:
        visit.engaged = min(visit.engaged, visit.dwell)


def _is_in_a_funnel(event: Event) -> bool:
    """Whether an event is a step itself, or happened on a step's page."""
    return event.kind == FUNNEL or step_page(1) <= event.page <= step_page(10)


def _step_of(funnel: str, event: Event) -> int | None:
    """The step of a funnel that an event is a hit of, if any."""
    if funnel == "ONBOARDING" and event.kind == PAGE_VIEW and step_page(1) <= event.page <= step_page(10):
        return event.page - step_page(1) + 1
    if funnel == "MEMBER_INTAKE" and event.kind == FUNNEL:
        return event.step
    return None


def _chain(hits: dict[int, list[int]], required: list[int], entered: int) -> dict[int, int]:
    """When each required step was reached from an entry: in order, inside the window, until one is missing."""
    reached = {required[0]: entered}
    now = entered
    for step in required[1:]:
        later = [at for at in hits[step] if now <= at <= entered + WINDOW]
        if not later:
            break
        now = min(later)
        reached[step] = now
    return reached


def _reached(
    step: Step, steps: list[Step], hits: dict[int, list[int]], reached: dict[int, int], end: int
) -> int | None:
    """When a step was reached, given the required ones that were and the window's end.

    An optional step counts between its required neighbours, and only if the one before was reached.
    """
    if not step.is_optional:
        return reached.get(step.order)
    before = max(other.order for other in steps if not other.is_optional and other.order < step.order)
    after = min(other.order for other in steps if not other.is_optional and other.order > step.order)
    if before not in reached:
        return None
    inside = [at for at in hits[step.order] if reached[before] <= at <= reached.get(after, end)]
    return min(inside, default=None)


def _tell_person(
    truth: Truth,
    funnel: str,
    steps: list[Step],
    person: str,
    client: str | None,
    events: list[Event],
    own_visits: list[Visit],
) -> None:
    """One person's entry into one funnel, and its steps. `events` are in order of time."""
    hits: dict[int, list[int]] = {step.order: [] for step in steps}
    first: Event | None = None
    for event in events:
        order = _step_of(funnel, event)
        if order is not None:
            hits[order].append(event.at)
            if order == steps[0].order and first is None:
                first = event
    if first is None:
        return
    entered = first.at
    required = [step.order for step in steps if not step.is_optional]
    last_step = required[-1]
    reached = _chain(hits, required, entered)
    converted = reached.get(last_step)
    entries = sorted(set(hits[required[0]]))
    truth.entries.append(
        {
            "funnel_name": funnel,
            "person_id": person,
            "member_id": None if person.startswith("anon:") else person,
            "client_id": client,
            "entered_at": entered,
            "furthest_step_order": max(reached),
            "is_converted": converted is not None,
            "converted_at": converted,
            "seconds_to_convert": None if converted is None else (converted - entered) / SECOND,
            "is_converted_ever": any(last_step in _chain(hits, required, entry) for entry in entries),
            "entry_count": len(entries),
            "device_type": first.device_type,
        }
    )
    window_end = entered + WINDOW
    until = window_end if converted is None else converted
    for step in steps:
        if step.valid_from is not None and entered < step.valid_from:
            continue
        row = {
            "funnel_name": funnel,
            "person_id": person,
            "step_order": step.order,
            "step_name": step.name,
            "is_optional": step.is_optional,
            "reached_at": _reached(step, steps, hits, reached, window_end),
        }
        if funnel == "ONBOARDING":
            here = [v for v in own_visits if v.page == step_page(step.order) and entered <= v.first_at <= until]
            row.update(_time_on_step(here))
        else:
            count = sum(1 for at in hits[step.order] if entered <= at <= until)
            row.update(visit_count=count, dwell_seconds=None, engaged_seconds=None, has_unknown_dwell=False)
        truth.steps.append(row)


def _time_on_step(here: list[Visit]) -> Row:
    """A person's time on a step's page, summed over the visits in the window."""
    known = [visit.dwell for visit in here if visit.dwell is not None]
    return {
        "visit_count": len(here),
        "dwell_seconds": sum(known) / SECOND if known else None,
        "engaged_seconds": sum(visit.engaged for visit in here) / SECOND if here else None,
        "has_unknown_dwell": len(known) < len(here),
    }
