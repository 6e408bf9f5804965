"""The prod tables equal the planted truth, on the committed data and on a world that nobody has seen before."""

import dataclasses
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.databases import Row
from tests import true_answers
from tests.comparison import differences
from tests.worlds import World, copy_project, run_build

PERSON = ("funnel_name", "person_id")
USER_CONTEXT = "contexts_com_wellthy_user_2"
SEGMENTS = "segment_name IN ('all', 'device')"


def entry_differences(world: World) -> list[str]:
    # the truth knows the clients of accounts; on which landing page the others arrived it does not tell
    client_id = "CASE WHEN client_attribution = 'member' THEN client_id END AS client_id"
    actual = world.query(f"SELECT * REPLACE ({client_id}) FROM product.funnel_entries")
    return differences(world.truth("entries"), actual, PERSON)


def step_differences(world: World) -> list[str]:
    actual = world.query("SELECT * FROM product.funnel_entry_steps")
    return differences(world.truth("entry_steps"), actual, (*PERSON, "step_order"))


def test_every_person_entered_and_converted_when_the_truth_says(world: World) -> None:
    assert entry_differences(world) == []


def test_every_person_reached_each_step_and_spent_the_time_that_the_truth_says(world: World) -> None:
    assert step_differences(world) == []


def test_step_conversion(world: World) -> None:
    expected = true_answers.step_conversion(world.truth("entries"), world.truth("entry_steps"))
    actual = world.query(f"SELECT * FROM product.funnel_step_conversion WHERE {SEGMENTS}")
    key = ("funnel_name", "entered_month_start_date", "segment_name", "segment_value", "step_order")
    assert differences(expected, actual, key) == []


def test_conversion_trends(world: World) -> None:
    expected = true_answers.conversion_trends(world.truth("entries"))
    actual = world.query(f"SELECT * FROM product.funnel_conversion_trends WHERE {SEGMENTS}")
    key = ("funnel_name", "grain", "period_start_date", "segment_name", "segment_value")
    assert differences(expected, actual, key) == []


def test_client_comparison(world: World) -> None:
    expected = true_answers.client_comparison(world.truth("entries"))
    actual = world.query("SELECT * FROM product.funnel_client_comparison")
    assert differences(expected, actual, ("funnel_name", "client_id")) == []


def test_page_engagement(world: World) -> None:
    expected = true_answers.page_engagement(world.truth("entries"), world.truth("entry_steps"))
    actual = world.query(f"SELECT * FROM product.funnel_page_engagement WHERE {SEGMENTS}")
    assert differences(expected, actual, ("funnel_name", "step_order", "segment_name", "segment_value")) == []


def test_every_source_row_is_accounted_for(world: World) -> None:
    accounting = (
        "SELECT reason, CAST(SUM(event_count) AS BIGINT) AS event_count FROM product.event_accounting GROUP BY reason"
    )
    assert differences(world.truth("accounting"), world.query(accounting), ("reason",)) == []
    files = (world.data_dir / "snowplow" / "events").glob("*.parquet")
    accounted_count = sum(row["event_count"] for row in world.query(accounting))
    assert accounted_count == sum(pq.read_metadata(file).num_rows for file in files)


def test_X11_every_account_entered_or_has_no_events_or_is_staff(world: World) -> None:
    members = set(pq.read_table(world.data_dir / "wellthy" / "members.parquet")["user_id"].to_pylist())
    events = pq.read_table(world.data_dir / "snowplow" / "events", columns=["user_id", USER_CONTEXT]).to_pylist()
    staff = {event["user_id"] for event in events if event[USER_CONTEXT] and event[USER_CONTEXT][0]["role"] == "STAFF"}
    entered = {row["person_id"] for row in world.truth("entries") if row["funnel_name"] == "MEMBER_INTAKE"}
    silent = members - {event["user_id"] for event in events}
    assert silent
    assert staff
    assert members == entered | staff | silent

    (coverage,) = world.query(
        "SELECT tracking_coverage_rate FROM product.funnel_conversion_trends"
        " WHERE funnel_name = 'MEMBER_INTAKE' AND grain = 'all' AND segment_name = 'all'"
    )
    assert coverage["tracking_coverage_rate"] == pytest.approx(len(entered) / len(members - staff), rel=1e-12)


@pytest.mark.parametrize(
    ("truth_file", "column", "find"),
    [("entries", "entered_at", entry_differences), ("entry_steps", "reached_at", step_differences)],
)
def test_an_altered_truth_about_one_person_is_noticed(
    committed: World, tmp_path: Path, truth_file: str, column: str, find: object
) -> None:
    shutil.copytree(committed.data_dir / "truth", tmp_path / "truth")
    file = tmp_path / "truth" / f"{truth_file}.parquet"
    table = pq.read_table(file)
    rows: list[Row] = table.to_pylist()
    rows[1234][column] += timedelta(milliseconds=1)
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), file)

    found = find(dataclasses.replace(committed, data_dir=tmp_path))
    assert len(found) == 1
    assert rows[1234]["person_id"] in found[0]


def test_a_swapped_step_order_in_the_seed_is_noticed(committed: World, tmp_path: Path) -> None:
    project_dir = copy_project(tmp_path / "project")
    seed = project_dir / "seeds" / "funnel_definitions.csv"
    text = seed.read_text(encoding="utf-8")
    swapped = text.replace("ONBOARDING,4,", "ONBOARDING,?,").replace("ONBOARDING,5,", "ONBOARDING,4,")
    seed.write_text(swapped.replace("ONBOARDING,?,", "ONBOARDING,5,"), encoding="utf-8")

    outcome = run_build(committed.data_dir, tmp_path / "warehouse", project_dir)
    assert outcome.returncode == 0, outcome.stderr
    assert entry_differences(World(committed.data_dir, tmp_path / "warehouse")) != []
