"""`make data` gives the committed files again, byte for byte, and another seed gives other people."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.simulate.chunk import make_chunk
from scripts.simulate.files import write_events
from scripts.simulate.parts import pack
from scripts.simulate.rates import Rates
from scripts.simulate.world import Calendar, World
from tests.worlds import PROJECT_DIR

CALENDAR = Calendar(date(2026, 1, 1), 2)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".md"
    }


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, capture_output=True, text=True
    )


def test_the_committed_files_come_out_again(tmp_path: Path) -> None:
    assert simulate("--people", "2000", "--months", "6", "--seed", "7", "--out", str(tmp_path / "data")).returncode == 0
    again, committed = files(tmp_path / "data"), files(PROJECT_DIR / "data")
    assert again.keys() == committed.keys()
    assert [name for name in again if again[name] != committed[name]] == []


def test_another_seed_gives_other_people(fresh_data_dir: Path) -> None:
    def people(data_dir: Path) -> set[str]:
        return set(pq.read_table(data_dir / "truth" / "entries.parquet")["person_id"].to_pylist())

    assert people(fresh_data_dir)
    assert not people(fresh_data_dir) & people(PROJECT_DIR / "data")


def test_bad_arguments_get_one_line(tmp_path: Path) -> None:
    for arguments in (["--people", "-1"], ["--months", "0"], ["--seed", "x"], ["--out", "/dev/null/data"]):
        outcome = simulate("--out", str(tmp_path / "data"), *arguments)
        assert outcome.returncode == 2
        assert "Traceback" not in outcome.stderr
        assert arguments[1] in outcome.stderr.splitlines()[-1]
        assert not (tmp_path / "data").exists()


@pytest.fixture(scope="module")
def chunks() -> list[World]:
    rates = Rates(duplicates=5_000, late_copies=0, no_event_id=100)
    return [pack(make_chunk(7, chunk, 100, CALENDAR, rates, late_days=3)) for chunk in range(2)]


def test_what_is_written_quickly_reads_the_same(chunks: list[World], tmp_path: Path) -> None:
    for folder, is_quick in (("quick", True), ("small", False)):
        assert write_events(chunks, CALENDAR, tmp_path / folder, 0, is_quick) > 1_000
    for name in ("2026-01.parquet", "2026-02.parquet"):
        quick, small = tmp_path / "quick" / name, tmp_path / "small" / name
        assert pq.read_table(quick).equals(pq.read_table(small))
        assert quick.read_bytes() != small.read_bytes()


def test_files_are_in_the_order_of_loading_with_copies_last(chunks: list[World], tmp_path: Path) -> None:
    count = write_events(chunks, CALENDAR, tmp_path, 1, is_quick=True)
    found = []
    for month in ("2026-01", "2026-02"):
        columns = ["load_tstamp", "event_id", "collector_tstamp"]
        rows = pq.read_table(tmp_path / f"{month}-0001.parquet", columns=columns).to_pylist()
        assert {f"{row['load_tstamp']:%Y-%m}" for row in rows} == {month}
        found += [tuple(row.values()) for row in rows if row["event_id"]]
    assert 0.98 * count < len(found) < count
    assert len({event for _, event, _ in found}) < 0.7 * count
    assert found == sorted(found)
