"""A value that is missing loses no event and nobody: X13 and X15 on whole worlds, built as `make build` does.

Each case of a missing value has people of its own. So one build holds all cases, and each is held to the columns that
need the value.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.databases import Row
from tests.comparison import differences
from tests.models_only import build_tables
from tests.worlds import PROJECT_DIR, World, build_world, copy_project, run_dbt

WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
USER = "contexts_com_wellthy_user_2"
YAUAA = "contexts_nl_basjes_yauaa_context_1"
IAB = "contexts_com_iab_snowplow_spiders_and_robots_1"

ENGAGED = frozenset({"engaged_seconds"})
ON_PAGE = ENGAGED | {
    "dwell_seconds",
    "is_dwell_unknown",
    "is_dwell_capped",
    "has_unknown_dwell",
    "has_cta_click",
    "seconds_to_cta_click",
    "scroll_depth_rate",
}
# a double fire without its session cannot be told from a visit
IN_SESSION = ON_PAGE | {"domain_sessionid", "visit_number", "visit_count", "referrer_host"}
SCROLLED = frozenset({"scroll_depth_rate"})


@dataclass(frozen=True)
class Case:
    """What is missing, and which columns need it: those may differ."""

    change: Row
    may_differ: frozenset[str] = frozenset()


CASES = {
    "user agent": Case({"useragent": None}),
    "device time": Case({"dvce_created_tstamp": None}, ENGAGED),
    "page view context": Case({WEB_PAGE: None}, ON_PAGE | {"page_view_id"}),
    "empty page view context": Case({WEB_PAGE: []}, ON_PAGE | {"page_view_id"}),
    "page view id": Case({WEB_PAGE: [{"id": None}]}, ON_PAGE | {"page_view_id"}),
    "session": Case({"domain_sessionid": None}, IN_SESSION),
    "device": Case({"domain_userid": None}),
    "referrer": Case({"refr_urlhost": None}, frozenset({"referrer_host"})),
    "country": Case({"geo_country": None}, frozenset({"geo_country"})),
    "height of the page": Case({"doc_height": None}, SCROLLED),
    "height of the view": Case({"br_viewheight": None}, SCROLLED),
    "scroll offset": Case({"pp_yoffset_max": None}, SCROLLED),
    "YAUAA context": Case({YAUAA: None}),
    "robots context": Case({IAB: None}),
}
EVERYWHERE = (
    "user agent", "device time", "session", "referrer", "country", "height of the page", "height of the view",
    "scroll offset", "YAUAA context", "robots context",
)  # fmt: skip
"""What may be missing on every row. The page view id may not: such a build is refused (X14)."""

UTC = timezone.utc
LONG_AGO, FAR_AHEAD = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 4, 11, 23, 47, 16, tzinfo=UTC)
REJECTED = (
    ("missing_event_id", {"event_id": None}),
    ("missing_event_id", {"event_id": "", "derived_tstamp": LONG_AGO}),
    ("missing_time", {"derived_tstamp": None, "collector_tstamp": None}),
    ("implausible_time", {"derived_tstamp": LONG_AGO}),
    ("implausible_time", {"derived_tstamp": datetime(1999, 12, 31, 23, 59, 59, 999_000, UTC)}),
    ("implausible_time", {"derived_tstamp": datetime(2100, 1, 1, tzinfo=UTC)}),
    ("implausible_time", {"derived_tstamp": FAR_AHEAD}),
    ("implausible_time", {"derived_tstamp": None, "collector_tstamp": FAR_AHEAD}),
    ("implausible_time", {"derived_tstamp": FAR_AHEAD, "collector_tstamp": None}),
    ("missing_event_id", {"event_id": None, "useragent": "Googlebot/2.1"}),
    ("implausible_time", {"derived_tstamp": LONG_AGO, USER: [{"user_id": None, "role": "STAFF"}]}),
)
"""Reasons for which a delivery is no event, and what makes it so; the last two would leave out a whole person."""
REJECTED_OF_EACH = 4

# What tells the rows of a table apart: of one person, and of all people.
PERSONAL = {
    "funnel_entries": ("funnel_entry_id",),
    "funnel_entry_steps": ("funnel_entry_step_id",),
    "funnel_page_views": ("funnel_entry_id", "step_order", "viewed_at"),
}
SEGMENT = ("funnel_name", "segment_name", "segment_value")
SHARED = {
    "funnel_client_comparison": ("funnel_name", "client_id"),
    "funnel_drop_off_destinations": ("funnel_name", "step_order", "destination"),
    "funnel_step_introductions": ("funnel_name", "step_order", "period"),
    "funnel_step_conversion": (*SEGMENT, "entered_month_start_date", "step_order"),
    "funnel_conversion_trends": (*SEGMENT, "grain", "period_start_date"),
}
# Of the shared tables, what is not cut by a value that is missing.
KNOWN_SEGMENTS = "WHERE segment_name NOT IN ('referrer', 'country')"


# --- The worlds --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Small:
    """A small world as the rules complete it, its rows, and who shares devices with whom."""

    world: World
    events: list[Row]
    timeless: list[Row]
    """The same rows where times are missing."""
    schema: pa.Schema
    rejected: list[tuple[str, Row]]
    household_of: dict[str, str]

    def household(self, person: str) -> str:
        """Return the people with whom a person shares devices, by one of their names."""
        above = self.household_of[person]
        return person if above == person else self.household(above)

    def case(self, person: str) -> str:
        """Return the case of a person's household."""
        return random.Random(self.household(person)).choice(list(CASES))

    def lacks_always(self, person: str) -> bool:
        """Say whether the person's household is one of those that lack a value always, not now and then."""
        return random.Random(f"always {self.household(person)}").random() < 0.5


def names(event: Row) -> list[str]:
    """Return whose an event may be, as `person_id` has it."""
    found = [event["user_id"], event["domain_userid"] and f"anon:{event['domain_userid']}"]
    return [name for name in found if name]


def households(events: Iterable[Row]) -> dict[str, str]:
    """Return for each name another of its household, or itself where it is the household's own."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        return name if above.setdefault(name, name) == name else top(above[name])

    for event in events:
        tops = sorted({top(name) for name in names(event)})
        above.update(dict.fromkeys(tops[1:], tops[0]) if tops else {})
    return above


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return a small world without the rows that will be rejected, only its models built, to compare with.

    Where times will be missing, they are here what the rules say: derived is collected, and the reverse.
    """
    folder = tmp_path_factory.mktemp("small")
    arguments = ["--people", "250", "--months", "3", "--seed", "5", "--no-truth", "--out", str(folder / "simulated")]
    subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, check=True)
    table = pq.read_table(folder / "simulated" / "snowplow" / "events")
    schema = pa.schema([each.with_nullable(True) for each in table.schema])
    events = [event for event in table.to_pylist() if event["event_id"]]
    rng = random.Random(2)
    places = rng.sample(range(len(events)), len(REJECTED) * REJECTED_OF_EACH)
    taken = set(places)
    rejected = [
        (reason, events[place] | {"load_tstamp": None} | change)
        for place, (reason, change) in zip(places, REJECTED * REJECTED_OF_EACH, strict=True)
    ]
    kept = [event for place, event in enumerate(events) if place not in taken]
    found = Small(World(folder / "data", folder / "warehouse"), kept, [], schema, rejected, households(kept))
    deliveries = Counter(event["event_id"] for event in kept)
    for event in kept:
        missing: Row = {}
        if rng.random() < 0.05 or any(map(found.lacks_always, names(event))):
            missing["derived_tstamp"], event["derived_tstamp"] = None, event["collector_tstamp"]
        elif deliveries[event["event_id"]] == 1 and rng.random() < 0.05:  # the first delivery is told by that time
            missing["collector_tstamp"], event["collector_tstamp"] = None, event["derived_tstamp"]
        if "collector_tstamp" not in missing and rng.random() < 0.5:
            missing["load_tstamp"], event["load_tstamp"] = None, event["collector_tstamp"]
        found.timeless.append(event | missing)
    write(kept, schema, folder / "data", folder / "simulated")
    build_tables(folder / "data", folder / "warehouse")
    return found


def write(events: list[Row], schema: pa.Schema, data_dir: Path, accounts: Path) -> None:
    (data_dir / "snowplow" / "events").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(events, schema=schema), data_dir / "snowplow" / "events" / "all.parquet")
    shutil.copytree(accounts / "wellthy", data_dir / "wellthy")


@pytest.fixture(scope="module")
def lacking(small: Small, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the world in which times are missing, and each household lacks its case's value; with the rejected rows.

    Half of the households lack the value always, the others now and then: some 5 % of all rows lack each.
    """
    found = small.world.query("SELECT domain_userid FROM intermediate.bot_devices", "prep")
    robots = {row["domain_userid"] for row in found}
    dispensable = dispensable_sightings(small.events)
    rng = random.Random(1)

    def case_of(event: Row) -> str:
        if not names(event):
            return ""
        person = names(event)[0]
        is_lacking = rng.random() < 0.5 or (small.lacks_always(person) and event["domain_userid"] not in robots)
        if small.case(person) == "device":
            is_lacking = id(event) in dispensable
        return small.case(person) if is_lacking else ""

    cases = [case_of(event) for event in small.events]
    assert min(cases.count(name) for name in CASES) > 0.02 * len(cases)
    events = [event | (CASES[name].change if name else {}) for event, name in zip(small.timeless, cases, strict=True)]
    events += [event for _, event in small.rejected]
    folder = tmp_path_factory.mktemp("lacking")
    write(events, small.schema, folder / "data", small.world.data_dir)
    return build_world(folder / "data", folder / "warehouse")


def dispensable_sightings(events: list[Row]) -> set[int]:
    """Return the events that follow one of the same member, in the same session, on the device: D10 needs the first."""
    found: set[int] = set()
    last_on_device: dict[str, tuple[str, str]] = {}
    for event in sorted(events, key=lambda event: (event["derived_tstamp"], event["event_id"])):
        sighting = event["user_id"], event["domain_sessionid"]
        if None not in sighting and last_on_device.get(event["domain_userid"]) == sighting:
            found.add(id(event))
        last_on_device[event["domain_userid"]] = sighting
    return found


@pytest.fixture(scope="module")
def bare(small: Small, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the world in which all that may is missing on every row, and half of the members have no device."""
    change = {column: None for name in EVERYWHERE for column in CASES[name].change}
    deviceless = change | {"domain_userid": None}
    events = [
        event | (deviceless if event["user_id"] and small.lacks_always(event["user_id"]) else change)
        for event in small.events
    ]
    folder = tmp_path_factory.mktemp("bare")
    write(events, small.schema, folder / "data", small.world.data_dir)
    return build_tables(folder / "data", folder / "warehouse")


# --- What is asked -----------------------------------------------------------------------------------------------


def without(rows: Iterable[Row], columns: Iterable[str]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


def personal_rows(world: World, table: str) -> list[Row]:
    person = "" if table == "funnel_entries" else ", entries.person_id"
    return world.query(
        f"SELECT rows.* {person} FROM product.{table} AS rows"
        " INNER JOIN product.funnel_entries AS entries ON entries.funnel_entry_id = rows.funnel_entry_id"
    )


def is_more_views(table: str, line: str) -> bool:
    """Say whether a line is about a view that was another's double fire, and is a visit without the session."""
    return table == "funnel_page_views" and line.endswith(": not expected")


def reasons(world: World, of: str = "reason") -> dict[object, int]:
    rows = world.query(
        f"SELECT {of} AS name, SUM(event_count)::BIGINT AS events FROM product.event_accounting GROUP BY 1"
    )
    return {row["name"]: row["events"] for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_X13_a_missing_value_moves_only_what_needs_it(small: Small, lacking: World, name: str) -> None:
    may_differ, moved = CASES[name].may_differ, []
    for table, key in PERSONAL.items():
        expected, actual = (
            [row for row in personal_rows(world, table) if small.case(row["person_id"]) == name]
            for world in (small.world, lacking)
        )
        assert expected
        found = differences(without(expected, may_differ), actual, key)
        assert [line for line in found if not ("visit_count" in may_differ and is_more_views(table, line))] == []
        moved += differences(expected, actual, key)
    assert bool(moved) == bool(may_differ)  # the value was missing


def test_X13_what_all_people_share_stays(small: Small, lacking: World) -> None:
    for table, key in SHARED.items():
        of = KNOWN_SEGMENTS if "segment_name" in key else ""
        expected, actual = (world.query(f"SELECT * FROM product.{table} {of}") for world in (small.world, lacking))
        assert differences(expected, actual, key) == [], table
    people = (
        f"SELECT {', '.join(SEGMENT)}, step_order, person_count FROM product.funnel_page_engagement {KNOWN_SEGMENTS}"
    )
    expected, actual = (world.query(people) for world in (small.world, lacking))
    assert differences(expected, actual, (*SEGMENT, "step_order")) == []


def test_X13_X15_every_row_is_counted_under_its_reason(small: Small, lacking: World, bare: World) -> None:
    rejected = Counter(reason for reason, _ in small.rejected)
    assert reasons(lacking) == reasons(small.world) | rejected
    assert sum(reasons(lacking).values()) == len(small.events) + len(small.rejected)
    assert sum(reasons(bare).values()) == len(small.events)


def test_X15_an_event_without_load_time_is_counted_on_the_day_of_its_collection(small: Small, lacking: World) -> None:
    days = Counter(reasons(lacking, "CASE WHEN reason IN ('modelled', 'outside_funnels') THEN load_date END"))
    expected = Counter(reasons(small.world, "CASE WHEN reason IN ('modelled', 'outside_funnels') THEN load_date END"))
    del days[None], expected[None]
    assert days == expected


def test_X13_nobody_vanishes_where_values_are_missing_on_every_row(small: Small, bare: World) -> None:
    """Robots that nothing tells any more are people; of a member without device the account tells the rest."""
    may_differ = frozenset().union(*(CASES[name].may_differ for name in EVERYWHERE))
    found = small.world.query("SELECT 'anon:' || domain_userid AS person_id FROM intermediate.bot_devices", "prep")
    robots = {row["person_id"] for row in found}

    def is_compared(row: Row) -> bool:
        has_device = row["funnel_name"] == "ONBOARDING" and not small.lacks_always(row["person_id"])
        return row["person_id"] not in robots and (has_device or row["funnel_name"] == "MEMBER_INTAKE")

    for table, key in PERSONAL.items():
        expected, actual = (filter(is_compared, personal_rows(world, table)) for world in (small.world, bare))
        lines = differences(without(expected, may_differ), actual, key)
        assert [line for line in lines if not is_more_views(table, line)] == []


def test_X13_what_needs_a_value_that_no_row_has_is_unknown(bare: World) -> None:
    entries = bare.query("SELECT DISTINCT geo_country, referrer_host FROM product.funnel_entries")
    assert entries == [{"geo_country": None, "referrer_host": None}]
    (views,) = bare.query(
        "SELECT COUNT(*) > 0 AS is_viewed, COUNT(dwell_seconds) AS dwells, SUM(engaged_seconds) AS engaged"
        ", COUNT(scroll_depth_rate) AS depths, COUNT(*) FILTER (WHERE NOT is_dwell_unknown) AS known_dwells"
        " FROM product.funnel_page_views"
    )
    assert views == {"is_viewed": True, "dwells": 0, "engaged": 0.0, "depths": 0, "known_dwells": 0}


def test_X15_an_impossible_time_does_not_hide_what_is_loaded_later(
    small: Small, lacking: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody says what is new, as on Snowflake, the newest load does: it may not be that of a rejected row."""
    monkeypatch.delenv("LOADED_FROM", raising=False)
    world = World(tmp_path / "data", tmp_path / "warehouse")
    shutil.copytree(lacking.data_dir, world.data_dir)
    shutil.copytree(lacking.warehouse_dir, world.warehouse_dir)
    later = small.events[0] | {"event_id": "later", "load_tstamp": datetime(2026, 4, 2, tzinfo=UTC)}
    path = world.data_dir / "snowplow" / "events" / "later.parquet"
    pq.write_table(pa.Table.from_pylist([later], schema=small.schema), path)
    outcome = run_dbt(
        copy_project(tmp_path / "project"), world.data_dir, world.warehouse_dir, "run", "--select", "events"
    )
    assert outcome.returncode == 0, outcome.stdout
    assert world.query("SELECT event_id FROM base.events WHERE event_id = 'later'", "prep") == [{"event_id": "later"}]
