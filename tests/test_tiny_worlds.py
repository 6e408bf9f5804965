"""Rules that need more than one model or more than one load: a handful of events, written by hand and built."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.databases import Row
from tests.worlds import World, copy_project, run_build, run_dbt, write_source

NINE = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"


def event(minute: int, path: str, person: str = "walker", name: str = "page_view", days_until_load: int = 0) -> Row:
    """Return an anonymous event of a device, `minute` minutes after nine."""
    at = NINE + timedelta(minutes=minute)
    return {
        "event_id": f"{person} {minute} {path}",
        "event_name": name,
        "derived_tstamp": at,
        "collector_tstamp": at,
        "load_tstamp": at + timedelta(days=days_until_load),
        "domain_userid": person,
        "domain_sessionid": f"{person}'s session",
        "page_urlpath": path,
        WEB_PAGE: [{"id": f"{person} {minute}"}],
    }


@pytest.fixture(scope="module")
def project_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("tiny") / "project")


@pytest.fixture
def data_dir(project_dir: Path, tmp_path: Path) -> Path:
    """Return a data folder with a client and nobody else."""
    write_source(project_dir, tmp_path / "data", "members", [])
    write_source(project_dir, tmp_path / "data", "clients", [{"id": "client", "name": "Client"}])
    return tmp_path / "data"


def build_entries(project_dir: Path, data_dir: Path, warehouse_dir: Path) -> World:
    """Build what a funnel's rates need, with the tests of the models but without their unit tests."""
    models = ["--select", "+funnel_step_conversion", "+funnel_entry_steps", "--exclude", "resource_type:unit_test"]
    outcome = run_dbt(project_dir, data_dir, warehouse_dir, "build", *models, "--indirect-selection", "cautious")
    assert outcome.returncode == 0, outcome.stdout
    return World(data_dir, warehouse_dir)


def test_X2_an_event_loaded_days_late_counts_when_it_happened(
    project_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    steps = (
        "SELECT step_order, reached_at, is_step_skipped FROM product.funnel_entry_steps WHERE step_order IN (1, 4, 5)"
    )
    in_time = [event(0, "/signup/identifier"), event(60, "/eligibility/confirmation")]
    write_source(project_dir, data_dir, "events", in_time, "day-1")
    before = build_entries(project_dir, data_dir, tmp_path / "warehouse").query(steps)
    assert {row["step_order"]: row["is_step_skipped"] for row in before} == {1: False, 4: True, 5: False}

    write_source(project_dir, data_dir, "events", [event(30, "/member-intake/full-name", days_until_load=3)], "day-4")
    after = build_entries(project_dir, data_dir, tmp_path / "warehouse").query(steps)
    reached = {row["step_order"]: row["reached_at"].strftime("%H:%M") for row in after}
    assert reached == {1: "09:00", 4: "09:30", 5: "10:00"}


def test_X14_a_page_view_id_that_is_never_known_stops_the_build(
    project_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    write_source(project_dir, data_dir, "events", [event(0, "/signup/identifier") | {WEB_PAGE: None}])
    outcome = run_build(data_dir, tmp_path / "warehouse", project_dir)
    assert outcome.returncode == 2
    assert f"{WEB_PAGE}[1].id is NULL on every row" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def test_X14_a_context_that_no_file_has_is_null(project_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    write_source(project_dir, data_dir, "events", [event(0, "/signup/identifier")])
    (file,) = (data_dir / "snowplow" / "events").iterdir()
    needed = {"user_id", *event(0, "/")}
    pq.write_table(pq.read_table(file, columns=[name for name in pq.read_schema(file).names if name in needed]), file)
    world = build_entries(project_dir, data_dir, tmp_path / "warehouse")
    assert len(world.query("SELECT * FROM intermediate.member_events WHERE exclusion_reason IS NULL", "prep")) == 1


def test_a_third_funnel_is_one_edit_of_the_seed(data_dir: Path, tmp_path: Path) -> None:
    project_dir = copy_project(tmp_path / "project")
    with (project_dir / "seeds" / "funnel_definitions.csv").open("a", encoding="utf-8") as seed:
        seed.write("CARE_PLAN,1,Open a Plan,page_urlpath,/plans/%/edit,false,7,,\n")
        seed.write("CARE_PLAN,2,Share It,event_name,plan_shared,false,7,,\n")
    finishers = [event(minute, f"/Plans/{minute}/edit/", f"finisher {minute}") for minute in range(3)]
    finishers += [event(minute + 5, "/", f"finisher {minute}", "plan_shared") for minute in range(3)]
    leavers = [event(minute, "/plans/7/edit", f"leaver {minute}") for minute in range(9)]
    others = [event(0, "/plans/7/edit/more", "passer-by"), event(8 * 24 * 60, "/", "the newest event")]
    write_source(project_dir, data_dir, "events", [*finishers, *leavers, *others])

    rows = build_entries(project_dir, data_dir, tmp_path / "warehouse").query(
        "SELECT step_name, reached_count, rate_of_previous FROM product.funnel_step_conversion"
        " WHERE funnel_name = 'CARE_PLAN' AND segment_name = 'all' AND entered_month_start_date IS NULL"
        " ORDER BY step_order"
    )
    assert rows == [
        {"step_name": "Open a Plan", "reached_count": 12, "rate_of_previous": None},
        {"step_name": "Share It", "reached_count": 3, "rate_of_previous": 0.25},
    ]
