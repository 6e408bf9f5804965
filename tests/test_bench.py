"""The benchmark: the tables by hand are those of the build, and bad arguments get one line."""

from pathlib import Path

import duckdb
import pytest

from scripts.bench.by_hand.__main__ import make_tables
from scripts.bench.equality import KEYS, compare_tables, first_differences, is_equal
from scripts.bench.worlds import event_count, split_last_day
from tests.bad_input import assert_refused, run
from tests.worlds import PROJECT_DIR, World


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("by_hand") / "prod.duckdb"
    make_tables(PROJECT_DIR / "data", out)
    return out


def test_every_table_of_prod_is_made_by_hand_and_says_the_same(committed: World, by_hand: Path) -> None:
    built = {row["name"] for row in committed.query("SELECT table_name AS name FROM duckdb_tables()")}
    assert built == set(KEYS)
    comparisons = compare_tables(committed.warehouse_dir / "prod.duckdb", by_hand)
    assert [
        line for table, found in comparisons.items() if not is_equal(found) for line in first_differences(table, found)
    ] == []


def test_a_difference_is_told_with_its_table_and_column(committed: World, by_hand: Path) -> None:
    with duckdb.connect(str(by_hand)) as connection:
        connection.execute("UPDATE funnel_client_comparison SET converted_count = converted_count + 1")
    try:
        found = compare_tables(committed.warehouse_dir / "prod.duckdb", by_hand)["funnel_client_comparison"]
    finally:
        with duckdb.connect(str(by_hand)) as connection:
            connection.execute("UPDATE funnel_client_comparison SET converted_count = converted_count - 1")
    assert not is_equal(found)
    assert "converted_count" in "\n".join(first_differences("funnel_client_comparison", found))


def test_what_is_spilled_is_removed(by_hand: Path) -> None:
    assert [path.name for path in by_hand.parent.iterdir()] == [by_hand.name]


def test_the_last_day_and_the_history_are_the_whole_world(tmp_path: Path) -> None:
    history, day_file = split_last_day(PROJECT_DIR / "data", tmp_path)
    count = "SELECT COUNT(*), COUNT(DISTINCT CAST(load_tstamp AS DATE)) FROM READ_PARQUET(?)"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        ((day_count, dates),) = connection.execute(count, [str(day_file)]).fetchall()
    assert dates == 1
    assert day_count > 0
    assert event_count(history) + day_count == event_count(PROJECT_DIR / "data")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--events", "0"], "'0'"),
        (["--runs", "many"], "'many'"),
        (["--only", "build,luck"], "'luck'"),
        (["--data-dir", "no/such/folder"], "no/such/folder"),
        (["--json", "no/such/folder/file.json"], "no/such/folder/file.json"),
    ],
)
def test_bad_arguments_get_one_line(arguments: list[str], word: str) -> None:
    assert_refused(run("scripts.bench", *arguments), word)


def test_by_hand_says_what_a_data_folder_lacks(tmp_path: Path) -> None:
    assert_refused(run("scripts.bench.by_hand", str(tmp_path), str(tmp_path / "out.duckdb")), "members.parquet")


def test_by_hand_says_where_it_cannot_write(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "out.duckdb"
    assert_refused(run("scripts.bench.by_hand", str(PROJECT_DIR / "data"), str(out)), "out.duckdb")
