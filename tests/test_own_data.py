"""Events in the shapes that other teams' loaders leave them in give the same tables, or as much as they can say."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.comparison import unequal_tables
from tests.models_only import build_tables, build_tables_apart
from tests.worlds import World, build_world

TIMES = ("derived_tstamp", "collector_tstamp", "load_tstamp", "dvce_created_tstamp")
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
LINK_CLICK = "unstruct_event_com_snowplowanalytics_snowplow_link_click_1"
FUNNEL = "unstruct_event_com_wellthy_funnel_1"
CONTEXTS = (
    "contexts_com_wellthy_user_2",
    "contexts_nl_basjes_yauaa_context_1",
    "contexts_com_iab_snowplow_spiders_and_robots_1",
)


def copy(select: str, target: Path, options: str = "") -> None:
    """Write what `select` finds in `events`, the fresh world's, to a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet{options})")


def in_hive_partitions(events: str, folder: Path) -> None:
    partitions = ", PARTITION_BY (load_tstamp_date, event_name), OVERWRITE_OR_IGNORE"
    copy(f"SELECT *, CAST(load_tstamp AS DATE) AS load_tstamp_date FROM {events}", folder, partitions)


def with_naive_timestamps(events: str, folder: Path) -> None:
    naive = ", ".join(f"CAST({name} AS TIMESTAMP) AS {name}" for name in TIMES)
    copy(f"SELECT * REPLACE ({naive}) FROM {events}", folder / "all.parquet")


def in_files_with_other_columns(events: str, folder: Path) -> None:
    wider = f"LIST_TRANSFORM({WEB_PAGE}, LAMBDA page: {{'version': 3, 'id': page.id}}) AS {WEB_PAGE}"
    is_click = "event_name = 'link_click'"
    copy(f"SELECT * REPLACE ({wider}) FROM {events} WHERE {is_click}", folder / "clicks.parquet")
    copy(f"SELECT * EXCLUDE ({LINK_CLICK}), 1 AS more FROM {events} WHERE NOT {is_click}", folder / "b.parquet")


SHAPES = {
    "hive partitions": in_hive_partitions,
    "naive timestamps, another time zone": with_naive_timestamps,
    "files with other columns": in_files_with_other_columns,
}


def reshaped(
    fresh: World,
    folder: Path,
    reshape: Callable[[str, Path], None],
    with_accounts: bool = True,
    build: Callable[[Path, Path], World] = build_world,
) -> World:
    """Build the fresh world's events in another shape, with or without members and clients."""
    (folder / "data" / "snowplow").mkdir(parents=True)
    reshape(f"read_parquet('{fresh.data_dir}/snowplow/events/*.parquet')", folder / "data" / "snowplow" / "events")
    if with_accounts:
        shutil.copytree(fresh.data_dir / "wellthy", folder / "data" / "wellthy")
    return build(folder / "data", folder / "warehouse")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_of_the_files_changes_no_answer(
    fresh: World, tmp_path: Path, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    # only a process of its own heeds the time zone of its environment
    build = build_tables_apart if "time zone" in shape else build_tables
    world = reshaped(fresh, tmp_path, SHAPES[shape], build=build)
    assert unequal_tables(world.warehouse_dir, fresh.warehouse_dir, ["prod"]) == []


def test_without_members_clients_and_custom_contexts_the_page_funnel_is_answered(fresh: World, tmp_path: Path) -> None:
    def bare(events: str, folder: Path) -> None:
        known = f"SELECT * EXCLUDE ({', '.join((FUNNEL, *CONTEXTS))}) FROM {events}"
        copy(f"{known} WHERE event_name <> 'funnel'", folder / "all.parquet")

    world = reshaped(fresh, tmp_path, bare, with_accounts=False)
    entries = "SELECT COUNT(*) AS entry_count FROM product.funnel_entries WHERE funnel_name = '{}'"
    (expected,), (actual,) = (each.query(entries.format("ONBOARDING")) for each in (fresh, world))
    # without the user context nobody is known as staff
    assert expected["entry_count"] <= actual["entry_count"] <= 1.05 * expected["entry_count"]
    assert world.query(entries.format("MEMBER_INTAKE")) == [{"entry_count": 0}]
    attributions = "SELECT DISTINCT client_attribution, client_id FROM product.funnel_entries"
    assert world.query(attributions) == [{"client_attribution": "unknown", "client_id": None}]
