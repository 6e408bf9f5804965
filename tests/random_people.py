"""Random worlds on a coarse grid of times, so that ties and exact boundaries are the rule and not the exception.

Each device of a household lives through sessions, in which its members, signed in or not, walk about some funnel. No
session lasts a day, no two overlap on a device, no two members are on it at one instant: such events have no meaning.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.brute_force_events import FUNNEL, IAB, USER, WEB_PAGE, YAUAA
from tests.worlds import write_source

Row = dict[str, Any]
START = datetime(2026, 2, 1)
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000  # milliseconds, as all times here
END = 100 * DAY
NUDGES = (-1, 0, 0, 0, 1)
PAUSES = (0, 0, 1_000, 2_000, 2_001, 5_000, 30_000, MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, HOUR)
PING_DELAYS = (-1_000, 0, 1_000, 5_000, 5_400, 6_000, 10_000, 15_000, 20_000, 30_000, MINUTE, 30 * MINUTE, 1_800_001)
GAPS = (MINUTE, 30 * MINUTE, HOUR, DAY, 3 * DAY + 12 * HOUR, 30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 45 * DAY)
OTHER_PATHS = ("/", "/help", "/long/stepx4", "/mixed/edit_plan", "/mixed/7/edit_plan/more", "/short/2/x", None)
AGENTS = ("Mozilla/5.0 (Macintosh) Safari/605.1", "Mozilla/5.0 (Linux; CUBOT_X18) Chrome/120", None)
ROBOT_AGENTS = ("Mozilla/5.0 (compatible; Googlebot/2.1)", "HeadlessChrome/120", "Baiduspider")


@dataclass(frozen=True)
class RandomWorld:
    """The rows of the seed file and of the three sources."""

    definitions: list[Row]
    events: list[Row]
    members: list[Row]

    def write(self, project_dir: Path, data_dir: Path) -> None:
        """Write the seed file into the project and the sources, with the declared columns and types, into the data."""
        with (project_dir / "seeds" / "funnel_definitions.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(self.definitions[0]))
            writer.writeheader()
            writer.writerows(self.definitions)
        clients = [{"id": "client", "name": "Client", "created": START}]
        for name, rows in {"events": self.events, "members": self.members, "clients": clients}.items():
            write_source(project_dir, data_dir, name, rows)


def random_definitions(rng: random.Random) -> list[Row]:
    """Return funnels of 2, 3, 5, 8, 12 and 12 steps, matched in every way, with steps that come, go and change page."""
    names = {
        "PAIR": [("event_name", "sign_up"), ("event_name", "plan_created")],
        "TRIO": [("funnel_step", f"STEP_{number}") for number in (1, 2, 3)],
        "SHORT": [("page_urlpath", f"/long/step_{number}") for number in (1, 3, 4, 6, 12)],
        "MIXED": [("page_urlpath", f"/mixed/{number}/") for number in (1, 2, 3)]
        + [("page_urlpath", "/mixed/%/edit_plan"), ("funnel_step", "STEP_1"), ("event_name", "plan_created")]
        + [("funnel_step", "STEP_2"), ("page_urlpath", "/Mixed/8?from=seed")],
        "LONG": [("page_urlpath", f"/long/step_{number}") for number in range(1, 13)],
        "WIDE": [("page_urlpath", f"/wide/{number}") for number in range(1, 13)],
    }
    windows = [1, 7, 30, *rng.choices((1, 7, 30), k=3)]
    rng.shuffle(windows)
    pair = rng.randint(4, 9)  # two adjacent optional steps
    optional = {"SHORT": {2, 3}, "MIXED": {rng.randint(2, 7)}, "WIDE": {pair, pair + 1, rng.randint(2, 11)}}
    definitions = []
    for (funnel, keys), window in zip(names.items(), windows, strict=True):
        changing = rng.sample(range(2, len(keys)), 3) if len(keys) > 5 else []
        if funnel == "WIDE":
            changing[rng.randrange(3)] = rng.choice([1, *sorted(optional["WIDE"])])
        for order, (match_type, value) in enumerate(keys, start=1):
            row = {"funnel_name": funnel, "step_order": order, "step_name": f"{funnel.title()} {order}"}
            row |= {"match_type": match_type, "match_value": value, "is_optional": order in optional.get(funnel, ())}
            row |= {"conversion_window_days": window, "valid_from_date": None, "valid_to_date": None}
            day = START.date() + timedelta(days=rng.randint(20, 60))
            if order in changing[:1] and order > 1:
                row["valid_from_date"] = day
            elif order in changing[1:2] and order > 1:
                row["valid_to_date"] = day
            elif order in changing:
                definitions.append(row | {"match_value": f"/{funnel.lower()}/old/{order}", "valid_to_date": day})
                definitions[-1]["match_type"] = "page_urlpath"
                row["valid_from_date"] = day + timedelta(days=1)
            definitions.append(row)
    return definitions


@dataclass
class _Device:
    """A browser: what its events share, and when it was last busy; a reliable one loses neither pages nor keys."""

    domain_userid: str
    clock_skew: int = 0
    sessionid: str | None = None
    useragent: str | None = None
    is_reliable: bool = False
    busy_until: int = -1


@dataclass
class _Source:
    """Makes the rows of the event source."""

    rng: random.Random
    definitions: list[Row]
    staff: set[str] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)

    def new_id(self) -> str:
        return f"{self.rng.getrandbits(64):016x}"

    def emit(self, device: _Device, member: str | None, at: int, name: str, **columns: Any) -> None:
        """Add an event, and sometimes a second delivery of it, a missing key or a clock that runs ahead."""
        rng, chance = self.rng, self.rng.random()
        device.busy_until = max(device.busy_until, at)
        if at >= END and not device.is_reliable:
            return
        happened = START + timedelta(milliseconds=at)
        collected = happened + timedelta(milliseconds=-10 * MINUTE if chance < 0.01 else rng.choice((0, 1_000)))
        is_in_context = rng.random() < 0.1
        role = "STAFF" if member in self.staff and rng.random() < 0.3 else "MEMBER"
        row = {
            "event_id": self.new_id(),
            "event_name": name,
            "event_vendor": "com.wellthy" if name == "funnel" else "com.snowplowanalytics.snowplow",
            "collector_tstamp": collected,
            "derived_tstamp": None if chance > 0.99 and collected == happened else happened,
            "load_tstamp": collected + timedelta(milliseconds=rng.choice((MINUTE, 3 * DAY))),
            "dvce_created_tstamp": happened + timedelta(milliseconds=device.clock_skew),
            "user_id": None if is_in_context else member,
            "domain_userid": device.domain_userid,
            "domain_sessionid": device.sessionid,
            "page_urlpath": None,
            "useragent": device.useragent,
            WEB_PAGE: None,
            USER: member and [{"user_id": member, "role": role}],
            YAUAA: rng.choice((None, [{"agent_class": "Browser"}])),
            IAB: rng.choice((None, [{"spider_or_robot": False}])),
            FUNNEL: None,
            **columns,
        }
        if 0.01 < chance < 0.02 and not device.is_reliable:
            row[rng.choice(("domain_sessionid", "domain_userid"))] = None
        self.rows.append(row)
        if rng.random() < 0.05:
            self.deliver_again(row, rng.choice((0, 4 * SECOND, 3 * DAY)))

    def deliver_again(self, row: Row, later: int) -> None:
        """Add a second delivery, for which another time and page were noted."""
        delay = timedelta(milliseconds=later)
        again = {**row, "collector_tstamp": row["collector_tstamp"] + delay, "page_urlpath": "/help"}
        again["load_tstamp"] = row["load_tstamp"] + delay + timedelta(seconds=1)
        if row["derived_tstamp"]:
            again["derived_tstamp"] = row["derived_tstamp"] - timedelta(seconds=self.rng.choice((0, 60)))
        self.rows.append(again)

    def view_page(self, device: _Device, member: str | None, at: int, path: str | None) -> None:
        """Add a page view, fired twice at times, and pings of it; either may be lost."""
        rng = self.rng
        if path is not None and len(path) > 1:
            path = rng.choice((path, path, path.upper(), path + "/", path + "?x=1", path + "/?x=/y#top"))
        page_view_id = None if rng.random() < 0.03 else self.new_id()
        page = {"page_urlpath": path, WEB_PAGE: [{"id": page_view_id}]}
        if rng.random() > 0.03 or device.is_reliable:
            self.emit(device, member, at, "page_view", **page)
        while rng.random() < 0.1 and not device.is_reliable:
            at += rng.choice((0, 1_000, 2_000, 2_001, MINUTE))
            again_id = self.new_id() if rng.random() < 0.6 else page_view_id
            self.emit(device, member, at, "page_view", **{**page, WEB_PAGE: [{"id": again_id}]})
        for _ in range(rng.choice((0, 0, 1, 2, 4))):
            delay = rng.choice(PING_DELAYS)
            device_time = START + timedelta(milliseconds=at + delay + device.clock_skew)
            times = {"dvce_created_tstamp": None} if rng.random() < 0.1 else {"dvce_created_tstamp": device_time}
            self.emit(device, member, at + delay, "page_ping", **page, **times)

    def hit(self, device: _Device, member: str | None, at: int, step: Row) -> None:
        """Add an event that matches a definition, whether it holds on that date or not."""
        if step["match_type"] == "page_urlpath":
            self.view_page(device, member, at, step["match_value"].replace("%", str(self.rng.randint(1, 99))))
        elif step["match_type"] == "funnel_step":
            names = {"funnel_name": step["funnel_name"], "step_name": step["match_value"]}
            self.emit(device, member, at, "funnel", **{FUNNEL: names})
        else:
            self.emit(device, member, at, step["match_value"])

    def miss(self, device: _Device, member: str | None, at: int) -> None:
        """Add an event that looks like a step of a funnel and is none."""
        other_vendors = {"event_vendor": "other", FUNNEL: {"funnel_name": "TRIO", "step_name": "STEP_1"}}
        other_funnels = {FUNNEL: {"funnel_name": "PAIR", "step_name": "STEP_1"}}
        kind = self.rng.randrange(3)
        if kind == 0:
            self.emit(device, member, at, "link_click", page_urlpath="/long/step_1")
        elif kind == 1:
            self.emit(device, member, at, "funnel", **self.rng.choice((other_vendors, other_funnels)))
        else:
            self.view_page(device, member, at, self.rng.choice(OTHER_PATHS))


class _Household:
    """A few people and devices; `walk` makes the sessions of all devices."""

    def __init__(self, source: _Source, name: str) -> None:
        rng = source.rng
        self.source, self.rng, self.name = source, rng, name
        self.members = [f"{name}-m{number}" for number in range(rng.choice((0, 1, 1, 1, 2, 3)))]
        source.staff |= {member for member in self.members if rng.random() < 0.03}
        self.eagerness = rng.choice((0.3, 0.7, 0.95, 1.0))  # how often the next step is taken, and no other
        self.last_orders = {step["funnel_name"]: step["step_order"] for step in source.definitions}
        self.progress: Counter[str] = Counter()
        self.anchors: list[tuple[int, int]] = []  # first steps: when, and how long the window is

    def walk(self) -> None:
        """Let every device live through its sessions."""
        rng = self.rng
        favourite = rng.choice([*self.last_orders])
        for number in range(rng.choice((1, 1, 2, 3))):
            device = _Device(f"{self.name}-d{number}", rng.choice((0, 0, 3 * HOUR, -7_000)))
            agent = rng.choice(AGENTS)
            at = rng.randint(0, 70) * DAY + rng.choice((0, 9 * HOUR, 12 * HOUR, DAY - 1))
            for _ in range(rng.randint(1, 5)):
                is_robot = rng.random() < 0.01
                device.sessionid = None if rng.random() < 0.02 else self.source.new_id()
                device.useragent = rng.choice(ROBOT_AGENTS) if is_robot else agent
                funnel = favourite if rng.random() < 0.8 else rng.choice([*self.last_orders])
                self.live_through_session(device, at, funnel)
                at = self.next_start(device)

    def next_start(self, device: _Device) -> int:
        """Return when the next session starts: often at the very end of some window."""
        rng, ends = self.rng, [device.busy_until + gap for gap in GAPS]
        ends += [at + window * DAY + rng.choice(NUDGES) for at, window in self.anchors[-3:] + 9 * self.anchors[:1]]
        ends += 2 * [at + days * DAY + rng.choice(NUDGES) for at, _ in self.anchors[:1] for days in (1, 7)]
        for step in rng.sample(self.source.definitions, 3):
            for day, later in ((step["valid_from_date"], 0), (step["valid_to_date"], 1)):
                if day is not None:
                    ends.append((day - START.date()).days * DAY + later * DAY + rng.choice(NUDGES))
        return rng.choice([end for end in ends if end >= device.busy_until + MINUTE])

    def live_through_session(self, device: _Device, start: int, funnel: str) -> None:
        """Let one person after the other use the device, each signed in or not."""
        rng, at = self.rng, start
        other, member = rng.choice([None, *self.members]), rng.choice([None, *self.members])
        people = rng.choice(([member], [None, member], [member, None], [None, member, None], [other, None, member]))
        pause = 2 * SECOND if len({*people} - {None}) > 1 else 0  # pings may have come while the person went on
        for person in people:
            for _ in range(rng.randint(1, 14 if self.eagerness > 0.9 else 7)):
                if at > min(start + 20 * HOUR, END):
                    return
                self.act(device, person, at, funnel)
                at += rng.choice(PAUSES)
            at = max(at, device.busy_until + pause)

    def act(self, device: _Device, person: str | None, at: int, funnel: str) -> None:
        """Take the next step, another one, the first one again, or none."""
        rng, chance = self.rng, self.rng.random()
        if chance < 0.1:
            self.source.miss(device, person, at)
            return
        last = self.last_orders[funnel]
        order = self.progress[funnel] % last + 1  # after the last step the first one: another entry
        if rng.random() > self.eagerness:
            order = rng.choice((1, min(order + 1, last), max(order - 1, 1), rng.randint(1, last)))
        steps = [s for s in self.source.definitions if (s["funnel_name"], s["step_order"]) == (funnel, order)]
        if order == 1:
            self.anchors.append((at, steps[0]["conversion_window_days"]))
        self.progress[funnel] = order
        self.source.hit(device, person, at, rng.choice(steps))


def _add_robots_and_busy_people(source: _Source) -> None:
    """Add devices with 200 hits on a day, one more, 200 in two funnels each, 150 on two days; robots by contexts."""
    steps = {step["funnel_name"]: step for step in source.definitions}
    for name, count, start in (("200", 200, 0), ("201", 201, 0), ("two-funnels", 400, 0), ("two-days", 300, -150)):
        device = _Device(f"busy-{name}", sessionid=f"busy-{name}", is_reliable=True)
        for number in range(count):
            step = steps["PAIR" if name == "two-funnels" and number % 2 else "TRIO"]
            source.hit(device, "busy-member", 40 * DAY + (start + number) * 10 * SECOND, step)
    contexts = ({YAUAA: [{"agent_class": "Robot Mobile"}]}, {IAB: [{"spider_or_robot": True}]})
    for number, columns in enumerate((*contexts, {"useragent": ROBOT_AGENTS[0], "domain_userid": None})):
        device = _Device(f"robot-{number}", sessionid=f"robot-{number}", is_reliable=True)
        source.hit(device, None, 10 * DAY, steps["TRIO"])
        source.emit(device, None, 10 * DAY + MINUTE, "link_click", **columns)


def _add_last_moments(source: _Source) -> None:
    """Add people who convert, and people whose window ends with the data, just in time, earlier or later than that."""
    for funnel in {step["funnel_name"]: None for step in source.definitions}:
        steps = [step for step in source.definitions if step["funnel_name"] == funnel]
        window = steps[0]["conversion_window_days"] * DAY
        for late in (-1, 0, 1):
            device = _Device(f"{funnel}-{late}", sessionid=f"{funnel}-{late}", is_reliable=True)
            for step in steps[:-1]:
                source.hit(device, f"convert-{funnel}-{late}", 5 * DAY, step)
            device.sessionid = None
            source.hit(device, f"convert-{funnel}-{late}", 5 * DAY + window + late, steps[-1])
            device = _Device(f"last-{funnel}-{late}", sessionid=f"last-{funnel}-{late}", is_reliable=True)
            for step in steps[:2]:  # two rows if the first step changes its page
                source.hit(device, None, END - window + late, step)
    end, clock = START + timedelta(milliseconds=END), _Device("clock", sessionid="clock", is_reliable=True)
    for ahead in (300_000, 300_001, 2 * HOUR):
        happened = end + timedelta(milliseconds=ahead - 300_000)
        times = {"derived_tstamp": happened, "collector_tstamp": happened - timedelta(milliseconds=ahead)}
        source.emit(clock, None, END, "app_opened", **times)
    source.deliver_again(source.rows[-1], 3 * DAY)


def random_world(seed: int, household_count: int) -> RandomWorld:
    """Return the world of a seed, its rows in no order."""
    rng = random.Random(seed)
    source = _Source(rng, random_definitions(rng))
    members = ["never-seen", "busy-member"]
    for number in range(household_count):
        household = _Household(source, f"h{number}")
        household.walk()
        members += household.members
    _add_robots_and_busy_people(source)
    _add_last_moments(source)
    rng.shuffle(source.rows)
    created = [
        {"user_id": member, "created": START, "client_id": "client"} for member in members if rng.random() < 0.95
    ]
    return RandomWorld(source.definitions, source.rows, created)
