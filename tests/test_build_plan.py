"""What a build decides to do: add what is new where it can, build everything anew where it must, and say why."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from scripts.increment import Inputs, inputs, plan, write_note
from scripts.sources import declared_sources
from scripts.warehouse import DATABASES, NOTE, WarehouseError
from tests.worlds import PROJECT_DIR

EVENTS = "snowplow/events"


def put(data_dir: Path, name: str, load_tstamp: str | None = "2026-03-01 10:00:00+00") -> None:
    """Write a file of one event into a data folder."""
    path = data_dir / EVENTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    value = f"TIMESTAMPTZ '{load_tstamp}'" if load_tstamp else "CAST(NULL AS TIMESTAMPTZ)"
    duckdb.sql(f"COPY (SELECT {value} AS load_tstamp) TO '{path}' (FORMAT parquet)")


class Folders:
    """A data folder of two files, and a databases' folder that was built from it."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.warehouse_dir = folder / "data", folder / "warehouse"
        put(self.data_dir, "1.parquet")
        put(self.data_dir, "2.parquet")
        (self.data_dir / "wellthy").mkdir()
        (self.data_dir / "wellthy/members.parquet").write_text("members", encoding="utf-8")
        self.warehouse_dir.mkdir()
        for name in DATABASES:
            (self.warehouse_dir / name).write_text("tables", encoding="utf-8")
        write_note(self.warehouse_dir, self.now())

    def now(self) -> Inputs:
        """Return what a build would be made from."""
        return inputs(self.data_dir, declared_sources(PROJECT_DIR), code="code")

    def touch(self, path: Path) -> None:
        """Let a file look as if it was written a second later."""
        changed = path.stat().st_mtime_ns + 1_000_000_000
        os.utime(path, ns=(changed, changed))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Return folders to be changed."""
    return Folders(tmp_path)


def test_nothing_changed(folders: Folders) -> None:
    planned = plan(folders.warehouse_dir, folders.now())
    assert not planned.is_needed
    assert "FULL=1" in planned.reason


def test_databases_that_are_not_whole_get_no_note(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    (folders.warehouse_dir / NOTE).unlink()
    (folders.warehouse_dir / "prep.duckdb.wal").write_text("what did not fit", encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"prep\.duckdb could not be written whole"):
        write_note(folders.warehouse_dir, folders.now())
    assert not (folders.warehouse_dir / NOTE).exists()


ANEW: dict[str, tuple[Callable[[Folders], object], str]] = {
    "no note": (lambda each: (each.warehouse_dir / NOTE).unlink(), "first time"),
    "a note that is none": (lambda each: (each.warehouse_dir / NOTE).write_text("[]"), "first time"),
    "half a note": (lambda each: (each.warehouse_dir / NOTE).write_text('{"inputs": {'), "first time"),
    "no prep": (lambda each: (each.warehouse_dir / "prep.duckdb").unlink(), "prep.duckdb"),
    "prep changed": (lambda each: each.touch(each.warehouse_dir / "prep.duckdb"), "prep.duckdb"),
    "a file changed": (lambda each: each.touch(each.data_dir / EVENTS / "2.parquet"), "2.parquet has changed"),
    "a file gone": (lambda each: (each.data_dir / EVENTS / "2.parquet").unlink(), "2.parquet is gone"),
    "a file renamed": (
        lambda each: (each.data_dir / EVENTS / "2.parquet").rename(each.data_dir / EVENTS / "3.parquet"),
        "2.parquet is gone",
    ),
}


@pytest.mark.parametrize("case", ANEW)
def test_everything_is_built_anew(folders: Folders, case: str) -> None:
    change, words = ANEW[case]
    change(folders)
    planned = plan(folders.warehouse_dir, folders.now())
    assert planned.is_needed
    assert planned.loaded_from is None
    assert words in planned.reason


def test_other_code_and_other_data_are_built_anew(folders: Folders) -> None:
    for other, words in (({"code": "other"}, "models"), ({"data_dir": "/other"}, str(folders.data_dir))):
        planned = plan(folders.warehouse_dir, replace(folders.now(), **other))
        assert planned.loaded_from is None
        assert words in planned.reason


def test_new_files_are_added_from_their_first_load_on(folders: Folders) -> None:
    put(folders.data_dir, "later.parquet", "2026-03-09 23:30:00-05")
    put(folders.data_dir, "load_tstamp_date=2026-02-01/earlier.parquet", "2026-02-01 08:00:00.000001+00")
    planned = plan(folders.warehouse_dir, folders.now())
    assert planned.loaded_from == "2026-02-01 08:00:00.000001"
    assert "1 more to the 2 files" in planned.reason


def test_new_files_without_load_times_need_no_bound(folders: Folders) -> None:
    put(folders.data_dir, "undated.parquet", None)
    assert plan(folders.warehouse_dir, folders.now()).loaded_from == "9999-12-31"


@pytest.mark.parametrize("change", ["members", "no members", "prod"])
def test_other_changes_read_no_event_again(folders: Folders, change: str) -> None:
    if change == "members":
        folders.touch(folders.data_dir / "wellthy/members.parquet")
    elif change == "no members":
        (folders.data_dir / "wellthy/members.parquet").unlink()
    else:
        folders.touch(folders.warehouse_dir / "prod.duckdb")
    planned = plan(folders.warehouse_dir, folders.now())
    assert planned.is_needed
    assert planned.loaded_from == "9999-12-31"
