"""Random people: the built models say about each of them what an obvious computation, one person at a time, says.

Three seeds are fixed; `RANDOM_PEOPLE_SEED=… pytest tests/test_random_people.py` tries another one too.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from scripts.databases import Row
from tests.brute_force import Answer, compute
from tests.comparison import differences
from tests.random_people import RandomWorld, random_world
from tests.worlds import World, copy_project, run_dbt

SEEDS = [1, 2, 3] + [int(seed) for seed in os.environ.get("RANDOM_PEOPLE_SEED", "").split()]
HOUSEHOLD_COUNT = 400
# What is compared, with the tests of the definitions; the models' own tests have their turn in a whole build.
SELECTION = ["--select", "+funnel_entries", "+funnel_entry_steps", "--indirect-selection", "cautious"]
SELECTION += ["--exclude", "resource_type:unit_test", "test_type:generic"]
PERSON = ("funnel_name", "person_id")


@dataclass(frozen=True)
class Batch:
    """A random world, what the models made of it and what they should have."""

    source: RandomWorld
    expected: Answer
    built: World

    def counts(self) -> dict[str, int]:
        """Count the cases that must occur, as agreement on plain people proves little."""
        expected = self.expected
        entries = {(entry["funnel_name"], entry["person_id"]): entry for entry in expected.entries}
        reached, people_of, devices_of, seen_at, times_of = (defaultdict(list) for _ in range(5))
        for step in expected.entry_steps:
            if step["reached_at"]:
                reached[step["funnel_name"], step["person_id"]].append(step["reached_at"])
        for event in expected.events:
            times_of[event.person_id].append(event.at)
            people_of[event.device].append(event.member_id)
            devices_of[event.member_id].append(event.device)
            if event.member_id:
                seen_at[event.device].append(event.at)
        wait = timedelta(days=30)
        waits = [at - e.at for e in expected.events if e.device and not e.member_id for at in seen_at[e.device]]
        views = [event for event in expected.events if event.name == "page_view" and not event.exclusion_reason]
        window_ends = [(entries[key]["window_ends_at"], times) for key, times in reached.items()]
        return {
            "ties": sum(len(times) > len(set(times)) for times in reached.values()),
            "converted": sum(entry["is_converted"] for entry in entries.values()),
            "converted in twelve steps": sum(e["is_converted"] for (name, _), e in entries.items() if name == "LONG"),
            "re-entered": sum(entry["entry_count"] > 1 for entry in entries.values()),
            "converted later": sum(e["is_converted_ever"] and not e["is_converted"] for e in entries.values()),
            "reached at the window's end": sum(end in times for end, times in window_ends),
            "acted a millisecond later": sum(
                entry["window_ends_at"] + timedelta(milliseconds=1) in times_of[person]
                for (_, person), entry in entries.items()
            ),
            "mature to the instant": sum(e["window_ends_at"] == expected.observed_until_at for e in entries.values()),
            "not mature": sum(not entry["is_mature"] for entry in entries.values()),
            "with a skipped step": sum(entry["has_skipped_step"] for entry in entries.values()),
            "anonymous": len({person for _, person in entries if person.startswith("anon:")}),
            "optional reached": sum(bool(s["is_optional"] and s["reached_at"]) for s in expected.entry_steps),
            "optional not reached": sum(s["is_optional"] and not s["reached_at"] for s in expected.entry_steps),
            "shared devices": sum(len({*people} - {None}) > 1 for people in people_of.values()),
            "people with several devices": sum(len({*own} - {None}) > 1 for own in devices_of.values()),
            "next member in exactly 30 days": waits.count(wait),
            "next member a millisecond later": waits.count(wait + timedelta(milliseconds=1)),
            "capped dwells": sum(view["is_dwell_capped"] for view in expected.page_views),
            "dwells of exactly the cap": sum(
                view["dwell_seconds"] == 1800 and not view["is_dwell_capped"] for view in expected.page_views
            ),
            "unknown dwells": sum(view["is_dwell_unknown"] for view in expected.page_views),
            "double fires": len(views) - len(expected.page_views),
            "duplicates": len(self.source.events) - len(expected.events),
            **{reason: sum(e.exclusion_reason == reason for e in expected.events) for reason in ("bot", "staff")},
            "loads without a session": sum(view.session is None for view in views),
            "missing keys": sum(event.exclusion_reason == "missing_key" for event in expected.events),
        }


@pytest.fixture(scope="module")
def project_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("random_people") / "project")


@pytest.fixture(scope="module", params=SEEDS)
def batch(request: pytest.FixtureRequest, project_dir: Path) -> Iterator[Batch]:
    """Return a world of random people, built and computed; in the same folder each, as dbt then parses only once."""
    folder = project_dir.parent / "batch"
    source = random_world(request.param, HOUSEHOLD_COUNT)
    if built := request.config.getoption("--built-people"):
        yield Batch(source, compute(source.definitions, source.events), World(folder / "data", built))
        return
    source.write(project_dir, folder / "data")
    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(run_dbt, project_dir, folder / "data", folder / "warehouse", "build", *SELECTION)
        expected = compute(source.definitions, source.events)
        outcome = built.result()
    assert outcome.returncode == 0, outcome.stdout
    yield Batch(source, expected, World(folder / "data", folder / "warehouse"))
    shutil.rmtree(folder)


def test_the_people_are_many_and_meet_every_case(batch: Batch) -> None:
    assert len({entry["person_id"] for entry in batch.expected.entries}) >= 700  # in three batches 2,000 and more
    assert {case: count for case, count in batch.counts().items() if count < 3} == {}


def test_every_event_finds_its_person(batch: Batch) -> None:
    expected: list[Row] = [
        {"event_id": event.event_id, "person_id": event.person_id, "exclusion_reason": event.exclusion_reason}
        for event in batch.expected.events
    ]
    actual = batch.built.query("SELECT * FROM intermediate.member_events", "prep")
    assert differences(expected, actual, ("event_id",)) == []


def test_every_page_view_lasts_as_long_as_it_did(batch: Batch) -> None:
    actual = batch.built.query("SELECT * FROM intermediate.page_views", "prep")
    assert differences(batch.expected.page_views, actual, ("event_id",)) == []


def test_every_person_enters_and_converts(batch: Batch) -> None:
    actual = batch.built.query("SELECT * FROM product.funnel_entries")
    assert differences(batch.expected.entries, actual, PERSON) == []


def test_every_person_reaches_their_steps_and_spends_time_on_their_pages(batch: Batch) -> None:
    actual = batch.built.query("SELECT * FROM product.funnel_entry_steps")
    assert differences(batch.expected.entry_steps, actual, (*PERSON, "step_order")) == []
