"""Bad input gets one line that names what is wrong and where, and the databases stay as they were."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.worlds import PROJECT_DIR, World, run_build

MARCH = "snowplow/events/2026-03.parquet"


@pytest.fixture
def data_dir(committed: World, tmp_path: Path) -> Path:
    """Return a copy of the committed data, to be spoilt."""
    return shutil.copytree(committed.data_dir, tmp_path / "data")


def rewrite(file: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(file)), file)


def drop_column(file: Path, column: str) -> None:
    rewrite(file, lambda table: table.drop_columns([column]))


def replace_column(file: Path, column: str, values: pa.Array) -> None:
    rewrite(file, lambda table: table.set_column(table.column_names.index(column), column, values))


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def damage_inside(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[1000 : len(content) // 2] = bytes(len(content) // 2 - 1000)
    file.write_bytes(content)


def retype_derived_tstamp(file: Path) -> None:
    replace_column(file, "derived_tstamp", pa.array([1] * pq.read_metadata(file).num_rows, pa.int64()))


def retype_web_page(file: Path) -> None:
    text = pa.array(["[]"] * pq.read_metadata(file).num_rows)
    replace_column(file, "contexts_com_snowplowanalytics_snowplow_web_page_1", text)


def rename_web_page_id(file: Path) -> None:
    views = pa.array([[{"view": "x"}]] * pq.read_metadata(file).num_rows)
    replace_column(file, "contexts_com_snowplowanalytics_snowplow_web_page_1", views)


def empty_events(data_dir: Path) -> None:
    for file in (data_dir / "snowplow" / "events").iterdir():
        file.unlink()


SPOILS = {
    "no data folder": (shutil.rmtree, ["data is not a folder", "DATA_DIR"]),
    "no events folder": (lambda data: shutil.rmtree(data / "snowplow"), ["snowplow/events/**/*.parquet", "no file"]),
    "empty events folder": (empty_events, ["snowplow/events/**/*.parquet", "no file"]),
    "truncated events": (lambda data: truncate(data / MARCH), [MARCH, "not a readable Parquet file"]),
    "empty file": (lambda data: (data / MARCH).write_bytes(b""), [MARCH, "not a readable Parquet file"]),
    "text for Parquet": (lambda data: (data / MARCH).write_text("a,b\n1,2\n"), [MARCH, "not a readable Parquet file"]),
    "truncated members": (lambda data: truncate(data / "wellthy/members.parquet"), ["wellthy/members.parquet"]),
    "damaged inside": (lambda data: damage_inside(data / MARCH), [MARCH, "not a readable Parquet file"]),
    "damaged inside the first": (
        lambda data: damage_inside(data / MARCH.replace("03", "01")),
        ["2026-01.parquet", "not a readable Parquet file"],
    ),
    "a context without its field": (lambda data: rename_web_page_id(data / MARCH), [MARCH, "web_page_1", "STRUCT"]),
    "no event_id": (lambda data: drop_column(data / MARCH, "event_id"), [MARCH, "no column event_id"]),
    "no client name": (
        lambda data: drop_column(data / "wellthy/clients.parquet", "name"),
        ["wellthy/clients.parquet", "no column name"],
    ),
    "a number for a timestamp": (lambda data: retype_derived_tstamp(data / MARCH), [MARCH, "derived_tstamp", "BIGINT"]),
    "text for a context": (lambda data: retype_web_page(data / MARCH), [MARCH, "web_page_1", "VARCHAR"]),
}


@pytest.mark.parametrize("case", SPOILS)
def test_bad_data_gets_one_line_and_changes_nothing(committed: World, data_dir: Path, case: str) -> None:
    spoil, words = SPOILS[case]
    spoil(data_dir)
    before = fingerprints(committed.warehouse_dir)

    outcome = run_build(data_dir, committed.warehouse_dir)

    assert outcome.returncode == 2
    assert len(outcome.stderr.splitlines()) == 1
    for word in words:
        assert word in outcome.stderr
    assert fingerprints(committed.warehouse_dir) == before


def test_odd_folder_names_and_a_column_without_values_are_no_hindrance(committed: World, tmp_path: Path) -> None:
    data_dir = shutil.copytree(committed.data_dir, tmp_path / "it's [1] *odd* {{ name }}")
    members = data_dir / "wellthy" / "members.parquet"
    replace_column(members, "country", pa.nulls(pq.read_metadata(members).num_rows))
    warehouse_dir = tmp_path / "ware [2] house"
    warehouse_dir.mkdir()
    (warehouse_dir / "prod.duckdb.wal").write_bytes(b"left by a program that died")

    outcome = run_build(data_dir, warehouse_dir)

    assert outcome.returncode == 0, outcome.stderr
    counted = World(data_dir, warehouse_dir).query("SELECT COUNT(*) AS entries FROM product.funnel_entries")
    assert counted == committed.query("SELECT COUNT(*) AS entries FROM product.funnel_entries")


def test_a_warehouse_that_is_a_file(committed: World, tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("not a folder", encoding="utf-8")
    outcome = run_build(committed.data_dir, tmp_path / "warehouse")
    assert outcome.returncode == 2
    assert len(outcome.stderr.splitlines()) == 1
    assert "WAREHOUSE_DIR" in outcome.stderr


def test_answers_without_tables(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "scripts.answers"],
        cwd=PROJECT_DIR,
        env={**os.environ, "WAREHOUSE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 2
    assert outcome.stderr == f"{tmp_path}/prod.duckdb is not there: run `make build` first\n"


def fingerprints(warehouse_dir: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in warehouse_dir.glob("*.duckdb")}
